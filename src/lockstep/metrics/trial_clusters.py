"""How many independent trials many correlated ones come down to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.luck import expected_maximum_sharpe

#: Trials clustered together; more are cut into such parts, which count as strangers.
MOST = 2_000
#: From one number of clusters that is tried to the next, beyond the first few.
_STEP = 1.1
#: Bisections of a number of trials: beyond what a double can tell apart.
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Effective:
    """What some trials come down to.

    Parameters
    ----------
    number : float
        Independent trials, between 1 and the trials there are (0 without any).
    clusters : int
        Kinds of trials.
    labels : ndarray of int64, shape (n_trials,)
        Cluster of each trial, 0 to clusters - 1, numbered by their first trials.
    silhouette : float
        Mean silhouette of the clusters, -1 to 1: near 0 the trials do not fall into kinds.
    """

    number: float
    clusters: int
    labels: Ints
    silhouette: float


def effective_trials(returns: Array) -> Effective:
    """Return how many independent trials correlated ones come down to.

    Trials are clustered by how alike their daily returns are (average linkage on the distance
    ``sqrt((1 - rho) / 2)``); the number of clusters is the one with the largest mean silhouette.
    Each cluster counts as `equivalent` trials, and clusters are added up. So trials that fall into
    no kinds, which any clustering forces together, lose nothing.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_trials)
        Daily returns that vary, on the same days (fraction). Of more than `MOST` trials each
        `MOST` are clustered apart.

    Returns
    -------
    Effective
        Always the same for the same returns; nothing is drawn.

    References
    ----------
    Lopez de Prado, Lewis (2018), "Detection of False Investment Strategies Using Unsupervised
    Learning Methods", for clusters of trials; Rousseeuw (1987), "Silhouettes".
    """
    count = returns.shape[1]
    if count == 0:
        return Effective(0.0, 0, np.empty(0, dtype=np.int64), 0.0)
    parts = [_of_part(returns[:, at : at + MOST]) for at in range(0, count, MOST)]
    first = np.cumsum([0, *(part.clusters for part in parts)])
    return Effective(
        number=float(sum(part.number for part in parts)),
        clusters=int(first[-1]),
        labels=np.concatenate([part.labels + at for part, at in zip(parts, first)]),
        silhouette=float(
            sum(part.silhouette * len(part.labels) for part in parts) / count
        ),
    )  # fmt: skip


def _of_part(returns: Array) -> Effective:
    rho = _correlations(returns)
    labels, silhouette = _clustered(rho)
    clusters = int(labels.max()) + 1
    inside = np.zeros((clusters, len(labels)))
    inside[labels, np.arange(len(labels))] = 1.0
    sizes = inside.sum(axis=1)
    together = np.einsum("cn,cn->c", inside @ rho, inside) - sizes
    alike = np.clip(together / np.maximum(sizes * (sizes - 1.0), 1.0), 0.0, 1.0)
    number = math.fsum(equivalent(size, r) for size, r in zip(sizes.tolist(), alike.tolist()))
    return Effective(number, clusters, labels, silhouette)


def equivalent(trials: float, correlation: float) -> float:
    """Return how many independent trials have the same expected best as equally correlated ones.

    Parameters
    ----------
    trials : float
        How many, m >= 1.
    correlation : float
        Of each pair, r in [0, 1].

    Returns
    -------
    float
        n with ``E(n) = sqrt(1 - r) E(m)``, E the expected largest of independent normal numbers:
        m if r is 0, 1 if it is 1. What m numbers have in common raises all alike, and so not the
        best above them.
    """
    if correlation <= 0.0 or trials <= 1.0:
        return trials
    wanted = math.sqrt(1.0 - correlation) * expected_maximum_sharpe(trials, 1.0)
    low, high = 1.0, trials
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if expected_maximum_sharpe(middle, 1.0) < wanted:
            low = middle
        else:
            high = middle
    return high


def _correlations(returns: Array) -> Array:
    centred = returns - returns.mean(axis=0)
    centred /= np.sqrt(np.sum(centred * centred, axis=0))
    rho = np.clip(centred.T @ centred, -1.0, 1.0)
    rho = 0.5 * (rho + rho.T)
    np.fill_diagonal(rho, 1.0)
    return np.asarray(rho)


def _clustered(rho: Array) -> tuple[Ints, float]:
    """Return the labels with the largest mean silhouette, of fewest clusters if equal, and it."""
    from scipy.cluster.hierarchy import cut_tree, leaves_list, linkage
    from scipy.spatial.distance import squareform

    count = len(rho)
    if count < 3:
        return np.arange(count), 0.0
    distance = np.sqrt(0.5 * (1.0 - rho))
    tree = linkage(squareform(distance, checks=False), method="average")
    order = leaves_list(tree)
    sorted_distance = distance[np.ix_(order, order)]
    tried = _numbers(count)
    cuts = cut_tree(tree, n_clusters=tried)
    scores = [_silhouette(sorted_distance, cuts[order, at]) for at in range(len(tried))]
    best = int(np.argmax(np.round(scores, 12)))
    return _by_first(cuts[:, best]), scores[best]


def _numbers(count: int) -> list[int]:
    """Return the numbers of clusters that are tried: 2, 3, ..., then in steps of a tenth."""
    found = [2]
    while found[-1] < count - 1:
        found.append(min(count - 1, max(found[-1] + 1, int(found[-1] * _STEP))))
    return found


def _silhouette(distance: Array, labels: Ints) -> float:
    """Return the mean silhouette of trials in the order of the tree, where clusters are stretches.

    A trial alone in its cluster counts as 0.
    """
    starts = np.flatnonzero(np.diff(labels, prepend=labels[0] - 1))
    sizes = np.diff(starts, append=len(labels))
    own = np.repeat(np.arange(len(starts)), sizes)
    rows = np.arange(len(labels))
    sums = np.add.reduceat(distance, starts, axis=1)
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    sums /= sizes
    sums[rows, own] = np.inf
    nearest = sums.min(axis=1)
    widest = np.maximum(inside, nearest)
    score = np.divide(nearest - inside, widest, out=np.zeros_like(widest), where=widest > 0.0)
    return float(np.mean(np.where(sizes[own] > 1, score, 0.0)))


def _by_first(labels: Ints) -> Ints:
    """Return labels numbered in the order in which they first appear."""
    _, first, index = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[index]
