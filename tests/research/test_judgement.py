import dataclasses
import json

import numpy as np
import pytest

from lockstep.core.result import RunResult
from lockstep.metrics.returns import days_per_year, sharpe
from lockstep.metrics.summary import summarise
from lockstep.research import luck_numbers
from lockstep.research.as_run import LABEL, as_run
from lockstep.research.cpcv import Folds, crossed
from lockstep.research.judgement import crossed_numbers, numbers
from lockstep.research.objectives import Constraints
from lockstep.research.walk_luck import luck
from lockstep.runs.store import save
from tests.engine.markets import market
from tests.research.test_walkforward import TRIO, analyzer, tuning


@pytest.fixture(scope="module")
def made_by():
    return analyzer(market(TRIO, seed=3, days=190), hindsight=True)


@pytest.fixture(scope="module")
def walk(made_by):
    return made_by.run()


@pytest.fixture(scope="module")
def found(walk, made_by):
    return numbers(walk, made_by)


def test_the_numbers_are_json_without_nan(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_money_of_windows_and_assets_adds_up_to_the_account(found, walk):
    pnl = [one["out_of_sample_pnl"] for w in found["windows"] for one in w["by_asset"].values()]
    assert sum(pnl) == pytest.approx(found["out_of_sample"]["net_pnl"], abs=1e-6)
    returns = [1.0 + window["out_of_sample"]["total_return"] for window in found["windows"]]
    whole = found["out_of_sample"]["total_return"]
    assert np.prod(returns) - 1.0 == pytest.approx(whole, rel=1e-9)
    trades = [window["out_of_sample"]["trades"] for window in found["windows"]]
    assert sum(trades) == found["out_of_sample"]["trades"] == len(walk.played.trades)
    days = [window["out_of_sample"]["days"] for window in found["windows"]]
    assert sum(days) == found["out_of_sample"]["days"] == len(walk.outside.days)


def test_days_of_windows_are_calendar_months_but_for_the_embargo(found):
    days = [(w["in_sample_days"], w["out_of_sample_days"]) for w in found["windows"][:2]]
    assert days == [
        (["2025-03-01", "2025-04-29"], ["2025-05-01", "2025-05-31"]),
        (["2025-04-01", "2025-05-30"], ["2025-06-01", "2025-06-30"]),
    ]


def test_degradation_is_in_sample_minus_out_of_sample(found):
    for window in found["windows"]:
        inside, outside = window["in_sample"]["sharpe"], window["out_of_sample"]["sharpe"]
        lost = window["degradation"]
        assert lost["sharpe"] == pytest.approx(inside - outside)
        if inside > 0.1:
            assert lost["kept_share"] == pytest.approx(outside / inside)
        else:
            assert lost["kept_share"] is None
            path = f"windows.{window['number'] - 1}.degradation.kept_share"
            assert "is not above 0.1" in found["undefined"][path]


def test_paths_hold_the_parameter_of_every_window(found, walk):
    for symbol in TRIO:
        told = found["parameters"][symbol]["stop_multiplier"]
        chosen = [w.fits[symbol].chosen.parameters["stop_multiplier"] for w in walk.windows]
        assert told["path"] == chosen
        assert told["stability"]["median"] == np.median(chosen)


def test_every_trial_counts_and_the_account_is_the_record_nobody_saw(found, walk, made_by):
    told = luck_numbers.numbers(luck(walk, made_by))
    assert found["trials"] == 3 * 6 * len(walk.windows)
    assert told["verdict"]["trials"] == found["trials"] + found["hindsight"]["trials"]
    assert told["verdict"]["out_of_sample_sharpe"] == found["out_of_sample"]["sharpe"]
    assert told["out_of_sample"]["days"] == found["out_of_sample"]["days"]


def test_the_verdict_holds_the_account_against_what_the_windows_had_shown(found, walk, made_by):
    told = luck_numbers.numbers(luck(walk, made_by))
    inside = [window["in_sample"]["sharpe"] for window in found["windows"]]
    assert told["verdict"]["in_sample_sharpe"] == np.median(inside)
    assert told["verdict"]["in_sample_of"] == "windows"
    days = np.unique(np.concatenate([trial.days for trial in walk.judged.values()]))
    made = np.zeros(len(days))
    for one in walk.judged.values():
        made[np.isin(days, one.days)] += one.daily / 3
    assert told["in_sample"]["sharpe"] == pytest.approx(sharpe(made, days_per_year(days)))
    assert told["in_sample"]["first_day"] >= found["out_of_sample"]["first_day"]


def test_an_account_that_lost_everything_is_no_account_that_was_not_measured(walk, made_by):
    ruined = dataclasses.replace(walk.outside, daily=np.empty(0))
    told = luck_numbers.numbers(luck(dataclasses.replace(walk, outside=ruined), made_by))
    assert told["verdict"]["level"] == "luck"
    assert told["out_of_sample"]["ruined"]
    assert told["out_of_sample"]["days"] == len(walk.outside.days)


def test_what_hindsight_chose_is_judged_and_without_it_what_the_last_window_chose(walk, made_by):
    for one, last in (
        (walk, walk.hindsight),
        (dataclasses.replace(walk, hindsight=None), walk.windows[-1]),
    ):
        chosen = {symbol: fit.chosen for symbol, fit in last.fits.items()}
        assert one.judged == chosen
        found = luck(one, made_by)
        assert {asset.asset: asset.chosen for asset in found.assets} == chosen


def test_windows_without_a_choice_say_so():
    made_by = analyzer(
        market(TRIO, seed=3, days=130), tuning=tuning(constraints=Constraints(10_000))
    )
    told = numbers(made_by.run(), made_by)
    assert told["windows"][0]["in_sample"]["sharpe"] is None
    said = told["undefined"]
    assert said["windows.0.in_sample.sharpe"] == "no asset was chosen in this window"
    assert said["efficiency"] == "no window has both returns"
    assert said["hindsight.sharpe"] == "the choice of hindsight was not asked for"
    assert told["out_of_sample"]["net_pnl"] == 0.0
    assert told["consistency"]["gaining"] == 0.0


def test_the_account_is_a_run_like_every_other(walk, made_by, found, tmp_path):
    result = as_run(walk, made_by, ("SYNTHETIC PRICES",))
    assert result.facts["labels"] == [LABEL, "SYNTHETIC PRICES"]
    metrics = summarise(result)
    assert metrics["portfolio"]["net_pnl"] == pytest.approx(found["out_of_sample"]["net_pnl"])
    assert metrics["portfolio"]["sharpe"] == pytest.approx(found["out_of_sample"]["sharpe"])
    assert metrics["portfolio"]["trades"] == found["out_of_sample"]["trades"]
    save(result, tmp_path)
    again = RunResult.load(tmp_path)
    assert again.equity.equals(result.equity)
    assert len(again.facts["walkforward"]) == len(walk.windows)
    chosen = result.facts["ambiguous"]
    assert chosen["stop_first"] == pytest.approx(found["out_of_sample"]["net_pnl"])


def test_cross_validation_of_hindsights_trials_is_told(walk, made_by):
    trials = {symbol: fit.trials for symbol, fit in walk.hindsight.fits.items()}
    got = crossed(trials, Folds(5, 2), made_by.portfolio)
    told = crossed_numbers(got)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["splits"], told["paths"], len(told["sharpe"])) == (10, 4, 4)
    expected = sharpe(got.paths[0], days_per_year(got.days))
    assert told["sharpe"][0] == expected
    assert told["quantiles"]["p50"] == told["median_sharpe"] == np.median(got.known)
