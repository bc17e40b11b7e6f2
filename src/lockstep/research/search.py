"""Search: the trials of one asset, and which of them is chosen."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.core.errors import ConfigError
from lockstep.core.trial import Trial
from lockstep.research.objectives import Constraints, Objective, front, ranked
from lockstep.research.robustness import Neighbourhood
from lockstep.research.space import Space
from lockstep.research.trying import key_of

SELECTIONS = ("best", "plateau")


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
    neighbourhoods : tuple of Neighbourhood
        The best trials among the points beside them, best first; empty if none were tried. The
        points beside are trials too, and count as such.
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
    neighbourhoods: tuple[Neighbourhood, ...] = ()

    @property
    def made(self) -> tuple[Trial, ...]:
        """Every trial that was played: neither duplicates nor, of two alike, the second."""
        beside = [trial for one in self.neighbourhoods for trial in one.trials]
        played = (trial for trial in (*self.trials, *beside) if trial.duplicate_of is None)
        return tuple({key_of(trial.parameters): trial for trial in played}.values())

    def ranked(self) -> list[tuple[float, Trial]]:
        """Return (score, trial) of what may be chosen, by the first goal, best first."""
        return ranked(self.trials, self.goals[0], self.constraints)

    def best(self, select: str = "best") -> Trial | None:
        """Return the trial that is chosen by the first goal; None if none may be.

        Parameters
        ----------
        select : str
            ``best`` takes the largest score; ``plateau``, of the best trials whose neighbours
            were tried, the one of the largest plateau score: a lonely peak is left.

        Raises
        ------
        ConfigError
            If the selection is unknown, or asks for neighbours that were not tried.
        """
        if select not in SELECTIONS:
            raise ConfigError(f"select is {select!r}; expected {' or '.join(SELECTIONS)}.")
        found = self.ranked()
        if not found:
            return None
        if select == "best":
            return found[0][1]
        if not self.neighbourhoods:
            raise ConfigError("select is plateau, but no neighbours were tried (candidates is 0).")
        widest = max(self.neighbourhoods, key=lambda one: one.plateau)  # of equal ones the first
        return widest.centre

    def neighbourhood_of(self, trial: Trial) -> Neighbourhood | None:
        """Return a trial among its neighbours; None if they were not tried."""
        same = (one for one in self.neighbourhoods if one.centre.number == trial.number)
        return next(same, None)

    def pareto(self) -> list[Trial]:
        """Return the trials that no other beats in one goal without losing in another."""
        return front(self.trials, self.goals, self.constraints)
