"""Where risk comes from and how much of it diversification removes."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined


def risk_contributions(weights: Array, covariance: Array) -> Array:
    """Return each asset's share of portfolio variance.

    Parameters
    ----------
    weights : ndarray, shape (n_assets,)
        Fraction of equity per asset (1.0 = 100 %). Shorts are negative.
    covariance : ndarray, shape (n_assets, n_assets)
        Covariance of per-day returns (fraction**2); shares are scale-free, so nothing is
        annualised.

    Returns
    -------
    ndarray, shape (n_assets,)
        Shares of variance, ``w_i (C w)_i / w' C w`` (Euler); they sum to 1. A hedge has a negative
        share.

    Raises
    ------
    ValueError
        If the shapes disagree, or there is no variance to share out.

    References
    ----------
    Maillard, Roncalli, Teiletche (2010), "The Properties of Equally Weighted Risk Contribution
    Portfolios".

    Examples
    --------
    Twice the volatility, half the weight: equal shares.

    >>> risk_contributions(np.array([2 / 3, 1 / 3]), np.diag([0.01, 0.04])).round(6).tolist()
    [0.5, 0.5]
    """
    _check_shapes(weights, covariance)
    marginal = covariance @ weights
    variance = float(weights @ marginal)
    if not variance > 0.0:
        raise ValueError(
            f"portfolio variance is {variance:g}; expected a positive number. "
            "There is no risk to share out."
        )
    return np.asarray(weights * marginal / variance, dtype=np.float64)


def diversification_ratio(weights: Array, covariance: Array) -> Measure:
    """Return the weighted average volatility over the volatility of the whole.

    Parameters
    ----------
    weights : ndarray, shape (n_assets,)
        Fraction of equity per asset, >= 0.
    covariance : ndarray, shape (n_assets, n_assets)
        Covariance of per-day returns (fraction**2).

    Returns
    -------
    float or Undefined
        ``sum(w * sigma) / sigma_p``, no unit: 1 for perfectly correlated assets, ``sqrt(n)`` for n
        equal, uncorrelated ones.

    Raises
    ------
    ValueError
        If the shapes disagree.

    References
    ----------
    Choueifaty, Coignard (2008), "Toward Maximum Diversification".

    Examples
    --------
    >>> diversification_ratio(np.array([0.5, 0.5]), np.diag([0.04, 0.04]))  # doctest: +ELLIPSIS
    1.414...
    """
    _check_shapes(weights, covariance)
    whole = float(np.sqrt(max(0.0, float(weights @ covariance @ weights))))
    if whole <= ROUNDING:
        return Undefined("the portfolio's daily returns do not vary")
    return float(weights @ np.sqrt(np.diag(covariance))) / whole


def volatility_reduction(volatility: Measure, weighted_average: Measure) -> Measure:
    """Return the fraction of the weighted solo volatility that running together removed.

    Parameters
    ----------
    volatility : float or Undefined
        Yearly volatility of the portfolio (fraction).
    weighted_average : float or Undefined
        ``sum(w * sigma_solo)``, yearly (fraction).

    Returns
    -------
    float or Undefined
        ``1 - volatility / weighted_average``: 0.3 is 30 % less; negative is more.
    """
    if isinstance(volatility, Undefined):
        return volatility
    if isinstance(weighted_average, Undefined):
        return weighted_average
    if weighted_average <= ROUNDING:
        return Undefined("the weighted solo runs do not vary")
    return 1.0 - volatility / weighted_average


def correlation(returns: Array) -> Array:
    """Return Pearson's correlation of each pair of assets over the days both have a return.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_assets)
        Per-day returns (fraction), NaN where an asset has none.

    Returns
    -------
    ndarray, shape (n_assets, n_assets)
        Symmetric, 1 on the diagonal; NaN for a pair with fewer than two common days or without
        variation.
    """
    count = returns.shape[1]
    result = np.full((count, count), np.nan)
    for i in range(count):
        for j in range(i, count):
            result[i, j] = result[j, i] = _pearson(returns[:, i], returns[:, j])
    return result


def _pearson(left: Array, right: Array) -> float:
    both = np.isfinite(left) & np.isfinite(right)
    if np.count_nonzero(both) < 2:
        return float("nan")
    x = left[both] - np.mean(left[both])
    y = right[both] - np.mean(right[both])
    spread_x, spread_y = (float(np.sqrt(np.mean(z * z))) for z in (x, y))
    if min(spread_x, spread_y) <= ROUNDING:
        return float("nan")
    return float(np.clip(np.mean(x * y) / (spread_x * spread_y), -1.0, 1.0))


def _check_shapes(weights: Array, covariance: Array) -> None:
    if weights.ndim != 1 or covariance.shape != (len(weights), len(weights)):
        raise ValueError(
            f"weights have shape {weights.shape} and covariance {covariance.shape}; "
            "expected (n,) and (n, n)."
        )
