"""Mean reversion written by hand: a backtrader strategy that lives in the account.

It does what ``"strategy": "mean_reversion"`` does with its filters off, bar by bar instead of as
arrays, and gives the same trades. docs/hand-written-strategies.md walks through it. In a config::

    "strategy": "examples.custom:MyStrategy",
    "parameters": {"bollinger_period": 20, "reward_risk": 1.5}
"""

from __future__ import annotations

import backtrader as bt
import numpy as np

from lockstep.engine.cerebro.strategy import LockstepStrategy
from lockstep.indicators.rolling import moments
from lockstep.indicators.vwap import vwap


class Band(bt.Indicator):
    """Mean and deviation of the last closes, computed for all bars at once."""

    lines = ("mean", "std")
    params = (("period", 20),)

    def __init__(self) -> None:
        self.addminperiod(self.p.period)

    def once(self, start: int, end: int) -> None:
        """Fill the bars from `start` to `end`; no value looks beyond its own bar."""
        for line, values in zip(self.lines, self.values()):
            line.array[start:end] = type(line.array)("d", values[start:end])

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and deviation, shape (n_bars,) each."""
        return moments(np.asarray(self.data.close.array), self.p.period)


class VwapBand(Band):
    """Rolling VWAP and the weighted deviation of typical prices around it."""

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """Return VWAP and deviation, shape (n_bars,) each."""
        data = self.data
        columns = (data.high.array, data.low.array, data.close.array, data.volume.array)
        return vwap(*(np.asarray(column) for column in columns), self.p.period)


class MyStrategy(LockstepStrategy):
    """Fade a close beyond both bands; stop, target and time exit hang from the entry."""

    params = (
        ("bollinger_period", 20),
        ("bollinger_deviations", 2.0),
        ("vwap_period", 50),
        ("vwap_deviations", 1.5),
        ("atr_period", 14),
        ("stop_multiplier", 2.0),
        ("reward_risk", 1.5),
        ("max_bars", 72),
    )

    def __init__(self) -> None:
        self.bollinger = Band(self.data, period=self.p.bollinger_period)
        self.vwap = VwapBand(self.data, period=self.p.vwap_period)
        self.atr = bt.indicators.AverageTrueRange(self.data, period=self.p.atr_period)

    def next(self) -> None:
        """Ask for an entry when the close lies beyond both bands."""
        if self.position:
            return
        close = self.data.close[0]
        width = self.p.bollinger_deviations * self.bollinger.std[0]
        weighted = self.p.vwap_deviations * self.vwap.std[0]
        middle, average = self.bollinger.mean[0], self.vwap.mean[0]
        below = min(middle - width, average - weighted) - close
        above = close - max(middle + width, average + weighted)
        if below > 0:
            self.fade(1, below)
        elif above > 0:
            self.fade(-1, above)

    def fade(self, side: int, beyond: float) -> None:
        """Ask for an entry on `side`; the account sizes it, or refuses it and records why."""
        mean_range = self.atr[0]
        stop = self.p.stop_multiplier * mean_range
        self.enter(
            side,
            stop_distance=stop,
            target_distance=self.p.reward_risk * stop if stop > 0 else None,
            strength=beyond / mean_range if mean_range > 0 else 0.0,
            max_bars=self.p.max_bars,
        )
