"""No look-ahead: cut the data anywhere, and everything before the cut stays as it was."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw

from lockstep.core.bars import Bars
from lockstep.core.calendar import HOUR_NS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.registry import allocation
from lockstep.core.result import RunResult
from lockstep.engine.plan import plan_asset, plan_run, terms_of
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.risk.correlation_scaling import CorrelationScaling
from tests.engine.markets import (
    MONDAY,
    SYMBOLS,
    asset_configs,
    market,
    pairs_of,
    portfolio,
    random_assets,
)
from tests.kit import plan_of, play_checked

DAYS = 42
#: Cuts fall anywhere in the last five weeks, to the hour.
CUTS = draw.integers(7 * 24, DAYS * 24 - 1)


def cut_bars(bars: dict[str, Bars], hours: int) -> dict[str, Bars]:
    """Return the bars labelled before a moment, hours after the market's beginning."""
    end = MONDAY + hours * HOUR_NS
    return {symbol: data.between(0, end) for symbol, data in bars.items()}


def horizon(bars: dict[str, Bars]) -> int:
    """Return the first moment at which a cut can be felt: the earliest last bar of an asset.

    There its positions are closed and its entries refused, because its data end.
    """
    return min(int(data.time[-1]) for data in bars.values())


# Plans -----------------------------------------------------------------------------------------


def planned(bars: dict[str, Bars], strategy: str) -> RunPlan:
    pairs = pairs_of(bars)
    parameters: dict[str, Any] = {"atr_period": 10}
    assets = []
    for config in asset_configs(sorted(bars)):
        changed = config.model_copy(update={"strategy": strategy, "parameters": parameters})
        plan, _ = plan_asset(
            changed, bars[config.symbol], account_currency="USD", pairs=pairs, constants={}
        )
        assets.append(plan)
    rules = (("correlation_scaling", CorrelationScaling()),)
    return plan_run(assets, terms_of(portfolio()), rules=rules, weekend_days=True)


@cache
def full_plan(strategy: str) -> RunPlan:
    return planned(market(SYMBOLS, 31, DAYS), strategy)


PER_BAR = ("time", "step", "spread", "rate_open", "rate_close", "nights")
QUOTES = ("bid_open", "bid_high", "bid_low", "bid_close")


def assert_asset_is_a_prefix(short: AssetPlan, long: AssetPlan) -> None:
    n = len(short)
    for name in (*PER_BAR, *QUOTES):
        left, right = getattr(short, name), getattr(long, name)[:n]
        assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f"), name
    assert np.array_equal(short.exit, long.exit[:n]) or not long.exit[:n].any()
    rows = int(np.searchsorted(long.entries.bar, n))
    for left, right in zip(short.entries, long.entries):
        assert np.array_equal(left, right[:rows], equal_nan=True)


@pytest.mark.parametrize("strategy", ["breakout", "mean_reversion"])
@settings(max_examples=6)
@given(hours=CUTS)
def test_a_plan_of_cut_data_is_the_beginning_of_the_whole_plan(strategy: str, hours: int) -> None:
    long = full_plan(strategy)
    short = planned(cut_bars(market(SYMBOLS, 31, DAYS), hours), strategy)
    for left, right in zip(short.assets, long.assets, strict=True):
        assert_asset_is_a_prefix(left, right)
    steps, days = len(short.clock), len(short.days)
    assert np.array_equal(short.clock, long.clock[:steps])
    assert np.array_equal(short.day, long.day[:steps])
    assert np.array_equal(short.days, long.days[:days])
    assert np.array_equal(short.correlation, long.correlation[:days], equal_nan=True)
    assert np.array_equal(short.observations, long.observations[:days])


def test_the_plans_compared_hold_entries_rates_nights_and_known_correlations() -> None:
    assert sum(len(a.entries.bar) for a in full_plan("mean_reversion").assets) > 20
    plan = full_plan("breakout")
    assert all(len(a.entries.bar) > 20 for a in plan.assets)
    yen = plan.assets[SYMBOLS.index("USDJPY")]
    assert np.isnan(yen.rate_open[0])
    assert len(np.unique(yen.rate_open)) > 500
    assert {0, 1, 3} <= set(yen.nights.tolist())
    assert np.isfinite(plan.correlation[-1, 0, 1])
    assert np.isnan(plan.correlation[5, 0, 1])


# Runs ------------------------------------------------------------------------------------------


def before(table: pd.DataFrame, column: str, moment: int) -> pd.DataFrame:
    """Return the rows of a table before a moment; an empty column name is the index."""
    times = table[column] if column else table.index.to_series()
    return table[(times < pd.Timestamp(moment)).to_numpy()]


def assert_same_before(left: RunResult, right: RunResult, moment: int) -> int:
    """Check every table before a moment; return how many trades were compared."""
    for name, column in (("equity", ""), ("account", ""), ("weights", ""), ("decisions", "time")):
        one, other = (before(getattr(r, name), column, moment) for r in (left, right))
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)
    for name in ("trades", "solo_trades"):
        one, other = (
            before(getattr(r, name), "exit_time", moment).drop(columns="trade_id")
            for r in (left, right)
        )
        pd.testing.assert_frame_equal(
            one.reset_index(drop=True), other.reset_index(drop=True), check_exact=True, obj=name
        )
        assert not (one["exit_reason"] == "data_end").any()
    opened = [
        before(r.trades, "entry_time", moment)[
            ["asset", "entry_time", "entry_price", "lots", "stop_price", "weight", "links"]
        ].sort_values(["entry_time", "asset"], ignore_index=True)
        for r in (left, right)
    ]
    pd.testing.assert_frame_equal(*opened, check_exact=True)
    last = pd.Timestamp(moment) - pd.Timedelta("1D")
    days = [r.ledger[r.ledger["day"] < last] for r in (left, right)]
    pd.testing.assert_frame_equal(*days, check_exact=True)
    return len(before(left.trades, "exit_time", moment))


RULES: dict[str, Any] = {
    "breaker": {"limit": 0.02, "resume": "days", "resume_days": 3.0},
    "drawdown_scaling": {"start_at": 0.005},
    "correlation_scaling": {"max_asset_correlation": 0.05},
    "gross_exposure": {"limit": 4.0},
    "daily_loss": {"limit": 0.01},
}


def backtest(bars: dict[str, Bars], model: str) -> RunResult:
    given_: dict[str, Any] = {}
    if model == "fixed":
        given_ = {"fractions": dict.fromkeys(SYMBOLS, 0.15)}
    if model == "risk_parity":
        given_ = {"min_common_days": 5}
    config = portfolio(
        allocation=model,
        allocation_parameters=given_,
        rebalance="weekly",
        min_history=5,
        risk=RULES,
        risk_per_trade=0.02,
    )
    return PortfolioBacktester(asset_configs(SYMBOLS), config).run(bars)


@cache
def full_run(model: str) -> RunResult:
    return backtest(market(SYMBOLS, 32, DAYS), model)


@pytest.mark.parametrize("model", allocation.names())
@settings(max_examples=5)
@given(hours=CUTS)
def test_a_run_of_cut_data_is_the_beginning_of_the_whole_run(model: str, hours: int) -> None:
    cut = cut_bars(market(SYMBOLS, 32, DAYS), hours)
    compared = assert_same_before(backtest(cut, model), full_run(model), horizon(cut))
    assert compared > 20


@pytest.mark.parametrize("model", allocation.names())
def test_the_runs_compared_rebalance_and_let_every_rule_act(model: str) -> None:
    result = full_run(model)
    assert len(result.weights) == 7  # the start and six Mondays
    if model not in ("equal_weight", "fixed"):
        assert result.weights.drop(columns="reserve").round(6).nunique().min() >= 3
    acted = set(result.decisions["code"])
    assert acted >= {
        "breaker_trip",
        "drawdown_scaling",
        "correlation_scaling",
        "daily_loss_trip",
        "rebalance",
    }


@settings(max_examples=10)
@given(seed=draw.integers(0, 999), hours=draw.integers(48, 14 * 24 - 1))
def test_random_streams_of_orders_do_not_feel_a_later_cut(seed: int, hours: int) -> None:
    symbols = ("BTCUSD", "EURUSD", "USDJPY", "XAUUSD")
    bars = market(symbols, seed, 14)
    cut = cut_bars(bars, hours)
    plans = [
        plan_of(*_streams(bars, data, seed), weekend_days=True, risk_fraction=0.05)
        for data in (cut, bars)
    ]
    left, right = (play_checked(plan) for plan in plans)
    moment = int(np.searchsorted(plans[0].clock, horizon(cut)))
    assert np.array_equal(left.equity[:moment], right.equity[:moment])
    assert np.array_equal(left.used_margin[:moment], right.used_margin[:moment])
    decisions = [repr([d for d in played.decisions if d.step < moment]) for played in (left, right)]
    assert decisions[0] == decisions[1]
    closed = [
        repr([t for t in p.trades if plan.assets[t.asset].step[t.exit_bar] < moment])
        for plan, p in zip(plans, (left, right))
    ]
    assert closed[0] == closed[1]


def _streams(bars: dict[str, Bars], data: dict[str, Bars], seed: int) -> list[AssetPlan]:
    """Return the assets of cut data with the entries and exits drawn for the whole."""
    whole = random_assets(bars, seed, every=4)
    short = random_assets(data, seed, every=4)
    return [_with_stream(one, other) for one, other in zip(short, whole)]


def _with_stream(short: AssetPlan, whole: AssetPlan) -> AssetPlan:
    rows = int(np.searchsorted(whole.entries.bar, len(short)))
    entries = type(whole.entries)(*(column[:rows] for column in whole.entries))
    return dataclasses.replace(short, entries=entries, exit=whole.exit[: len(short)])
