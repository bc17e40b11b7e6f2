import dataclasses
import json

import numpy as np
import pytest

from lockstep.research.objectives import Constraints
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.search_numbers import numbers, table, tally
from lockstep.research.searching import search_many
from lockstep.research.space import Space
from tests.research.worlds import small_evaluator

FEW = Constraints(min_trades=1)


@pytest.fixture(scope="module")
def evaluator():
    return small_evaluator()


@pytest.fixture(scope="module")
def search(evaluator):
    space = Space.of(evaluator.asset, {"stop_multiplier": "2:4:1", "reward_risk": "1:2:0.5"})
    return ParameterOptimizer(
        evaluator, space, method="grid", constraints=FEW, candidates=2
    ).search()


def test_the_numbers_are_plain_data_and_name_the_chosen_by_all_its_parameters(search, evaluator):
    plain = json.loads(json.dumps(numbers(search, evaluator, "best"), allow_nan=False))
    best = search.best()
    assert plain["best_trial"] == best.number
    assert plain["best_params"] == best.parameters
    assert plain["parameters"] == dataclasses.asdict(evaluator.strategy(best.parameters))
    assert plain["best_metrics"]["net_pnl"] == best.metrics["net_pnl"]
    assert plain["configured_metrics"]["trades"] == evaluator.evaluate({}).metrics["trades"]
    assert [one["trial"] for one in plain["top_10"]] == [
        trial.number for _, trial in search.ranked()[:10]
    ]
    around = plain["robustness"][0]
    assert around["score"] == plain["best_score"]
    assert around["plateau"] == plain["plateau"]["score"] == search.neighbourhoods[0].plateau
    assert len(around["points"]) == plain["plateau"]["neighbours"]
    assert plain["data"]["bars"] == 6_000


def test_every_trial_that_was_played_is_counted_once(search):
    found = tally(search)
    beside = {trial.number for one in search.neighbourhoods for trial in one.trials
              if trial.study.endswith("-beside")}  # fmt: skip
    assert found["proposed"] == 9
    assert found["made"] == 9 + len(beside)
    assert found["beside"] == len(beside) > 0
    assert found["duplicates"] == found["failed"] == 0


def test_the_table_holds_a_row_a_trial_with_its_parameters(search):
    frame = table([search])
    assert len(frame) == tally(search)["made"]
    assert frame["param.stop_multiplier"].notna().all()
    searched = frame[~frame["beside"]]
    assert searched["number"].tolist() == list(range(9))
    assert np.array_equal(
        searched["sharpe"], [trial.metrics["sharpe"] for trial in search.trials], equal_nan=True
    )


def test_a_search_that_chose_nothing_says_so(search, evaluator):
    strict = dataclasses.replace(search, constraints=Constraints(min_trades=10**6))
    plain = numbers(strict, evaluator, "best")
    assert plain["best_params"] is plain["parameters"] is plain["best_score"] is None
    assert plain["top_10"] == []
    assert not table([strict])["chosen_from"].any()


class Heard:
    """A `Progress` that remembers."""

    def __init__(self):
        self.told = {}

    def start(self, task, total):
        self.told[task] = [0, total]

    def advance(self, task, units=1):
        self.told[task][0] += units


def test_progress_is_told_of_every_trial_and_every_asset(evaluator):
    space = Space.of(evaluator.asset, {"stop_multiplier": "2:4:1"})
    heard = Heard()
    optimizer = ParameterOptimizer(evaluator, space, method="grid", constraints=FEW, candidates=1)
    (found,) = search_many([optimizer], progress=heard)
    assert len(found.trials) == 3
    assert heard.told == {"assets": [1, 1], "EURGBPX": [3, 3], "EURGBPX beside": [1, 1]}
