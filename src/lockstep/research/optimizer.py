"""ParameterOptimizer: the search for one asset's parameters, every trial of it recorded."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lockstep import __version__
from lockstep.core.errors import ConfigError
from lockstep.core.protocols import Progress, Silent, TrialStore
from lockstep.core.trial import Trial
from lockstep.research.bayesian import Bayesian
from lockstep.research.evaluation import Evaluator
from lockstep.research.objectives import Constraints, Objective, objective, scores_of
from lockstep.research.proposals import (
    METHODS,
    USUAL_TRIALS,
    Listed,
    Proposer,
    accepts,
    check_any,
)
from lockstep.research.robustness import Nearby, Neighbourhood, nearby, neighbourhood
from lockstep.research.sampling import grid, sobol
from lockstep.research.search import Search
from lockstep.research.space import Space
from lockstep.research.trying import data_hash, identity, key_of, tried

#: Trials that are proposed together, and kept together. Part of what a search is: another number
#: would make another search, so the number of workers must not change it.
BATCH = 8


class Forgetting:
    """A `TrialStore` that keeps nothing."""

    def load(self, study: str) -> list[Trial]:
        """Return nothing."""
        return []

    def begin(self, study: str, about: Mapping[str, Any]) -> None:
        """Forget it."""

    def keep(self, study: str, trials: Sequence[Trial]) -> None:
        """Forget them."""


@dataclass(frozen=True)
class ParameterOptimizer:
    """Searches the parameters of one asset.

    The same settings, data and seed make the same trials, bit for bit, however often the search
    was interrupted and gone on with, and whatever the number of workers.

    Parameters
    ----------
    evaluator : Evaluator
        Plays the asset.
    space : Space
        What may be tried.
    objective : str or sequence of str
        Names in `research.objectives.OBJECTIVES`; several look for a Pareto front.
    constraints : Constraints
        What a trial must keep to be chosen.
    method : str
        ``grid``, ``random`` (scrambled Sobol) or ``bayesian`` (TPE; NSGA-II for several
        objectives).
    trials : int or None
        How many; None is the whole grid, and 100 for the other methods.
    seed : int
        Of the search.
    store : TrialStore
        Keeps every trial; what it already holds is not paid for again.
    progress : Progress
        Told of every trial, under the asset's name.
    candidates : int
        How many of the best trials have the points beside them tried, so that a plateau can be
        told from a lonely peak (`research.robustness`). Those are trials too.
    code : str
        Names the version of the code, so that trials of another are not taken for these.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range, or the strategy refuses every point of the space.
    """

    evaluator: Evaluator
    space: Space
    objective: str | Sequence[str] = "sharpe"
    constraints: Constraints = field(default_factory=Constraints)
    method: str = "bayesian"
    trials: int | None = None
    seed: int = 0
    store: TrialStore = field(default_factory=Forgetting)
    progress: Progress = field(default_factory=Silent)
    candidates: int = 0
    code: str = __version__

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.method not in METHODS:
            raise ConfigError(f"method {self.method!r} is unknown; expected {', '.join(METHODS)}.")
        if self.trials is not None and self.trials < 1:
            raise ConfigError(f"trials is {self.trials}; expected 1 or more.")
        if self.candidates < 0:
            raise ConfigError(f"candidates is {self.candidates}; expected 0 or more.")
        if not self.goals:
            raise ConfigError("no objective is named; expected one or more.")
        check_any(self.evaluator, self.space)

    @property
    def goals(self) -> tuple[Objective, ...]:
        """The objectives, in the order given."""
        names = [self.objective] if isinstance(self.objective, str) else self.objective
        return tuple(objective(name) for name in dict.fromkeys(names))

    @cached_property
    def study(self) -> str:
        """The name under which trials are kept: it tells this search from every other."""
        made_of = json.dumps(self._identity(), sort_keys=True, default=str)
        return f"{self.evaluator.asset.symbol}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"

    def search(self) -> Search:
        """Make the trials that are not kept yet; return all of them."""
        kept = {trial.number: trial for trial in self.store.load(self.study)}
        asks = self._proposer()
        self.store.begin(self.study, self._about())
        task = self.evaluator.asset.symbol
        self.progress.start(task, asks.total)
        found: list[Trial] = []
        while points := asks.propose(found, min(BATCH, asks.total - len(found))):
            for trial in self._batch(points, found, kept):
                found.append(trial)
                self.progress.advance(task)
        search = Search(
            asset=self.evaluator.asset.symbol,
            strategy=self.evaluator.asset.strategy,
            space=self.space,
            goals=self.goals,
            constraints=self.constraints,
            method=self.method,
            seed=self.seed,
            trials=tuple(found),
            study=self.study,
            notices=self.space.notices,
        )
        return dataclasses.replace(search, neighbourhoods=self._neighbourhoods(search))

    def _neighbourhoods(self, search: Search) -> tuple[Neighbourhood, ...]:
        """Try the points beside the best trials; what was tried already is not paid for again."""
        best = [one for _, one in search.ranked() if one.duplicate_of is None][: self.candidates]
        if not best:
            return ()
        beside = [nearby(self.evaluator, self.space, one) for one in best]
        study = f"{self.study}-beside"
        kept = self.store.load(study)
        self.store.begin(study, {**self._about(), "levels": _levels(beside)})
        known = {key_of(trial.parameters): trial for trial in (*kept, *search.trials)}
        task = f"{search.asset} beside"
        self.progress.start(task, len(best))
        found, count = [], len(kept)
        for centre, points in zip(best, beside):
            new = [one.point for one in points if key_of(one.point) not in known]
            made = self._beside(study, new, count)
            count += len(made)
            known.update((key_of(trial.parameters), trial) for trial in made)
            around = [(one, known[key_of(one.point)]) for one in points]
            found.append(neighbourhood(centre, around, self.goals[0], search.trials))
            self.progress.advance(task)
        return tuple(found)

    def _beside(self, study: str, points: Sequence[Mapping[str, Any]], first: int) -> list[Trial]:
        """Try points and keep them, also those before an interruption."""
        made: list[Trial] = []
        try:
            for number, point in enumerate(points, first):
                made.append(self._tried(number, point, study))
        finally:
            if made:
                self.store.keep(study, made)
        return made

    def _tried(self, number: int, point: Mapping[str, Any], study: str) -> Trial:
        trial = tried(self.evaluator, number, point, study)
        return dataclasses.replace(trial, scores=scores_of(trial, self._recorded))

    def _batch(
        self, points: Sequence[Mapping[str, Any]], found: Sequence[Trial], kept: Mapping[int, Trial]
    ) -> list[Trial]:
        """Return the trials of a batch; those made now are kept, also if one is interrupted."""
        known = {key_of(trial.parameters): trial for trial in reversed(found)}
        batch: list[Trial] = []
        fresh: list[Trial] = []
        try:
            for trial in self._made(points, len(found), known, kept):
                batch.append(trial)
                if trial.number not in kept:
                    fresh.append(trial)
        finally:
            if fresh:
                self.store.keep(self.study, fresh)
        return batch

    def _made(
        self,
        points: Sequence[Mapping[str, Any]],
        first: int,
        known: dict[str, Trial],
        kept: Mapping[int, Trial],
    ) -> Iterator[Trial]:
        for number, point in enumerate(points, first):
            key = key_of(point)
            if number in kept and key_of(kept[number].parameters) == key:
                trial = kept[number]
            elif key in known:
                trial = dataclasses.replace(
                    known[key], number=number, seconds=0.0, duplicate_of=known[key].number
                )
            else:
                trial = self._tried(number, point, self.study)
            known.setdefault(key, trial)
            yield trial

    def _proposer(self) -> Proposer:
        is_valid = accepts(self.evaluator)
        if self.method == "grid":
            return Listed(grid(self.space, self.trials, self.seed, is_valid))
        total = USUAL_TRIALS if self.trials is None else self.trials
        if self.method == "random":
            return Listed(sobol(self.space, total, self.seed, is_valid))
        return Bayesian(self.space, self.goals, self.constraints, total, self.seed, is_valid)

    @property
    def _recorded(self) -> tuple[Objective, ...]:
        """The objectives of the study: one without memory is the same whatever is looked for."""
        return self.goals if self.method == "bayesian" else (objective("sharpe"),)

    def _about(self) -> dict[str, Any]:
        asset = self.evaluator.asset
        return {
            "asset": asset.symbol,
            "strategy": asset.strategy,
            "method": self.method,
            "seed": self.seed,
            "levels": self.space.to_plain(),
            "objectives": [goal.name for goal in self._recorded],
            "data": data_hash(self.evaluator),
        }

    def _identity(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "evaluator": identity(self.evaluator),
            "space": self.space.to_plain(),
            "method": self.method,
            "seed": self.seed,
            # what a search without memory tries does not depend on what it looks for
            "goals": [goal.name for goal in self.goals] if self.method == "bayesian" else [],
            "limits": dataclasses.asdict(self.constraints) if self.method == "bayesian" else {},
            "capped": self.trials if self.method == "grid" else None,
        }


def _levels(beside: Sequence[Sequence[Nearby]]) -> dict[str, list[Any]]:
    """Return every value that occurs among points, by parameter."""
    points = [one.point for around in beside for one in around]
    names = dict.fromkeys(name for point in points for name in point)
    return {name: sorted({point[name] for point in points}, key=_order) for name in names}


def _order(value: Any) -> tuple[bool, Any]:
    return (isinstance(value, str), value)
