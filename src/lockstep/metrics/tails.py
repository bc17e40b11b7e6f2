"""What bad days look like: quantiles, tails and the shape of daily returns."""

from __future__ import annotations

import math

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

NO_DAY = Undefined("there is no trading day")


def value_at_risk(returns: Array, tail: float) -> Measure:
    """Return the historical value at risk of a day: the loss that the worst days reached.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).
    tail : float
        Share of the days that are worse: 0.05 for VaR 95 %, 0.01 for VaR 99 %.

    Returns
    -------
    float or Undefined
        Minus the `tail` quantile (fraction of equity): positive is a loss, negative a gain. The
        quantile stands at place ``(n - 1) * tail`` of the sorted days, counted from 0, and is
        interpolated linearly between two of them (type 7 of Hyndman and Fan). Undefined if `tail`
        of the days is less than one of them.

    References
    ----------
    Hyndman, Fan (1996), "Sample Quantiles in Statistical Packages".
    """
    few = _too_few(len(returns), tail)
    return few or _unsigned_zero(-float(np.percentile(returns, 100.0 * tail)))


def conditional_value_at_risk(returns: Array, tail: float) -> Measure:
    """Return the mean loss of the worst days (expected shortfall), historical.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).
    tail : float
        Share of the days that count as the worst, see `value_at_risk`.

    Returns
    -------
    float or Undefined
        Minus the mean of the ``floor((n - 1) * tail) + 1`` lowest returns (fraction of equity): of
        the days up to the place of the quantile. Never less than `value_at_risk`. Undefined if
        `tail` of the days is less than one of them.

    References
    ----------
    Rockafellar, Uryasev (2000), "Optimization of Conditional Value-at-Risk".
    """
    few = _too_few(len(returns), tail)
    if few:
        return few
    last = math.floor((len(returns) - 1) * tail + 1e-9)
    return _unsigned_zero(-float(np.mean(np.partition(returns, last)[: last + 1])))


def tail_ratio(returns: Array) -> Measure:
    """Return how large the good days are against the bad ones, no unit.

    Returns
    -------
    float or Undefined
        ``|95 % quantile| / |5 % quantile|`` of daily returns, quantiles as in `value_at_risk`:
        above 1 the best days are larger than the worst. Undefined with fewer than 20 days, or if
        the 5 % quantile is zero.
    """
    few = _too_few(len(returns), 0.05)
    if few:
        return few
    bad, good = (abs(float(value)) for value in np.percentile(returns, [5.0, 95.0]))
    return good / bad if bad > ROUNDING else Undefined("one day in twenty did not lose")


def skewness(returns: Array) -> Measure:
    """Return the third standardised moment of daily returns, no unit; 0 for a normal sample.

    Returns
    -------
    float or Undefined
        ``mean((r - m)^3) / mean((r - m)^2)^1.5``, with n in every mean.
    """
    return _standardised(returns, 3)


def kurtosis(returns: Array) -> Measure:
    """Return the fourth standardised moment of daily returns, raw, no unit: normal is 3.

    Returns
    -------
    float or Undefined
        ``mean((r - m)^4) / mean((r - m)^2)^2``, with n in every mean; never below 1.
    """
    return _standardised(returns, 4)


def best_day(days: Ints, returns: Array) -> tuple[Measure, str | Undefined]:
    """Return the largest daily return (fraction) and its trading day; of equal ones the first.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Days since 1970-01-01.
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).
    """
    return _day_at(days, returns, int(np.argmax(returns))) if len(returns) else (NO_DAY, NO_DAY)


def worst_day(days: Ints, returns: Array) -> tuple[Measure, str | Undefined]:
    """Return the smallest daily return (fraction) and its trading day, see `best_day`."""
    return _day_at(days, returns, int(np.argmin(returns))) if len(returns) else (NO_DAY, NO_DAY)


def _day_at(days: Ints, returns: Array, at: int) -> tuple[float, str]:
    return float(returns[at]), str(np.datetime64(int(days[at]), "D"))


def _standardised(returns: Array, power: int) -> Measure:
    if len(returns) < 2:
        return Undefined("fewer than two trading days")
    centred = returns - np.mean(returns)
    scale = math.sqrt(float(np.mean(centred**2)))
    if scale <= ROUNDING:
        return Undefined("the daily returns do not vary")
    return float(np.mean((centred / scale) ** power))


def _too_few(days: int, tail: float) -> Undefined | None:
    needed = math.ceil(1.0 / tail - 1e-9)
    if days >= needed:
        return None
    return Undefined(f"fewer than {needed} trading days: none of them is the worst {tail:.0%}")


def _unsigned_zero(number: float) -> float:
    return number + 0.0
