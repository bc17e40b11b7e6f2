"""Jobs for a cluster in tests: workers import them from here."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep.core.errors import DataError
from lockstep.core.protocols import Progress, TrialStore
from lockstep.core.trial import Trial
from lockstep.engine.elsewhere import Shared, tell
from lockstep.research.search import Search


def squared(number: int) -> int:
    return number * number


def process(*_: object) -> int:
    return os.getpid()


def measured(shared: Shared, number: int) -> tuple[int, int, int]:
    """Return who works, which object it was given, and a sum over it."""
    return os.getpid(), id(shared.value), int(shared.value.sum()) + number


def dies_once(mark: str) -> int:
    """Kill the worker unless a file says that it was done before."""
    if not Path(mark).exists():
        Path(mark).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def dies_always(folder: str, *_: object) -> None:
    Path(folder, f"{os.getpid()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def dies_with(shared: Shared, mark: str) -> int:
    """Kill the worker that holds something, once."""
    dies_once(mark)
    return len(shared.value)


def kept_nothing(_: TrialStore, __: Progress) -> int:
    return 7


def speaks(count: int) -> str:
    for number in range(count):
        tell(number)
    return "done"


def refuses() -> None:
    raise DataError("there are no bars.")


def breaks() -> None:
    raise ZeroDivisionError("a bug")


def lacks_memory() -> None:
    raise MemoryError


def waits(mark: str, seconds: float = 60.0) -> None:
    """Say that it runs, then busy itself; leave a second mark only at a natural end."""
    Path(mark).touch()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
    Path(f"{mark}.ended").touch()


class DeadlyStore:
    """A `TrialStore` whose worker is killed with the third batch, once."""

    def __init__(self, store: TrialStore, mark: str) -> None:
        self.store, self.mark, self.batches = store, Path(mark), 0

    def load(self, study: str) -> list[Trial]:
        return self.store.load(study)

    def begin(self, study: str, about: Mapping[str, Any]) -> None:
        self.store.begin(study, about)

    def keep(self, study: str, trials: Sequence[Trial]) -> None:
        self.store.keep(study, trials)
        self.batches += 1
        if self.batches == 3:
            dies_once(str(self.mark))


def deadly_search(optimizer: Shared, mark: str, store: TrialStore, progress: Progress) -> Search:
    found = DeadlyStore(store, mark)
    return dataclasses.replace(optimizer.value, store=found, progress=progress).search()
