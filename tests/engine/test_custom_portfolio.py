"""A hand-written strategy among others: sized with them, and alone when it fails."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.errors import AssetError, StrategyError
from lockstep.core.result import RunResult
from lockstep.engine.portfolio import PortfolioBacktester
from tests.kit import unit
from tests.strategies.markets import random_bars


def run(strategy: str, parameters: dict[str, Any] | None = None, **portfolio: Any) -> RunResult:
    bars = {"EURUSD": random_bars(1, 2500), "GBPUSD": random_bars(2, 2500)}
    assets = [
        AssetConfig(
            symbol=symbol,
            timeframe="5m",
            instrument=unit(symbol, spread=(0.00005,)),
            strategy=strategy if symbol == "GBPUSD" else "mean_reversion",
            parameters=(parameters or {}) if symbol == "GBPUSD" else {},
        )
        for symbol in bars
    ]
    return PortfolioBacktester(assets, PortfolioConfig(**portfolio)).run(bars)


def test_a_hand_written_strategy_shares_the_account_with_signals() -> None:
    by_hand, by_signal = run("examples.custom:MyStrategy"), run("mean_reversion")
    assert by_hand.facts["status"] == "complete"
    assert set(by_hand.trades["asset"]) == {"EURUSD", "GBPUSD"}
    assert by_hand.trades.equals(by_signal.trades)
    assert by_hand.equity.equals(by_signal.equity)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BreaksInInit", "GBPUSD: its strategy failed with KeyError: 'colour'"),
        ("EntersTooEarly", "GBPUSD: an entry before the first bar"),
    ],
)
def test_when_it_fails_the_others_are_finished_and_kept(name: str, words: str) -> None:
    result = run(f"tests.engine.hands:{name}")
    assert result.facts["status"] == "partial"
    assert list(result.facts["failed"]) == ["GBPUSD"]
    assert result.facts["failed"]["GBPUSD"].startswith(words)
    assert set(result.solo_trades["asset"]) == {"EURUSD"}
    assert len(result.equity) == 0


def test_the_portfolio_may_go_on_without_it() -> None:
    result = run("tests.engine.hands:BreaksInInit", on_asset_error="drop")
    assert result.facts["status"] == "complete"
    assert set(result.trades["asset"]) == {"EURUSD"}


def test_one_that_cannot_be_imported_stops_the_run_before_it_begins() -> None:
    with pytest.raises(StrategyError, match="nowhere:Mine' cannot be imported"):
        run("tests.engine.nowhere:Mine")


def test_if_all_fail_there_is_nothing_to_keep() -> None:
    bars = {"GBPUSD": random_bars(2, 500)}
    asset = AssetConfig(
        symbol="GBPUSD",
        timeframe="5m",
        instrument=unit("GBPUSD"),
        strategy="tests.engine.hands:BreaksInStop",
    )
    with pytest.raises(AssetError, match="GBPUSD: its strategy failed with RuntimeError"):
        PortfolioBacktester([asset], PortfolioConfig(on_asset_error="drop")).run(bars)
