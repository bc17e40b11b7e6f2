"""What the models read from daily returns: recent rows, volatilities, the common sample."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array


def recent(returns: Array, days: int) -> Array:
    """Return the last `days` rows, or all rows if `days` is 0."""
    return returns[-days:] if days else returns


def volatilities(returns: Array, days: int) -> Array:
    """Return the standard deviation of each asset's own daily returns.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_assets)
        Per-day returns (fraction), NaN before an asset's first day.
    days : int
        Length of the window, 0 for the whole history.

    Returns
    -------
    ndarray, shape (n_assets,)
        Per-day volatility (fraction, n - 1 in the divisor). A strategy that did not move inside
        the window is judged by its whole history: silence is not safety.
    """
    window = recent(returns, days)
    result = np.empty(returns.shape[1])
    for asset in range(returns.shape[1]):
        own = deviation(window[:, asset])
        result[asset] = own if own > 0.0 else deviation(returns[:, asset])
    return result


def deviation(values: Array) -> float:
    """Return the sample standard deviation of the finite values, 0 for fewer than two."""
    finite = values[np.isfinite(values)]
    if len(finite) < 2 or np.max(finite) == np.min(finite):
        return 0.0
    return float(np.std(finite, ddof=1))


def common(returns: Array) -> Array:
    """Return the rows on which every asset has a return."""
    return returns[np.all(np.isfinite(returns), axis=1)]
