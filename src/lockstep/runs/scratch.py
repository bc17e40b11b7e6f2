"""A folder for what is only looked at: gone with its process, however that ends."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from lockstep.core.errors import LockedError
from lockstep.runs.lock import holder_of, lock_path, locked

_PREFIX = "scratch-"
#: Why a results directory may be read and not written.
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def scratch(results: Path) -> Iterator[Path]:
    """Yield an empty folder that is removed when the block ends.

    What a killed process left is removed by whoever sweeps next. If `results` may only be read,
    it is a folder of the system's, which sweeps by its own rules.

    Parameters
    ----------
    results : Path
        Where runs are kept.
    """
    with ExitStack() as stack:
        try:
            sweep_scratch(results)
            name = f"{_PREFIX}{uuid4().hex}"
            stack.enter_context(locked(results, name))
            folder = _folder(results, name)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.mkdir()
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="lockstep-")))
        yield folder


def sweep_scratch(results: Path) -> None:
    """Remove the folders of processes that are dead; one that is just begun is not taken for one.

    What another user left stays if it may not be removed.
    """
    for lock in results.glob(f".{_PREFIX}*.lock"):
        name = lock.name[1:].removesuffix(".lock")
        if not holder_of(lock):
            with suppress(LockedError, OSError), locked(results, name):
                shutil.rmtree(_folder(results, name), ignore_errors=True)


def _folder(results: Path, name: str) -> Path:
    return lock_path(results, name).with_suffix("")
