"""Study: one search as its page and its figures see it, whoever made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Ints
from lockstep.core.trial import Trial
from lockstep.metrics.parameter_importance import bins, importance
from lockstep.metrics.undefined import Measure, Undefined

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Goal:
    """What was looked for.

    Parameters
    ----------
    name, unit, doc : str
        The objective, what its number is in, and its formula in words.
    scores : ndarray, shape (n_trials,)
        Of every trial; NaN where it failed or is undefined. The largest is best.
    """

    name: str
    unit: str
    doc: str
    scores: Array


@dataclass(frozen=True, slots=True)
class Axis:
    """One searched parameter.

    Parameters
    ----------
    name : str
        The parameter.
    levels : tuple
        What could be tried, in order.
    is_number : bool
        False for names and switches.
    configured : object
        What the configuration says.
    """

    name: str
    levels: tuple[Any, ...]
    is_number: bool = True
    configured: Any = None

    def places(self, values: Sequence[Any]) -> Array:
        """Return values as numbers: themselves, or of names the position among the levels."""
        if self.is_number:
            return np.array([float(value) for value in values])
        return np.array([float(self.levels.index(value)) for value in values])


@dataclass(frozen=True, slots=True)
class Study:
    """One search of one asset.

    Parameters
    ----------
    name : str
        Id of the optimisation it belongs to.
    asset, timeframe, strategy, method : str
        What was searched, and how.
    seed : int
        Of the search.
    goals : tuple of Goal
        What was looked for; the first one chose.
    axes : tuple of Axis
        The searched parameters.
    trials : tuple of Trial
        Every one, by number.
    is_allowed : ndarray of bool, shape (n_trials,)
        True for those that keep the limits.
    chosen : int or None
        Position of the chosen trial; None if there is none.
    select : str
        ``best`` or ``plateau``.
    front : tuple of int
        Positions of the Pareto front; empty with one goal.
    limits : mapping
        ``min_trades`` and ``max_drawdown``.
    data : mapping
        ``start``, ``end`` (ISO), ``bars``, ``sha256`` and ``currency``.
    plateau : mapping
        ``score``, ``fall`` and ``falls`` by parameter, of the chosen; empty if not measured.
    configured : mapping of str to float or None
        Metrics of the configured parameters; empty if they were not played.
    labels : tuple of str
        What a reader must know before any number.
    notices : tuple of str
        What a reader must know of the search, a sentence each.
    """

    name: str
    asset: str
    timeframe: str
    strategy: str
    method: str
    seed: int
    goals: tuple[Goal, ...]
    axes: tuple[Axis, ...]
    trials: tuple[Trial, ...]
    is_allowed: Flags
    chosen: int | None = None
    select: str = "best"
    front: tuple[int, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    plateau: Mapping[str, Any] = field(default_factory=dict)
    configured: Mapping[str, float | None] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def scored(self) -> Ints:
        """Positions of the trials that have a score, duplicates left out."""
        known = np.isfinite(self.goals[0].scores)
        own = np.array([trial.duplicate_of is None for trial in self.trials], dtype=bool)
        return np.flatnonzero(known & own)

    @property
    def best(self) -> Trial | None:
        """The chosen trial."""
        return None if self.chosen is None else self.trials[self.chosen]

    def values(self, axis: Axis, at: Ints) -> Array:
        """Return what a parameter was in some trials, as numbers."""
        return axis.places([self.trials[place].parameters[axis.name] for place in at])

    def metric(self, name: str) -> Array:
        """Return a metric of the trials that were played and have it; duplicates left out."""
        found = [
            value
            for trial in self.trials
            if trial.is_complete
            and trial.duplicate_of is None
            and (value := trial.metrics.get(name)) is not None
        ]
        return np.array(found, dtype=np.float64)

    def importances(self) -> dict[str, Measure]:
        """Return each parameter's share of the variance of scores, the largest first."""
        at = self.scored
        if len(at) < 2:
            return {
                axis.name: Undefined("fewer than two trials have a score") for axis in self.axes
            }
        scores = self.goals[0].scores[at]
        found = {axis.name: importance(bins(self.values(axis, at)), scores) for axis in self.axes}
        ranked = sorted(
            found.items(),
            key=lambda item: (1.0 if isinstance(item[1], Undefined) else -item[1], item[0]),
        )
        return dict(ranked)


def quartiles(values: Array) -> tuple[float, float, float] | None:
    """Return the quartiles of some numbers, interpolated linearly; None if there are none."""
    if not len(values):
        return None
    low, middle, high = np.percentile(values, [25.0, 50.0, 75.0])
    return float(low), float(middle), float(high)
