"""The directory of one run: its name, its status, and the hashes that end a finished one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockstep.core.errors import ConfigError, DataError, StrategyError, UsageError
from lockstep.core.files import is_unicode, read_object, sha256_of, sync_directory, write_json
from lockstep.runs.lock import holder_of, lock_path
from lockstep.runs.parts import FOLDER as PARTS

STATUS_FILE = "status.json"
LOG_FILE = "run.log"
RUNNING, COMPLETE, PARTIAL, FAILED = "running", "complete", "partial", "failed"
INTERRUPTED = "interrupted"
#: Not a status that is written: the directory does not say what it is.
DAMAGED = "damaged"
STATUSES = (RUNNING, COMPLETE, PARTIAL, FAILED, INTERRUPTED)
#: Errors of those who ask, not of the run: the same question has the same answer, always; or
#: perhaps not, so that what was kept may still be of use.
_WRONG, _ASKED_WRONGLY = (ConfigError, StrategyError), (UsageError, DataError)
_DIGEST_LENGTH = 8
_MOST_RUNS_A_SECOND = 100
#: What a run may be called: never a way out of the results.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def canonical(value: Any) -> str:
    """Return plain data as the one JSON text that means it: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def digest(config: Mapping[str, Any], sources: Mapping[str, Any], rules: bool = True) -> str:
    """Return eight hex digits that name a configuration together with its data.

    Parameters
    ----------
    config : mapping
        The resolved configuration, plain data.
    sources : mapping
        Where each asset's bars came from, hashes included (`Bars.source`).
    rules : bool
        False where the portfolio rules of the configuration are dropped.
    """
    made_of = [config, sources] if rules else [config, sources, "without rules"]
    return hashlib.sha256(canonical(made_of).encode("utf-8")).hexdigest()[:_DIGEST_LENGTH]


def run_id(moment: datetime, name: str) -> str:
    """Return ``YYYYMMDD-HHMMSS-<hash8>`` of an aware moment, in UTC."""
    return f"{moment.astimezone(UTC):%Y%m%d-%H%M%S}-{name}"


def digest_of(name: str) -> str:
    """Return the digest in a run id; empty if there is none."""
    return (name.split("-") + [""] * 3)[2]


def is_plain(name: str) -> bool:
    """Return True if a name stays in the folder it is put into, on every system."""
    return _PLAIN.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where one run is kept.

    Parameters
    ----------
    path : Path
        ``results/<run id>``; it exists.
    """

    path: Path

    @classmethod
    def create(
        cls,
        results: str | Path,
        name: str,
        first: Callable[[str], Mapping[str, Any]] = lambda _: {},
    ) -> RunDirectory:
        """Make the directory of a new run, marked as running, in one step.

        A second run of the same second and content gets the suffix ``-2``, and so on.

        Parameters
        ----------
        results : path
            Where runs are kept; made if need be.
        name : str
            The run id; its digest is locked, or what a killed process left may be ours.
        first : callable
            From the run id to the JSON files it is born with, by name.

        Raises
        ------
        UsageError
            If the name would leave the results, or the directory cannot be made.
        """
        if not is_plain(name):
            raise UsageError(f"{name!r} names no run; expected letters, digits, '-' and '_'.")
        root = Path(results)
        with usable(root):
            return cls(_make(root, name, first))

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def status(self) -> str:
        """The last status that was marked."""
        return str(_marked(self.path).get("status", DAMAGED))

    @property
    def standing(self) -> str:
        """One of `STATUSES`, as far as it can be known now, or `DAMAGED`.

        A run that still counts as running, and whose process is dead, was interrupted.
        """
        status = self.status
        if status != RUNNING:
            return status if status in STATUSES else DAMAGED
        holder = holder_of(lock_path(self.path.parent, digest_of(self.run_id)))
        return RUNNING if holder.get("run_id") == self.run_id else INTERRUPTED

    def mark(self, status: str, files: Mapping[str, str] | None = None) -> None:
        """Write the status, and the hashes of all files of a finished run."""
        plain: dict[str, Any] = {"run_id": self.run_id, "status": status}
        if status == RUNNING:
            plain = _running(self.run_id)
        if files is not None:
            plain["files"] = dict(files)
        write_json(self.path / STATUS_FILE, plain)

    def finish(self, status: str) -> None:
        """Write ``complete`` or ``partial``, the last file of all, with the hashes of the others.

        What a complete run kept on its way is not needed any more, and removed before.
        """
        if status == COMPLETE:
            shutil.rmtree(self.path / PARTS, ignore_errors=True)
        self.mark(status, {name: sha256_of(self.path / name) for name in self._own_files()})

    def renew(self, names: Iterable[str]) -> None:
        """Take the hashes of files that were made again from the others, on purpose.

        Parameters
        ----------
        names : iterable of str
            Their paths in the directory; other hashes stay as they are, and those of files that
            are no longer made are dropped. A run without hashes, or one that is not finished, is
            left alone.
        """
        marked = _marked(self.path)
        if "files" not in marked:
            return
        hashes = dict(marked["files"])
        for name in names:
            hashes.pop(name, None)
            if (self.path / name).is_file():
                hashes[name] = sha256_of(self.path / name)
        self.mark(str(marked["status"]), dict(sorted(hashes.items())))

    def damage(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """Return the files that are not as the run left them: ``missing`` or ``changed``.

        Parameters
        ----------
        names : iterable of str or None
            Only these are looked at; None is all of them.

        Raises
        ------
        DataError
            If the run is not finished, or was finished by a version that kept no hashes.
        """
        hashes = _marked(self.path).get("files")
        if not isinstance(hashes, dict):
            raise DataError(f"{self.path} holds no hashes of its files; they cannot be checked.")
        found = {}
        for name in sorted(hashes if names is None else hashes.keys() & {*names}):
            what = _harm(self.path / name, hashes[name])
            if what:
                found[name] = what
        return found

    @contextmanager
    def running(self) -> Iterator[RunDirectory]:
        """Mark a run that ends before it is finished: ``interrupted``, or ``failed``.

        Whoever asked for what cannot be is told so and finds no directory, unless something was
        kept in it that another try could use.
        """
        try:
            yield self
        except KeyboardInterrupt:
            self.leave(INTERRUPTED)
            raise
        except _WRONG:
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        except _ASKED_WRONGLY:
            if (self.path / PARTS).is_dir():
                self.leave(FAILED)
            else:
                shutil.rmtree(self.path, ignore_errors=True)
            raise
        finally:
            self.leave(FAILED)

    def leave(self, status: str) -> None:
        """Mark a run that has not been finished; one that has been, or is gone, stays as it is.

        A disk that is full keeps even this from being written: the run then counts as running
        with a dead process, which is to be interrupted.
        """
        with contextlib.suppress(OSError):
            if self.path.is_dir() and self.status == RUNNING:
                self.mark(status)

    def _own_files(self) -> list[str]:
        """Return the paths of a run's files, sorted; status, log and what was kept are not."""
        names = (
            path.relative_to(self.path).as_posix()
            for path in self.path.rglob("*")
            if path.is_file()
        )
        apart = (f"{PARTS}/", ".", STATUS_FILE, LOG_FILE)
        return sorted(name for name in names if not name.startswith(apart))


@contextmanager
def usable(results: Path) -> Iterator[None]:
    """Make the results directory; what keeps it from being used inside is one clear error.

    Raises
    ------
    UsageError
        Naming the directory and what is wrong with it.
    """
    if not is_unicode(results):
        raise UsageError(
            f"results directory {results} cannot be used (its name is no Unicode); give another "
            "one with --results."
        )
    try:
        results.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(
            f"results directory {results} cannot be used ({error.strerror}); give another one "
            "with --results."
        ) from error


def _make(root: Path, name: str, first: Callable[[str], Mapping[str, Any]]) -> Path:
    for count in range(1, _MOST_RUNS_A_SECOND):
        path = root / (name if count == 1 else f"{name}-{count}")
        if path.exists():
            continue
        unborn = root / f".{path.name}.part"
        shutil.rmtree(unborn, ignore_errors=True)
        try:
            unborn.mkdir()
            for file, plain in first(path.name).items():
                write_json(unborn / file, plain)
            write_json(unborn / STATUS_FILE, _running(path.name))
            unborn.rename(path)
        except OSError:
            shutil.rmtree(unborn, ignore_errors=True)
            raise
        sync_directory(root)
        return path
    raise FileExistsError(17, f"it already holds {_MOST_RUNS_A_SECOND - 1} runs named {name}")


def _running(name: str) -> dict[str, Any]:
    return {"run_id": name, "status": RUNNING, "pid": os.getpid()}


def _harm(path: Path, expected: object) -> str:
    """Return what happened to a file of a known hash; empty if nothing did."""
    try:
        if not path.is_file():
            return "missing"
        return "" if sha256_of(path) == expected else "changed"
    except OSError as error:
        return f"unreadable ({error.strerror})"


def _marked(path: Path) -> dict[str, Any]:
    """Return the content of a status file; empty if there is none that can be read."""
    try:
        return read_object(path / STATUS_FILE)
    except DataError:
        return {}
