"""The volume-weighted average price over a sliding window, and the spread of prices around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array
from lockstep.indicators._compiled import compiled, ready
from lockstep.indicators.rolling import Moments, moments

#: Windows worked on together: a block of outputs stays in the fastest cache of the processor.
_BLOCK = 512


def typical_price(high: Array, low: Array, close: Array) -> Array:
    """Return (high + low + close) / 3, shape (n_bars,).

    Written around the close, so that a bar without range has exactly its price: three equal
    numbers summed and divided by three need not give the number back.
    """
    return np.asarray(close + ((high - close) + (low - close)) / 3.0)


def vwap(high: Array, low: Array, close: Array, volume: Array, period: int) -> Moments:
    """Return the rolling VWAP of the typical price, and the weighted deviation around it.

    Parameters
    ----------
    high, low, close : ndarray, shape (n_bars,)
        Prices.
    volume : ndarray, shape (n_bars,)
        Weights; NaN and negative values count as no volume.
    period : int
        Bars in the window, the current one included.

    Returns
    -------
    Moments
        ``mean`` = sum(v p) / sum(v), ``std`` = sqrt(sum(v (p - mean)^2) / sum(v)), price units.
        A window without any volume weighs its bars equally; see `weighs_equally`.

    Raises
    ------
    ValueError
        If `period` is below 1 or the columns are not vectors of one length.
    """
    high, low, close, volume = ready(period, high, low, close, volume)
    price = typical_price(high, low, close)
    weights = _weights(volume)
    if not weights.any():
        return moments(price, period)
    mean, std, total = _weighted_moments(price, weights, int(period))
    empty = total == 0.0
    if empty.any():
        equal = moments(price, period)
        mean = np.where(empty, equal.mean, mean)
        std = np.where(empty, equal.std, std)
    return Moments(mean, std)


def weighs_equally(volume: Array, period: int) -> npt.NDArray[np.bool_]:
    """Return True for each full window of `period` bars that holds no volume, shape (n_bars,)."""
    (volume,) = ready(period, volume)
    traded = np.concatenate(([0], np.cumsum(_weights(volume) > 0.0)))
    empty = np.zeros(len(volume), dtype=np.bool_)
    empty[period - 1 :] = traded[period:] == traded[: max(0, len(traded) - period)]
    return empty


def _weights(volume: Array) -> Array:
    return np.where(volume > 0.0, volume, 0.0)


@compiled
def _weighted_moments(price: Array, weights: Array, period: int) -> tuple[Array, Array, Array]:
    n = len(price)
    mean = np.full(n, np.nan)
    std = np.full(n, np.nan)
    total = np.full(n, np.nan)
    for start in range(period - 1, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        newest = price[start:stop]
        weight = np.zeros(stop - start)
        shift = np.zeros(stop - start)
        for lag in range(period - 1, -1, -1):
            other = price[start - lag : stop - lag]
            load = weights[start - lag : stop - lag]
            for k in range(stop - start):
                weight[k] += load[k]
                shift[k] += load[k] * (other[k] - newest[k])
        shift /= weight
        squares = np.zeros(stop - start)
        for lag in range(period - 1, -1, -1):
            other = price[start - lag : stop - lag]
            load = weights[start - lag : stop - lag]
            for k in range(stop - start):
                deviation = (other[k] - newest[k]) - shift[k]
                squares[k] += load[k] * (deviation * deviation)
        mean[start:stop] = newest + shift
        std[start:stop] = np.sqrt(squares / weight)
        total[start:stop] = weight
    return mean, std, total
