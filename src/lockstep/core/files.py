"""Files that are whole or not there: every room that writes, writes through here.

The content goes to a temporary file in the same directory and reaches the disk; then the name is
moved onto it in one step, and the directory reaches the disk too. A writer holds a lock on its
temporary file, so that another process can tell what a killed one left behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockstep.core.errors import DataError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_SUFFIX = ".part"
#: Where Windows, whose locks keep others from reading, locks a byte: far behind any content.
_FAR = 1 << 40


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what was written there becomes `path` in one step.

    If the block fails, or the process dies at any moment, `path` is as it was or as it was to be.

    Parameters
    ----------
    path : Path
        The file; its directory is made if need be.

    Raises
    ------
    OSError
        If the disk is full, or the directory cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}{_SUFFIX}")
    held = _opened(part)
    try:
        yield part
        os.fsync(held)
        if sys.platform == "win32":  # an open file cannot be moved there
            os.close(held)
            held = -1
        os.replace(part, path)  # noqa: PTH105 - the one call a test of sudden deaths stands before
        sync_directory(path.parent)
    finally:
        if held >= 0:
            os.close(held)
        part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step."""
    with atomic(path) as part:
        part.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write text in one step, in UTF-8 with plain newlines.

    What a name that is no Unicode has instead (surrogates) is escaped as JSON escapes it.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one step: two spaces of indent, no NaN, floats that round-trip."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read, or holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({reason(error)}).") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} cannot be read (it holds no JSON object).")
    return found


def is_unicode(path: str | Path) -> bool:
    """Return True if a path is text; libraries that read and write tables take no other."""
    try:
        str(Path(path).absolute()).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_missing(path: Path) -> bool:
    """Return True if there is no such file; one that may not be looked at is not missing."""
    try:
        return not path.is_file()
    except OSError:
        return False


def reason(error: Exception) -> str:
    """Return why a file could not be read, without the path, on one line."""
    said = error.strerror if isinstance(error, OSError) else None
    return " ".join((said or str(error) or type(error).__name__).split())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sweep(folder: Path) -> list[Path]:
    """Remove the temporary files that dead writers left in a folder and below; return them."""
    swept = []
    for place, _, names in os.walk(folder):
        for name in names:
            part = Path(place) / name
            if name.startswith(".") and name.endswith(_SUFFIX) and _is_abandoned(part):
                with contextlib.suppress(OSError):  # gone meanwhile, or (Windows) still open
                    part.unlink()
                    swept.append(part)
    return sorted(swept)


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; return False if another holds it.

    The lock ends with the descriptor, and so with the process, however that ends.
    """
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def is_named(descriptor: int, path: Path) -> bool:
    """Return True if `path` still names the open file: nobody unlinked it before it was locked."""
    try:
        named, opened = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def _opened(part: Path) -> int:
    """Return the descriptor of a new temporary file that this process holds locked."""
    while True:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
        if try_lock(descriptor) and is_named(descriptor, part):
            return descriptor
        os.close(descriptor)


def _is_abandoned(part: Path) -> bool:
    if sys.platform == "win32":  # its writer has it open, and unlinking it will fail
        return True
    try:
        descriptor = os.open(part, os.O_RDWR)
    except OSError:  # gone meanwhile, or not ours
        return False
    try:
        return try_lock(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(folder: Path) -> None:
    """Bring the names in a directory to the disk."""
    if sys.platform == "win32":  # a directory cannot be opened there; the move itself is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
