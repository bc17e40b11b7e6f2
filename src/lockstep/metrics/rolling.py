"""Growth per risk and correlation within a window that moves over the trading days."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array
from lockstep.metrics.undefined import ROUNDING


def rolling_volatility(returns: Array, window: int, per_year: float) -> Array:
    """Return the annualised standard deviation of the daily returns of each window.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).
    window : int
        Trading days in a window, at least 2.
    per_year : float
        Trading days per year, see `lockstep.metrics.returns.days_per_year`.

    Returns
    -------
    ndarray, shape (max(n_days - window + 1, 0),)
        ``std(window, n - 1) * sqrt(per_year)`` (fraction per square root of a year); the first
        value belongs to day ``window - 1``.
    """
    return np.asarray(_windows(returns, window).std(axis=-1, ddof=1) * np.sqrt(per_year))


def rolling_sharpe(returns: Array, window: int, per_year: float) -> Array:
    """Return the annualised Sharpe ratio of each window, against cash that earns nothing.

    Returns
    -------
    ndarray, shape (max(n_days - window + 1, 0),)
        ``mean / std(n - 1) * sqrt(per_year)`` as in `lockstep.metrics.returns.sharpe`; NaN for a
        window whose returns do not vary.
    """
    parts = _windows(returns, window)
    deviation = parts.std(axis=-1, ddof=1)
    ratio = np.full(len(parts), np.nan)
    np.divide(parts.mean(axis=-1), deviation, out=ratio, where=deviation > ROUNDING)
    return np.asarray(ratio * np.sqrt(per_year))


def rolling_correlation(returns: Array, window: int, levels: tuple[float, ...]) -> Array:
    """Return the mean and percentiles of the correlations between assets within each window.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_assets)
        Per-day returns (fraction), NaN where an asset has none.
    window : int
        Trading days in a window, at least 2.
    levels : tuple of float
        Percentiles over the pairs, 0 to 100.

    Returns
    -------
    ndarray, shape (max(n_days - window + 1, 0), 1 + n_levels)
        Of all pairs of assets that have a return on every day of the window and vary in it: the
        mean of Pearson's correlations, then the percentiles. NaN where there is no such pair.
    """
    parts = _windows(returns.T, window).transpose(1, 0, 2)
    table = np.full((len(parts), 1 + len(levels)), np.nan)
    for row, part in enumerate(parts):
        centred = part - part.mean(axis=-1, keepdims=True)
        length = np.sqrt((centred**2).mean(axis=-1))
        # A comparison with NaN is False: an asset with a missing day is left out.
        moving = length > ROUNDING
        if np.count_nonzero(moving) < 2:
            continue
        unit = centred[moving] / length[moving, None]
        pairs = (unit @ unit.T / window)[np.triu_indices(len(unit), 1)]
        table[row, 0] = pairs.mean()
        table[row, 1:] = np.percentile(pairs, levels)
    return np.asarray(np.clip(table, -1.0, 1.0))


def _windows(values: Array, window: int) -> Array:
    """Return every window along the last axis; none if there are fewer days than that."""
    if window < 2:
        raise ValueError(f"window is {window}; expected at least 2 trading days.")
    if values.shape[-1] < window:
        return np.empty((*values.shape[:-1], 0, window))
    parts: Array = np.lib.stride_tricks.sliding_window_view(values, window, axis=-1)
    return parts
