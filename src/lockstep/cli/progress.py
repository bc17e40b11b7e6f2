"""Progress bars on stderr."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)


class ProgressBars:
    """Shows each task as a bar; silent where stderr is no terminal.

    Parameters
    ----------
    shown : bool
        False shows nothing.
    """

    def __init__(self, shown: bool = True) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not (shown and console.is_terminal),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> ProgressBars:
        """Begin to draw."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing and leave a clean terminal."""
        self._bars.stop()

    def start(self, task: str, total: int) -> None:
        """Begin a task of `total` units; a second beginning starts it afresh."""
        if task in self._tasks:
            self._bars.reset(self._tasks[task], total=total)
        else:
            self._tasks[task] = self._bars.add_task(task, total=total)

    def advance(self, task: str, units: int = 1) -> None:
        """Report finished units of a task that has begun."""
        self._bars.advance(self._tasks[task], units)
