"""The built-in sample, played to the end: its statistics and its list of trades."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lockstep.config.loading import load
from lockstep.core.result import RunResult
from lockstep.data.sample import sample_bars
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.summary import summarise

GOLDEN = Path(__file__).with_name("sample.json")
STATISTICS = (
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
)


def trade_hash(trades: pd.DataFrame) -> str:
    """Return a hash of times, sides, prices in ticks and lots: the same on every machine."""
    digest = hashlib.sha256()
    for trade in trades.itertuples():
        ticks = [round(price * 1e5) for price in (trade.entry_price, trade.exit_price)]
        words = (trade.asset, trade.side, trade.entry_time, trade.exit_time, *ticks)
        digest.update(f"{words} {trade.lots:.6f}\n".encode())
    return digest.hexdigest()


def figures(result: RunResult) -> dict[str, Any]:
    """Return what the golden file pins."""
    metrics = summarise(result)
    assets = {
        f"{symbol}.{name}": numbers[name]
        for symbol, numbers in metrics["assets"].items()
        for name in ("net_pnl", "trades")
    }
    return {
        "portfolio": {name: metrics["portfolio"][name] for name in STATISTICS},
        "assets": assets,
        "trade_hash": trade_hash(result.trades),
    }


def test_the_sample_run_is_what_it_was(regen: bool) -> None:
    config = load(None, overrides={"allocation": "risk_parity"}).config
    backtester = PortfolioBacktester(config.assets, config.portfolio, player="kernel", jobs=2)
    found = figures(backtester.run(sample_bars()))
    if regen:
        GOLDEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert found["trade_hash"] == golden["trade_hash"]
    for part in ("portfolio", "assets"):
        assert found[part] == pytest.approx(golden[part], rel=1e-9, abs=1e-9)
