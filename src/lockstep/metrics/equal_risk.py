"""Exposures that carry equal risk."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array

#: Error at which Newton's iteration has nothing left to gain in double precision.
_CONVERGED = 1e-13
_MOST_STEPS = 100


def equal_risk(correlation: Array) -> Array:
    """Return exposures (weight times volatility, unscaled) of equal risk contribution.

    Parameters
    ----------
    correlation : ndarray, shape (n_assets, n_assets)
        Correlation of the assets' returns, 1 on the diagonal.

    Returns
    -------
    ndarray, shape (n_assets,)
        y > 0 with ``n y_i (R y)_i = 1`` where that has a solution; the last iterate where the
        correlation is too near to a perfect hedge to have one. Working on correlations keeps the
        problem well conditioned however far the volatilities lie apart.

    Notes
    -----
    Newton's method on the self-concordant ``n y' R y / 2 - sum(log y_i)``. The damped step
    ``1 / (1 + decrement)`` stays inside the barrier and cannot diverge while a minimum exists.
    """
    count = len(correlation)
    scaled = correlation * count
    spread = float(np.sum(correlation))
    y = np.full(count, 1.0 / np.sqrt(spread) if spread > 1e-6 else 1.0)
    for _ in range(_MOST_STEPS):
        marginal = scaled @ y
        if float(np.max(np.abs(y * marginal - 1.0))) < _CONVERGED:
            break
        gradient = marginal - 1.0 / y
        try:
            step = np.linalg.solve(scaled + np.diag(1.0 / (y * y)), gradient)
        except np.linalg.LinAlgError:
            break
        decrement = float(np.sqrt(max(0.0, float(gradient @ step))))
        y = y - step / (1.0 + decrement if decrement > 0.25 else 1.0)
    return np.asarray(y, dtype=np.float64)
