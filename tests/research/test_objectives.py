import math

import pytest

from lockstep.core.errors import ConfigError
from lockstep.core.trial import FAILED, Trial
from lockstep.research.objectives import (
    OBJECTIVES,
    Constraints,
    balanced,
    front,
    objective,
    ranked,
)


def trial(number, **metrics):
    return Trial(number, "A", {}, metrics={"trades": 100.0, "max_drawdown": 0.1, **metrics})


def test_balanced_is_the_sharpe_ratio_cut_for_drawdown_and_for_few_trades():
    whole = {"sharpe": 2.0, "max_drawdown": 0.1, "trades": 400.0}
    assert balanced(whole) == pytest.approx(2.0 * 0.8)
    assert balanced({**whole, "trades": 25.0}) == pytest.approx(2.0 * 0.8 * 0.5)
    assert balanced({**whole, "max_drawdown": 0.6}) == 0.0


def test_a_deeper_drawdown_or_fewer_trades_never_flatter_a_loss():
    loss = {"sharpe": -1.0, "max_drawdown": 0.1, "trades": 400.0}
    assert balanced(loss) == pytest.approx(-1.0 / 1.3)
    assert balanced({**loss, "max_drawdown": 0.4}) < balanced(loss)
    assert balanced({**loss, "trades": 4.0}) < balanced(loss)


def test_an_undefined_sharpe_ratio_or_drawdown_leaves_balanced_undefined():
    assert balanced({"sharpe": None, "max_drawdown": 0.1, "trades": 9.0}) is None
    assert balanced({"sharpe": 1.0, "max_drawdown": None, "trades": 9.0}) is None


def test_a_score_of_zero_is_a_score_and_a_failed_or_infinite_one_is_none():
    goal = objective("pnl")
    assert goal.of(trial(0, net_pnl=0.0)) == 0.0
    assert goal.of(trial(0, net_pnl=math.inf)) is None
    assert goal.of(Trial(0, "A", {}, state=FAILED)) is None


def test_less_drawdown_is_a_larger_score():
    goal = objective("drawdown")
    assert goal.of(trial(0, max_drawdown=0.1)) > goal.of(trial(1, max_drawdown=0.2))


def test_every_objective_reads_a_metric_that_is_measured():
    from lockstep.research.evaluation import METRICS

    metrics = dict.fromkeys(METRICS, 0.25)
    assert all(goal.score(metrics) is not None for goal in OBJECTIVES.values())


def test_an_unknown_objective_lists_the_choices():
    with pytest.raises(ConfigError, match=r"objective 'sharp' is unknown.*sharpe"):
        objective("sharp")


def test_trials_that_break_a_constraint_are_never_best_and_ties_go_to_the_first():
    trials = [
        trial(0, net_pnl=5.0, trades=3.0),
        trial(1, net_pnl=4.0),
        trial(2, net_pnl=4.0),
        trial(3, net_pnl=9.0, max_drawdown=0.5),
    ]
    found = ranked(trials, objective("pnl"), Constraints(min_trades=30, max_drawdown=0.3))
    assert [(score, one.number) for score, one in found] == [(4.0, 1), (4.0, 2)]


def test_breaking_a_limit_is_measured_relative_to_it():
    limits = Constraints(min_trades=40, max_drawdown=0.2)
    assert limits.broken_by({"trades": 40.0, "max_drawdown": 0.2}) == 0.0
    assert limits.broken_by({"trades": 30.0, "max_drawdown": 0.3}) == pytest.approx(0.25 + 0.5)
    assert limits.broken_by({"trades": None, "max_drawdown": None}) == 1.0


@pytest.mark.parametrize("given", [{"min_trades": -1}, {"max_drawdown": 30.0}])
def test_limits_out_of_range_are_refused(given):
    with pytest.raises(ConfigError, match="expected"):
        Constraints(**given)


def test_the_front_holds_what_no_other_beats_in_one_goal_without_losing_in_another():
    goals = [objective("pnl"), objective("drawdown")]
    trials = [
        trial(0, net_pnl=10.0, max_drawdown=0.3),
        trial(1, net_pnl=5.0, max_drawdown=0.1),
        trial(2, net_pnl=4.0, max_drawdown=0.2),
        trial(3, net_pnl=10.0, max_drawdown=0.3),
        trial(4, net_pnl=None, max_drawdown=0.0),
    ]
    assert [one.number for one in front(trials, goals, Constraints())] == [0, 1]
