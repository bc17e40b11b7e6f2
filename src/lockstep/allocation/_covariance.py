"""Covariance shrunk by Ledoit and Wolf: fewer days than a sample covariance needs are enough."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array


def ledoit_wolf(returns: Array, target: str) -> tuple[Array, float]:
    """Return the shrunk covariance and its shrinkage.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_assets)
        Finite per-day returns (fraction), at least two rows.
    target : str
        'constant_correlation' keeps every variance and draws the correlations towards their mean;
        'scaled_identity' draws towards equal variances without correlation.

    Returns
    -------
    covariance : ndarray, shape (n_assets, n_assets)
        ``(1 - d) S + d F`` (fraction**2 per day), S with n in the divisor.
    shrinkage : float
        d, in [0, 1].

    References
    ----------
    Ledoit, Wolf (2004), "Honey, I Shrunk the Sample Covariance Matrix" (constant correlation), and
    "A well-conditioned estimator for large-dimensional covariance matrices" (scaled identity).
    """
    centred = returns - np.mean(returns, axis=0)
    # Fourth powers follow: one common scale keeps tiny and huge returns inside the float range.
    scale = float(np.max(np.abs(centred), initial=0.0)) or 1.0
    x = centred / scale
    sample = x.T @ x / len(x)
    if target == "scaled_identity":
        goal, shrinkage = _scaled_identity(x, sample)
    else:
        goal, shrinkage = _constant_correlation(x, sample)
    shrunk = (1.0 - shrinkage) * sample + shrinkage * goal
    return np.asarray(shrunk * scale * scale, dtype=np.float64), shrinkage


def _scaled_identity(x: Array, sample: Array) -> tuple[Array, float]:
    days, count = x.shape
    goal = np.eye(count) * (np.trace(sample) / count)
    distance = float(np.sum((sample - goal) ** 2))
    squares = x * x
    noise = float(np.sum(squares.T @ squares / days - sample * sample)) / days
    if distance <= 0.0:
        return goal, 0.0
    return goal, min(max(noise, 0.0), distance) / distance


def _constant_correlation(x: Array, sample: Array) -> tuple[Array, float]:
    days, count = x.shape
    if count == 1:
        return sample, 0.0
    sigma = np.sqrt(np.diag(sample))
    outer = np.outer(sigma, sigma)
    mean = (float(np.sum(sample / outer)) - count) / (count * (count - 1))
    goal = mean * outer
    np.fill_diagonal(goal, np.diag(sample))
    squares = x * x
    pi = squares.T @ squares / days - sample * sample
    theta = (squares * x).T @ x / days - np.diag(sample)[:, None] * sample
    cross = theta * (sigma[None, :] / sigma[:, None])
    np.fill_diagonal(cross, 0.0)
    rho = float(np.trace(pi)) + mean * float(np.sum(cross))
    gamma = float(np.sum((goal - sample) ** 2))
    if gamma <= 0.0:
        return goal, 0.0
    return goal, min(max((float(np.sum(pi)) - rho) / gamma / days, 0.0), 1.0)
