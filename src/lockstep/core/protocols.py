"""What the outer rooms hand to the inner ones: progress, without knowing who shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the advance of long work. Passed in by the command line."""

    def start(self, task: str, total: int) -> None:
        """Begin a task of `total` units."""

    def advance(self, task: str, units: int = 1) -> None:
        """Report finished units."""


class Silent:
    """A `Progress` that shows nothing."""

    def start(self, task: str, total: int) -> None:
        """Ignore the start."""

    def advance(self, task: str, units: int = 1) -> None:
        """Ignore the advance."""
