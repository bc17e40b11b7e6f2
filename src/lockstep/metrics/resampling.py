"""Draw rows again in blocks, so that what followed what is kept; and how long a block should be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.undefined import ROUNDING

STATIONARY, CIRCULAR = SCHEMES = ("stationary", "circular")
#: An autocorrelation counts as none below this many times sqrt(log10(n) / n).
_THRESHOLD = 2.0
#: Lags in a row that must count as none.
_LAGS_IN_A_ROW = 5


class Streams(NamedTuple):
    """Two random streams: where blocks begin, and where they are cut.

    Each is used row by row only, so that the first paths of many are the paths of few.
    """

    starts: np.random.Generator
    cuts: np.random.Generator


@dataclass(frozen=True, slots=True)
class Blocks:
    """How rows are cut into blocks.

    Parameters
    ----------
    scheme : str
        ``stationary``: lengths are geometric with mean `length`. ``circular``: every block has
        the same length, rounded to whole rows.
    length : float
        Rows, >= 1.

    References
    ----------
    Politis, Romano (1994), "The Stationary Bootstrap"; (1992), "A Circular Block-Resampling
    Procedure for Stationary Data".
    """

    scheme: str
    length: float

    def drawn(self, streams: Streams, paths: int, horizon: int, rows: int) -> Ints:
        """Return which row each day of each path is, drawn with replacement.

        Blocks begin at any row with the same probability; after the last row follows the first.

        Returns
        -------
        ndarray of int64, shape (paths, horizon)
            Indices below `rows`.
        """
        began = self._begun(streams.cuts, paths, horizon)
        starts = streams.starts.integers(rows, size=(paths, horizon))
        index = np.take_along_axis(starts, began, axis=1)
        index += np.arange(horizon) - began
        return np.remainder(index, rows, out=index)

    def shuffled(self, streams: Streams, paths: int, rows: int) -> Ints:
        """Return every row once a path, the blocks in random order.

        Returns
        -------
        ndarray of int64, shape (paths, rows)
            Each row of it is a permutation.
        """
        began = self._begun(streams.cuts, paths, rows, aligned=False)
        keys = streams.starts.random((paths, rows))
        return np.argsort(np.take_along_axis(keys, began, axis=1), axis=1, kind="stable")

    def _begun(
        self, cuts: np.random.Generator, paths: int, count: int, *, aligned: bool = True
    ) -> Ints:
        """Return the position at which each position's block began, shape (paths, count)."""
        at = np.arange(count)
        if self.scheme == CIRCULAR:
            whole = max(round(self.length), 1)
            first = np.zeros((paths, 1)) if aligned else cuts.integers(whole, size=(paths, 1))
            is_cut = (at + first) % whole == 0
        else:
            is_cut = cuts.random((paths, count)) < 1.0 / self.length
        return np.maximum.accumulate(np.where(is_cut, at, 0), axis=1)


def streams(seed: int) -> Streams:
    """Return the two streams of a seed (PCG64)."""
    children = np.random.SeedSequence(seed).spawn(2)
    return Streams(*(np.random.Generator(np.random.PCG64(child)) for child in children))


def windows(rows: int, horizon: int, *, wrap: bool) -> Ints:
    """Return the rows of every stretch of `horizon` consecutive rows.

    Returns
    -------
    ndarray of int64, shape (n_starts, horizon)
        One start for each row from which the horizon fits; with `wrap`, one for every row, and
        after the last row follows the first.
    """
    starts = np.arange(rows if wrap else rows - horizon + 1)
    return np.asarray((starts[:, None] + np.arange(horizon)) % rows, dtype=np.int64)


def best_length(values: Array, scheme: str) -> float:
    """Return the block length that best reproduces the variance of the mean of a series.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Oldest first.
    scheme : str
        ``stationary`` or ``circular``.

    Returns
    -------
    float
        ``(2 G^2 / D)^(1/3) n^(1/3)`` rows, within [1, ceil(min(3 sqrt(n), n / 3))]; 1 for a
        series that does not vary. A whole number for ``circular``.

    References
    ----------
    Politis, White (2004), "Automatic Block-Length Selection for the Dependent Bootstrap", with
    the correction of Patton, Politis, White (2009): D = 2 g(0)^2 (stationary), 4/3 g(0)^2
    (circular).
    """
    n = len(values)
    most = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    covariance = _autocovariance(values, math.ceil(math.sqrt(n)) + _LAGS_IN_A_ROW)
    if covariance[0] <= ROUNDING**2:
        return 1.0
    lags = _window(covariance, n)
    taper = np.minimum(1.0, 2.0 * (1.0 - lags / max(len(lags), 1)))
    weighted = taper * covariance[lags]
    spectrum = covariance[0] + 2.0 * float(np.sum(weighted))
    slope = 2.0 * float(np.sum(lags * weighted))
    if slope == 0.0 or abs(spectrum) <= ROUNDING * covariance[0]:
        return 1.0
    factor = 2.0 if scheme == STATIONARY else 4.0 / 3.0
    length = (2.0 * slope**2 / (factor * spectrum**2)) ** (1.0 / 3.0) * n ** (1.0 / 3.0)
    length = float(min(max(length, 1.0), most))
    return length if scheme == STATIONARY else float(round(length))


def _autocovariance(values: Array, most: int) -> Array:
    """Return the covariance with itself `lag` rows later, for lag 0 to `most` (or n - 1)."""
    n = len(values)
    centred = values - np.mean(values)
    lags = range(min(most, n - 1) + 1)
    return np.array([float(np.sum(centred[lag:] * centred[: n - lag])) / n for lag in lags])


def _window(covariance: Array, n: int) -> Ints:
    """Return lags 1 to M: twice the lag after which `_LAGS_IN_A_ROW` correlations are none."""
    most = len(covariance) - 1
    is_there = np.abs(covariance[1:] / covariance[0]) >= _THRESHOLD * math.sqrt(math.log10(n) / n)
    for lag in range(most - _LAGS_IN_A_ROW + 1):
        if not is_there[lag : lag + _LAGS_IN_A_ROW].any():
            last = lag
            break
    else:  # never quiet for long: up to the last correlation that is there
        last = int(np.flatnonzero(is_there)[-1]) + 1
    return np.arange(1, min(2 * max(last, 1), most) + 1)
