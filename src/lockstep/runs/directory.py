"""The directory of one run: its name and its status."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockstep.core.errors import UsageError
from lockstep.core.files import write_json

STATUS_FILE = "status.json"
RUNNING, COMPLETE, PARTIAL, FAILED = "running", "complete", "partial", "failed"
_DIGEST_LENGTH = 8
_MOST_RUNS_A_SECOND = 100


def digest(config: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    """Return eight hex digits that name a configuration together with its data.

    Parameters
    ----------
    config : mapping
        The resolved configuration, plain data.
    sources : mapping
        Where each asset's bars came from, hashes included (`Bars.source`).
    """
    plain = json.dumps([config, sources], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode("utf-8")).hexdigest()[:_DIGEST_LENGTH]


def run_id(moment: datetime, name: str) -> str:
    """Return ``YYYYMMDD-HHMMSS-<hash8>`` of an aware moment, in UTC."""
    return f"{moment.astimezone(UTC):%Y%m%d-%H%M%S}-{name}"


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
    def create(cls, results: str | Path, name: str) -> RunDirectory:
        """Make the directory of a new run and mark it as running.

        A second run of the same second and content gets the suffix ``-2``, and so on.

        Raises
        ------
        UsageError
            If the directory cannot be made.
        """
        root = Path(results)
        try:
            root.mkdir(parents=True, exist_ok=True)
            made = cls(_make(root, name))
        except OSError as error:
            raise UsageError(
                f"results directory {root} cannot be used ({error.strerror}); give another one "
                "with --results."
            ) from error
        made.mark(RUNNING)
        return made

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def status(self) -> str:
        """The last status that was marked."""
        text = (self.path / STATUS_FILE).read_text(encoding="utf-8")
        return str(json.loads(text)["status"])

    def mark(self, status: str) -> None:
        """Write the status: ``running``, then ``complete``, ``partial`` or ``failed``."""
        write_json(self.path / STATUS_FILE, {"run_id": self.run_id, "status": status})

    @contextmanager
    def running(self) -> Iterator[RunDirectory]:
        """Mark the run as failed if the block ends while the run still counts as running."""
        try:
            yield self
        finally:
            if self.status == RUNNING:
                self.mark(FAILED)


def _make(root: Path, name: str) -> Path:
    for count in range(1, _MOST_RUNS_A_SECOND):
        path = root / (name if count == 1 else f"{name}-{count}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(17, f"it already holds {_MOST_RUNS_A_SECOND - 1} runs named {name}")
