"""The tables of a result: every column worked by hand where it is a number of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.result import LEDGER_TERMS
from lockstep.engine.played import Played
from lockstep.engine.tables import (
    account_equity,
    account_table,
    currency_signs,
    decisions_table,
    equity_table,
    exposures,
    ledger_table,
    trades_table,
    weights_table,
)
from lockstep.risk.drawdown_scaling import DrawdownScaling
from lockstep.risk.gross_exposure import GrossExposure
from tests.engine.markets import SYMBOLS, market, random_assets
from tests.kit import asset, flat_rows, make_bars, plan_of, play_checked, unit

Row = tuple[float, float, float, float]
COLUMNS = (
    "trade_id asset side lots units signal_time entry_time entry_price stop_price target_price "
    "exit_time exit_price exit_reason exit_level ambiguous bars_held risk_amount risk_asked "
    "r_multiple gross_pnl spread_cost slippage_cost commission swap net_pnl rate_entry rate_exit "
    "mae mfe weight links pnl_stop_first pnl_target_first"
)
TERMS: dict[str, Any] = {"size_on_account": True, "leverage_cap": 50.0}


def held(
    rows: Sequence[Row],
    entry: Mapping[str, Any],
    exits: Mapping[int, int] | None = None,
    **costs: Any,
) -> tuple[RunPlan, Played]:
    bars = make_bars("EURUSD", rows)
    plan = plan_of(asset(unit("EURUSD", **costs), bars, [entry], exits=exits), **TERMS)
    return plan, play_checked(plan)


def only_trade(plan: RunPlan, played: Played) -> pd.Series[Any]:
    table = trades_table(plan, played)
    assert len(table) == 1
    return table.iloc[0]


# Trades ----------------------------------------------------------------------------------------


def test_a_trade_is_told_in_the_columns_a_user_was_promised() -> None:
    """Long from ask 1.01 with slippage 0.005; the target 0.02 above is reached in the next bar."""
    rows = [(1.0,) * 4, (1.0, 1.02, 0.995, 1.01), (1.01, 1.05, 1.0, 1.04), (1.0,) * 4]
    costs = {"spread": (0.01,), "slippage": 0.005, "commission_per_lot": 2.0}
    plan, played = held(rows, {"bar": 0, "side": 1, "stop": 0.02, "target": 0.02}, **costs)
    trade = only_trade(plan, played)
    assert list(trades_table(plan, played).columns) == COLUMNS.split()
    exact = {
        "trade_id": 1,
        "asset": "EURUSD",
        "side": "long",
        "signal_time": pd.Timestamp("2025-01-15T00:00"),
        "entry_time": pd.Timestamp("2025-01-15T00:05"),
        "exit_time": pd.Timestamp("2025-01-15T00:10"),
        "exit_reason": "target",
        "ambiguous": False,
        "bars_held": 2,
        "links": "",
    }
    assert {name: trade[name] for name in exact} == exact
    lots = 0.5  # 1,000 of risk over 0.02 x 100,000
    by_hand = {
        "lots": lots,
        "units": 50_000.0,
        "entry_price": 1.015,
        "stop_price": 0.995,
        "target_price": 1.035,
        "exit_price": 1.035,
        "exit_level": 1.035,
        "risk_amount": 1_000.0,
        "risk_asked": 1_000.0,
        "gross_pnl": (1.04 - 1.005) * 50_000,  # mid 1.005 to the mid of a bid of 1.035
        "spread_cost": 0.01 * 50_000,
        "slippage_cost": 0.005 * 50_000,
        "commission": 2.0,
        "swap": 0.0,
        "net_pnl": 0.02 * 50_000 - 2.0,
        "r_multiple": 0.998,
        "rate_entry": 1.0,
        "rate_exit": 1.0,
        "weight": 1.0,
    }
    assert {name: trade[name] for name in by_hand} == pytest.approx(by_hand)


def test_the_links_that_bound_are_named_and_factors_have_a_column_each() -> None:
    rules = (
        ("gross_exposure", GrossExposure(limit=0.9)),
        ("drawdown_scaling", DrawdownScaling(start_at=0.1, end_at=0.2)),
    )
    bars = make_bars("EURUSD", flat_rows(1.0, 4))
    entry = {"bar": 1, "side": -1, "stop": 0.001}
    plan = plan_of(
        asset(unit("EURUSD", margin_rate=1.5), bars, [entry]),
        rules=rules,
        size_on_account=True,
        leverage_cap=2.0,
    )
    table = trades_table(plan, play_checked(plan))
    assert table["links"].tolist() == ["leverage_cap gross_exposure margin_cut"]
    assert table["factor_drawdown_scaling"].tolist() == [1.0]
    assert table["side"].tolist() == ["short"]
    assert table["lots"].tolist() == pytest.approx([0.66])  # 100,000 / 150,000
    assert table["risk_asked"].tolist() == pytest.approx([1_000.0])


def test_trades_are_numbered_in_the_order_of_their_exits_then_by_symbol() -> None:
    """EURUSD enters first and leaves last; the other two leave in one step."""
    rows = flat_rows(1.0, 9)
    entries = {
        "EURUSD": {"bar": 0, "side": 1, "stop": 0.1, "max_bars": 6},
        "NZDUSD": {"bar": 2, "side": 1, "stop": 0.1, "max_bars": 2},
        "AUDUSD": {"bar": 1, "side": 1, "stop": 0.1, "max_bars": 3},
    }
    assets = [asset(unit(s), make_bars(s, rows), [entry]) for s, entry in entries.items()]
    plan = plan_of(*assets)
    table = trades_table(plan, play_checked(plan))
    assert table["asset"].tolist() == ["AUDUSD", "NZDUSD", "EURUSD"]
    assert table["trade_id"].tolist() == [1, 2, 3]


def test_a_run_without_trades_has_every_column_and_no_row() -> None:
    plan, played = held(flat_rows(1.0, 3), {"bar": 0, "side": 1, "stop": float("nan")})
    table = trades_table(plan, played)
    assert len(table) == 0
    assert table["entry_time"].dtype == "datetime64[ns]"
    assert "net_pnl" in table.columns


# MAE and MFE -----------------------------------------------------------------------------------

LONG = {"bar": 0, "side": 1, "stop": 0.1}


@pytest.mark.parametrize(
    "rows, exits, mae, mfe",
    [
        # Bar 1 in full: 0.97 and 1.04. Exit at the open of bar 2 at 1.05; its 2.0 is not ours.
        ([(1.0,) * 4, (1.0, 1.04, 0.97, 1.0), (1.05, 2.0, 0.95, 1.0)], {1: 1}, 0.3, 0.5),
        # Stopped at 0.9 inside bar 2, opened at 1.02: its high of 1.5 may have come later.
        ([(1.0,) * 4, (1.0, 1.01, 0.99, 1.0), (1.02, 1.5, 0.8, 1.0)], None, 1.0, 0.2),
        # Stopped inside the entry bar: the opening quote is the fill.
        ([(1.0,) * 4, (1.0, 1.3, 0.85, 1.0), (1.0,) * 4], None, 1.0, 0.0),
        # A gap through the stop costs more than one R.
        ([(1.0,) * 4, (1.0,) * 4, (0.8, 0.9, 0.7, 0.9)], None, 2.0, 0.0),
        # At the end of the data the last bar is held to its close and counts in full.
        ([(1.0,) * 4, (1.0,) * 4, (1.0, 1.06, 0.94, 1.0)], None, 0.6, 0.6),
    ],
    ids=["signal", "stop", "entry bar", "gap", "data end"],
)
def test_excursions_of_a_long_in_r_by_hand(
    rows: list[Row], exits: dict[int, int] | None, mae: float, mfe: float
) -> None:
    trade = only_trade(*held([*rows, rows[-1]] if exits or mae != 0.6 else rows, LONG, exits))
    assert (trade["mae"], trade["mfe"]) == pytest.approx((mae, mfe))


def test_excursions_of_a_short_are_on_the_ask() -> None:
    """Short at bid 1.0, stop at ask 1.1, spread 0.02: the ask ranges over 0.95 to 1.07."""
    rows = [(1.0,) * 4, (1.0, 1.05, 0.93, 1.0), (0.98, 1.3, 0.9, 1.0), (1.0,) * 4]
    entry = {"bar": 0, "side": -1, "stop": 0.1}
    trade = only_trade(*held(rows, entry, {1: 2}, spread=(0.02,)))
    assert trade["exit_price"] == pytest.approx(1.0)
    assert (trade["mae"], trade["mfe"]) == pytest.approx((0.7, 0.5))


def test_excursions_are_measured_against_the_first_stop_not_the_trailed_one() -> None:
    entry = LONG | {"trail_trigger": 0.05, "trail_distance": 0.04}
    rows = [(1.0,) * 4, (1.0, 1.1, 1.0, 1.1), (1.1, 1.1, 1.0, 1.0), (1.0,) * 4]
    trade = only_trade(*held(rows, entry))
    assert trade["exit_level"] == pytest.approx(1.06)
    assert trade["stop_price"] == pytest.approx(0.9)
    assert trade["mfe"] == pytest.approx(1.0)
    assert trade["r_multiple"] == pytest.approx(0.6)


# The account -----------------------------------------------------------------------------------


def couple() -> tuple[RunPlan, Played]:
    """Long one lot of EURUSD at 1.0, then short one of USDCHF at 0.8, converted at 1.25 dollars."""
    euro = asset(
        unit("EURUSD", spread=(0.02,), quote_side="mid"),
        make_bars("EURUSD", [(c, c, c, c) for c in (1.0, 1.0, 1.1, 1.1, 1.1, 1.1)]),
        [{"bar": 0, "side": 1, "stop": 0.1, "max_bars": 4}],
    )
    franc = asset(
        unit("USDCHF"),
        make_bars("USDCHF", [(0.8,) * 4] * 5, labels=[0, 1, 2, 4, 5]),
        [{"bar": 1, "side": -1, "stop": 0.08}],
        rate=1.25,
    )
    plan = plan_of(euro, franc, risk_fraction=0.1, **TERMS)
    return plan, play_checked(plan)


def test_exposures_are_signed_mid_notionals_in_account_currency_per_currency_by_hand() -> None:
    plan, played = couple()
    franc_lots = next(t.lots for t in played.trades if t.asset == 1)
    assert [t.lots for t in played.trades] == pytest.approx([1.0, 0.98])
    table = account_table(plan, played)
    # A lot of USDCHF is 100,000 dollars: 0.8 francs at 1.25. EURUSD at mid 1.1 is 110,000.
    francs = franc_lots * 100_000
    euros = [0.0, 100_000.0, 110_000.0, 110_000.0, 110_000.0, 0.0]
    shorts = [0.0, 0.0, francs, francs, francs, 0.0]  # flat at the data's end
    assert table["exposure_EUR"].tolist() == pytest.approx(euros)
    assert table["exposure_CHF"].tolist() == pytest.approx(shorts)
    assert table["exposure_USD"].tolist() == pytest.approx([-e - s for e, s in zip(euros, shorts)])
    assert table["gross"].tolist() == pytest.approx([e + s for e, s in zip(euros, shorts)])
    assert table["net"].tolist() == pytest.approx([e - s for e, s in zip(euros, shorts)])
    assert table["open_positions"].tolist() == [0, 1, 2, 2, 2, 0]


def test_margin_level_is_equity_over_used_margin_by_hand() -> None:
    plan, played = couple()
    table = account_table(plan, played)
    equity = equity_table(plan, played)["total"]
    francs = next(t.lots for t in played.trades if t.asset == 1) * 100_000
    used = [0.0, 100_000 / 30, (110_000 + francs) / 30]
    assert table["used_margin"].tolist()[:3] == pytest.approx(used)
    assert np.isnan(table["margin_level"].iloc[0])
    for k in (1, 2):
        assert table["margin_level"].iloc[k] == pytest.approx(equity.iloc[k] / used[k])


def test_drawdown_counts_from_the_capital_on() -> None:
    plan, played = held([(c, c, c, c) for c in (1.0, 1.0, 0.995, 1.01, 1.0, 1.0)], LONG)
    # A tenth of a lot: 10,000 units.
    assert account_table(plan, played)["drawdown"].tolist() == pytest.approx(
        [0.0, 0.0, 0.0005, 0.0, 100 / 100_100, 100 / 100_100]
    )


def test_only_fx_pairs_count_to_currencies() -> None:
    plan = plan_of(*random_assets(market(SYMBOLS, 51, 4), 51))
    signs = currency_signs(plan)
    assert list(signs) == ["EUR", "GBP", "JPY", "USD"]
    assert signs["USD"].tolist() == [0.0, 0.0, -1.0, -1.0, 1.0, 0.0]
    assert signs["GBP"].tolist() == [0.0, -1.0, 0.0, 1.0, 0.0, 0.0]


# Whole runs ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run() -> tuple[RunPlan, Played]:
    assets: list[AssetPlan] = random_assets(market(SYMBOLS, 52, 14), 52, every=4)
    monday = int(np.datetime64("2025-03-03", "D").astype(np.int64))
    plan = plan_of(
        *assets,
        weights=[0.15] * 6,
        rebalances={monday: [0.1, 0.2, 0.1, 0.2, 0.1, 0.2]},
        rules=(("gross_exposure", GrossExposure(limit=1.0)),),
        weekend_days=True,
        risk_fraction=0.05,
    )
    return plan, play_checked(plan)


def test_equity_is_sleeves_then_reserve_then_their_sum(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    table = equity_table(plan, played)
    assert list(table.columns) == [*SYMBOLS, "reserve", "total"]
    assert table.index.name == "time" and table.index.is_monotonic_increasing
    running = np.zeros(len(table))
    for column in (*SYMBOLS, "reserve"):
        running = running + table[column].to_numpy()
    assert np.array_equal(running, table["total"].to_numpy())
    assert np.array_equal(account_equity(played), running)


def test_the_ledger_explains_every_change_of_equity_per_day_and_asset(
    run: tuple[RunPlan, Played],
) -> None:
    plan, played = run
    table = ledger_table(plan, played)
    assert list(table.columns) == ["day", "asset", "equity_change", *LEDGER_TERMS]
    assert table["asset"].tolist()[:7] == [*SYMBOLS, "reserve"]
    assert len(table) == len(plan.days) * 7
    gains = table["price_pnl"] + table["swap"] + table["translation"] + table["transfers"]
    costs = table["spread"] + table["slippage"] + table["commission"]
    explained = gains - costs + table["broker_loss"]
    assert np.allclose(explained, table["equity_change"], rtol=0.0, atol=1e-4)
    moved = table.groupby("day")["transfers"].sum()
    assert moved.abs().max() < 1e-6
    change = equity_table(plan, played)["total"].iloc[-1] - plan.terms.capital
    assert table["equity_change"].sum() == pytest.approx(change)
    per_asset = table[table["asset"] != "reserve"].groupby("asset")
    trades = trades_table(plan, played).groupby("asset")
    for term, column in (("commission", "commission"), ("swap", "swap")):
        assert per_asset[term].sum().tolist() == pytest.approx(trades[column].sum().tolist())


def test_decisions_are_sorted_and_every_one_has_its_sentence(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    keys = [(d.step, d.stage, d.asset, d.code) for d in played.decisions]
    assert keys == sorted(keys)
    table = decisions_table(plan, played)
    assert list(table.columns) == ["time", "stage", "asset", "code", "before", "after", "sentence"]
    assert len(table) > 50
    assert table["sentence"].str.len().min() > 20
    assert not table["sentence"].str.contains(r"[{}]|\bnan\b", regex=True).any()
    assert {"gross_exposure", "rebalance", "min_lot", "expired"} <= set(table["code"])


def test_weights_have_a_row_for_the_start_and_one_for_each_rebalance(
    run: tuple[RunPlan, Played],
) -> None:
    table = weights_table(run[0])
    assert [str(t) for t in table.index] == ["2025-02-24 00:00:00", "2025-03-02 22:00:00"]
    assert table["reserve"].tolist() == pytest.approx([0.1, 0.1])


def test_exposure_after_a_step_is_what_the_account_tied_margin_up_for(
    run: tuple[RunPlan, Played],
) -> None:
    """Two computations apart: exposure from the trades, used margin from the brokers."""
    plan, played = run
    table = np.abs(exposures(plan, played.trades))
    rates = np.array([a.instrument.margin_rate for a in plan.assets])
    assert np.allclose(table @ rates, played.used_margin, rtol=1e-12, atol=1e-6)
