"""Indicators over a sliding window: mean, standard deviation, bands, rank and channel.

All are causal (the value at bar i uses bars up to i only), NaN until the window is full, and NaN
while it holds a NaN. The value of a window depends on its content alone, so neither the bars
before it nor the bars after it change a bit of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lockstep.core.bars import Array
from lockstep.indicators._compiled import compiled, ready

#: Windows worked on together: a block of outputs stays in the fastest cache of the processor.
_BLOCK = 512


class Moments(NamedTuple):
    """Mean and standard deviation of a window, shape (n_bars,) each, price units."""

    mean: Array
    std: Array


class Bands(NamedTuple):
    """A band around a middle line, shape (n_bars,) each, price units."""

    lower: Array
    middle: Array
    upper: Array


class Channel(NamedTuple):
    """Lowest low and highest high, shape (n_bars,) each, price units."""

    lower: Array
    upper: Array


def moments(values: Array, period: int) -> Moments:
    """Return mean and population standard deviation of the last `period` values.

    Two passes over each window, on differences from its newest value: nothing cancels, and a
    flat window has a deviation of exactly zero and its value as mean.

    Parameters
    ----------
    values : ndarray, shape (n_bars,)
        One value per bar.
    period : int
        Bars in the window, the current one included.

    Raises
    ------
    ValueError
        If `period` is below 1 or `values` is no vector.
    """
    (values,) = ready(period, values)
    return Moments(*_moments(values, int(period)))


def sma(values: Array, period: int) -> Array:
    """Return the simple mean of the last `period` values, shape (n_bars,)."""
    return moments(values, period).mean


def rolling_std(values: Array, period: int) -> Array:
    """Return the population standard deviation of the last `period` values, shape (n_bars,)."""
    return moments(values, period).std


def bollinger(close: Array, period: int, deviations: float) -> Bands:
    """Return the Bollinger bands: the mean, and `deviations` standard deviations off it.

    References
    ----------
    Bollinger (2001), "Bollinger on Bollinger Bands": population standard deviation.

    Examples
    --------
    >>> bands = bollinger(np.array([1.0, 3.0]), period=2, deviations=2.0)
    >>> float(bands.lower[1]), float(bands.middle[1]), float(bands.upper[1])
    (0.0, 2.0, 4.0)
    """
    mean, std = moments(close, period)
    return Bands(mean - deviations * std, mean, mean + deviations * std)


def percent_rank(values: Array, period: int) -> Array:
    """Return the rank of each value among the `period - 1` values before it.

    Parameters
    ----------
    values : ndarray, shape (n_bars,)
        One value per bar.
    period : int
        Bars in the window, the current one included; at least 2.

    Returns
    -------
    ndarray, shape (n_bars,)
        Fraction of the window's other values that lie below the current one, equal ones counted
        half: 0 for the lowest of the window, 1 for the highest, 0.5 for a flat window.

    Raises
    ------
    ValueError
        If `period` is below 2 or `values` is no vector.
    """
    if period < 2:
        raise ValueError(f"period is {period}; expected at least 2 bars to rank among.")
    (values,) = ready(period, values)
    return _percent_rank(values, int(period))


def donchian(high: Array, low: Array, period: int) -> Channel:
    """Return the highest high and the lowest low of the `period` bars before the current one.

    Parameters
    ----------
    high, low : ndarray, shape (n_bars,)
        Prices.
    period : int
        Bars in the window, the current one *not* included, so that its close can break out.

    Raises
    ------
    ValueError
        If `period` is below 1 or the columns are not vectors of one length.
    """
    high, low = ready(period, high, low)
    return Channel(-_previous_max(-low, int(period)), _previous_max(high, int(period)))


@compiled
def _moments(values: Array, period: int) -> tuple[Array, Array]:
    n = len(values)
    mean = np.full(n, np.nan)
    std = np.full(n, np.nan)
    for start in range(period - 1, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        newest = values[start:stop]
        total = np.zeros(stop - start)
        for lag in range(period - 1, 0, -1):
            other = values[start - lag : stop - lag]
            for k in range(stop - start):
                total[k] += other[k] - newest[k]
        total /= period
        squares = total * total
        for lag in range(period - 1, 0, -1):
            other = values[start - lag : stop - lag]
            for k in range(stop - start):
                deviation = (other[k] - newest[k]) - total[k]
                squares[k] += deviation * deviation
        mean[start:stop] = newest + total
        std[start:stop] = np.sqrt(squares / period)
    return mean, std


@compiled
def _percent_rank(values: Array, period: int) -> Array:
    n = len(values)
    rank = np.full(n, np.nan)
    missing = -1
    for i in range(n):
        value = values[i]
        if np.isnan(value):
            missing = i
        if i - period < missing or i < period - 1:
            continue
        below = 0
        not_above = 0
        others = values[i - period + 1 : i]
        for k in range(period - 1):
            below += others[k] < value
            not_above += others[k] <= value
        rank[i] = (below + not_above) / (2.0 * (period - 1))
    return rank


@compiled
def _previous_max(values: Array, period: int) -> Array:
    # A queue of bars whose values fall: its head is the maximum of the window.
    n = len(values)
    highest = np.full(n, np.nan)
    queue = np.empty(n, dtype=np.int64)
    head = tail = 0
    missing = -1
    for i in range(n):
        if head < tail and queue[head] < i - period:
            head += 1
        if i >= period and i - period > missing:
            highest[i] = values[queue[head]]
        if np.isnan(values[i]):
            missing = i
            head = tail
            continue
        while head < tail and values[queue[tail - 1]] <= values[i]:
            tail -= 1
        queue[tail] = i
        tail += 1
    return highest
