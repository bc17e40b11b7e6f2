"""Strategies that look into the future, each in a way of its own. For the audits to catch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lockstep.core.bars import Array, Bars
from lockstep.core.signals import Signals
from lockstep.engine.cerebro.strategy import LockstepStrategy

WINDOW = 10


def mean_before(values: Array) -> Array:
    """Return the mean of the last `WINDOW` values, NaN until there are so many."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    means = (sums[WINDOW:] - sums[:-WINDOW]) / WINDOW
    return np.concatenate([np.full(min(WINDOW - 1, len(values)), np.nan), means])


def following(values: Array, bars: int = 1) -> Array:
    """Return each value's successor, as `shift(-1)` does."""
    return np.concatenate([values[bars:], np.full(min(bars, len(values)), np.nan)])


@dataclass(frozen=True, slots=True)
class Honest:
    """Follow a close above the mean of the closes before it."""

    guilty: ClassVar[tuple[str, ...]] = ()

    @property
    def lookback_bars(self) -> int:
        return WINDOW

    def indicators(self, bars: Bars) -> dict[str, Array]:
        return {"level": mean_before(bars.close)}

    def wanted(self, bars: Bars, indicators: dict[str, Array]) -> np.ndarray:
        return np.sign(np.nan_to_num(bars.close - indicators["level"]))

    def distance(self, bars: Bars) -> Array:
        return 0.004 * bars.close

    def signals(self, bars: Bars, indicators: dict[str, Array]) -> Signals:
        side = self.wanted(bars, indicators).astype(np.int8)
        stop = self.distance(bars)
        return Signals(side=side, stop_distance=stop, target_distance=stop)

    def notes(self, bars: Bars) -> tuple[str, ...]:
        return ()


class CentredWindow(Honest):
    """Centre the window of the mean on its bar."""

    guilty = ("indicator", "level")

    def indicators(self, bars: Bars) -> dict[str, Array]:
        return {"level": following(mean_before(bars.close), WINDOW // 2)}


class WholeSeries(Honest):
    """Measure the close against mean and deviation of the whole series."""

    guilty = ("indicator", "level")

    def indicators(self, bars: Bars) -> dict[str, Array]:
        level = bars.close.mean() + bars.close.std() * np.sin(np.arange(len(bars)))
        return {"level": level}


class NextClose(Honest):
    """Shift the close by one bar in the wrong direction."""

    guilty = ("indicator", "next_close")

    def indicators(self, bars: Bars) -> dict[str, Array]:
        return {"next_close": following(bars.close)}

    def wanted(self, bars: Bars, indicators: dict[str, Array]) -> np.ndarray:
        return np.sign(np.nan_to_num(indicators["next_close"] - bars.close))


class PeekingSignals(Honest):
    """Keep honest indicators, and enter where the next bar goes the right way."""

    guilty = ("signal", "side")

    def wanted(self, bars: Bars, indicators: dict[str, Array]) -> np.ndarray:
        ahead = np.sign(np.nan_to_num(following(bars.close) - bars.close))
        return np.where(np.sign(bars.close - indicators["level"]) == ahead, ahead, 0)


class RarelyPeeking(PeekingSignals):
    """Peek on few bars only, so that a cut at random finds it honest."""

    guilty = ("signal", "side")

    def wanted(self, bars: Bars, indicators: dict[str, Array]) -> np.ndarray:
        rare = np.arange(len(bars)) % 67 == 66
        return np.where(rare, PeekingSignals.wanted(self, bars, indicators), 0)


class StopFromTheFuture(Honest):
    """Lay the stop just beyond what the next bars will reach."""

    guilty = ("signal", "stop_distance")

    def distance(self, bars: Bars) -> Array:
        reach = np.abs(following(bars.low, 3) - bars.close)
        return np.where(np.isfinite(reach), 0.001 * bars.close + reach, 0.004 * bars.close)


CHEATS = {
    cheat.__name__: cheat
    for cheat in (
        CentredWindow,
        WholeSeries,
        NextClose,
        PeekingSignals,
        RarelyPeeking,
        StopFromTheFuture,
    )
}


class EndlessMemory(Honest):
    """Hold the close against the mean of all closes since the data began."""

    def indicators(self, bars: Bars) -> dict[str, Array]:
        return {"level": np.cumsum(bars.close) / np.arange(1, len(bars) + 1)}


class ReadsTomorrow(LockstepStrategy):
    """A hand-written strategy that buys what the next bar will lift."""

    def next(self) -> None:
        here = len(self)
        if here % 9 == 0 and here < self.data.buflen() and self.data.close[1] > self.data.close[0]:
            self.enter(1, 0.004 * self.data.close[0], 0.004 * self.data.close[0])


class ReadsToday(LockstepStrategy):
    """The same, without the next bar."""

    def next(self) -> None:
        if len(self) % 9 == 0 and self.data.close[0] > self.data.close[-1]:
            self.enter(1, 0.004 * self.data.close[0], 0.004 * self.data.close[0])
