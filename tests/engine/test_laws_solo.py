"""What an account shares with its parts: alone, together, shuffled or scaled, the same trades."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.codes import DECISIONS
from lockstep.core.plan import AssetPlan
from lockstep.core.records import Trade
from lockstep.core.result import RunResult
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.risk.breaker import Breaker
from lockstep.risk.correlation_scaling import CorrelationScaling
from lockstep.risk.currency_exposure import CurrencyExposure
from lockstep.risk.daily_loss import DailyLoss
from lockstep.risk.drawdown_scaling import DrawdownScaling
from lockstep.risk.gross_exposure import GrossExposure
from tests.engine.markets import (
    SYMBOLS,
    asset_configs,
    market,
    portfolio,
    random_assets,
)
from tests.kit import plan_of, play_checked

WEIGHTS = (0.1, 0.25, 0.2, 0.15, 0.05, 0.15)
TABLES = ("equity", "trades", "decisions", "weights", "ledger", "account", "solo_trades")


def bits(trade: Trade) -> str:
    """Return every field of a trade but its asset's index and weight, floats to the last bit."""
    return repr({**dataclasses.asdict(trade), "asset": 0, "weight": 0.0})


def run_bytes(result: RunResult) -> dict[str, bytes]:
    """Return every table of a result as the bytes of a file, and its facts and configuration."""
    written = {name: getattr(result, name).to_csv().encode() for name in TABLES}
    for name in ("equity", "ledger", "account", "solo_equity"):
        buffer = io.BytesIO()
        getattr(result, name).to_parquet(buffer)
        written[f"{name}.parquet"] = buffer.getvalue()
    written["facts"] = json.dumps(result.facts).encode()
    written["config"] = json.dumps(result.config).encode()
    return written


@pytest.mark.parametrize("pooled", [True, False], ids=["pooled", "segregated"])
@pytest.mark.parametrize("seed", [1, 2])
def test_lockstep_of_many_is_as_many_single_runs_at_their_share_of_capital(
    seed: int, pooled: bool
) -> None:
    assets = random_assets(market(SYMBOLS, seed, 21), seed, every=4)
    terms: dict[str, Any] = {"risk_fraction": 0.002, "pooled": pooled}
    capital = 250_000.0
    plan = plan_of(*assets, weights=WEIGHTS, weekend_days=True, capital=capital, **terms)
    together = play_checked(plan)
    refused = {DECISIONS[d.code] for d in together.decisions}
    assert not refused & {"no_margin", "margin_cut", "stop_out"}, "the case needs free margin"
    for j, (asset, weight) in enumerate(zip(assets, WEIGHTS)):
        single = plan_of(asset, weights=[1.0], weekend_days=True, capital=weight * capital, **terms)
        alone = play_checked(single)
        assert len(alone.trades) >= 10
        assert [bits(t) for t in together.trades if t.asset == j] == [bits(t) for t in alone.trades]
        own = plan.assets[j].step
        assert np.array_equal(together.equity[own, j], alone.equity[:, 0])
        days = np.searchsorted(plan.days, single.days)
        assert np.array_equal(together.terms[days, j], alone.terms[:, 0])


def test_a_portfolio_of_one_asset_is_its_single_run() -> None:
    bars = market(["USDJPY"], 3, 30)
    config = portfolio(rebalance="weekly", risk_per_trade=0.002)
    with_rules = PortfolioBacktester(asset_configs(["USDJPY"]), config).run(bars)
    without = PortfolioBacktester(asset_configs(["USDJPY"]), config, rules=False).run(bars)
    assert len(with_rules.trades) > 20
    acting = {"breaker_trip", "drawdown_scaling"}
    assert not acting & set(with_rules.decisions["code"]), "the case needs rules that stay silent"
    for result in (with_rules, without):
        alone = result.solo_trades
        pd.testing.assert_frame_equal(result.trades[alone.columns], alone, check_exact=True)
        assert result.equity["total"].equals(result.solo_equity["USDJPY"].rename("total"))
        assert result.weights["USDJPY"].tolist() == [1.0]


def test_the_order_of_assets_in_a_configuration_changes_no_byte() -> None:
    bars = market(SYMBOLS, 4, 42)
    config = portfolio(allocation="risk_parity", rebalance="weekly", min_history=5)
    forwards = PortfolioBacktester(asset_configs(SYMBOLS), config).run(bars)
    shuffled = ("XAUUSD", "EURUSD", "BTCUSD", "USDJPY", "GBPUSD", "EURGBP")
    other_bars = {symbol: bars[symbol] for symbol in reversed(shuffled)}
    backwards = PortfolioBacktester(asset_configs(shuffled), config).run(other_bars)
    assert len(forwards.trades) > 100
    assert run_bytes(forwards) == run_bytes(backwards)


def test_running_twice_with_two_processes_gives_the_same_bytes() -> None:
    bars = market(["EURUSD", "GBPUSD"], 5, 10)
    configs = asset_configs(["EURUSD", "GBPUSD"])
    once = PortfolioBacktester(configs, portfolio()).run(bars)
    again = PortfolioBacktester(configs, portfolio(), jobs=2).run(bars)
    assert run_bytes(once) == run_bytes(again)


def test_an_asset_of_zero_weight_in_a_fixed_schedule_changes_nothing_but_the_rates() -> None:
    traded = ["EURGBP", "EURUSD", "XAUUSD"]
    bars = market([*traded, "BTCUSD", "GBPUSD"], 6, 30)
    fractions = {"EURGBP": 0.5, "EURUSD": 0.2, "XAUUSD": 0.2}
    config = portfolio(
        allocation="fixed", allocation_parameters={"fractions": fractions}, rebalance="weekly"
    )
    # GBPUSD converts in both runs: as an asset without weight, and as a pair of the data folder.
    alone = PortfolioBacktester(asset_configs([*traded, "GBPUSD"]), config).run(bars)
    beside = PortfolioBacktester(asset_configs([*traded, "GBPUSD", "BTCUSD"]), config).run(bars)
    assert alone.symbols == beside.symbols == traded
    assert beside.facts["left_out"] == ["BTCUSD", "GBPUSD"]
    assert not beside.facts["weekend_days"]
    for name in (*TABLES, "solo_equity"):
        left, right = getattr(alone, name), getattr(beside, name)
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert len(beside.trades) > 50


def continuous(asset: AssetPlan) -> AssetPlan:
    """Return an asset whose lots are finer than a float can tell."""
    unit = dataclasses.replace(
        asset.instrument, lot_step=2.0**-300, min_lot=2.0**-300, max_lot=2.0**80
    )
    return dataclasses.replace(asset, instrument=unit)


def test_capital_times_four_is_profit_times_four_to_the_last_bit() -> None:
    assets = [continuous(a) for a in random_assets(market(SYMBOLS, 7, 21), 7, every=4)]
    rules = (
        ("breaker", Breaker(limit=0.2, resume="days", resume_days=1.0)),
        ("daily_loss", DailyLoss(limit=0.03)),
        ("gross_exposure", GrossExposure(limit=6.0)),
        ("currency_exposure", CurrencyExposure(limit=3.0)),
        ("drawdown_scaling", DrawdownScaling(start_at=0.02, end_at=0.2)),
        ("correlation_scaling", CorrelationScaling(max_asset_correlation=0.1)),
    )
    terms: dict[str, Any] = {
        "rules": rules,
        "weekend_days": True,
        "size_on_account": True,
        "risk_fraction": 0.03,
    }
    small = play_checked(plan_of(*assets, capital=100_000.0, **terms))
    large = play_checked(plan_of(*assets, capital=400_000.0, **terms))
    codes = {DECISIONS[d.code] for d in small.decisions}
    assert codes >= {"margin_cut", "gross_exposure", "currency_exposure", "drawdown_scaling"}
    assert len(small.trades) > 100
    assert np.array_equal(small.equity * 4.0, large.equity)
    assert np.array_equal(small.reserve * 4.0, large.reserve)
    assert np.array_equal(small.terms * 4.0, large.terms)
    assert np.array_equal(small.margin_level, large.margin_level, equal_nan=True)
    for one, four in zip(small.trades, large.trades, strict=True):
        assert (one.net_pnl * 4, one.lots * 4) == (four.net_pnl, four.lots)
        assert (one.entry_bar, one.exit_bar) == (four.entry_bar, four.exit_bar)
        assert (one.exit_price, one.factors) == (four.exit_price, four.factors)
    acted = [(d.step, d.stage, d.asset, d.code) for d in small.decisions]
    assert acted == [(d.step, d.stage, d.asset, d.code) for d in large.decisions]


def test_no_trade_leaves_equity_flat_to_the_cent() -> None:
    assets = random_assets(market(["BTCUSD", "EURUSD"], 8, 8), 8, every=10**9)
    still = [dataclasses.replace(a, exit=np.empty(0, dtype=np.int8)) for a in assets]
    played = play_checked(plan_of(*still, weights=[0.3, 0.3], weekend_days=True, capital=12_345.67))
    assert played.trades == []
    assert set(played.equity[:, 0]) == {0.3 * 12_345.67}
    total = played.equity.sum(axis=1) + played.reserve
    assert np.all(np.abs(total - 12_345.67) < 1e-9)
