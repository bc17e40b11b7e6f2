"""The laws on two months of real bars: FX with its weekends beside crypto that never rests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.config.loading import load
from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Bars
from lockstep.core.result import LEDGER_TERMS, RunResult
from lockstep.data.load import load_bars
from lockstep.engine.portfolio import PortfolioBacktester
from tests.engine.test_laws_prefix import assert_same_before, horizon

SYMBOLS = ("BTCUSDT", "EURGBP", "GBPUSD")
#: New York changes its clocks on March 10th 2019, London on the 31st.
START, END = (int(pd.Timestamp(day).as_unit("ns").value) for day in ("2019-03-01", "2019-05-01"))
CUT = int(pd.Timestamp("2019-04-09T13:35").as_unit("ns").value)


@pytest.fixture(scope="module")
def real_bars() -> dict[str, Bars]:
    folder = os.environ.get("LOCKSTEP_REAL_DATA")
    if not folder:
        pytest.skip("LOCKSTEP_REAL_DATA names no folder of real bars")
    return load_bars(SYMBOLS, "5m", Path(folder) / "5m", start=START, end=END)


def backtest(bars: dict[str, Bars]) -> RunResult:
    """Run three assets of the real example, weighed weekly; every identity is checked inside."""
    example = load(Path(__file__).parents[2] / "examples" / "real_fx_crypto.json").config
    assets: list[AssetConfig] = [a for a in example.assets if a.symbol in SYMBOLS]
    changes: dict[str, Any] = {
        "allocation": "inverse_volatility",
        "rebalance": "weekly",
        "max_asset_weight": 0.5,
        "min_history": 5,
    }
    config: PortfolioConfig = example.portfolio.model_copy(update=changes)
    return PortfolioBacktester(assets, config).run(bars)


@pytest.fixture(scope="module")
def run(real_bars: dict[str, Bars]) -> RunResult:
    return backtest(real_bars)


def test_every_asset_trades_and_the_ledger_adds_up_to_the_equity(run: RunResult) -> None:
    assert set(run.trades["asset"]) == set(SYMBOLS)
    assert len(run.trades) > 100
    costs = ("spread", "slippage", "commission")
    signs = {term: -1.0 if term in costs else 1.0 for term in LEDGER_TERMS}
    explained = sum(run.ledger[term] * sign for term, sign in signs.items())
    assert np.abs(explained - run.ledger["equity_change"]).max() < 1e-4
    change = run.equity["total"].iloc[-1] - run.facts["capital"]
    assert run.trades["net_pnl"].sum() == pytest.approx(change, abs=1e-4)
    assert run.ledger["equity_change"].sum() == pytest.approx(change, abs=1e-4)


def test_nothing_fills_while_its_market_is_shut(run: RunResult, real_bars: dict[str, Bars]) -> None:
    for symbol, trades in run.trades.groupby("asset"):
        data = real_bars[str(symbol)]
        own = pd.DatetimeIndex(data.time)
        at = {name: own.get_indexer(trades[name]) for name in ("signal_time", "entry_time")}
        assert (at["entry_time"] == at["signal_time"] + 1).all()
        assert (own.get_indexer(trades["exit_time"]) >= at["entry_time"]).all()
        waited = trades["entry_time"] - trades["signal_time"]
        assert waited.max() <= pd.Timedelta("65min")
        weekend = trades["entry_time"].dt.day_of_week == 5
        assert weekend.any() == (symbol == "BTCUSDT")


def test_the_sleeve_of_a_shut_market_rests_but_for_rebalancing(
    run: RunResult, real_bars: dict[str, Bars]
) -> None:
    moves = set(run.weights.index)
    for symbol in SYMBOLS:
        changed = run.equity.index[run.equity[symbol].diff().fillna(0.0) != 0.0]
        shut = changed.difference(pd.DatetimeIndex(real_bars[symbol].time))
        assert set(shut) <= moves


def test_the_pounds_profits_are_converted_at_the_last_complete_bar(
    run: RunResult, real_bars: dict[str, Bars]
) -> None:
    pound = real_bars["GBPUSD"]
    spread = {a.symbol: a.instrument.spread for a in _example_assets()}["GBPUSD"]
    trades = run.trades[run.trades["asset"] == "EURGBP"]
    assert len(trades) > 10
    for _, trade in trades.iterrows():
        if trade["exit_reason"] == "data_end":
            continue
        last = int(np.searchsorted(pound.time + pound.timeframe, trade["exit_time"].value, "right"))
        known = pound.close[last - 1]
        assert known <= trade["rate_exit"] <= known + max(spread)
        assert trade["rate_exit"] > 1.2


def _example_assets() -> tuple[AssetConfig, ...]:
    return load(Path(__file__).parents[2] / "examples" / "real_fx_crypto.json").config.assets


def test_a_cut_of_the_data_changes_nothing_before_it(
    run: RunResult, real_bars: dict[str, Bars]
) -> None:
    cut = {symbol: data.between(0, CUT) for symbol, data in real_bars.items()}
    assert assert_same_before(backtest(cut), run, horizon(cut)) > 50
