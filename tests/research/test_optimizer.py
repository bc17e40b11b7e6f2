import dataclasses

import numpy as np
import pytest

from lockstep.core.errors import ConfigError
from lockstep.core.trial import Trial
from lockstep.research.objectives import Constraints
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.space import Space
from lockstep.research.trying import tried
from tests.research.worlds import small_evaluator

FEW = Constraints(min_trades=1)


class Shelf:
    """A store in memory."""

    def __init__(self):
        self.kept = {}

    def load(self, study):
        return list(self.kept.get(study, []))

    def begin(self, study, about):
        self.about = about

    def keep(self, study, trials):
        self.kept.setdefault(study, []).extend(trials)


@pytest.fixture(scope="module")
def evaluator():
    return small_evaluator()


@pytest.fixture(scope="module")
def space(evaluator):
    return Space.of(evaluator.asset, {"stop_multiplier": "1:5:1", "bollinger_period": "10:40:10"})


def plain(trial: Trial):
    """Return what must be equal to the bit: everything but the time it took."""
    facts = dataclasses.asdict(dataclasses.replace(trial, seconds=0.0))
    return {**facts, "days": trial.days.tobytes(), "daily": trial.daily.tobytes()}


def same(one, other):
    return [plain(trial) for trial in one] == [plain(trial) for trial in other]


def test_a_grid_search_tries_every_point_once_and_chooses_the_best(evaluator, space):
    search = ParameterOptimizer(evaluator, space, method="grid", constraints=FEW).search()
    assert [trial.parameters for trial in search.trials] == list(space.points())
    assert [trial.number for trial in search.trials] == list(range(20))
    scores = [trial.metrics["sharpe"] for trial in search.trials]
    assert search.best().metrics["sharpe"] == max(one for one in scores if one is not None)


def test_a_trial_is_what_the_evaluator_measured(evaluator, space):
    search = ParameterOptimizer(evaluator, space, method="random", trials=3).search()
    for trial in search.trials:
        made = evaluator.evaluate(trial.parameters)
        assert trial.metrics["net_pnl"] == made.metrics["net_pnl"]
        assert np.array_equal(trial.daily, made.daily)
        assert np.array_equal(trial.days, made.days)


@pytest.mark.parametrize("method", ["grid", "random", "bayesian"])
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(evaluator, space, method):
    settings = {"method": method, "trials": 20, "seed": 3}
    whole = ParameterOptimizer(evaluator, space, **settings, store=Shelf()).search()
    shelf = Shelf()
    first = ParameterOptimizer(evaluator, space, **settings, store=shelf)
    shelf.keep(first.study, whole.trials[:11])
    again = ParameterOptimizer(evaluator, space, **settings, store=shelf).search()
    assert same(again.trials, whole.trials)
    assert [one.number for one in shelf.load(first.study)] == list(range(20))


def test_an_interruption_keeps_what_is_done(evaluator, space, monkeypatch):
    calls = []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return tried(*arguments)

    monkeypatch.setattr("lockstep.research.optimizer.tried", interrupted)
    shelf = Shelf()
    optimizer = ParameterOptimizer(evaluator, space, method="grid", store=shelf)
    with pytest.raises(KeyboardInterrupt):
        optimizer.search()
    assert [trial.number for trial in shelf.load(optimizer.study)] == list(range(11))


def test_a_trial_that_raises_is_recorded_as_failed_and_the_search_goes_on(evaluator, space):
    real = evaluator.evaluate

    class Broken(type(evaluator)):
        def __init__(self):
            self.__dict__.update(evaluator.__dict__)

        def evaluate(self, parameters):
            if parameters["stop_multiplier"] == 2.0:
                raise ConfigError("two is wrong.")
            made = real(parameters)
            if parameters["stop_multiplier"] == 3.0:
                return dataclasses.replace(made, metrics={**made.metrics, "sharpe": float("nan")})
            return made

    search = ParameterOptimizer(Broken(), space, method="grid", constraints=FEW).search()
    errors = {
        trial.parameters["stop_multiplier"]: trial.error
        for trial in search.trials
        if not trial.is_complete
    }
    assert errors == {2.0: "two is wrong.", 3.0: "sharpe is nan"}
    assert len(search.trials) == 20
    assert search.best().is_complete


def test_another_seed_space_account_or_data_is_another_study(evaluator, space):
    base = ParameterOptimizer(evaluator, space, method="random")
    assert base.study == ParameterOptimizer(evaluator, space, method="random", trials=7).study
    others = [
        ParameterOptimizer(evaluator, space, method="random", seed=1),
        ParameterOptimizer(evaluator, space, method="grid"),
        ParameterOptimizer(evaluator, Space.named("quick", evaluator), method="random"),
        ParameterOptimizer(small_evaluator(6_001), space, method="random"),
        ParameterOptimizer(small_evaluator(reward_risk=2.0), space, method="random"),
    ]
    assert len({base.study, *(one.study for one in others)}) == 6


def test_a_bayesian_search_of_one_objective_or_several_is_the_same_when_made_again(evaluator):
    space = Space.named("balanced", evaluator)
    for goals in ("pnl", ("pnl", "drawdown")):
        settings = {"objective": goals, "method": "bayesian", "trials": 40, "constraints": FEW}
        one = ParameterOptimizer(evaluator, space, **settings).search()
        other = ParameterOptimizer(evaluator, space, **settings).search()
        assert same(one.trials, other.trials)
        assert len(one.trials) == 40
        assert not same(
            one.trials, ParameterOptimizer(evaluator, space, **settings, seed=1).search().trials
        )


def test_a_longer_bayesian_search_begins_with_a_shorter_one(evaluator):
    space = Space.named("balanced", evaluator)
    short, long = (
        ParameterOptimizer(evaluator, space, trials=count, constraints=FEW).search().trials
        for count in (27, 40)
    )
    assert same(short, long[:27])


def test_a_bayesian_search_learns(evaluator):
    space = Space.named("wide", evaluator)
    search = ParameterOptimizer(evaluator, space, "pnl", FEW, trials=80).search()
    scores = [trial.metrics["net_pnl"] for trial in search.trials]
    assert np.median(scores[40:]) > np.median(scores[:16])


def test_a_small_space_is_left_once_every_point_was_tried_and_no_point_is_paid_for_twice(
    evaluator, monkeypatch
):
    calls = []
    monkeypatch.setattr(
        "lockstep.research.optimizer.tried", lambda *given: calls.append(given) or tried(*given)
    )
    space = Space.of(evaluator.asset, {"stop_multiplier": "1:5:1", "reward_risk": "1:4:1"})
    search = ParameterOptimizer(evaluator, space, trials=500, constraints=FEW).search()
    assert len(calls) == space.size == 20
    copies = [trial for trial in search.trials if trial.duplicate_of is not None]
    assert len(search.trials) == 20 + len(copies) < 500
    for trial in copies:
        first = search.trials[trial.duplicate_of]
        assert (first.parameters, first.metrics) == (trial.parameters, trial.metrics)
        assert trial.seconds == 0.0


def test_an_undefined_score_ranks_behind_and_a_broken_limit_is_never_best(evaluator):
    space = Space.of(evaluator.asset, {"bollinger_deviations": "1:6:0.5"})
    limits = Constraints(min_trades=40)
    search = ParameterOptimizer(evaluator, space, "sqn", limits, trials=30).search()
    assert any(trial.metrics["sqn"] is None for trial in search.trials)
    assert all(trial.metrics["trades"] >= 40 for _, trial in search.ranked())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"method": "magic"}, "method 'magic' is unknown; expected grid, random"),
        ({"trials": 0}, "trials is 0; expected 1 or more"),
        ({"objective": "luck"}, "objective 'luck' is unknown"),
        ({"objective": ()}, "no objective is named"),
    ],
)
def test_settings_that_cannot_be_are_refused(evaluator, space, given, words):
    with pytest.raises(ConfigError, match=words):
        ParameterOptimizer(evaluator, space, **given)


@pytest.mark.parametrize("method", ["grid", "random", "bayesian"])
def test_a_space_of_which_the_strategy_refuses_every_point_is_told_and_never_searched(
    evaluator, method
):
    ranges = {"volatility_min": [0.8, 0.9], "volatility_max": [0.3, 0.4]}
    space = Space.of(evaluator.asset, ranges)
    with pytest.raises(ConfigError, match=r"refuses every point of the ranges\. The first, .*0\.8"):
        ParameterOptimizer(evaluator, space, method=method)
    some = Space.of(evaluator.asset, {**ranges, "volatility_max": [0.3, 0.85]})
    assert len(ParameterOptimizer(evaluator, some, method="grid").search().trials) == 1
