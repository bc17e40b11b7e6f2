"""In-sample against out-of-sample: what was promised and what was kept; how steady choices were."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lockstep.core.bars import Array
from lockstep.metrics.undefined import Measure, Undefined

#: A yearly Sharpe ratio closer to zero is no base of a ratio.
NEAR_ZERO = 0.1


def degradation(inside: Measure, outside: Measure) -> Measure:
    """Return what was lost out of sample: in-sample minus out-of-sample, in the unit of both."""
    if isinstance(inside, Undefined):
        return Undefined(f"in sample: {inside.reason}")
    if isinstance(outside, Undefined):
        return Undefined(f"out of sample: {outside.reason}")
    return inside - outside


def kept_share(inside: Measure, outside: Measure) -> Measure:
    """Return out-of-sample over in-sample: 1 keeps everything, below 0 turns gain into loss.

    Undefined if the in-sample number is below `NEAR_ZERO`: a ratio to (about) nothing, or to a
    loss, says nothing.
    """
    lost = degradation(inside, outside)
    if isinstance(lost, Undefined) or isinstance(inside, Undefined):
        return lost
    if inside < NEAR_ZERO:
        return Undefined(f"the in-sample number, {inside:.2f}, is not above {NEAR_ZERO:g}")
    return (inside - lost) / inside


def efficiency(inside: Sequence[Array], outside: Sequence[Array]) -> Measure:
    """Return the walk-forward efficiency: mean daily return out of sample over that in sample.

    Parameters
    ----------
    inside, outside : sequence of ndarray, shape (n_days,)
        Daily returns (fraction) of each window. Every window has the same say in the mean,
        whatever its length.

    References
    ----------
    Pardo (2008), "The Evaluation and Optimization of Trading Strategies", chapter 11.
    """
    if len(inside) != len(outside):
        raise ValueError(f"{len(inside)} and {len(outside)} windows; expected as many of each.")
    paired = [(i, o) for i, o in zip(inside, outside) if len(i) and len(o)]
    if not paired:
        return Undefined("no window has both returns")
    promised = float(np.mean([np.mean(i) for i, _ in paired]))
    if promised <= 0.0:
        return Undefined("the mean return in sample is not above zero")
    return float(np.mean([np.mean(o) for _, o in paired])) / promised


def share_above(values: Sequence[Measure], least: Measure) -> Measure:
    """Return the share of values above a number; undefined values count as not above it."""
    if isinstance(least, Undefined):
        return least
    if not values:
        return Undefined("there is no window")
    above = sum(not isinstance(value, Undefined) and value > least for value in values)
    return above / len(values)


def middle(values: Sequence[Measure]) -> Measure:
    """Return the median of the values that are defined."""
    known = [value for value in values if not isinstance(value, Undefined)]
    return float(np.median(known)) if known else Undefined("no window has a value")


def selection_turnover(sets: Sequence[Collection[str]]) -> Measure:
    """Return how much of the selection changes from window to window, on average.

    Per change ``1 - |A and B| / |A or B|`` (Jaccard distance): 0 keeps all assets, 1 none. Two
    empty selections are the same.
    """
    if len(sets) < 2:
        return Undefined("fewer than two windows")
    changes = []
    for before, after in pairwise(sets):
        either = set(before) | set(after)
        changes.append(1.0 - len(set(before) & set(after)) / len(either) if either else 0.0)
    return float(np.mean(changes))


def weight_turnover(weights: Array) -> Measure:
    """Return the share of capital that changes hands from window to window, on average.

    Parameters
    ----------
    weights : ndarray, shape (n_windows, n_assets)
        Sleeve targets; the reserve is the rest.

    Returns
    -------
    float or Undefined
        Mean of ``sum |change| / 2``, the reserve's change included (fraction of equity).
    """
    if len(weights) < 2:
        return Undefined("fewer than two windows")
    whole = np.column_stack([weights, 1.0 - weights.sum(axis=1)])
    return float(np.mean(np.abs(np.diff(whole, axis=0)).sum(axis=1)) / 2.0)


@dataclass(frozen=True, slots=True)
class Stability:
    """How steady one parameter was.

    Parameters
    ----------
    median, low, high : float
        Of the chosen values: median, lower and upper quartile (linear between two values).
    changes : int
        How often the value differed from the one before.
    """

    median: float
    low: float
    high: float
    changes: int

    @property
    def iqr(self) -> float:
        """Distance of the quartiles."""
        return self.high - self.low


def stability(values: Sequence[float]) -> Stability | Undefined:
    """Return how steady the chosen values of a parameter were, in the order of the windows."""
    if not values:
        return Undefined("nothing was chosen in any window")
    low, median, high = np.percentile(np.asarray(values, dtype=np.float64), [25, 50, 75])
    changes = sum(a != b for a, b in pairwise(values))
    return Stability(float(median), float(low), float(high), changes)
