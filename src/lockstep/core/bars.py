"""Bars: the only form in which market data travels inside Lockstep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lockstep.core.memo import Memo

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
T = TypeVar("T")

MINUTE_NS = 60_000_000_000
TIMEFRAMES: dict[str, int] = {
    name: minutes * MINUTE_NS
    for name, minutes in {
        "1m": 1,
        "5m": 5,
        "15m": 15,
        "30m": 30,
        "1h": 60,
        "4h": 240,
        "1d": 1440,
    }.items()
}


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one asset, strictly ascending, labelled by their open time.

    Parameters
    ----------
    symbol : str
        The asset.
    timeframe : int
        Length of a bar in ns.
    time : ndarray of int64, shape (n_bars,)
        Open times, ns since 1970 UTC.
    open, high, low, close : ndarray of float64, shape (n_bars,)
        Prices as the source quotes them.
    volume : ndarray of float64, shape (n_bars,)
        Traded or tick volume; all zero where the source has none.
    source : dict
        Where they came from: ``file``, ``sha256``, ``format``, or ``sample`` and ``seed``.
    notes : tuple of str
        Findings of the quality gate (gaps, stale runs, outliers), each a sentence.
    memo : Memo or None
        Keeps what `computed` returned; None keeps nothing.
    """

    symbol: str
    timeframe: int
    time: Ints
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    source: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    memo: Memo | None = field(default=None, compare=False, repr=False)

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.time)

    @property
    def has_volume(self) -> bool:
        """True if any bar carries volume."""
        return bool(np.any(self.volume > 0))

    def computed(self, function: Callable[..., T], *inputs: Any) -> T:
        """Return ``function(*inputs)``, once for the same inputs if these bars remember.

        A strategy that asks for its indicators this way lets a search reuse those that a change of
        parameters does not touch. The function must be pure; nobody may write into its result.
        """
        if self.memo is None:
            return function(*inputs)
        kept: T = self.memo(function, *inputs)
        return kept

    def remembering(self) -> Bars:
        """Return the same bars with a memory for `computed`."""
        return replace(self, memo=Memo())

    def between(self, start: int, end: int) -> Bars:
        """Return the bars with start <= label < end (ns)."""
        first, last = np.searchsorted(self.time, [start, end])
        return self.cut(slice(int(first), int(last)))

    def cut(self, rows: slice) -> Bars:
        """Return the bars of one slice of rows, sharing memory."""
        return Bars(
            symbol=self.symbol,
            timeframe=self.timeframe,
            time=self.time[rows],
            open=self.open[rows],
            high=self.high[rows],
            low=self.low[rows],
            close=self.close[rows],
            volume=self.volume[rows],
            source=self.source,
            notes=self.notes,
        )
