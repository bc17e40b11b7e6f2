"""How much of the spread of scores goes with one parameter alone."""

from __future__ import annotations

import math

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

#: Most groups that the values of a parameter are put into.
MOST_BINS = 8
#: Trials that a group should hold on average.
_PER_BIN = 4


def bins(values: Array) -> Ints:
    """Return the group of each value: groups of neighbouring values, about equally many in each.

    Parameters
    ----------
    values : ndarray, shape (n_trials,)
        Numbers; of names, the position in their list.

    Returns
    -------
    ndarray of int64, shape (n_trials,)
        0, 1, ... by ascending value. Equal values share a group; there are as many groups as
        values, but at most `MOST_BINS`, and not so many that one holds less than four trials on
        average.
    """
    levels, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    most = max(2, min(MOST_BINS, len(values) // _PER_BIN))
    if len(levels) <= most:
        return np.asarray(place, dtype=np.int64)
    middle = np.cumsum(counts) - counts / 2.0
    group = np.minimum((middle * most / len(values)).astype(np.int64), most - 1)
    return np.asarray(np.unique(group, return_inverse=True)[1][place], dtype=np.int64)


def importance(groups: Ints, scores: Array) -> Measure:
    """Return the share of the scores' variance that lies between groups, corrected for chance.

    Parameters
    ----------
    groups : ndarray of int64, shape (n_trials,)
        Group of each trial, see `bins`.
    scores : ndarray, shape (n_trials,)
        Finite.

    Returns
    -------
    float or Undefined
        ``1 - (1 - eta^2) (n - 1) / (n - k)`` for k groups, at least 0: eta^2 is the variance of
        the groups' means over the variance of all, which random groups would lift to
        (k - 1) / (n - 1). The share is of the parameter alone, what it does together with others
        left out, and of the points that were tried: a search that learns tries the good ones.

    References
    ----------
    Fisher (1925), the correlation ratio; Kelley (1935), "An Unbiased Correlation Ratio Measure".
    """
    n, count = len(scores), len(np.unique(groups))
    if count < 2:
        return Undefined("only one value was tried")
    if n <= count:
        return Undefined("fewer trials than values")
    spread = float(np.sum((scores - scores.mean()) ** 2))
    if spread <= ROUNDING * max(1.0, math.fsum(np.abs(scores))):
        return Undefined("all scores are the same")
    within = 0.0
    for group in range(int(groups.max()) + 1):
        own = scores[groups == group]
        if len(own):
            within += float(np.sum((own - own.mean()) ** 2))
    return max(0.0, 1.0 - within / spread * (n - 1) / (n - count))
