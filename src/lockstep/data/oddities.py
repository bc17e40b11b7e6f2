"""What is strange in bars, each finding a sentence: gaps, stale runs, outliers, no volume."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.calendar import DAY_NS, HOUR_NS
from lockstep.data.zones import Bools, open_time, stamp

#: A gap in market hours is noted above this length; above 1 h in a 24/7 market.
GAP_NS = 3 * HOUR_NS
GAP_ALWAYS_OPEN_NS = HOUR_NS
#: A daily break is a gap that comes on more than this share of days.
BREAK_SHARE = 1 / 3
#: So many identical bars in a row are stale.
STALE_BARS = 12
#: Log returns beyond so many robust standard deviations are outliers.
OUTLIER_SIGMAS = 20.0
#: An outlier whose next return undoes this share of it is a spike.
SPIKE_SHARE = 0.75
#: Median absolute deviation to standard deviation of a normal distribution.
_MAD = 1.4826


def oddities(bars: Bars, always_open: bool) -> list[str]:
    """Return a sentence for each kind of oddity: how many, the worst, and when.

    Parameters
    ----------
    bars : Bars
        Sorted, with finite prices above zero.
    always_open : bool
        True for a 24/7 market.
    """
    volume = [] if bars.has_volume else ["The source has no volume: it is zero throughout."]
    return [*volume, *gaps(bars, always_open), *stale_runs(bars), *outliers(bars)]


def gaps(bars: Bars, always_open: bool) -> list[str]:
    """Return a sentence on missing stretches; weekends and a usual daily break are no gaps."""
    if len(bars) < 2:
        return []
    clock = bars.time if always_open else open_time(bars.time)
    missing = np.diff(clock) - bars.timeframe
    pause = 0 if always_open else _daily_break(bars, missing)
    limit = GAP_ALWAYS_OPEN_NS if always_open else max(GAP_NS, pause + pause // 2)
    rows = np.flatnonzero(missing > limit)
    if not len(rows):
        return []
    worst = rows[int(np.argmax(missing[rows]))]
    beside = f", besides a daily break of {_hours(pause)}" if pause else ""
    hours = "" if always_open else " of market hours"
    sentence = (
        f"{_plural(len(rows), 'gap')} longer than {_hours(limit)}{hours}{beside}: "
        f"{_hours(int(missing[rows].sum()))} missing in all; the longest, "
        f"{_hours(int(missing[worst]))}, after {stamp(bars.time[worst])}."
    )
    return [sentence]


def _daily_break(bars: Bars, missing: Ints) -> int:
    candidates = missing[missing > GAP_NS]
    days = (bars.time[-1] - bars.time[0]) / DAY_NS * 5 / 7
    if bars.timeframe >= DAY_NS or len(candidates) <= BREAK_SHARE * days:
        return 0
    return int(np.median(candidates))


def stale_runs(bars: Bars) -> list[str]:
    """Return a sentence on runs of bars with the same four prices."""
    same = np.ones(max(len(bars) - 1, 0), dtype=np.bool_)
    for values in (bars.open, bars.high, bars.low, bars.close):
        same &= values[1:] == values[:-1]
    starts, lengths = _runs(same)
    long = lengths + 1 >= STALE_BARS
    if not long.any():
        return []
    starts, lengths = starts[long], lengths[long] + 1
    worst = int(np.argmax(lengths))
    sentence = (
        f"{_plural(len(starts), 'stale run')} of {STALE_BARS} or more identical bars; "
        f"the longest, {lengths[worst]} bars, from {stamp(bars.time[starts[worst]])}."
    )
    return [sentence]


def _runs(flags: Bools) -> tuple[Ints, Ints]:
    """Return where runs of True begin, and how long they are."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    return starts.astype(np.int64), (ends - starts).astype(np.int64)


def outliers(bars: Bars) -> list[str]:
    """Return a sentence on returns and wicks far beyond the usual, and on spikes among them."""
    if len(bars) < 3:
        return []
    returns = np.diff(np.log(bars.close))
    moving = np.abs(returns[returns != 0])
    if not len(moving):
        return []
    limit = OUTLIER_SIGMAS * _MAD * float(np.median(moving))
    large = np.abs(returns) > limit
    spikes = large[:-1] & (returns[:-1] * returns[1:] < 0)
    spikes &= np.abs(returns[:-1] + returns[1:]) <= (1 - SPIKE_SHARE) * np.abs(returns[:-1])
    sentences = []
    if large.any():
        worst = int(np.argmax(np.abs(returns)))
        back = int(np.count_nonzero(spikes))
        tail = f"; {back} came back within a bar" if back else ""
        sentences.append(
            f"{_plural(int(np.count_nonzero(large)), 'return')} beyond {OUTLIER_SIGMAS:g} robust "
            f"standard deviations ({limit:.2%}); the largest, {np.expm1(returns[worst]):+.2%}, at "
            f"{stamp(bars.time[worst + 1])}{tail}."
        )
    return [*sentences, *_wicks(bars, limit)]


def _wicks(bars: Bars, limit: float) -> list[str]:
    upper = np.log(bars.high / np.maximum(bars.open, bars.close))
    lower = np.log(np.minimum(bars.open, bars.close) / bars.low)
    wick: Array = np.maximum(upper, lower)
    count = int(np.count_nonzero(wick > limit))
    if not count:
        return []
    worst = int(np.argmax(wick))
    sentence = (
        f"{_plural(count, 'wick')} longer than {limit:.2%} of the price; the longest, "
        f"{np.expm1(wick[worst]):.2%}, at {stamp(bars.time[worst])}."
    )
    return [sentence]


def _hours(ns: int) -> str:
    return f"{ns / HOUR_NS:.4g} h"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
