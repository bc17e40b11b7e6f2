"""One process at a time for one configuration and its data."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from lockstep.core.errors import LockedError
from lockstep.core.files import is_named, try_lock

#: Somebody who only looks whether a lock is held holds it for an instant.
_TRIES, _PAUSE_SECONDS = 10, 0.02


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that this process holds; it ends with the process, however that ends.

    Parameters
    ----------
    path : Path
        ``results/.<digest>.lock``.
    descriptor : int
        The open file.
    """

    path: Path
    descriptor: int

    def tell(self, run_id: str) -> None:
        """Write who holds the lock, for those who meet it."""
        text = json.dumps({"pid": os.getpid(), "run_id": run_id}) + "\n"
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        os.ftruncate(self.descriptor, 0)
        os.write(self.descriptor, text.encode("utf-8"))


def lock_path(results: Path, digest: str) -> Path:
    """Return the file that is locked for a configuration and its data."""
    return results / f".{digest}.lock"


@contextmanager
def locked(results: Path, digest: str) -> Iterator[Lock]:
    """Hold the lock of a configuration and its data while the block lasts.

    Parameters
    ----------
    results : Path
        Where runs are kept; it exists.
    digest : str
        Names configuration and data (`lockstep.runs.directory.digest`).

    Raises
    ------
    LockedError
        If another process holds it, naming process and run.
    OSError
        If the file system has no room for the file, or no locks.
    """
    path = lock_path(results, digest)
    descriptor = _take(path)
    if descriptor is None:
        holder = holder_of(path)
        raise LockedError(
            f"the same configuration is being run on the same data by process "
            f"{holder.get('pid', '(unknown)')}, as run {holder.get('run_id', '(unknown)')}. "
            "Wait until it is finished, or stop it."
        )
    try:
        os.ftruncate(descriptor, 0)  # a killed holder's word must not be taken for ours
        yield Lock(path, descriptor)
    finally:
        with contextlib.suppress(OSError):  # Windows cannot unlink what is open: it stays, free
            path.unlink()
        os.close(descriptor)


def holder_of(path: Path) -> dict[str, object]:
    """Return ``pid`` and ``run_id`` of the process that holds a lock; empty if nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:  # no such file: nobody holds it
        return {}
    try:
        if try_lock(descriptor):
            return {}
        text = os.read(descriptor, 4096).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
    try:
        found = json.loads(text)
    except ValueError:  # it has taken the lock, and not yet said who it is
        return {"pid": "(unknown)"}
    return found if isinstance(found, dict) else {"pid": "(unknown)"}


def _take(path: Path) -> int | None:
    for _ in range(_TRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if try_lock(descriptor):
            if is_named(descriptor, path):
                return descriptor
            os.close(descriptor)  # its last holder unlinked it meanwhile: take the next
            continue
        os.close(descriptor)
        Event().wait(_PAUSE_SECONDS)
    return None
