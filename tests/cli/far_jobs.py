"""Jobs for a cluster in tests: workers import them from here."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from lockstep.core.errors import DataError
from lockstep.engine.elsewhere import Shared, tell


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


def dies_always(folder: str) -> None:
    Path(folder, f"{os.getpid()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


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
