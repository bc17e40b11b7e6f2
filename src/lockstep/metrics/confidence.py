"""How sure a Sharpe ratio is: probability of skill, and how long a record has to be."""

from __future__ import annotations

import math

from lockstep.core.bars import Array
from lockstep.metrics.returns import (
    FEWEST_FOR_AUTOCORRELATION,
    autocorrelation_lags,
    autocorrelations,
    daily_sharpe,
    time_aggregation,
)
from lockstep.metrics.tails import kurtosis, skewness
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

#: One-sided 95 % point of the normal distribution.
_NORMAL_95_ONE_SIDED = 1.6448536269514722
_TWO_VALUED = Undefined("the returns take too few values to tell chance from skill")


def probabilistic_sharpe(returns: Array, benchmark: float = 0.0) -> Measure:
    """Return the probability that the true Sharpe ratio is above a benchmark.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).
    benchmark : float
        Sharpe ratio per day, not annualised.

    Returns
    -------
    float or Undefined
        A probability in [0, 1], see `probability_above`; no annualisation enters.
    """
    shape = _shape(returns)
    if isinstance(shape, Undefined):
        return shape
    ratio, skew, kurt = shape
    return probability_above(benchmark, ratio, len(returns), skewness=skew, kurtosis=kurt)


def probabilistic_sharpe_adjusted(returns: Array, per_year: float) -> Measure:
    """Return `probabilistic_sharpe`, made more careful where gains follow gains.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).
    per_year : float
        Trading days per year, see `lockstep.metrics.returns.days_per_year`.

    Returns
    -------
    float or Undefined
        A probability in [0, 1]: the score behind `probabilistic_sharpe` times eta(q) / sqrt(q), q
        days a year, or times 1 if that is more. Days that undo one another may make a record
        look surer than independent days could; that is not believed.

    References
    ----------
    Lo (2002), "The Statistics of Sharpe Ratios".
    """
    shape = _shape(returns)
    if isinstance(shape, Undefined):
        return shape
    if len(returns) < FEWEST_FOR_AUTOCORRELATION:
        return Undefined(f"fewer than {FEWEST_FOR_AUTOCORRELATION} trading days")
    found = autocorrelations(returns, autocorrelation_lags(len(returns)))
    factor = time_aggregation(found, per_year)
    # Where a year would have no risk at all, days undo one another completely.
    shrunk = 1.0 if isinstance(factor, Undefined) else min(1.0, factor / math.sqrt(per_year))
    ratio, skew, kurt = shape
    score = _score(0.0, ratio, len(returns), variance=_variance(ratio, skew, kurt))
    return score if isinstance(score, Undefined) else _normal(score * shrunk)


def probability_above(
    benchmark: float, ratio: float, days: int, *, skewness: float, kurtosis: float
) -> Measure:
    """Return the probability that the true Sharpe ratio exceeds a benchmark.

    Parameters
    ----------
    benchmark, ratio : float
        Sharpe ratios per observation, not annualised.
    days : int
        Observations.
    skewness, kurtosis : float
        Of the returns; kurtosis is raw (3 for a normal distribution).

    References
    ----------
    Bailey, Lopez de Prado (2012), "The Sharpe Ratio Efficient Frontier".
    """
    score = _score(benchmark, ratio, days, variance=_variance(ratio, skewness, kurtosis))
    return score if isinstance(score, Undefined) else _normal(score)


def _score(benchmark: float, ratio: float, days: int, *, variance: float) -> Measure:
    """Return by how many standard errors a ratio exceeds a benchmark."""
    if variance <= ROUNDING:
        return _TWO_VALUED
    return (ratio - benchmark) * math.sqrt(days - 1) / math.sqrt(variance)


def _normal(score: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-score / math.sqrt(2.0))


def min_track_record(returns: Array) -> Measure:
    """Return the trading days it takes until the Sharpe ratio is above zero at 95 %.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).

    Returns
    -------
    float or Undefined
        Trading days, see `record_needed`: fewer than the run has means that its Sharpe ratio is
        above zero with a probability of at least 95 % (`probabilistic_sharpe`).
    """
    shape = _shape(returns)
    if isinstance(shape, Undefined):
        return shape
    ratio, skew, kurt = shape
    return record_needed(0.0, ratio, skewness=skew, kurtosis=kurt)


def record_needed(benchmark: float, ratio: float, *, skewness: float, kurtosis: float) -> Measure:
    """Return the minimum track record length at 95 %, one-sided.

    Parameters
    ----------
    benchmark, ratio : float
        Sharpe ratios per observation, not annualised.
    skewness, kurtosis : float
        Of the returns; kurtosis is raw (3 for a normal distribution).

    Returns
    -------
    float or Undefined
        Observations, ``1 + (1 - g3 SR + (g4 - 1) / 4 SR^2) (z / (SR - SR*))^2`` with z the 95 %
        point of the normal distribution: the number at which `probability_above` is 0.95.

    References
    ----------
    Bailey, Lopez de Prado (2012), "The Sharpe Ratio Efficient Frontier".
    """
    if ratio <= benchmark:
        return Undefined(f"the Sharpe ratio is not above {benchmark:g}: no record would show it")
    variance = _variance(ratio, skewness, kurtosis)
    if variance <= ROUNDING:
        return _TWO_VALUED
    return 1.0 + variance * (_NORMAL_95_ONE_SIDED / (ratio - benchmark)) ** 2


def _shape(returns: Array) -> tuple[float, float, float] | Undefined:
    """Return the daily Sharpe ratio, skewness and raw kurtosis, or why one of them is undefined."""
    ratio = daily_sharpe(returns)
    if isinstance(ratio, Undefined):
        return ratio
    skew, kurt = skewness(returns), kurtosis(returns)
    if isinstance(skew, Undefined):
        return skew
    return kurt if isinstance(kurt, Undefined) else (ratio, skew, kurt)


def _variance(ratio: float, skewness: float, kurtosis: float) -> float:
    return 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio
