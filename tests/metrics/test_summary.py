import dataclasses
import json
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lockstep.core.errors import DataError
from lockstep.metrics.summary import summarise
from tests.metrics import samples

PROMISED = [
    "initial_equity",
    "final_equity",
    "net_pnl",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "trades",
    "win_rate",
    "profit_factor",
    "expectancy_r",
    "spread_cost",
    "slippage_cost",
    "commission",
    "swap",
    "min_margin_level",
    "stop_outs",
    "breaker_trips",
]
RETURNS = np.array([5 / 1000, -10 / 1005, 25 / 995, 10 / 1020])


@pytest.fixture(scope="module")
def numbers():
    return summarise(samples.run())


def test_every_promised_key_stands_under_the_portfolio_and_under_each_asset(numbers):
    for block in (numbers["portfolio"], *numbers["assets"].values()):
        assert [key for key in PROMISED if key not in block] == []


def test_the_summary_is_json_and_each_none_has_its_reason(numbers):
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers

    def nones(value, path):
        if isinstance(value, dict):
            return [p for key, item in value.items() for p in nones(item, f"{path}.{key}")]
        if isinstance(value, list):
            return [p for at, item in enumerate(value) for p in nones(item, f"{path}.{at}")]
        return [path] if value is None else []

    found = [p for room in numbers if room != "undefined" for p in nones(numbers[room], room)]
    assert sorted(found) == sorted(numbers["undefined"])
    assert all(numbers["undefined"].values())


def test_the_portfolio_is_worked_by_hand(numbers):
    block = numbers["portfolio"]
    assert (block["initial_equity"], block["final_equity"], block["net_pnl"]) == (
        1000.0,
        1030.0,
        30.0,
    )
    assert block["total_return"] == pytest.approx(0.03, abs=1e-15)
    assert block["cagr"] == pytest.approx(1.03 ** (365.25 / 4) - 1, rel=1e-12)
    assert block["volatility"] == pytest.approx(RETURNS.std(ddof=1) * sqrt(365.25), rel=1e-12)
    assert block["sharpe"] == pytest.approx(
        RETURNS.mean() / RETURNS.std(ddof=1) * sqrt(365.25), rel=1e-12
    )
    assert block["sortino"] == pytest.approx(
        RETURNS.mean() / (10 / 1005 / 2) * sqrt(365.25), rel=1e-12
    )


def test_drawdown_and_time_under_water_look_at_every_step_not_only_at_the_daily_marks(numbers):
    block = numbers["portfolio"]
    assert block["max_drawdown"] == pytest.approx(25 / 1010, rel=1e-12)
    assert block["longest_under_water_days"] == pytest.approx(2 + 5 / 24, rel=1e-12)
    assert block["share_under_water"] == 5 / 8
    assert block["calmar"] == pytest.approx(block["cagr"] / (25 / 1010), rel=1e-12)


def test_an_asset_earns_its_own_pnl_and_transfers_are_neither_gain_nor_drawdown(numbers):
    a, b = numbers["assets"]["A"], numbers["assets"]["B"]
    assert (a["initial_equity"], a["net_pnl"], a["transfers"], a["final_equity"]) == (
        500,
        40,
        -110,
        430,
    )
    assert (b["initial_equity"], b["net_pnl"], b["transfers"], b["final_equity"]) == (
        400,
        -10,
        110,
        500,
    )
    assert a["total_return"] == pytest.approx(0.04, abs=1e-15)
    assert b["total_return"] == pytest.approx(-0.01, abs=1e-15)
    assert a["max_drawdown"] == pytest.approx(5 / 1010, rel=1e-12)
    assert b["max_drawdown"] == pytest.approx(20 / 1000, rel=1e-12)


def test_an_assets_daily_return_is_its_pnl_over_the_account_the_day_before(numbers):
    daily = np.array([5 / 1000, 0.0, 5 / 995, 30 / 1020])
    assert numbers["assets"]["A"]["volatility"] == pytest.approx(
        daily.std(ddof=1) * sqrt(365.25), rel=1e-12
    )


def test_contributions_of_money_and_of_risk_add_up_to_the_whole(numbers):
    assets = numbers["assets"].values()
    assert sum(asset["net_pnl"] for asset in assets) == numbers["portfolio"]["net_pnl"]
    assert sum(asset["risk_share"] for asset in assets) == pytest.approx(1.0, abs=1e-12)


def test_honest_weighted_and_naive_pnl_are_worked_by_hand(numbers):
    block = numbers["portfolio"]
    # Solo P&L a day: A 10, 0, 10, 60 and B -, -25, 40, -40.
    # Weights 50/40 %, from Wednesday 40/50 %.
    assert block["net_pnl"] == 30.0
    assert block["weighted_solo_pnl"] == pytest.approx(5 - 10 + 4 + 20 + 24 - 20, abs=1e-12)
    assert block["naive_solo_pnl"] == pytest.approx(80 - 25, abs=1e-12)


def test_a_solo_run_begins_with_its_first_bar_and_earns_nothing_without_one(numbers):
    solo = numbers["solo"]
    assert (solo["A"]["trading_days"], solo["B"]["trading_days"]) == (4, 3)
    assert (solo["A"]["net_pnl"], solo["B"]["net_pnl"]) == (80.0, -25.0)
    daily = np.array([-25 / 1000, 40 / 975, -40 / 1015])
    assert solo["B"]["volatility"] == pytest.approx(daily.std(ddof=1) * sqrt(365.25), rel=1e-12)
    assert solo["B"]["max_drawdown"] == pytest.approx(40 / 1000, rel=1e-12)
    assert solo["A"]["trades"] == 1


def test_trade_numbers_are_worked_by_hand(numbers):
    block, b = numbers["portfolio"], numbers["assets"]["B"]
    assert (block["trades"], block["win_rate"], block["profit_factor"]) == (4, 0.5, 4.0)
    assert block["expectancy_r"] == 0.75
    assert (block["best_trade"], block["worst_trade"], block["average_trade"]) == (35.0, -10.0, 7.5)
    assert (block["spread_cost"], block["slippage_cost"], block["commission"], block["swap"]) == (
        4,
        2,
        1,
        -0.5,
    )
    assert (b["trades"], b["spread_cost"], b["stop_outs"], b["win_rate"]) == (2, 2.0, 1, 0.0)
    assert block["exits"] == {"signal": 1, "stop_out": 1, "target": 2}
    assert block["links"] == {"leverage_cap": 2, "max_lot": 1}


def test_effective_risk_is_measured_against_the_account_before_the_entry_bar(numbers):
    # Risk 10, 10, 10, 5 over 1000, 1005, 995 and 1000.
    block = numbers["portfolio"]
    assert block["effective_risk_max"] == pytest.approx(10 / 995, rel=1e-12)
    assert block["effective_risk_median"] == pytest.approx((10 / 1000 + 10 / 1005) / 2, rel=1e-12)
    assert block["risk_taken_to_asked_median"] == (1.0 + 0.5) / 2


def test_the_ambiguous_bar_interval_brackets_what_was_chosen(numbers):
    assert numbers["portfolio"]["ambiguous_trades"] == 1
    assert numbers["portfolio"]["ambiguous_pnl_interval"] == [-15.0, 30.0, 30.0]
    assert numbers["assets"]["B"]["ambiguous_pnl_interval"] == [-10.0, -10.0, -10.0]


def test_the_account_block_counts_interventions_and_ignores_levels_without_positions(numbers):
    block = numbers["portfolio"]
    assert (block["min_margin_level"], block["stop_outs"], block["breaker_trips"]) == (0.4, 1, 1)
    assert block["broker_loss"] == 3.0
    assert block["decisions"] == {"breaker_trip": 1, "broker_loss": 1, "no_margin": 1}
    assert block["counts"] == {"cooldown": 2, "in_position": 4}
    assert numbers["assets"]["A"]["decisions"] == {"no_margin": 1}
    assert numbers["assets"]["A"]["counts"] == {"in_position": 3}
    reserve = np.mean([100 / 1005, 100 / 995, 100 / 1020, 100 / 1030])
    assert block["reserve_share"] == pytest.approx(reserve, rel=1e-12)


def test_margin_and_breaker_of_an_asset_are_undefined_because_the_account_has_them(numbers):
    assert numbers["assets"]["A"]["min_margin_level"] is None
    assert "belongs to the account" in numbers["undefined"]["assets.A.min_margin_level"]
    assert "watches the account" in numbers["undefined"]["assets.A.breaker_trips"]


def test_diversification_is_worked_by_hand(numbers):
    before = np.array([1000, 1005, 995, 1020])
    one, two = (np.array(samples.PNL[symbol]) / before for symbol in "AB")
    block = numbers["diversification"]
    ratio = (one.std(ddof=1) + two.std(ddof=1)) / (one + two).std(ddof=1)
    assert block["ratio"] == pytest.approx(ratio, rel=1e-12)
    alone = [numbers["solo"][symbol]["volatility"] for symbol in "AB"]
    assert block["weighted_solo_volatility"] == pytest.approx(0.45 * sum(alone), rel=1e-12)
    reduction = 1 - numbers["portfolio"]["volatility"] / (0.45 * sum(alone))
    assert block["volatility_reduction"] == pytest.approx(reduction, rel=1e-12)
    a, b = np.array([0, 10 / 1010, 60 / 1020]), np.array([-25 / 1000, 40 / 975, -40 / 1015])
    assert block["mean_correlation"] == pytest.approx(np.corrcoef(a, b)[0, 1], rel=1e-9)
    assert block["correlation"]["A"]["B"] == block["correlation"]["B"]["A"]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_the_unit_of_the_clock_changes_nothing(unit, numbers):
    frame = samples.equity()
    frame.index = frame.index.as_unit(unit)
    assert summarise(samples.run(equity=frame)) == numbers


def test_days_of_the_ledger_may_be_dates(numbers):
    frame = samples.ledger()
    frame["day"] = pd.to_datetime(frame["day"], unit="D")
    assert summarise(samples.run(ledger=frame)) == numbers


def test_a_run_without_a_trade_is_flat_and_says_what_that_leaves_undefined():
    flat = samples.equity()
    flat[["A", "B", "reserve", "total"]] = [500.0, 400.0, 100.0, 1000.0]
    still = samples.ledger()
    still[["equity_change", "transfers"]] = 0.0
    result = summarise(
        samples.run(
            equity=flat,
            ledger=still,
            trades=pd.DataFrame(),
            decisions=pd.DataFrame(),
            solo_trades=pd.DataFrame(),
            solo_equity=pd.DataFrame(),
            weights=samples.weights().iloc[:1],
            account=pd.DataFrame({"margin_level": [np.nan]}),
        )
    )
    block, why = result["portfolio"], result["undefined"]
    assert (block["net_pnl"], block["cagr"], block["volatility"], block["max_drawdown"]) == (
        0,
        0,
        0,
        0,
    )
    assert (block["trades"], block["spread_cost"], block["longest_under_water_days"]) == (0, 0, 0)
    assert why["portfolio.sharpe"] == "the daily returns do not vary"
    assert why["portfolio.sortino"] == "no losing day"
    assert why["portfolio.calmar"] == "no drawdown"
    assert why["portfolio.win_rate"] == "no trade"
    assert why["portfolio.min_margin_level"] == "no margin was ever used"
    assert why["portfolio.weighted_solo_pnl"] == "the run has no solo runs"
    assert why["diversification.ratio"] == "the portfolio's daily returns do not vary"
    assert why["assets.A.risk_share"] == "the account's daily returns do not vary"
    assert json.dumps(result, allow_nan=False)


def test_an_account_that_lost_everything_has_no_ratios_but_keeps_its_drawdown():
    frame = samples.equity()
    frame.loc[frame.index[2:], ["A", "B", "reserve", "total"]] = 0.0
    rows = samples.ledger()
    rows["transfers"] = 0.0
    rows["equity_change"] = [5.0, -505.0, 0.0, 0.0, 0.0, -400.0, 0.0, 0.0, 0.0, -100.0, 0.0, 0.0]
    result = summarise(samples.run(equity=frame, ledger=rows, weights=samples.weights().iloc[:1]))
    block = result["portfolio"]
    assert (block["total_return"], block["cagr"], block["max_drawdown"]) == (-1.0, -1.0, 1.0)
    assert block["sharpe"] is None and result["assets"]["A"]["sharpe"] is None
    assert "fell to zero" in result["undefined"]["portfolio.sharpe"]
    assert "fell to zero" in result["undefined"]["diversification.ratio"]
    assert json.dumps(result, allow_nan=False)


def test_a_portfolio_that_was_not_played_leaves_the_solo_numbers_and_a_reason(numbers):
    result = summarise(samples.run(equity=samples.equity().iloc[:0]))
    assert result["portfolio"] == {} and result["assets"] == {}
    assert result["undefined"]["portfolio"] == "the portfolio was not played"
    assert result["solo"] == numbers["solo"]


def test_a_number_that_is_none_in_the_tables_is_named_and_not_passed_on():
    frame = samples.trades()
    frame["r_multiple"] = [0.5, np.nan, 1.0, 0.0]
    result = summarise(samples.run(trades=frame))
    assert result["portfolio"]["expectancy_r"] is None
    assert "give nan" in result["undefined"]["portfolio.expectancy_r"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("day", 1, "a row for the trading day 1"), ("asset", "Z", "a row for the asset Z")],
)
def test_a_ledger_of_another_run_is_refused(column, value, words):
    rows = samples.ledger()
    rows.loc[0, column] = value
    with pytest.raises(DataError, match=words):
        summarise(samples.run(ledger=rows))


def test_a_column_of_links_that_are_all_missing_counts_nothing():
    frame = samples.trades()
    frame["links"] = np.nan
    assert summarise(samples.run(trades=frame))["portfolio"]["links"] == {}


def test_every_key_is_explained_in_the_documentation(numbers):
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    blocks = (
        numbers["portfolio"],
        numbers["assets"]["A"],
        numbers["solo"]["A"],
        numbers["diversification"],
    )
    keys = {key for block in blocks for key in block}
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


def test_exact_reruns_are_told_and_their_absence_has_a_reason(numbers):
    assert numbers["portfolio"]["ambiguous_reruns"] is None
    reason = numbers["undefined"]["portfolio.ambiguous_reruns"]
    assert reason == "only the compiled player runs again under every rule"
    made = {"stop_first": -15.0, "target_first": 31.0, "nearest_to_open": 2.0}
    run = samples.run()
    facts = {**run.facts, "ambiguous": {"method": "exact", **made}}
    block = summarise(dataclasses.replace(run, facts=facts))["portfolio"]
    assert block["ambiguous_reruns"] == made


def test_a_reserve_of_rounding_is_no_reserve_and_no_debt():
    frame = samples.equity()
    frame["A"] += frame["reserve"]
    frame["reserve"] = -1e-12
    assert summarise(samples.run(equity=frame))["portfolio"]["reserve_share"] == 0.0
