"""What the strategies share: protective distances, time exit, strength, trading hours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import MINUTE_NS, TIMEFRAMES, Array, Bars, Ints
from lockstep.core.calendar import local_hours

#: `max_minutes` that stands for "as usual for the timeframe".
BY_TIMEFRAME = -1
_USUAL_MINUTES = {TIMEFRAMES["5m"]: 360, TIMEFRAMES["15m"]: 720, TIMEFRAMES["1h"]: 2880}
_USUAL_BARS = 48


def distances(base: Array, factor: float) -> Array:
    """Return `factor` times a distance, price units; NaN where that is not above 0.

    A stop distance of NaN is no valid stop: the account refuses the entry and says so.
    """
    product = factor * base
    return np.where(product > 0.0, product, np.nan)


def optional(base: Array, factor: float) -> Array | None:
    """Return `factor` times a distance as `distances` does, or None (off) for a factor of 0."""
    return distances(base, factor) if factor else None


def time_exit(bars: Bars, minutes: int) -> npt.NDArray[np.int32] | None:
    """Return the bars until the time exit, shape (n_bars,), or None if it is off.

    Parameters
    ----------
    bars : Bars
        Only their timeframe and number count.
    minutes : int
        Trading time, rounded up to whole bars; 0 is off, -1 the usual time of the timeframe.
    """
    if minutes == 0:
        return None
    return np.full(len(bars), _exit_bars(bars.timeframe, minutes), dtype=np.int32)


def _exit_bars(timeframe: int, minutes: int) -> int:
    if minutes == BY_TIMEFRAME:
        if timeframe not in _USUAL_MINUTES:
            return _USUAL_BARS
        minutes = _USUAL_MINUTES[timeframe]
    return -(-minutes * MINUTE_NS // timeframe)


def time_exit_note(bars: Bars, minutes: int) -> tuple[str, ...]:
    """Return a sentence if `minutes` asks for a usual time that the timeframe does not have."""
    if minutes != BY_TIMEFRAME or bars.timeframe in _USUAL_MINUTES:
        return ()
    sentence = (
        f"No usual time exit is known for {bars.timeframe / MINUTE_NS:g}-minute bars: positions "
        f"are left after {_USUAL_BARS} bars. Set max_minutes to choose."
    )
    return (sentence,)


def strengths(beyond: Array, atr: Array, entries: npt.NDArray[np.int8]) -> Array:
    """Return how far beyond its trigger each entry's close lies, in ATRs, at most 1.

    Parameters
    ----------
    beyond : ndarray, shape (n_bars,)
        Distance of the close beyond the trigger, price units; read where there is an entry.
    atr : ndarray, shape (n_bars,)
        Price units; an ATR of 0 gives strength 0.
    entries : ndarray of int8, shape (n_bars,)
        Entry side; strength is 0 where it is 0.
    """
    strength = np.zeros(len(entries))
    rows = np.flatnonzero((entries != 0) & (atr > 0.0))
    strength[rows] = np.clip(beyond[rows] / atr[rows], 0.0, 1.0)
    return strength


def within_hours(bars: Bars, start: int, end: int, zone: str) -> npt.NDArray[np.bool_]:
    """Return whether each bar's decision falls into the trading hours, shape (n_bars,).

    Parameters
    ----------
    bars : Bars
        The decision is made at a bar's close: its label plus the timeframe.
    start, end : int
        Hours of day, 0 to 23, from `start` up to but not including `end`; `end` <= `start` runs
        past midnight. Equal hours are the whole day.
    zone : str
        IANA time zone of the hours; daylight saving is followed.
    """
    if start == end:
        return np.ones(len(bars), dtype=np.bool_)
    hours = bars.computed(_hours_at_close, bars.time, bars.timeframe, zone)
    if start < end:
        return (hours >= start) & (hours < end)
    return (hours >= start) | (hours < end)


def _hours_at_close(time: Ints, timeframe: int, zone: str) -> npt.NDArray[np.int64]:
    return local_hours(time + timeframe, zone)
