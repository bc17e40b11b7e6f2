"""Indicators with an endless memory: EMA and Wilder's RSI, ATR and ADX.

Each recursion starts from the simple mean of its first `period` values (summed exactly), then
runs ``previous * (1 - alpha) + value * alpha``, operation for operation as backtrader's, so that
the bits agree with its EMA, RSI, ATR and ADX. All are causal and NaN until the seed is complete.

References
----------
Wilder (1978), "New Concepts in Technical Trading Systems": RSI, ATR, ADX.
"""

from __future__ import annotations

import math

import numpy as np

from lockstep.core.bars import Array
from lockstep.indicators._compiled import compiled, ready


def ema(values: Array, period: int) -> Array:
    """Return the exponential mean with alpha = 2 / (period + 1), shape (n_bars,).

    Raises
    ------
    ValueError
        If `period` is below 1 or `values` is no vector.
    """
    (values,) = ready(period, values)
    return _recursion(values, period, 2.0 / (1.0 + period))


def wilder_mean(values: Array, period: int) -> Array:
    """Return Wilder's smoothed mean, alpha = 1 / period, shape (n_bars,).

    Raises
    ------
    ValueError
        If `period` is below 1 or `values` is no vector.
    """
    (values,) = ready(period, values)
    return _recursion(values, period, 1.0 / period)


def rsi(close: Array, period: int) -> Array:
    """Return Wilder's relative strength index, in [0, 100]; first value at bar `period`.

    Without a single loss in memory it is 100; in a market that never moved, 50.

    Parameters
    ----------
    close : ndarray, shape (n_bars,)
        Prices.
    period : int
        Smoothing period in bars.

    Raises
    ------
    ValueError
        If `period` is below 1 or `close` is no vector.
    """
    (close,) = ready(period, close)
    change = np.diff(close, prepend=np.nan)
    gain = wilder_mean(np.maximum(change, 0.0), period)
    loss = wilder_mean(np.maximum(-change, 0.0), period)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((gain == 0.0) & (loss == 0.0), 1.0, gain / loss)
    return np.asarray(100.0 - 100.0 / (1.0 + ratio))


def true_range(high: Array, low: Array, close: Array) -> Array:
    """Return each bar's range, stretched to the previous close; NaN on the first bar."""
    previous = np.concatenate(([np.nan], close[:-1]))[: len(close)]
    return np.asarray(np.maximum(high, previous) - np.minimum(low, previous))


def atr(high: Array, low: Array, close: Array, period: int) -> Array:
    """Return Wilder's average true range, price units; first value at bar `period`.

    Parameters
    ----------
    high, low, close : ndarray, shape (n_bars,)
        Prices.
    period : int
        Smoothing period in bars.

    Raises
    ------
    ValueError
        If `period` is below 1 or the columns are not vectors of one length.
    """
    high, low, close = ready(period, high, low, close)
    return wilder_mean(true_range(high, low, close), period)


def adx(high: Array, low: Array, close: Array, period: int) -> Array:
    """Return Wilder's average directional index, in [0, 100]; first value at bar 2 period - 1.

    A bar without any directional movement in memory counts as no trend (a directional index of
    0); backtrader divides by zero there.

    Parameters
    ----------
    high, low, close : ndarray, shape (n_bars,)
        Prices.
    period : int
        Period of both smoothings in bars.

    Raises
    ------
    ValueError
        If `period` is below 1 or the columns are not vectors of one length.
    """
    high, low, close = ready(period, high, low, close)
    up = np.diff(high, prepend=np.nan)
    down = -np.diff(low, prepend=np.nan)
    rises = np.where(np.isnan(up), np.nan, np.where((up > down) & (up > 0.0), up, 0.0))
    falls = np.where(np.isnan(down), np.nan, np.where((down > up) & (down > 0.0), down, 0.0))
    mean_range = atr(high, low, close, period)
    plus = _ratio(100.0 * wilder_mean(rises, period), mean_range)
    minus = _ratio(100.0 * wilder_mean(falls, period), mean_range)
    return 100.0 * wilder_mean(_ratio(np.abs(plus - minus), plus + minus), period)


def _ratio(above: Array, below: Array) -> Array:
    """Divide; 0 / 0 is 0, NaN stays NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below == 0.0, 0.0, above / below)


def _recursion(values: Array, period: int, alpha: float) -> Array:
    known = ~np.isnan(values)
    first = int(np.argmax(known)) if known.any() else len(values)
    last = first + period - 1
    if last >= len(values):
        return np.full(len(values), np.nan)
    seed = math.fsum(values[first : last + 1].tolist()) / period
    return _smooth(values, last, seed, alpha)


@compiled
def _smooth(values: Array, last: int, seed: float, alpha: float) -> Array:
    n = len(values)
    smooth = np.full(n, np.nan)
    keep = 1.0 - alpha
    previous = seed
    smooth[last] = seed
    for i in range(last + 1, n):
        previous = previous * keep + values[i] * alpha
        smooth[i] = previous
    return smooth
