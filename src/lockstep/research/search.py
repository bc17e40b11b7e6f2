"""Search: the trials of one asset, and which of them is chosen."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.core.trial import Trial
from lockstep.research.objectives import Constraints, Objective, front, ranked
from lockstep.research.space import Space


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found.

    Parameters
    ----------
    asset, strategy : str
        What was searched.
    space : Space
        What could be tried.
    goals : tuple of Objective
        What was looked for; the first one ranks.
    constraints : Constraints
        What a trial must keep to be chosen.
    method : str
        ``grid``, ``random`` or ``bayesian``.
    seed : int
        Of the search.
    trials : tuple of Trial
        All of them, by number: also those that failed, and those that were not chosen.
    study : str
        The name under which they are kept.
    notices : tuple of str
        What a reader must know of it, a sentence each.
    """

    asset: str
    strategy: str
    space: Space
    goals: tuple[Objective, ...]
    constraints: Constraints
    method: str
    seed: int
    trials: tuple[Trial, ...]
    study: str = ""
    notices: tuple[str, ...] = ()

    def ranked(self) -> list[tuple[float, Trial]]:
        """Return (score, trial) of what may be chosen, by the first goal, best first."""
        return ranked(self.trials, self.goals[0], self.constraints)

    def best(self) -> Trial | None:
        """Return the best trial by the first goal; None if no trial may be chosen."""
        found = self.ranked()
        return found[0][1] if found else None

    def pareto(self) -> list[Trial]:
        """Return the trials that no other beats in one goal without losing in another."""
        return front(self.trials, self.goals, self.constraints)
