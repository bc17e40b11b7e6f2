"""What the best of many trials shows by luck alone, and what is left of it after that."""

from __future__ import annotations

import math
from statistics import NormalDist

from lockstep.core.bars import Array
from lockstep.metrics.confidence import min_track_record, probabilistic_sharpe
from lockstep.metrics.returns import daily_sharpe
from lockstep.metrics.undefined import Measure, Undefined

EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


def luck_variance(days: int) -> Measure:
    """Return the variance that luck alone gives to a measured Sharpe ratio per day.

    Parameters
    ----------
    days : int
        Observations.

    Returns
    -------
    float or Undefined
        ``1 / (n - 1)``: the sampling variance ``(1 - g3 SR + (g4 - 1) / 4 SR^2) / (n - 1)`` of a
        Sharpe ratio whose true value is 0, whatever the shape of the returns.

    References
    ----------
    Mertens (2002), "Comments on Variance of the IID Estimator in Lo (2002)".
    """
    if days < 2:
        return Undefined("fewer than two trading days")
    return 1.0 / (days - 1)


def expected_maximum_sharpe(trials: float, variance: float) -> float:
    """Return the Sharpe ratio that the best of some trials is expected to show without any skill.

    Parameters
    ----------
    trials : float
        Independent trials, >= 1; a fraction is what correlated trials come down to
        (`metrics.trial_clusters.effective_trials`).
    variance : float
        Of the trials' Sharpe ratios, per observation: `luck_variance`, or the one seen.

    Returns
    -------
    float
        ``sqrt(V) ((1 - g) z(1 - 1/N) + g z(1 - 1/(N e)))``, per observation, with z the normal
        quantile and g the Euler-Mascheroni constant: the expected largest of N normal numbers. 0
        for one trial, and where the approximation falls below 0 (N below 1.3).

    Raises
    ------
    ValueError
        If there is less than one trial, or the variance is negative.

    References
    ----------
    Bailey, Lopez de Prado (2014), "The Deflated Sharpe Ratio: Correcting for Selection Bias,
    Backtest Overfitting and Non-Normality", equation 1.

    Examples
    --------
    The paper's: 100 trials, variance 1/2 a year of 250 days.

    >>> round(expected_maximum_sharpe(100, 0.5 / 250), 4)
    0.1132
    """
    if trials < 1.0 or variance < 0.0:
        raise ValueError(
            f"{trials:g} trials of variance {variance:g}; expected 1 or more, and no less than 0."
        )
    return math.sqrt(variance) * _expected_maximum(trials)


def deflated_sharpe(returns: Array, trials: float, variance: float | None = None) -> Measure:
    """Return the probability that the true Sharpe ratio is above what luck would have shown.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns of the best of the trials (fraction).
    trials : float
        Independent trials, see `expected_maximum_sharpe`.
    variance : float, optional
        Of the trials' Sharpe ratios per day. Left out it is `luck_variance`: what no skill in any
        trial would give.

    Returns
    -------
    float or Undefined
        A probability in [0, 1]: `metrics.confidence.probabilistic_sharpe` above
        `expected_maximum_sharpe`.

    References
    ----------
    Bailey, Lopez de Prado (2014), "The Deflated Sharpe Ratio", equation 2.
    """
    spread = luck_variance(len(returns)) if variance is None else variance
    if isinstance(spread, Undefined):
        return spread
    return probabilistic_sharpe(returns, expected_maximum_sharpe(trials, spread))


def minimum_track_record_length(returns: Array, trials: float = 1.0) -> Measure:
    """Return the trading days it takes until the best of some trials is no luck, at 95 %.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns of the best of the trials (fraction).
    trials : float
        Independent trials, see `expected_maximum_sharpe`.

    Returns
    -------
    float or Undefined
        ``1 + (sqrt(n1 - 1) + E / SR)^2``, n1 the record needed without a choice
        (`metrics.confidence.min_track_record`) and E the expected largest of N normal numbers: at
        this record, should the returns go on as they are, `deflated_sharpe` is 0.95.

    References
    ----------
    Bailey, Lopez de Prado (2012), "The Sharpe Ratio Efficient Frontier", with the hurdle of
    (2014), "The Deflated Sharpe Ratio", which itself falls as the record grows.
    """
    ratio, alone = daily_sharpe(returns), min_track_record(returns)
    if isinstance(ratio, Undefined):
        return ratio
    if isinstance(alone, Undefined):
        return alone
    return 1.0 + (math.sqrt(alone - 1.0) + _expected_maximum(trials) / ratio) ** 2


def _expected_maximum(count: float) -> float:
    """Return about the mean of the largest of some independent standard normal numbers."""
    if count <= 1.0:
        return 0.0
    usual = _NORMAL.inv_cdf(1.0 - 1.0 / count)
    rare = _NORMAL.inv_cdf(1.0 - 1.0 / (count * math.e))
    return max(0.0, (1.0 - EULER_MASCHERONI) * usual + EULER_MASCHERONI * rare)
