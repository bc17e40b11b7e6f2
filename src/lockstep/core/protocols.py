"""What rooms expect of each other's parts, without knowing who made them."""

from __future__ import annotations

from typing import Protocol

from lockstep.core.bars import Array, Bars
from lockstep.core.signals import Signals


class Strategy(Protocol):
    """From bars to signals: a frozen dataclass whose fields are its declared parameters.

    Both steps are causal: cut the bars anywhere, and everything before the cut stays the same
    bit for bit. Parameters declared with ``indicator=False`` do not change `indicators`.
    """

    @property
    def lookback_bars(self) -> int:
        """Bars needed before the first signal can stand."""

    def indicators(self, bars: Bars) -> dict[str, Array]:
        """Return the named indicators, shape (n_bars,) each, NaN until warmed up."""

    def signals(self, bars: Bars, indicators: dict[str, Array]) -> Signals:
        """Return what to do at the close of each bar, from bars and their indicators."""

    def notes(self, bars: Bars) -> tuple[str, ...]:
        """Return what a reader of the report must know about these bars, a sentence each."""


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
