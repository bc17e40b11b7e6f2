"""Robustness: what becomes of a result when its parameters are a little different."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.core.parameters import Parameter, parameters
from lockstep.core.trial import Trial
from lockstep.metrics.undefined import Measure, Undefined
from lockstep.research.evaluation import Evaluator
from lockstep.research.objectives import Objective
from lockstep.research.proposals import accepts
from lockstep.research.space import Dimension, Space, within
from lockstep.research.trying import key_of

STEP, PERCENT = "step", "percent"
#: The change of a parameter beside a step of the search, fraction of its value.
_CHANGE = 0.1
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Nearby:
    """A point beside another: one parameter is a little different.

    Parameters
    ----------
    parameter : str
        The parameter.
    kind : str
        ``step`` (one step of the search to a side) or ``percent`` (10 % to a side).
    value : float
        What the parameter is there.
    point : mapping
        All searched parameters.
    """

    parameter: str
    kind: str
    value: float
    point: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A trial and those beside it.

    Parameters
    ----------
    centre : Trial
        In the middle.
    nearby : tuple of Nearby
        What was tried around it.
    trials : tuple of Trial
        What came of it, in the same order.
    score : float
        Of the centre, by the first goal.
    scores : tuple of float or None
        Of the others; None if undefined or failed.
    worst : float
        Lowest score of the search, which stands in for those.
    """

    centre: Trial
    nearby: tuple[Nearby, ...]
    trials: tuple[Trial, ...]
    score: float
    scores: tuple[float | None, ...]
    worst: float

    @property
    def filled(self) -> tuple[float, ...]:
        """The scores of the others; the search's worst where there is none."""
        return tuple(self.worst if score is None else score for score in self.scores)

    @property
    def plateau(self) -> float:
        """Plateau score: the mean score of the centre and of all points beside it."""
        return math.fsum((self.score, *self.filled)) / (1 + len(self.scores))

    @property
    def fall(self) -> Measure:
        """What the points beside keep less of the centre's score, on average: 0.1 is a tenth."""
        if not self.scores:
            return Undefined("no parameter has a neighbour")
        if not self.score > 0.0:
            return Undefined("the score is not above zero, so that no fraction of it can be lost")
        return 1.0 - math.fsum(self.filled) / len(self.scores) / self.score

    @property
    def falls(self) -> dict[str, float]:
        """By parameter, the score's largest fall to a point beside, in the score's unit."""
        found: dict[str, float] = {}
        for near, score in zip(self.nearby, self.filled):
            fall = self.score - score
            found[near.parameter] = max(found.get(near.parameter, fall), fall)
        return found


def neighbourhood(
    centre: Trial,
    around: Sequence[tuple[Nearby, Trial]],
    goal: Objective,
    trials: Sequence[Trial],
) -> Neighbourhood:
    """Return a trial among its neighbours.

    Parameters
    ----------
    centre : Trial
        With a score.
    around : sequence of (Nearby, Trial)
        What was tried around it.
    goal : Objective
        What scores.
    trials : sequence of Trial
        The search, of whose scores the lowest stands in for one that is undefined.

    Raises
    ------
    ValueError
        If the centre has no score.
    """
    own = goal.of(centre)
    if own is None:
        raise ValueError(f"trial {centre.number} has no score, and so no plateau.")
    others = [score for trial in trials if (score := goal.of(trial)) is not None]
    return Neighbourhood(
        centre,
        tuple(near for near, _ in around),
        tuple(trial for _, trial in around),
        own,
        tuple(goal.of(trial) for _, trial in around),
        min([own, *others]),
    )


def nearby(evaluator: Evaluator, space: Space, centre: Trial) -> list[Nearby]:
    """Return the points one step and 10 % beside a trial, in every searched number.

    A point may lie outside the searched range, never outside the declared bounds; what the
    strategy refuses, and what rounds to another of the points, is left out.
    """
    declared = parameters(evaluator.strategy({}))
    is_valid = accepts(evaluator)
    seen = {key_of(centre.parameters)}
    found = []
    for one in space.dimensions:
        for kind, value in _beside(one, centre.parameters[one.name], declared[one.name]):
            point = {**centre.parameters, one.name: value}
            if key_of(point) not in seen and is_valid(point):
                seen.add(key_of(point))
                found.append(Nearby(one.name, kind, value, point))
    return found


def _beside(one: Dimension, value: Any, spec: Parameter) -> list[tuple[str, Any]]:
    if not one.is_number:
        return []
    changes = [
        (STEP, _stepped(one, value, -1)),
        (STEP, _stepped(one, value, +1)),
        (PERCENT, value * (1.0 - _CHANGE)),
        (PERCENT, value * (1.0 + _CHANGE)),
    ]
    whole = isinstance(value, int)
    rounded = [(kind, round(v) if whole else round(v, _DIGITS)) for kind, v in changes]
    return [(kind, v) for kind, v in rounded if within(v, spec)]


def _stepped(one: Dimension, value: float, side: int) -> float:
    """Return the next level to a side; beyond the last one, as far again."""
    at = one.levels.index(value)
    if 0 <= at + side < len(one.levels):
        return float(one.levels[at + side])
    return float(value + (value - one.levels[at - side]))
