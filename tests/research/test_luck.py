import dataclasses
import json
from math import sqrt

import numpy as np
import pytest

from lockstep.metrics.confidence import probabilistic_sharpe
from lockstep.metrics.luck import deflated_sharpe, expected_maximum_sharpe
from lockstep.metrics.returns import days_per_year
from lockstep.metrics.undefined import Undefined
from lockstep.research.evaluation import Evaluator
from lockstep.research.luck import LuckTest, Record, verdict
from lockstep.research.luck_numbers import arrays, numbers
from lockstep.research.objectives import Constraints
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.space import Space
from tests.research.trials import FIRST, days_of, failed, noise, trial
from tests.research.worlds import small_evaluator

QUICK = LuckTest(resamples=199)


def judged(trials, test=QUICK, **given):
    (one,) = verdict(trials, test, **given).assets
    return one


def told(trials, test=QUICK, **given):
    return numbers(verdict(trials, test, **given))


def test_what_is_judged_is_the_best_by_the_goal_deflated_by_all():
    trials = noise(1, edge=0.002)
    one = judged(trials)
    assert one.chosen == max(trials, key=lambda t: t.metrics["sharpe"])
    assert one.deflation.probability == deflated_sharpe(one.chosen.daily, one.tally.effective)
    assert one.deflation.hurdle == expected_maximum_sharpe(one.tally.effective, 1 / 239)
    assert one.deflation.by_spread == deflated_sharpe(
        one.chosen.daily, one.tally.effective, float(np.var(one.ratios, ddof=1))
    )
    assert one.overfitting.blocks == 16


def test_every_trial_is_counted_once_as_what_it_is():
    trials = noise(2, count=10)
    still = trial(10, np.zeros(240))
    ruined = trial(11, [], days=days_of(240))
    copy = trial(12, trials[4].daily)
    again = dataclasses.replace(trials[5], number=13, duplicate_of=5)
    one = judged([*trials, still, ruined, copy, again, failed(14)])
    tally = one.tally
    assert (tally.made, tally.failed, tally.repeated) == (15, 1, 2)
    assert (tally.idle, tally.different) == (2, 10)
    assert 1.0 < tally.effective <= 10.0
    assert tally.made == tally.failed + tally.repeated + tally.idle + tally.different


def test_trials_on_other_days_count_as_looks_too():
    late = noise(3, edge=0.003, first=FIRST + 300)
    early = noise(4)
    alone, both = judged(late), judged([*early, *late])
    assert np.array_equal(both.days, late[0].days)
    assert both.chosen == alone.chosen
    effective = alone.tally.effective + judged(early).tally.effective
    assert both.tally.effective == pytest.approx(effective)
    assert both.deflation.probability < alone.deflation.probability
    assert both.overfitting.probability == alone.overfitting.probability


def test_a_given_choice_is_judged_on_its_own_days():
    late, early = noise(3, first=FIRST + 300), noise(4)
    one = judged([*early, *late], chosen={"A": early[7]})
    assert one.chosen == early[7]
    assert np.array_equal(one.days, early[7].days)


def test_trials_that_hardly_trade_take_no_part_in_choosing():
    trials = noise(5, count=12)
    rare = [dataclasses.replace(t, metrics={**t.metrics, "trades": 3.0}) for t in trials[:6]]
    one = judged([*rare, *trials[6:]])
    assert one.overfitting.trials == 6
    assert one.tally.different == 12
    assert one.chosen.number >= 6


def test_trials_that_fell_deep_are_not_left_out_of_the_field():
    trials = noise(5, count=12)
    deep = [dataclasses.replace(t, metrics={**t.metrics, "max_drawdown": 0.9}) for t in trials[:6]]
    one = judged([*deep, *trials[6:]], LuckTest(constraints=Constraints(max_drawdown=0.5)))
    assert one.overfitting.trials == 12
    assert one.chosen.number >= 6


def test_nothing_that_may_be_chosen_leaves_nothing_to_judge():
    idle = [trial(n, np.zeros(60)) for n in range(3)]
    for trials in (idle, [failed(0), failed(1)]):
        found = told(trials)
        assert found["verdict"]["level"] == "unknown"
        assert found["verdict"]["deflated_sharpe"] is None
        reason = "no trial may be chosen: none keeps the limits of the search"
        assert found["undefined"]["verdict.deflated_sharpe"] == reason
        assert found["verdict"]["trials"] == len(trials)


def test_of_one_asset_the_mix_is_the_asset():
    found = verdict(noise(6, edge=0.002), QUICK)
    one = found.assets[0]
    assert found.mixed.record.daily == pytest.approx(one.chosen.daily)
    assert found.mixed.hurdle == pytest.approx(one.deflation.hurdle)
    assert found.mixed.probability == pytest.approx(one.deflation.probability)


def test_luck_of_several_assets_adds_up_while_risk_does_not():
    # four assets of one deviation, strangers to each other: a mix of four bests by luck shows
    # 4 h s / 4 a day at a deviation of s / sqrt(4), so twice the hurdle h of one
    trials = [t for at in range(4) for t in noise(10 + at, asset="ABCD"[at])]
    found = verdict(trials, QUICK)
    hurdles = [one.deflation.hurdle for one in found.assets]
    assert found.mixed.hurdle == pytest.approx(2.0 * np.mean(hurdles), rel=0.12)
    daily = np.mean([one.chosen.daily for one in found.assets], axis=0)
    assert found.mixed.record.daily == pytest.approx(daily)
    assert probabilistic_sharpe(daily) > 0.95  # the mix of the lucky looks like skill
    assert found.mixed.probability < 0.95


def test_days_of_one_asset_only_count_as_flat_for_the_other():
    one = [trial(0, [0.02, -0.01, 0.03], days=days_of(3))]
    other = [trial(0, [0.01, 0.02], asset="B", days=days_of(2, FIRST + 2))]
    mixed = verdict([*one, *other], QUICK).mixed
    assert mixed.record.days.tolist() == days_of(4).tolist()
    assert mixed.record.daily == pytest.approx([0.01, -0.005, 0.02, 0.01])


def test_what_luck_earned_on_few_days_is_spread_over_all():
    # B has half the days: of what its best would earn by luck a day, the mix gets half as much
    trials = [*noise(1), *noise(2, n_days=120, asset="B")]
    found = verdict(trials, QUICK)
    a, b = found.assets
    earned = [one.deflation.hurdle * one.chosen.daily.std(ddof=1) * len(one.days) for one in (a, b)]
    mixed = found.mixed.record
    assert len(mixed.days) == 240
    assert found.mixed.hurdle == pytest.approx(sum(earned) / 480 / mixed.daily.std(ddof=1))


def test_noise_is_no_skill_and_an_edge_is():
    levels = [told(noise(seed))["verdict"]["level"] for seed in range(20)]
    assert levels.count("skill") <= 1
    assert levels.count("luck") >= 8
    planted = told(noise(7, edge=0.004))
    assert planted["verdict"]["level"] == "skill"
    assert planted["verdict"]["pbo"] < 0.05
    assert planted["by_asset"]["A"]["reality_check"]["p_consistent"] <= 0.05


def test_days_that_no_search_saw_come_first():
    trials = noise(7, edge=0.004)
    dice = np.random.default_rng(1).normal(0.0, 0.01, 200)
    days = days_of(200, FIRST + 400)
    lost = told(trials, unseen=Record(days, dice - dice.mean() - 0.001))
    assert lost["verdict"]["level"] == "luck"
    gained = told(noise(8), unseen=Record(days, dice - dice.mean() + 0.002))
    assert gained["verdict"]["level"] == "skill"
    year = sqrt(days_per_year(days))
    assert gained["verdict"]["out_of_sample_sharpe"] == pytest.approx(
        0.002 / dice.std(ddof=1) * year
    )
    ruined = told(trials, unseen=Record(days, np.empty(0)))
    assert ruined["verdict"]["level"] == "luck"
    assert ruined["undefined"]["out_of_sample.sharpe"] == "the equity reached zero"


def test_false_discoveries_are_controlled_across_assets():
    trials = [*noise(7, asset="B", edge=0.004), *noise(21, asset="A"), *noise(22, asset="C")]
    found = told(trials)["false_discovery"]
    assert found["discoveries"] == ["B"]
    assert found["benjamini_hochberg"]["B"] == pytest.approx(3 * found["p_values"]["B"])
    assert found["benjamini_yekutieli"]["B"] == pytest.approx(5.5 * found["p_values"]["B"])


def test_the_numbers_are_json_and_every_missing_one_has_its_reason():
    short = [trial(n, np.random.default_rng(n).normal(size=20)) for n in range(3)]
    plain = told(short)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain

    def missing(block, path=""):
        for name, value in block.items():
            here = f"{path}{name}"
            if isinstance(value, dict):
                yield from missing(value, f"{here}.")
            elif value is None:
                yield here

    assert set(missing({k: v for k, v in plain.items() if k != "undefined"})) == set(
        plain["undefined"]
    )
    assert plain["undefined"]["by_asset.A.pbo"] == "fewer than 40 trading days to be split"
    reason = "fewer than 30 trading days to be drawn again"
    assert plain["undefined"]["by_asset.A.reality_check.p_consistent"] == reason


def test_the_picture_is_of_the_same_splits_as_the_numbers():
    trials = [*noise(1), *noise(2, asset="B")]
    found = verdict(trials, QUICK)
    drawn = arrays(found)
    assert len(drawn["ranks"]) == sum(one.overfitting.splits for one in found.assets)
    assert np.mean(drawn["ranks"] <= 0.5 + 1e-12) == pytest.approx(numbers(found)["verdict"]["pbo"])
    assert sorted(drawn["fields"]) == ["A", "B"]


def test_the_same_trials_in_any_order_give_the_same_verdict():
    trials = [*noise(1), *noise(2, asset="B")]
    assert told(trials) == told(trials[::-1])


def test_two_trials_too_alike_to_differ_have_no_spread_and_no_field():
    one = judged([trial(0, np.random.default_rng(1).normal(0.1, 1.0, 60))])
    assert one.deflation.by_spread == Undefined(
        "fewer than two trials that differ: they have no spread"
    )
    assert one.against_field == Undefined("fewer than two trials that differ: there is no field")
    assert one.overfitting == Undefined("fewer than two trials that differ: nothing was chosen")
    assert one.deflation.probability == probabilistic_sharpe(one.chosen.daily)


# Prices through the real evaluator ------------------------------------------------------------


@pytest.fixture(scope="module")
def costless():
    """Return the evaluator of an asset that costs nothing, on the sample's bars."""
    whole = small_evaluator(30_000)
    free = dataclasses.replace(
        whole.asset.instrument, spread=(0.0,), slippage=0.0, swap_long=0.0, swap_short=0.0
    )
    return Evaluator(
        whole.asset.model_copy(update={"instrument": free}), whole.portfolio, whole.bars
    )


def searched(evaluator):
    space = Space.of(evaluator.asset, {"stop_multiplier": "1:5:1", "bollinger_period": "10:60:10"})
    found = ParameterOptimizer(evaluator, space, method="grid", candidates=0).search()
    return told(found.trials)["verdict"]


def wandering(evaluator, seed):
    """Return the evaluator with prices that nothing can foresee."""
    dice, bars = np.random.default_rng(seed), evaluator.bars
    steps = dice.normal(0.0, 0.0003 / sqrt(10.0), (len(bars), 10)).cumsum().reshape(-1, 10)
    path = np.log(bars.close[0]) + np.column_stack([np.append(0.0, steps[:-1, -1]), steps])
    prices = np.exp(path)
    walk = dataclasses.replace(
        bars,
        open=prices[:, 0].copy(),
        high=prices.max(axis=1),
        low=prices.min(axis=1),
        close=prices[:, -1].copy(),
    )
    return Evaluator(evaluator.asset, evaluator.portfolio, walk)


def test_a_grid_on_prices_of_pure_noise_finds_no_skill(costless):
    found = [searched(wandering(costless, seed)) for seed in range(5)]
    assert all(one["level"] != "skill" for one in found)
    assert np.mean([one["pbo"] for one in found]) == pytest.approx(0.5, abs=0.25)
    assert all(one["deflated_sharpe"] < 0.95 for one in found)


def test_a_grid_on_prices_that_turn_back_finds_what_is_there(costless):
    # the sample's prices are pulled back to their fair value, and here nothing has to be paid
    found = searched(costless)
    assert found["deflated_sharpe"] > 0.75
    assert found["in_sample_sharpe"] > 3.0


def test_parameters_that_another_window_of_the_walk_forward_tried_are_one_look():
    late = noise(3, first=FIRST + 300)
    early = [dataclasses.replace(one, study="early") for one in noise(4)]
    apart, walk = judged([*early, *late]), judged([*early, *late], windows={"early", "A-search"})
    alone = judged(late)
    assert walk.tally.effective == alone.tally.effective < apart.tally.effective
    assert walk.deflation.probability == alone.deflation.probability
    assert (walk.tally.made, walk.tally.repeated) == (40, 20)


def test_parameters_that_only_another_window_tried_stay_looks():
    late = noise(3, first=FIRST + 300)
    early = [
        dataclasses.replace(one, study="early-beside", parameters={"stop": one.number + 15})
        for one in noise(4)
    ]
    walk = judged([*early, *late], windows={"early", "A-search"})
    assert walk.tally.repeated == 5  # stops 15 to 19
    assert judged(late).tally.effective < walk.tally.effective
    assert walk.tally.effective < judged([*early, *late]).tally.effective


def test_a_search_that_is_not_of_the_walk_forward_stays_a_look_of_its_own():
    late = noise(3, first=FIRST + 300)
    other = [dataclasses.replace(one, study="other") for one in noise(4)]
    found = judged([*other, *late], windows={"A-search"})
    assert found.tally == judged([*other, *late]).tally


def test_of_a_walk_forward_without_a_choice_the_last_window_is_what_others_repeat():
    late = [dataclasses.replace(one, metrics={}) for one in noise(3, first=FIRST + 300)]
    early = [dataclasses.replace(one, study="early") for one in noise(4)]
    found = judged([*early, *late], windows={"early", "A-search"})
    assert found.chosen == Undefined("no trial may be chosen: none keeps the limits of the search")
    assert found.tally.effective == judged(late).tally.effective


def test_the_middle_of_the_field_is_that_of_proposed_trials_not_of_points_beside_the_best():
    trials = noise(11, count=9)
    best = max(trials, key=lambda one: one.metrics["sharpe"])
    dice = np.random.default_rng(1)
    beside = [
        trial(at, best.daily + dice.normal(0.001, 1e-4, 240), study="A-search-beside",
              parameters={"stop": 100 + at})
        for at in range(12)
    ]  # fmt: skip
    found = told([*trials, *beside])
    alone = told(trials)
    assert found["by_asset"]["A"]["middle_sharpe"] == alone["by_asset"]["A"]["middle_sharpe"]
    assert found["verdict"]["trials"] == 21
