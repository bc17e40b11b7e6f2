"""Where compiled code is kept between runs: a folder named by what it was compiled from.

numba keeps a function compiled until its own file changes; it does not see a change in what the
function calls, and it keeps functions by the path of their file. The folder's name is a hash of
both, so that any edit and any other installation start afresh.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Rooms whose code is compiled, and what they take constants from.
ROOMS = ("core/codes.py", "ledger", "indicators", "engine/kernel")
#: After how many days without use compiled code of other sources is removed.
UNUSED_DAYS = 30
_VARIABLE = "NUMBA_CACHE_DIR"
_PREFIX = "compiled-"
_NAME = re.compile(r"compiled-[0-9a-f]{16}")
#: What numba keeps of the player's outermost function, which is compiled last.
_LAST = "walk.walk-*.nbi"


def source_hash() -> str:
    """Return a hash of the compiled rooms, of where they lie and of the Python that runs them."""
    root = Path(__file__).resolve().parents[1]
    said = f"{platform.python_version()} {platform.machine()} {root}"
    digest = hashlib.sha256(said.encode(errors="surrogateescape"))
    for room in ROOMS:
        place = root / room
        for path in [place] if place.is_file() else sorted(place.glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Return the folder for compiled code: in the user's cache, or a temporary one without it."""
    for base in _bases():
        folder = base / "lockstep" / f"{_PREFIX}{source_hash()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            sweep(folder)
            return folder
    return Path(tempfile.mkdtemp(prefix="lockstep-compiled-"))


def sweep(folder: Path) -> None:
    """Mark a folder as used, and remove those beside it that nobody used for `UNUSED_DAYS`.

    A folder's time of change tells when it was used last: every use of it comes through here. What
    another process is removing, or what cannot be removed, is left to the next time.
    """
    try:
        os.utime(folder)
        oldest = folder.stat().st_mtime - UNUSED_DAYS * 86_400
        old = [
            path
            for path in folder.parent.glob(f"{_PREFIX}*")
            if _NAME.fullmatch(path.name) and path.stat().st_mtime < oldest
        ]
    except OSError:
        return
    for path in old:
        shutil.rmtree(path, ignore_errors=True)


def _bases() -> Iterator[Path]:
    if sys.platform == "win32":
        user = os.environ.get("LOCALAPPDATA")
        yield from [Path(user)] if user else []
    elif sys.platform == "darwin":
        yield Path("~/Library/Caches").expanduser()
    else:
        user = os.environ.get("XDG_CACHE_HOME")
        yield Path(user) if user else Path("~/.cache").expanduser()
    yield Path(tempfile.gettempdir())  # which tries to write: a full disk has none


def use_cache() -> None:
    """Point numba at the folder; a folder that the user has named stays.

    Must be called before numba is imported. Processes started later inherit the choice.
    """
    if _VARIABLE not in os.environ:
        os.environ[_VARIABLE] = str(cache_folder())


def is_cold() -> bool:
    """Return True if the player has still to be compiled: the first run will take longer."""
    folder = Path(os.environ.get(_VARIABLE, ""))
    return not any(folder.rglob(_LAST))
