"""What rooms expect of each other's parts, without knowing who made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from lockstep.core.bars import Array, Bars
from lockstep.core.signals import Signals
from lockstep.core.trial import Trial


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


#: The value of a `Turn` while no asset's strategy is at work.
NOBODY = -1


class Turn(Protocol):
    """Says whose strategy is at work, for those who watch: index of the asset, or `NOBODY`."""

    value: int


class Sink(Protocol):
    """Keeps what long work has finished, so that a later start can go on from there.

    Passed in by the command line; what is kept belongs to one configuration, one set of data and
    one version of the code.
    """

    def keep(self, kind: str, name: str, tables: Mapping[str, pd.DataFrame]) -> None:
        """Keep the tables of one finished part, all or none of them."""

    def kept(self, kind: str, name: str) -> dict[str, pd.DataFrame] | None:
        """Return the tables of a part, equal to the bit and in type; None if it is not there."""


class Forgetful:
    """A `Sink` that keeps nothing."""

    def keep(self, kind: str, name: str, tables: Mapping[str, pd.DataFrame]) -> None:
        """Forget it."""

    def kept(self, kind: str, name: str) -> dict[str, pd.DataFrame] | None:
        """Return None."""
        return None


class Silent:
    """A `Progress` that shows nothing."""

    def start(self, task: str, total: int) -> None:
        """Ignore the start."""

    def advance(self, task: str, units: int = 1) -> None:
        """Ignore the advance."""


class TrialStore(Protocol):
    """Keeps every trial of every search, so that none is forgotten or paid for twice."""

    def load(self, study: str) -> list[Trial]:
        """Return what was kept of a study, by number."""

    def begin(self, study: str, about: Mapping[str, Any]) -> None:
        """Tell, before its first trial, what a study searches: plain data.

        ``levels`` (the values of each parameter by name) and ``objectives`` (names, in the order
        of `Trial.scores`) are always among them. A study that has begun is left as it is.
        """

    def keep(self, study: str, trials: Sequence[Trial]) -> None:
        """Append finished trials; they are on the disk when this returns."""
