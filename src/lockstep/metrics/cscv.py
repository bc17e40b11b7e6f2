"""How often the best on one half of the days is worse than the median trial on the other half."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Ints
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

#: Blocks of the usual test: 12,870 ways to choose half of them.
BLOCKS = 16
#: Fewer days a block say nothing about a Sharpe ratio.
DAYS_A_BLOCK = 10
#: Ratios worked on at a time: 16 MB.
_CHUNK = 2_000_000

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What choosing by the past was worth, over all ways to halve the days.

    Parameters
    ----------
    probability : float
        Share of the splits in which the trial that was best in sample is at or below the median
        out of sample (PBO).
    slope, intercept : float or Undefined
        Of the line through (in-sample, out-of-sample) Sharpe ratios of the chosen: a slope below 0
        says that the better it looked, the worse it did.
    loss : float
        Share of the splits in which the chosen has a negative Sharpe ratio out of sample.
    blocks, trials : int
        Blocks of days, and trials that are not copies of others.
    chosen : ndarray of int64, shape (n_splits,)
        Column that was best in sample.
    logits : ndarray, shape (n_splits,)
        ``ln(w / (1 - w))`` with w the chosen's relative rank out of sample, in (0, 1).
    in_sample, out_of_sample : ndarray, shape (n_splits,)
        Sharpe ratio per day of the chosen.
    """

    probability: float
    slope: Measure
    intercept: Measure
    loss: float
    blocks: int
    trials: int
    chosen: Ints
    logits: Array
    in_sample: Array
    out_of_sample: Array

    @property
    def splits(self) -> int:
        """Ways to halve the blocks in which some trial could be chosen."""
        return len(self.logits)


def blocks_for(days: int) -> int | Undefined:
    """Return how many blocks a record supports: even, 4 to 16, of 10 days or more each."""
    found = min(BLOCKS, days // DAYS_A_BLOCK // 2 * 2)
    if found < 4:
        return Undefined(f"fewer than {4 * DAYS_A_BLOCK} trading days to be split")
    return found


def probability_of_overfitting(returns: Array, *, blocks: int = BLOCKS) -> Overfitting | Undefined:
    """Return the probability of backtest overfitting by combinatorially symmetric cross-validation.

    The days are cut into blocks; every half of the blocks is the sample once, the other half what
    comes after it. The trial with the best Sharpe ratio of the sample is ranked among all by the
    other half.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_trials)
        Daily returns of every trial on the same days (fraction).
    blocks : int
        Even, 4 or more. Days that do not divide make some blocks one day longer.

    Returns
    -------
    Overfitting or Undefined
        Undefined with fewer than two different trials, or fewer days than two a block. A trial
        that stands still on a sample cannot be chosen by it; out of sample it counts as 0. Equal
        ratios share their rank; of equal bests the first is chosen.

    Raises
    ------
    ValueError
        If the number of blocks is odd or below 4.

    References
    ----------
    Bailey, Borwein, Lopez de Prado, Zhu (2017), "The Probability of Backtest Overfitting".
    """
    if blocks < 4 or blocks % 2:
        raise ValueError(f"{blocks} blocks; expected an even number, 4 or more.")
    if len(returns) < 2 * blocks:
        return Undefined(f"fewer than {2 * blocks} trading days: two for each of {blocks} blocks")
    kept = distinct(returns)
    if len(kept) < 2:
        return Undefined("fewer than two trials that differ: nothing was chosen")
    sums = _Sums.of(returns[:, kept], blocks)
    halves = _halves(blocks)
    size = max(1, _CHUNK // len(kept))
    parts = [sums.judged(halves[at : at + size]) for at in range(0, len(halves), size)]
    found = [np.concatenate(columns) for columns in zip(*parts)]
    if not len(found[0]):
        return Undefined("in no split does any trial move")
    return _summed(found, blocks, kept)


def distinct(returns: Array) -> Ints:
    """Return the columns that move and are no copies of earlier ones, ascending."""
    if not len(returns):
        return np.empty(0, dtype=np.int64)
    seen: dict[bytes, int] = {}
    for column in np.flatnonzero(np.ptp(returns, axis=0) > ROUNDING).tolist():
        seen.setdefault(np.ascontiguousarray(returns[:, column]).tobytes(), column)
    return np.array(sorted(seen.values()), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Days, sums and sums of squares of each block: all that a Sharpe ratio of a half needs."""

    days: Array
    totals: Array
    squares: Array

    @classmethod
    def of(cls, returns: Array, blocks: int) -> _Sums:
        """Return the sums, shape (n_blocks,) and (n_blocks, n_trials) twice."""
        starts = np.linspace(0, len(returns), blocks + 1).astype(np.int64)
        return cls(
            days=np.diff(starts).astype(np.float64),
            totals=np.add.reduceat(returns, starts[:-1], axis=0),
            squares=np.add.reduceat(returns * returns, starts[:-1], axis=0),
        )

    def ratios(self, chosen: Array) -> tuple[Array, Flags]:
        """Return Sharpe ratios per day, shape (n_halves, n_trials), and whether a trial moved.

        Each half is summed on its own, never as the whole less the other: a trial that stood
        still then has sums of exactly 0.
        """
        days = (chosen @ self.days)[:, None]
        mean = chosen @ self.totals
        mean /= days
        squares = chosen @ self.squares
        variance = squares - days * mean * mean
        # what is left of rounding in a difference of equal numbers is no variance
        moved = variance > 1e-12 * squares
        variance /= days - 1.0
        np.sqrt(variance, out=variance, where=moved)
        return np.divide(mean, variance, out=np.zeros_like(mean), where=moved), moved

    def judged(self, halves: Array) -> tuple[Ints, Array, Array, Array]:
        """Return chosen column, logit and both ratios of the chosen, of each half and its other."""
        first, other = self.ratios(halves), self.ratios(1.0 - halves)
        parts = [_chosen(*first, other[0]), _chosen(*other, first[0])]
        chosen, logits, inside, outside = (np.concatenate(columns) for columns in zip(*parts))
        return chosen, logits, inside, outside


def _halves(blocks: int) -> Array:
    """Return a row of 0 and 1 for each half that holds the first block."""
    rest = list(itertools.combinations(range(1, blocks), blocks // 2 - 1))
    found = np.zeros((len(rest), blocks))
    found[:, 0] = 1.0
    found[np.arange(len(rest))[:, None], np.array(rest)] = 1.0
    return found


def _chosen(inside: Array, moved: Flags, outside: Array) -> tuple[Ints, Array, Array, Array]:
    at = np.flatnonzero(moved.any(axis=1))
    best = np.argmax(np.where(moved, inside, -np.inf), axis=1)[at]
    mine = outside[at, best][:, None]
    below = np.count_nonzero(outside[at] < mine, axis=1)
    equal = np.count_nonzero(outside[at] == mine, axis=1) - 1
    rank = (1.0 + below + 0.5 * equal) / (inside.shape[1] + 1.0)
    return best, np.log(rank / (1.0 - rank)), inside[at, best], mine[:, 0]


def _summed(found: list[Array], blocks: int, kept: Ints) -> Overfitting:
    chosen, logits, inside, outside = found
    slope, intercept = _line(inside, outside)
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        slope=slope,
        intercept=intercept,
        loss=float(np.mean(outside < 0.0)),
        blocks=blocks,
        trials=len(kept),
        chosen=kept[chosen.astype(np.int64)],
        logits=logits,
        in_sample=inside,
        out_of_sample=outside,
    )


def _line(x: Array, y: Array) -> tuple[Measure, Measure]:
    """Return slope and intercept of the least-squares line."""
    centred = x - np.mean(x)
    spread = float(centred @ centred)
    if spread <= ROUNDING:
        none = Undefined("the chosen look alike in every split")
        return none, none
    slope = float(centred @ (y - np.mean(y))) / spread
    return slope, float(np.mean(y)) - slope * float(np.mean(x))
