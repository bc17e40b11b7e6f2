"""TrialLedger: every trial of every search, on the disk before the next batch is proposed.

One file a study, in the format of Optuna's journal, so that its dashboard can read it. A trial is
one line of one operation: asking and telling would write six.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from lockstep.core.bars import Ints
from lockstep.core.errors import DataError, StorageError
from lockstep.core.files import try_lock
from lockstep.core.trial import Trial
from lockstep.runs.trial_records import (
    ABOUT,
    CREATE_TRIAL,
    DAYS,
    RECORD,
    SET_STUDY_ATTRIBUTE,
    attribute_line,
    from_plain,
    study_lines,
    trial_line,
)

_LOG = logging.getLogger(__name__)
SUFFIX = ".journal"
#: How long another writer is waited for, and how often it is looked whether it is done.
_PATIENCE_SECONDS, _PAUSE_SECONDS = 60.0, 0.002


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file holds of a study.

    Parameters
    ----------
    about : mapping
        What the study searches.
    days : ndarray of int64
        Its trading days.
    trials : mapping of int to Trial
        By number; of two with one number the first stands.
    """

    about: Mapping[str, Any]
    days: Ints
    trials: Mapping[int, Trial]


@dataclass(frozen=True, slots=True)
class TrialLedger:
    """Keeps trials in a folder, one file a study; many processes may share it.

    Every writer holds the file's lock, appends whole lines and waits for the disk. A line that a
    killed process left torn is cut off, and the log says so. The folder may lie on a network
    drive if that has locks (NFS 4, SMB); else use a database (`runs.trial_database`).

    Parameters
    ----------
    folder : Path
        Made if need be.
    dated : callable, optional
        Gives the moment a trial is dated with; None leaves trials undated.
    """

    folder: Path
    dated: Callable[[], datetime] | None = None
    _begun: dict[str, tuple[Mapping[str, Any], Ints]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def path_of(self, study: str) -> Path:
        """Return the file of a study."""
        return self.folder / (re.sub(r"[^A-Za-z0-9._+-]", "_", study) + SUFFIX)

    def studies(self) -> list[str]:
        """Return the names of the studies kept, as their files have them, sorted."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}"))

    def about(self, study: str) -> Mapping[str, Any]:
        """Return what a study searches; empty if it is not kept."""
        return self._read(study).about

    def load(self, study: str) -> list[Trial]:
        """Return what was kept of a study, by number.

        Raises
        ------
        DataError
            If a line before the last one cannot be read.
        """
        kept = self._read(study)
        return [kept.trials[number] for number in sorted(kept.trials)]

    def begin(self, study: str, about: Mapping[str, Any]) -> None:
        """Tell what a study searches; one that has begun is left as it is."""
        with self._held(study) as descriptor:
            if os.fstat(descriptor).st_size == 0:
                self._append(descriptor, study_lines(study, about))
                self._begun[study] = (about, np.empty(0, dtype=np.int64))

    def keep(self, study: str, trials: Sequence[Trial]) -> None:
        """Append finished trials; they are on the disk when this returns.

        Raises
        ------
        StorageError
            If the disk is full or the file cannot be written; the file is then as it was.
        """
        with self._held(study) as descriptor:
            about, days = self._known(study, descriptor)
            lines = [] if os.fstat(descriptor).st_size else study_lines(study, about)
            if len(days) == 0:
                days = next((one.days for one in trials if len(one.days)), days)
                if len(days):
                    lines.append(attribute_line(DAYS, days.tolist()))
            now = None if self.dated is None else self.dated().isoformat(timespec="microseconds")
            levels = about.get("levels", {})
            lines += [trial_line(trial, days, levels, now) for trial in trials]
            self._append(descriptor, lines)
            self._begun[study] = (about, days)

    def _known(self, study: str, descriptor: int) -> tuple[Mapping[str, Any], Ints]:
        """Return what was told of a study, and its days: by this process, or in the file."""
        known = self._begun.get(study)
        if known is None or len(known[1]) == 0:  # another process may have written the days
            kept = _parsed(_content(descriptor), self.path_of(study))
            known = (kept.about, kept.days)
        return known

    def _read(self, study: str) -> Kept:
        if not self.path_of(study).is_file():
            return _parsed(b"", self.path_of(study))
        with self._held(study) as descriptor:
            content = _content(descriptor)
        return _parsed(content, self.path_of(study))

    @contextmanager
    def _held(self, study: str) -> Iterator[int]:
        """Open the file of a study, alone, with its torn tail cut off."""
        path = self.path_of(study)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise StorageError(f"trials cannot be kept in {path} ({error.strerror}).") from error
        try:
            _wait_for(descriptor, path)
            _repair(descriptor, path)
            yield descriptor
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, lines: Sequence[str]) -> None:
        before = os.fstat(descriptor).st_size
        left = memoryview("".join(f"{line}\n" for line in lines).encode("utf-8"))
        try:
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, before)
            raise StorageError(
                f"trials cannot be kept in {self.folder} ({error.strerror}); those kept before are "
                "whole. Make room, then the same command goes on with them."
            ) from error


def _wait_for(descriptor: int, path: Path) -> None:
    for _ in range(int(_PATIENCE_SECONDS / _PAUSE_SECONDS)):
        if try_lock(descriptor):
            return
        Event().wait(_PAUSE_SECONDS)
    raise StorageError(f"{path} has been held by another process for {_PATIENCE_SECONDS:g} s.")


def _content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 24):
        parts.append(part)
    return b"".join(parts)


def _repair(descriptor: int, path: Path) -> None:
    """Cut off what a killed writer left behind the last whole line."""
    size = os.fstat(descriptor).st_size
    reach = 1 << 12
    while size:
        begin = max(0, size - reach)
        os.lseek(descriptor, begin, os.SEEK_SET)
        tail = os.read(descriptor, size - begin)
        if tail.endswith(b"\n"):
            return
        if begin == 0 or b"\n" in tail:
            whole = begin + tail.rfind(b"\n") + 1
            _LOG.warning("%s: a torn last line (%d bytes) was cut off", path, size - whole)
            os.ftruncate(descriptor, whole)
            os.fsync(descriptor)
            return
        reach *= 4


def _parsed(content: bytes, path: Path) -> Kept:
    about: Mapping[str, Any] = {}
    days = np.empty(0, dtype=np.int64)
    trials: dict[int, Trial] = {}
    for number, line in enumerate(content.splitlines(), 1):
        try:
            plain = json.loads(line)
            operation = plain["op_code"]
            if operation == SET_STUDY_ATTRIBUTE:
                about = plain["user_attr"].get(ABOUT, about)
                days = np.asarray(plain["user_attr"].get(DAYS, days), dtype=np.int64)
            elif operation == CREATE_TRIAL:
                trial = from_plain(plain["user_attrs"][RECORD], days)
                trials.setdefault(trial.number, trial)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}, line {number} is no line of a trial ledger ({error}). Move the file "
                "away to search anew, or restore it."
            ) from error
    return Kept(about, days, trials)
