"""Proposals: which points a search tries next, as a pure function of what it has tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lockstep.core.errors import ConfigError
from lockstep.core.trial import Trial
from lockstep.research.evaluation import Evaluator
from lockstep.research.sampling import MOST_POINTS, Valid
from lockstep.research.space import Space

METHODS = ("grid", "random", "bayesian")
#: Trials of a search whose number is not given.
USUAL_TRIALS = 100


class Proposer(Protocol):
    """Says what is tried next."""

    @property
    def total(self) -> int:
        """Number of trials of the whole search."""

    def propose(self, found: Sequence[Trial], count: int) -> list[dict[str, Any]]:
        """Return the next points after the trials made; fewer than `count` at the end."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Points that are known before the first trial.

    Parameters
    ----------
    points : sequence of mapping
        In order.
    """

    points: Sequence[dict[str, Any]]

    @property
    def total(self) -> int:
        """Number of trials of the whole search."""
        return len(self.points)

    def propose(self, found: Sequence[Trial], count: int) -> list[dict[str, Any]]:
        """Return the next points."""
        return list(self.points[len(found) : len(found) + count])


def accepts(evaluator: Evaluator) -> Valid:
    """Return a function that says whether the strategy can be made of some parameters."""

    def is_valid(point: Mapping[str, Any]) -> bool:
        try:
            evaluator.strategy(point)
        except ConfigError:
            return False
        return True

    return is_valid


def check_any(evaluator: Evaluator, space: Space) -> None:
    """Check that the strategy takes some point; of a space too large for a grid nothing is asked.

    Raises
    ------
    ConfigError
        If it refuses all of them, with its reason for the first.
    """
    if space.size > MOST_POINTS or any(map(accepts(evaluator), space.points())):
        return
    first = next(space.points())
    try:
        evaluator.strategy(first)
    except ConfigError as error:
        shown = ", ".join(f"{name} {value}" for name, value in first.items())
        raise ConfigError(
            f"{evaluator.asset.symbol}: {evaluator.asset.strategy} refuses every point of the "
            f"ranges. The first, {shown}: {error} Change the ranges."
        ) from error
