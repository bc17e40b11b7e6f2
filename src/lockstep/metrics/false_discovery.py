"""Many tests at once: which of them still say something."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array


def benjamini_hochberg(p_values: Array) -> Array:
    """Return p-values adjusted so that few of those called discoveries are false.

    Parameters
    ----------
    p_values : ndarray, shape (n_tests,)
        Of independent tests, or of tests that depend positively.

    Returns
    -------
    ndarray, shape (n_tests,)
        ``min over j >= i of p_(j) n / j``, at most 1: of the tests at or below q, a share of at
        most q is expected to be false.

    Raises
    ------
    ValueError
        If a p-value is not within [0, 1].

    References
    ----------
    Benjamini, Hochberg (1995), "Controlling the False Discovery Rate".

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    return _stepped_up(p_values, 1.0)


def benjamini_yekutieli(p_values: Array) -> Array:
    """Return p-values adjusted as `benjamini_hochberg`, whatever the tests have in common.

    Returns
    -------
    ndarray, shape (n_tests,)
        Those of `benjamini_hochberg` times ``1 + 1/2 + ... + 1/n``, at most 1.

    References
    ----------
    Benjamini, Yekutieli (2001), "The Control of the False Discovery Rate in Multiple Testing under
    Dependency".
    """
    return _stepped_up(p_values, float(np.sum(1.0 / np.arange(1, len(p_values) + 1))))


def holm(p_values: Array) -> Array:
    """Return p-values adjusted so that one false discovery at all is unlikely.

    Returns
    -------
    ndarray, shape (n_tests,)
        ``max over j <= i of p_(j) (n + 1 - j)``, at most 1, whatever the tests have in common.

    References
    ----------
    Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure".
    """
    order, count = _ordered(p_values), len(p_values)
    raised = np.maximum.accumulate(p_values[order] * (count - np.arange(count)))
    return _placed(raised, order)


def _stepped_up(p_values: Array, factor: float) -> Array:
    order, count = _ordered(p_values), len(p_values)
    raised = p_values[order] * factor * count / np.arange(1, count + 1)
    return _placed(np.minimum.accumulate(raised[::-1])[::-1], order)


def _ordered(p_values: Array) -> np.ndarray:
    if not np.all((p_values >= 0.0) & (p_values <= 1.0)):  # a NaN is neither
        raise ValueError(f"p-values are {p_values.tolist()}; expected numbers from 0 to 1.")
    return np.argsort(p_values, kind="stable")


def _placed(raised: Array, order: np.ndarray) -> Array:
    found = np.empty(len(order))
    found[order] = np.minimum(raised, 1.0)
    return found
