"""Combinatorial purged cross-validation: many out-of-sample histories from one record of trials."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lockstep.config.models import PortfolioConfig
from lockstep.core.bars import Array, Ints
from lockstep.core.errors import ConfigError, DataError
from lockstep.core.trial import Trial
from lockstep.metrics import returns as growth
from lockstep.metrics.undefined import Measure, Undefined
from lockstep.research.stitch import weigh

#: More ways to choose the test groups take too long to say more.
MOST_SPLITS = 5_000
#: Fewer days a group say nothing about a Sharpe ratio.
FEWEST_DAYS = 10
#: Days with a gain or a loss a trial needs to be chosen.
FEWEST_ACTIVE = 10

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Folds:
    """How the days are parted.

    Parameters
    ----------
    groups : int
        Stretches of consecutive trading days, as long as each other to a day.
    tested : int
        Groups that are tested at a time; every choice of them is one split.
    purge_days : int
        Training days left out before and after each test group: those whose positions may reach
        into it, or whose indicators look back on it.
    embargo_days : int
        Further training days left out after each test group.

    Raises
    ------
    ConfigError
        If a number is out of range.
    """

    groups: int = 6
    tested: int = 2
    purge_days: int = 1
    embargo_days: int = 1

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 1 <= self.tested < self.groups:
            raise ConfigError(
                f"{self.tested} of {self.groups} groups cannot be tested; expected at least 1, and "
                "fewer than all."
            )
        if self.splits > MOST_SPLITS:
            raise ConfigError(
                f"{self.tested} of {self.groups} groups make {self.splits:,} splits; expected at "
                f"most {MOST_SPLITS:,}."
            )
        if min(self.purge_days, self.embargo_days) < 0:
            raise ConfigError("purge_days and embargo_days are counts; expected 0 or more.")

    @property
    def splits(self) -> int:
        """Ways to choose the test groups."""
        return math.comb(self.groups, self.tested)

    @property
    def paths(self) -> int:
        """Whole histories that the splits' tests make up: each group is tested so many times."""
        return math.comb(self.groups - 1, self.tested - 1)

    def bounds(self, count: int) -> Ints:
        """Return where the groups of some days begin, and where the last one ends.

        Raises
        ------
        DataError
            If a group would be shorter than `FEWEST_DAYS`.
        """
        if count < self.groups * FEWEST_DAYS:
            raise DataError(
                f"{count} trading days are too few for {self.groups} groups; expected at least "
                f"{self.groups * FEWEST_DAYS}."
            )
        return np.linspace(0, count, self.groups + 1).round().astype(np.int64)

    def training(self, bounds: Ints, chosen: Sequence[int]) -> Flags:
        """Return which days are trained on, if some groups are tested, shape (n_days,)."""
        kept = np.ones(int(bounds[-1]), dtype=bool)
        for group in chosen:
            first, end = int(bounds[group]), int(bounds[group + 1])
            kept[max(0, first - self.purge_days) : end + self.purge_days + self.embargo_days] = (
                False
            )
        return kept


@dataclass(frozen=True, slots=True)
class Split:
    """One choice of test groups.

    Parameters
    ----------
    tested : tuple of int
        The groups, 0 the first.
    chosen : mapping of str to Trial
        Whose daily returns are tested, by asset; without those that made nothing on the training
        days.
    weights : ndarray, shape (n_assets,)
        From the returns of the training days.
    trained, out : float or Undefined
        Yearly Sharpe ratio on the training days, and on the test days.
    """

    tested: tuple[int, ...]
    chosen: Mapping[str, Trial]
    weights: Array
    trained: Measure
    out: Measure


@dataclass(frozen=True, slots=True)
class Crossed:
    """What cross-validation found.

    Parameters
    ----------
    folds : Folds
        How the days were parted.
    symbols : tuple of str
        Sorted.
    days : ndarray of int64, shape (n_days,)
        Trading days of all assets.
    splits : tuple of Split
        All of them.
    paths : ndarray, shape (n_paths, n_days)
        Daily returns of each history; every day of it is out of sample.
    sharpe : tuple of float or Undefined
        Of each path, per year.
    """

    folds: Folds
    symbols: tuple[str, ...]
    days: Ints
    splits: tuple[Split, ...]
    paths: Array
    sharpe: tuple[Measure, ...]

    @property
    def known(self) -> Array:
        """The Sharpe ratios that are defined, ascending."""
        return np.sort([one for one in self.sharpe if not isinstance(one, Undefined)])


def crossed(
    trials: Mapping[str, Sequence[Trial]], folds: Folds, portfolio: PortfolioConfig
) -> Crossed:
    """Choose on the training days of every split, and test on its test days.

    Worked from the trials' daily returns, each played once over all days. On the training days
    each asset takes the trial of the largest Sharpe ratio, and is left out if its mean return is
    not above zero; the allocation model weighs the others. A portfolio's return is the weighted
    sum of its assets': there is no common margin and no portfolio rule, and what a trial held at
    the border of a group belongs to the day on which it was gained. Purge and embargo keep such
    days out of training.

    Parameters
    ----------
    trials : mapping of str to sequence of Trial
        By asset; failed trials, repetitions and those without returns are left out.
    folds : Folds
        How the days are parted.
    portfolio : PortfolioConfig
        Its allocation model gives the weights.

    Raises
    ------
    DataError
        If no trial has returns, or there are too few days.

    References
    ----------
    Lopez de Prado (2018), "Advances in Financial Machine Learning", chapter 12.
    """
    usable = {symbol: _usable(of) for symbol, of in sorted(trials.items())}
    usable = {symbol: of for symbol, of in usable.items() if of}
    if not usable:
        raise DataError("no trial has daily returns; there is nothing to cross-validate.")
    days = np.unique(np.concatenate([t.days for of in usable.values() for t in of]))
    bounds = folds.bounds(len(days))
    tables = {symbol: _aligned(of, days) for symbol, of in usable.items()}
    splits, found = [], {}
    for tested in itertools.combinations(range(folds.groups), folds.tested):
        training = folds.training(bounds, tested)
        split, daily = _split(usable, tables, days, (training, bounds, tested), portfolio)
        splits.append(split)
        found[tested] = daily
    paths = _paths(folds, bounds, found)
    per_year = growth.days_per_year(days)
    ratios = tuple(growth.sharpe(path, per_year) for path in paths)
    return Crossed(folds, tuple(usable), days, tuple(splits), paths, ratios)


def _usable(trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if t.is_complete and len(t.daily) and t.duplicate_of is None]


def _aligned(trials: Sequence[Trial], days: Ints) -> Array:
    """Return daily returns, shape (n_days, n_trials): 0 where an asset has no bars."""
    table = np.zeros((len(days), len(trials)))
    for column, trial in enumerate(trials):
        table[np.searchsorted(days, trial.days), column] = trial.daily
    return table


def _split(
    usable: Mapping[str, Sequence[Trial]],
    tables: Mapping[str, Array],
    days: Ints,
    parted: tuple[Flags, Ints, tuple[int, ...]],
    portfolio: PortfolioConfig,
) -> tuple[Split, Array]:
    """Return a split, and what its choice made on every day."""
    training, bounds, tested = parted
    chosen: dict[str, Trial] = {}
    seen: dict[str, Trial] = {}
    columns = np.zeros((len(days), len(usable)))
    for position, (symbol, table) in enumerate(tables.items()):
        best = best_of(table[training])
        if best is not None:
            trial = usable[symbol][best]
            chosen[symbol] = trial
            own = np.isin(trial.days, days[training])
            seen[symbol] = dataclasses.replace(trial, days=trial.days[own], daily=trial.daily[own])
            columns[:, position] = table[:, best]
    weights, _ = weigh(portfolio, tuple(usable), seen)
    daily = columns @ weights
    tests = np.concatenate([np.arange(bounds[g], bounds[g + 1]) for g in tested])
    per_year = growth.days_per_year(days)
    trained, out = (growth.sharpe(daily[rows], per_year) for rows in (training, tests))
    return Split(tested, chosen, weights, trained, out), daily


def best_of(table: Array) -> int | None:
    """Return the column of the largest Sharpe ratio, the first of equals; None if none gained.

    Parameters
    ----------
    table : ndarray, shape (n_days, n_trials)
        Daily returns. A trial that gained or lost on fewer than 10 days is not chosen.
    """
    if len(table) < 2:
        return None
    mean, deviation = table.mean(axis=0), table.std(axis=0, ddof=1)
    active = np.count_nonzero(table, axis=0) >= FEWEST_ACTIVE
    ratio = np.divide(mean, deviation, out=np.full(len(mean), -np.inf), where=deviation > 0.0)
    ratio[~active | (mean <= 0.0)] = -np.inf
    best = int(np.argmax(ratio))
    return best if np.isfinite(ratio[best]) else None


def _paths(folds: Folds, bounds: Ints, found: Mapping[tuple[int, ...], Array]) -> Array:
    """Return the paths: the n-th test of every group makes the n-th path."""
    paths = np.empty((folds.paths, int(bounds[-1])))
    for group in range(folds.groups):
        rows = slice(int(bounds[group]), int(bounds[group + 1]))
        holding = [daily for tested, daily in found.items() if group in tested]
        for path, daily in enumerate(holding):
            paths[path, rows] = daily[rows]
    return paths
