"""Breakout: follow a close beyond the Donchian channel, leave at the shorter opposite one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array, Bars
from lockstep.core.parameters import param
from lockstep.core.registry import strategies
from lockstep.core.signals import EXIT_LONG, EXIT_SHORT, Signals
from lockstep.indicators.rolling import donchian
from lockstep.indicators.smoothing import atr
from lockstep.strategies._checks import check_parameters, require
from lockstep.strategies._exits import (
    distances,
    optional,
    strengths,
    time_exit,
    time_exit_note,
)


@strategies("breakout")
@dataclass(frozen=True, slots=True)
class BreakoutStrategy:
    """Enter beyond the channel of the bars before, with an ATR stop; docs/strategies.md."""

    entry_period: int = param(
        48, "Bars of the entry channel.", low=2, high=5000, step=12, indicator=True
    )
    exit_period: int = param(
        24,
        "Bars of the exit channel, at most entry_period.",
        low=1,
        high=5000,
        step=6,
        indicator=True,
    )
    atr_period: int = param(
        14, "Bars of Wilder's average true range.", low=1, high=500, step=2, indicator=True
    )
    stop_multiplier: float = param(2.0, "Stop distance, ATRs.", low=0.1, high=20, step=0.25)
    reward_risk: float = param(
        0.0, "Target distance, stop distances; 0 is no target.", low=0, high=20, step=0.5
    )
    max_minutes: int = param(
        0, "Trading minutes until the time exit; 0 is off, -1 by timeframe.", low=-1, high=100_000
    )

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(self)
        require(
            self.exit_period <= self.entry_period,
            f"exit_period is {self.exit_period}; expected at most entry_period, "
            f"{self.entry_period}: the exit channel is the shorter one.",
        )

    @property
    def lookback_bars(self) -> int:
        """Bars needed before the first signal can stand."""
        return max(self.entry_period, self.atr_period) + 1

    def indicators(self, bars: Bars) -> dict[str, Array]:
        """Return the bounds of both channels (bars before the current one) and ATR."""
        entry = bars.computed(donchian, bars.high, bars.low, self.entry_period)
        leave = bars.computed(donchian, bars.high, bars.low, self.exit_period)
        return {
            "entry_lower": entry.lower,
            "entry_upper": entry.upper,
            "exit_lower": leave.lower,
            "exit_upper": leave.upper,
            "atr": bars.computed(atr, bars.high, bars.low, bars.close, self.atr_period),
        }

    def signals(self, bars: Bars, indicators: dict[str, Array]) -> Signals:
        """Return entries on every bar beyond the entry channel, and where positions leave."""
        close, mean_range = bars.close, indicators["atr"]
        above, below = close - indicators["entry_upper"], indicators["entry_lower"] - close
        known = np.isfinite(mean_range)
        long, short = (above > 0.0) & known, (below > 0.0) & known
        side = long.astype(np.int8) - short.astype(np.int8)
        leave_long = close < indicators["exit_lower"]
        leave_short = close > indicators["exit_upper"]
        stop = distances(mean_range, self.stop_multiplier)
        return Signals(
            side=side,
            stop_distance=stop,
            exit=(EXIT_LONG * leave_long + EXIT_SHORT * leave_short).astype(np.int8),
            target_distance=optional(stop, self.reward_risk),
            strength=strengths(np.where(long, above, below), mean_range, side),
            max_bars=time_exit(bars, self.max_minutes),
        )

    def notes(self, bars: Bars) -> tuple[str, ...]:
        """Return a time exit that had to be assumed."""
        return time_exit_note(bars, self.max_minutes)
