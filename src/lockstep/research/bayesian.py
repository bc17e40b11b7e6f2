"""Bayesian: proposals that learn from the trials made, by Optuna's TPE or NSGA-II."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.core.errors import ConfigError
from lockstep.core.trial import Trial
from lockstep.research.objectives import Constraints, Objective, scores_of
from lockstep.research.sampling import Valid, sobol
from lockstep.research.space import Dimension, Space
from lockstep.research.trying import key_of

#: Sobol points before the first proposal that learns.
STARTUP = 16
#: Size of an NSGA-II generation.
_POPULATION = 24
#: Points TPE draws and compares for each proposal.
_CANDIDATES = 24
_LARGEST_SEED = 2**32


@dataclass
class Bayesian:
    """Asks for a batch, learns of it, asks for the next.

    A search that goes on begins again from its first batch and is told what was kept. The
    proposals are then the same, whatever the sampler remembers. Proposals of one batch know of
    each other's parameters, not of their results.

    Parameters
    ----------
    space : Space
        What may be tried.
    goals : sequence of Objective
        One (TPE) or several (NSGA-II).
    constraints : Constraints
        A trial that breaks them ranks behind every one that does not.
    total : int
        Number of trials.
    seed : int
        Of Sobol points and sampler.
    is_valid : callable
        False for a point that the strategy refuses.
    """

    space: Space
    goals: Sequence[Objective]
    constraints: Constraints
    total: int
    seed: int
    is_valid: Valid
    _study: Any = field(init=False)
    _asked: list[Any] = field(init=False, default_factory=list)
    _told: int = field(init=False, default=0)
    _known: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        """Make the study, in memory, and begin it with Sobol points."""
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        seed = self.seed % _LARGEST_SEED
        first = STARTUP if len(self.goals) == 1 else _POPULATION
        if len(self.goals) == 1:
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=first, n_ei_candidates=_CANDIDATES, seed=seed
            )
        else:
            sampler = optuna.samplers.NSGAIISampler(population_size=_POPULATION, seed=seed)
        self._study = optuna.create_study(
            directions=["maximize"] * len(self.goals), sampler=sampler
        )
        for point in sobol(self.space, first, self.seed, self.is_valid):
            self._study.enqueue_trial(_numbers(self.space, point))
        self._distributions = {
            one.name: _distribution(optuna, one) for one in self.space.dimensions
        }

    def propose(self, found: Sequence[Trial], count: int) -> list[dict[str, Any]]:
        """Return the next points; none once every point has been tried.

        The trials found must begin with those of all batches proposed before.
        """
        for trial in found[self._told :]:
            self._tell(trial)
        self._told = len(found)
        if len(self._known) >= self.space.size:
            return []
        self._asked = [self._study.ask(self._distributions) for _ in range(count)]
        return [_levels(self.space, one.params) for one in self._asked]

    def _tell(self, trial: Trial) -> None:
        states = _optuna().trial.TrialState
        asked = self._asked.pop(0)
        self._known.add(key_of(trial.parameters))
        scores = scores_of(trial, self.goals)
        if not trial.is_complete:
            self._study.tell(asked, state=states.FAIL)
            return
        asked.set_constraint("limits", self.constraints.broken_by(trial.metrics))
        if scores:
            self._study.tell(asked, list(scores))
        else:  # an undefined score ranks behind every defined one
            self._study.tell(asked, state=states.PRUNED)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as missing:
        raise ConfigError(
            "method bayesian needs Optuna: install the extra (pip install 'lockstep[optimize]'), "
            "or choose grid or random."
        ) from missing
    return optuna


def _distribution(optuna: Any, one: Dimension) -> Any:
    """Return what Optuna is told of a dimension: a number by its level, so that steps are equal."""
    if one.is_number:
        return optuna.distributions.IntDistribution(0, len(one.levels) - 1)
    return optuna.distributions.CategoricalDistribution(list(range(len(one.levels))))


def _numbers(space: Space, point: dict[str, Any]) -> dict[str, int]:
    return {one.name: one.levels.index(point[one.name]) for one in space.dimensions}


def _levels(space: Space, numbers: dict[str, int]) -> dict[str, Any]:
    return {one.name: one.levels[numbers[one.name]] for one in space.dimensions}
