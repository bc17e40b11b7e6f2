"""One run from its lock to its last file: begun anew, or gone on with."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep.core.errors import NO_ROOM, DataError, StorageError, UsageError
from lockstep.core.files import read_object, sweep, write_json
from lockstep.core.result import RunResult
from lockstep.runs import manifest as manifests
from lockstep.runs.directory import (
    COMPLETE,
    RUNNING,
    RunDirectory,
    digest_of,
    run_id,
    usable,
)
from lockstep.runs.listing import find
from lockstep.runs.lock import holder_of, lock_path, locked
from lockstep.runs.manifest import MANIFEST_FILE, Making
from lockstep.runs.parts import FOLDER as PARTS
from lockstep.runs.parts import Parts
from lockstep.runs.scratch import sweep_scratch

#: ``--resume`` without a run id: the latest run that was not finished.
LATEST = "latest"
CONFIG_FILE = "config.json"
#: What a disk says that takes no more.
_NO_ROOM = (*NO_ROOM, errno.EROFS, errno.EIO)


@dataclass(frozen=True, slots=True)
class Session:
    """A run that is being made.

    Parameters
    ----------
    place : RunDirectory
        Where it is kept.
    manifest : dict
        As it was when the run began, the first time.
    """

    place: RunDirectory
    manifest: dict[str, Any]

    @property
    def path(self) -> Path:
        """The directory of the run."""
        return self.place.path

    @property
    def parts(self) -> Parts:
        """What is finished of it, and kept."""
        return Parts(self.path / PARTS)

    def facts(self, played: Mapping[str, Any], notices: tuple[str, ...]) -> dict[str, Any]:
        """Return the facts of the result: those of the engine, and how it was asked for.

        A run that was gone on with has those of its first start, and so the same bytes.
        """
        return {
            **played,
            "run_id": self.place.run_id,
            "notices": list(notices),
            "argv": self.manifest["argv"],
            "versions": self.manifest["versions"],
            "pairs": self.manifest["pairs"],
        }

    def finish(
        self,
        result: RunResult,
        *,
        trade_hash: str | None,
        timings: Mapping[str, float],
        at: datetime,
    ) -> None:
        """Write the manifest, then the status with the hashes of all files.

        Parameters
        ----------
        result : RunResult
            As it was saved.
        trade_hash, timings, at
            As `lockstep.runs.manifest.finished` takes them.
        """
        plain = manifests.finished(
            self.manifest, result.facts, trade_hash=trade_hash, timings=timings, at=at
        )
        write_json(self.path / MANIFEST_FILE, plain)
        self.place.finish(str(result.facts["status"]))


@contextmanager
def session(
    results: str | Path,
    making: Making,
    *,
    started: datetime,
    resume: str | None = None,
    again: str = "begin it again",
) -> Iterator[Session]:
    """Hold the lock of a run, begin it or go on with one, and leave a status whatever happens.

    Parameters
    ----------
    results : path
        Where runs are kept.
    making : Making
        What the run is made of.
    started : datetime
        Aware; names a run that begins.
    resume : str or None
        A run id or directory, or `LATEST`: go on with that run instead.
    again : str
        What to do once there is room on a full disk; ``{run_id}`` stands for the run's name.

    Raises
    ------
    UsageError
        If the results directory cannot be used, or there is nothing to go on with, or that run
        was made of something else: a line for every difference.
    LockedError
        If another process runs the same configuration on the same data.
    StorageError
        If a file cannot be written in the course of the run.
    """
    root = Path(results)
    with ExitStack() as stack:
        with usable(root):
            lock = stack.enter_context(locked(root, making.digest))
            sweep(root)
            sweep_scratch(root)
            run = _begin(root, making, started) if resume is None else _go_on(root, making, resume)
            lock.tell(run.place.run_id)
        with run.place.running(), _written(run.path, again.format(run_id=run.place.run_id)):
            yield run


@contextmanager
def _written(path: Path, again: str) -> Iterator[None]:
    """Turn a file that cannot be written into one clear error."""
    try:
        yield
    except OSError as error:
        named = Path(str(error.filename or "")).absolute()
        if error.errno not in _NO_ROOM and not named.is_relative_to(path.absolute()):
            raise
        what = os.strerror(error.errno) if error.errno else str(error)
        raise StorageError(
            f"{path} cannot be written ({what}). Nothing in it is half-written, and earlier "
            f"results are as they were; make room, then {again}."
        ) from error


def _begin(root: Path, making: Making, started: datetime) -> Session:
    _sweep_unborn(root, making.digest)
    place = RunDirectory.create(
        root,
        run_id(started, making.digest),
        lambda name: {
            CONFIG_FILE: making.config,
            MANIFEST_FILE: manifests.begun(name, making, started),
        },
    )
    return Session(place, manifests.begun(place.run_id, making, started))


def _sweep_unborn(root: Path, ours: str) -> None:
    """Remove directories whose maker was killed before they were born: nobody holds their lock.

    That of our own digest is ours.
    """
    for unborn in [path for path in root.glob(".*-*.part") if path.is_dir()]:
        made_for = digest_of(unborn.stem[1:])
        if made_for == ours or not holder_of(lock_path(root, made_for)):
            shutil.rmtree(unborn, ignore_errors=True)


def _go_on(root: Path, making: Making, resume: str) -> Session:
    place = unfinished(root, resume, making.digest)
    saved, config = (_read(place, name) for name in (MANIFEST_FILE, CONFIG_FILE))
    apart = manifests.differences(saved, making, config)
    if apart:
        raise UsageError(
            f"{place.run_id} cannot be gone on with: it was begun with something else.\n"
            + "\n".join(apart)
        )
    place.mark(RUNNING)
    told = {**saved, "resumed": [*saved.get("resumed", []), list(making.argv)]}
    write_json(place.path / MANIFEST_FILE, told)
    return Session(place, told)


def unfinished(root: Path, resume: str, digest: str) -> RunDirectory:
    """Return the run to go on with.

    Parameters
    ----------
    root : Path
        Where runs are kept.
    resume : str
        A run id or directory; or `LATEST`: the latest of the same digest, or else of any, so that
        the difference can be named.
    digest : str
        Of what is asked for now.

    Raises
    ------
    UsageError
        If there is none, or it is finished, or being run.
    """
    if resume != LATEST:
        place = RunDirectory(find(resume, root))
        if place.standing in (COMPLETE, RUNNING):
            raise UsageError(f"{place.run_id} is {place.standing}; there is nothing to go on with.")
        return place
    runs = [RunDirectory(p) for p in sorted(root.iterdir()) if (p / MANIFEST_FILE).is_file()]
    open_ = [run for run in runs if run.standing not in (COMPLETE, RUNNING)]
    same = [run for run in open_ if digest_of(run.run_id) == digest]
    if not open_:
        raise UsageError(f"{root} holds no unfinished run; leave --resume out to begin one.")
    return (same or open_)[-1]


def _read(place: RunDirectory, name: str) -> dict[str, Any]:
    try:
        return read_object(place.path / name)
    except DataError as error:
        raise UsageError(f"{place.run_id} cannot be gone on with: {error}") from error
