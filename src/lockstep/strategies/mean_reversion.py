"""Mean reversion: buy below both lower bands, sell above both upper ones, leave by distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Bars
from lockstep.core.parameters import param
from lockstep.core.registry import strategies
from lockstep.core.signals import Signals
from lockstep.indicators.rolling import moments, percent_rank
from lockstep.indicators.smoothing import adx, atr
from lockstep.indicators.vwap import vwap, weighs_equally
from lockstep.strategies._checks import check_parameters, check_zone, require
from lockstep.strategies._exits import (
    distances,
    optional,
    strengths,
    time_exit,
    time_exit_note,
    within_hours,
)

#: ADX at and above which the market counts as fully trending in the regime score.
_FULL_TREND = 50.0


@strategies("mean_reversion")
@dataclass(frozen=True, slots=True)
class MeanReversionStrategy:
    """Fade a close beyond both the Bollinger and the VWAP band; docs/strategies.md has the rules.

    Distances that end in ``_r`` are in R, the stop distance. Every parameter states which
    value switches its rule off; hours, regime limits, trailing and break-even start switched off.
    """

    bollinger_period: int = param(
        20, "Bars of the Bollinger window.", low=2, high=500, step=5, indicator=True
    )
    bollinger_deviations: float = param(
        2.0, "Half-width of the Bollinger band, standard deviations.", low=0.1, high=6, step=0.25
    )
    vwap_period: int = param(
        50, "Bars of the rolling VWAP window.", low=2, high=2000, step=10, indicator=True
    )
    vwap_deviations: float = param(
        1.5, "Half-width of the VWAP band, weighted deviations.", low=0.1, high=6, step=0.25
    )
    atr_period: int = param(
        14, "Bars of Wilder's average true range.", low=1, high=500, step=2, indicator=True
    )
    stop_multiplier: float = param(2.0, "Stop distance, ATRs.", low=0.1, high=20, step=0.25)
    reward_risk: float = param(
        1.5, "Target distance, stop distances; 0 is no target.", low=0, high=20, step=0.25
    )
    max_minutes: int = param(
        -1, "Trading minutes until the time exit; 0 is off, -1 by timeframe.", low=-1, high=100_000
    )
    trail_distance_r: float = param(
        0.0, "Trailing stop behind the best price, R; 0 is off.", low=0, high=20, step=0.25
    )
    trail_trigger_r: float = param(
        0.0, "Gain from which the stop trails, R.", low=0, high=20, step=0.25
    )
    be_trigger_r: float = param(
        0.0, "Gain at which the stop moves to break-even, R; 0 is off.", low=0, high=20, step=0.25
    )
    be_offset_r: float = param(
        0.0, "Distance of the break-even stop from the fill, R.", low=0, high=20, step=0.05
    )
    adx_period: int = param(14, "Bars of Wilder's ADX.", low=1, high=500, step=2, indicator=True)
    adx_max: float = param(
        100.0, "Trend limit: enter while ADX is at most this; 100 is off.", low=1, high=100, step=5
    )
    volatility_period: int = param(
        200, "Bars the ATR is ranked among.", low=2, high=5000, step=50, indicator=True
    )
    volatility_min: float = param(
        0.0, "Lowest rank of the ATR to enter at, fraction; 0 is off.", low=0, high=1, step=0.05
    )
    volatility_max: float = param(
        1.0, "Highest rank of the ATR to enter at, fraction; 1 is off.", low=0, high=1, step=0.05
    )
    score_min: float = param(
        0.0, "Lowest regime score (0-100) to enter at; 0 is off.", low=0, high=100, step=5
    )
    hour_start: int = param(
        0, "First hour of entry decisions; equal to hour_end is the whole day.", low=0, high=23
    )
    hour_end: int = param(0, "Hour at which entry decisions end.", low=0, high=23)
    hour_zone: str = param("UTC", "IANA time zone of the two hours.")

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(self)
        check_zone(self.hour_zone)
        require(
            self.volatility_min < self.volatility_max,
            f"volatility_min is {self.volatility_min:g}; expected less than volatility_max, "
            f"{self.volatility_max:g}, or no bar can pass.",
        )
        require(
            self.trail_distance_r > 0.0 or self.trail_trigger_r == 0.0,
            f"trail_trigger_r is {self.trail_trigger_r:g}, but nothing trails: set "
            "trail_distance_r above 0, or trail_trigger_r to 0.",
        )
        require(
            self.be_offset_r < self.be_trigger_r or self.be_offset_r == 0.0,
            f"be_offset_r is {self.be_offset_r:g}; expected less than be_trigger_r, "
            f"{self.be_trigger_r:g}: a stop cannot stand at or beyond the price that moves it.",
        )

    @property
    def lookback_bars(self) -> int:
        """Bars needed before the first signal can stand."""
        needs = [self.bollinger_period, self.vwap_period, self.atr_period + 1]
        if self._limits_trend:
            needs.append(2 * self.adx_period)
        if self._limits_volatility:
            needs.append(self.atr_period + self.volatility_period)
        return max(needs)

    @property
    def _limits_trend(self) -> bool:
        return self.adx_max < 100.0 or self.score_min > 0.0

    @property
    def _limits_volatility(self) -> bool:
        return self.volatility_min > 0.0 or self.volatility_max < 1.0 or self.score_min > 0.0

    def indicators(self, bars: Bars) -> dict[str, Array]:
        """Return middle and deviation of both bands, ATR, its rank, and ADX."""
        high, low, close = bars.high, bars.low, bars.close
        middle, deviation = bars.computed(moments, close, self.bollinger_period)
        average, spread = bars.computed(vwap, high, low, close, bars.volume, self.vwap_period)
        mean_range = bars.computed(atr, high, low, close, self.atr_period)
        return {
            "bollinger_middle": middle,
            "bollinger_std": deviation,
            "vwap": average,
            "vwap_std": spread,
            "atr": mean_range,
            "atr_rank": bars.computed(percent_rank, mean_range, self.volatility_period),
            "adx": bars.computed(adx, high, low, close, self.adx_period),
        }

    def signals(self, bars: Bars, indicators: dict[str, Array]) -> Signals:
        """Return entries on every bar beyond both bands, with their distances in price units."""
        below, above = self._beyond(bars.close, indicators)
        allowed = self._allowed(bars, indicators)
        long, short = (below > 0.0) & allowed, (above > 0.0) & allowed
        side = long.astype(np.int8) - short.astype(np.int8)
        stop = distances(indicators["atr"], self.stop_multiplier)
        trails, breaks_even = self.trail_distance_r > 0.0, self.be_trigger_r > 0.0
        return Signals(
            side=side,
            stop_distance=stop,
            target_distance=optional(stop, self.reward_risk),
            trail_trigger=self.trail_trigger_r * stop if trails else None,
            trail_distance=optional(stop, self.trail_distance_r),
            be_trigger=optional(stop, self.be_trigger_r),
            be_offset=self.be_offset_r * stop if breaks_even else None,
            strength=strengths(np.where(long, below, above), indicators["atr"], side),
            max_bars=time_exit(bars, self.max_minutes),
        )

    def notes(self, bars: Bars) -> tuple[str, ...]:
        """Return how the VWAP copes without volume, and a time exit that had to be assumed."""
        empty = int(weighs_equally(bars.volume, self.vwap_period).sum())
        windows = max(0, len(bars) - self.vwap_period + 1)
        notes = time_exit_note(bars, self.max_minutes)
        if not empty:
            return notes
        if empty == windows:
            return ("VWAP weighs all bars equally: the bars carry no volume.", *notes)
        share = f"VWAP weighs bars equally in {empty} of {windows} windows: they hold no volume."
        return (share, *notes)

    def _beyond(self, close: Array, indicators: dict[str, Array]) -> tuple[Array, Array]:
        """Return how far the close lies below both lower bands, and above both upper ones."""
        bollinger = self.bollinger_deviations * indicators["bollinger_std"]
        weighted = self.vwap_deviations * indicators["vwap_std"]
        middle, average = indicators["bollinger_middle"], indicators["vwap"]
        lower = np.minimum(middle - bollinger, average - weighted)
        upper = np.maximum(middle + bollinger, average + weighted)
        return lower - close, close - upper

    def _allowed(self, bars: Bars, indicators: dict[str, Array]) -> npt.NDArray[np.bool_]:
        """Return where ATR is known, the regime passes and the hour is right.

        A limit that is on refuses bars whose own indicator is not known yet.
        """
        rank, trend = indicators["atr_rank"], indicators["adx"]
        allowed = within_hours(bars, self.hour_start, self.hour_end, self.hour_zone)
        allowed = allowed & np.isfinite(indicators["atr"])
        if self.adx_max < 100.0:
            allowed &= trend <= self.adx_max
        if self.volatility_min > 0.0:
            allowed &= rank >= self.volatility_min
        if self.volatility_max < 1.0:
            allowed &= rank <= self.volatility_max
        if self.score_min > 0.0:
            allowed &= regime_score(trend, rank) >= self.score_min
        return allowed


def regime_score(trend: Array, rank: Array) -> Array:
    """Return how ranging and calm the market is, 0 to 100, shape (n_bars,).

    Parameters
    ----------
    trend : ndarray, shape (n_bars,)
        ADX: 0 gives the full half for "ranging", 50 and more give nothing.
    rank : ndarray, shape (n_bars,)
        Percentile rank of the ATR, fraction: 0 gives the full half for "calm", 1 nothing.
    """
    ranging = np.maximum(0.0, 1.0 - trend / _FULL_TREND)
    return np.asarray(50.0 * (ranging + (1.0 - rank)))
