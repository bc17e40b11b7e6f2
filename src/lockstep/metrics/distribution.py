"""What a sample of outcomes says: percentiles, tails, and how sure a counted share is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array
from lockstep.metrics.undefined import Measure, Undefined

#: Per cent; the levels of every table of outcomes.
LEVELS = (1, 5, 25, 50, 75, 95, 99)
#: Two-sided 95 % point of the normal distribution.
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """A share of independent outcomes, and the 95 % interval of the probability behind it.

    Parameters
    ----------
    value : float
        The share counted.
    low, high : float
        Wilson's interval: it only knows that the outcomes are finitely many.
    """

    value: float
    low: float
    high: float


def percentiles(values: Array) -> dict[str, float]:
    """Return mean, standard deviation (n - 1; 0 of one value) and the percentiles `LEVELS`.

    Parameters
    ----------
    values : ndarray, shape (n,), n >= 1
        Outcomes; between two of them a percentile is interpolated linearly.
    """
    found = np.percentile(values, LEVELS)
    return {
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        **{f"p{level}": float(value) for level, value in zip(LEVELS, found)},
    }


def expected_shortfall(values: Array, tail: float) -> Measure:
    """Return the mean of the lowest `tail` (fraction) of the outcomes, at least one of them.

    References
    ----------
    Acerbi, Tasche (2002), "On the coherence of expected shortfall".
    """
    count = math.floor(tail * len(values) + 1e-9)
    if count < 1:
        return Undefined(f"{tail:.0%} of {len(values)} outcomes is less than one of them")
    return float(np.mean(np.partition(values, count - 1)[:count]))


def share(hits: npt.NDArray[np.bool_]) -> Share:
    """Return how many of independent outcomes were hits, with Wilson's 95 % interval.

    Parameters
    ----------
    hits : ndarray of bool, shape (n,), n >= 1

    References
    ----------
    Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    n, z2 = len(hits), _NORMAL_95**2
    value = float(np.mean(hits))
    middle = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = _NORMAL_95 / (1 + z2 / n) * math.sqrt(value * (1 - value) / n + z2 / (4 * n * n))
    low = 0.0 if value == 0.0 else max(middle - half, 0.0)
    high = 1.0 if value == 1.0 else min(middle + half, 1.0)
    return Share(value, low, high)


def rank_of(value: float, values: Array) -> float:
    """Return the fraction of outcomes below a value; equal ones count half."""
    return float(np.mean(values < value) + 0.5 * np.mean(values == value))
