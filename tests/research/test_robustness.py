import dataclasses

import numpy as np
import pytest

from lockstep.core.errors import ConfigError
from lockstep.core.trial import FAILED, Trial
from lockstep.metrics.undefined import Undefined
from lockstep.research.objectives import Constraints, objective
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.robustness import Nearby, nearby, neighbourhood
from lockstep.research.search import Search
from lockstep.research.space import Dimension, Space
from tests.research.test_optimizer import FEW, Shelf, same
from tests.research.worlds import small_evaluator

GOAL = objective("pnl")


@pytest.fixture(scope="module")
def evaluator():
    return small_evaluator()


def scored(number, value, **parameters):
    state = FAILED if value is None else "complete"
    metrics = {"net_pnl": value, "trades": 50.0, "max_drawdown": 0.1}
    return Trial(number, "A", parameters, state=state, metrics=metrics)


def around(values):
    nearby = [Nearby("x" if k < 2 else "y", "step", k, {"x": k}) for k in range(len(values))]
    return [(near, scored(k, value)) for k, (near, value) in enumerate(zip(nearby, values))]


def test_the_plateau_score_is_the_mean_of_the_point_and_what_lies_beside_it():
    found = neighbourhood(scored(0, 10.0), around([8.0, 6.0, 9.0, 7.0]), GOAL, [])
    assert found.plateau == pytest.approx(8.0)
    assert found.fall == pytest.approx(1.0 - 7.5 / 10.0)
    assert found.falls == {"x": 4.0, "y": 3.0}


def test_a_neighbour_without_a_score_counts_as_the_worst_of_the_search():
    search = [scored(0, 10.0), scored(1, -6.0), scored(2, None)]
    found = neighbourhood(scored(0, 10.0), around([8.0, None]), GOAL, search)
    assert found.filled == (8.0, -6.0)
    assert found.plateau == pytest.approx(4.0)


def test_no_fraction_of_a_loss_can_be_lost_and_a_point_alone_has_no_fall():
    loss = neighbourhood(scored(0, -1.0), around([-2.0]), GOAL, [])
    assert isinstance(loss.fall, Undefined)
    assert loss.plateau == pytest.approx(-1.5)
    alone = neighbourhood(scored(0, 5.0), [], GOAL, [])
    assert alone.plateau == 5.0
    assert alone.fall == Undefined("no parameter has a neighbour")


def test_a_trial_without_a_score_has_no_plateau():
    with pytest.raises(ValueError, match="trial 3 has no score"):
        neighbourhood(scored(3, None), [], GOAL, [])


def test_beside_a_point_lie_one_step_and_ten_per_cent_to_either_side_within_declared_bounds(
    evaluator,
):
    space = Space(
        (
            Dimension("bollinger_period", (10, 20, 40)),
            Dimension("stop_multiplier", (19.0, 20.0)),
            Dimension("hour_zone", ("UTC", "CET"), is_number=False),
        )
    )
    point = {"bollinger_period": 20, "stop_multiplier": 20.0, "hour_zone": "UTC"}
    found = nearby(evaluator, space, Trial(0, "A", point))
    assert [(one.parameter, one.kind, one.value) for one in found] == [
        ("bollinger_period", "step", 10),
        ("bollinger_period", "step", 40),
        ("bollinger_period", "percent", 18),
        ("bollinger_period", "percent", 22),
        ("stop_multiplier", "step", 19.0),
        ("stop_multiplier", "percent", 18.0),
    ]
    assert found[0].point == {**point, "bollinger_period": 10}


def test_beyond_the_last_level_lies_one_more_step_and_points_that_round_alike_count_once(evaluator):
    space = Space((Dimension("atr_period", (8, 10)),))
    found = nearby(evaluator, space, Trial(0, "A", {"atr_period": 10}))
    assert [(one.kind, one.value) for one in found] == [
        ("step", 8),
        ("step", 12),
        ("percent", 9),
        ("percent", 11),
    ]
    same = nearby(evaluator, space, Trial(0, "A", {"atr_period": 4 + 4}))
    assert [one.value for one in same] == [6, 10, 7, 9]


def test_a_lonely_peak_is_left_for_a_plateau():
    peak, hill = scored(0, 10.0, x=1), scored(1, 8.0, x=5)
    space = Space((Dimension("x", (1, 5)),))
    search = Search("A", "s", space, (GOAL,), Constraints(), "grid", 0, (peak, hill))
    search = dataclasses.replace(
        search,
        neighbourhoods=(
            neighbourhood(peak, around([0.0, 1.0]), GOAL, search.trials),
            neighbourhood(hill, around([7.0, 7.5]), GOAL, search.trials),
        ),
    )
    assert search.best() is peak
    assert search.best("plateau") is hill
    assert search.neighbourhood_of(hill).plateau == pytest.approx(7.5)


def test_a_plateau_asks_for_neighbours_that_were_tried():
    space = Space((Dimension("x", (1, 5)),))
    search = Search("A", "s", space, (GOAL,), Constraints(), "grid", 0, (scored(0, 1.0, x=1),))
    with pytest.raises(ConfigError, match="no neighbours were tried"):
        search.best("plateau")
    with pytest.raises(ConfigError, match="select is 'top'; expected best or plateau"):
        search.best("top")


def test_points_beside_the_best_are_trials_that_are_recorded_and_paid_for_once(
    evaluator, monkeypatch
):
    space = Space.of(
        evaluator.asset, {"stop_multiplier": "2:4:0.5", "bollinger_period": "20:40:10"}
    )
    shelf = Shelf()
    optimizer = ParameterOptimizer(
        evaluator, space, method="grid", constraints=FEW, store=shelf, candidates=3
    )
    search = optimizer.search()
    assert len(search.neighbourhoods) == 3
    assert [one.centre.number for one in search.neighbourhoods] == [
        trial.number for _, trial in search.ranked()[:3]
    ]
    beside = shelf.load(f"{optimizer.study}-beside")
    assert len(search.made) == len(search.trials) + len(beside)
    assert [trial.number for trial in beside] == list(range(len(beside)))
    for one in search.neighbourhoods:
        for near, trial in zip(one.nearby, one.trials):
            assert trial.parameters == near.point
            assert trial.metrics["net_pnl"] == evaluator.evaluate(near.point).metrics["net_pnl"]

    def never(*given):
        raise AssertionError(given)

    monkeypatch.setattr("lockstep.research.optimizer.tried", never)
    again = optimizer.search()
    assert again.best("plateau").number == search.best("plateau").number
    assert same(again.trials, search.trials)
    for one, other in zip(again.neighbourhoods, search.neighbourhoods):
        assert same(one.trials, other.trials)
        assert np.array_equal(one.scores, other.scores)
