"""How long each stage of a run takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from lockstep.cli import logs
from lockstep.core.protocols import Progress


class Stages:
    """Seconds of each stage, in order; of tasks inside a stage too, once they report progress."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block, which is one stage, and tell the log of it."""
        begun = perf_counter()
        with logs.stage(name):
            yield
        self.seconds[name] = perf_counter() - begun

    def watching(self, progress: Progress) -> Progress:
        """Return the same progress, whose tasks are timed from their start to their last word."""
        return _Timed(progress, self.seconds)


class _Timed:
    def __init__(self, progress: Progress, seconds: dict[str, float]) -> None:
        self._progress, self._seconds = progress, seconds
        self._begun: dict[str, float] = {}

    def start(self, task: str, total: int) -> None:
        self._begun[task] = perf_counter()
        self._progress.start(task, total)

    def advance(self, task: str, units: int = 1) -> None:
        self._seconds[f"task: {task}"] = perf_counter() - self._begun[task]
        self._progress.advance(task, units)
