"""PortfolioBacktester: what it refuses, whom it leaves out, how weights come about."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.config.loading import load
from lockstep.config.models import AssetConfig
from lockstep.core.bars import MINUTE_NS, Bars
from lockstep.core.calendar import HOUR_NS
from lockstep.core.errors import AssetError, ConfigError, DataError, StrategyError
from lockstep.data.sample import sample_bars
from lockstep.engine.outcome import Solo
from lockstep.engine.portfolio import PortfolioBacktester
from tests.engine import failing
from tests.engine.markets import (
    MONDAY,
    SYMBOLS,
    UNITS,
    asset_configs,
    market,
    pairs_of,
    portfolio,
    random_bars,
)
from tests.kit import asset, make_bars, plan_of, play_checked, unit

TRIO = ("EURUSD", "GBPUSD", "XAUUSD")
BREAKS = "tests.engine.failing:BreaksLate"


def written(configs: list[AssetConfig], symbol: str, strategy: str) -> list[AssetConfig]:
    """Return the configuration with one asset's strategy written by hand."""
    return [
        c.model_copy(update={"strategy": strategy, "parameters": {}}) if c.symbol == symbol else c
        for c in configs
    ]


# What it refuses -------------------------------------------------------------------------------


def test_a_run_without_assets_is_refused() -> None:
    with pytest.raises(ConfigError, match="assets is empty; expected at least one asset"):
        PortfolioBacktester([], portfolio())


def test_a_missing_asset_is_named() -> None:
    with pytest.raises(DataError, match="no bars for GBPUSD, XAUUSD"):
        PortfolioBacktester(asset_configs(TRIO), portfolio()).run(market(["EURUSD"], 1, 5))


def test_labels_that_do_not_lie_on_one_grid_are_refused_naming_both_assets() -> None:
    bars = market(["EURUSD", "GBPUSD"], 1, 5)
    bars["GBPUSD"] = dataclasses.replace(bars["GBPUSD"], time=bars["GBPUSD"].time + 5 * MINUTE_NS)
    configs = asset_configs(["EURUSD", "GBPUSD"])
    with pytest.raises(DataError, match=r"GBPUSD and EURUSD do not lie on one grid.* 300 s"):
        PortfolioBacktester(configs, portfolio()).run(bars)


def test_two_timeframes_are_refused_naming_both_assets() -> None:
    bars = market(["EURUSD"], 1, 5) | market(["GBPUSD"], 1, 5, timeframe=4 * HOUR_NS)
    configs = asset_configs(["EURUSD", "GBPUSD"])
    with pytest.raises(DataError, match="EURUSD has bars of 60 minutes, GBPUSD of 240"):
        PortfolioBacktester(configs, portfolio()).run(bars)


def test_a_range_without_bars_is_refused_naming_who_has_none() -> None:
    bars = market(["BTCUSD", "EURUSD"], 1, 7)
    config = portfolio(start="2025-03-01T00:00", end="2025-03-01T23:00")  # a Saturday
    with pytest.raises(DataError, match="EURUSD: no bars in the run's range"):
        PortfolioBacktester(asset_configs(["BTCUSD", "EURUSD"]), config).run(bars)


def test_a_currency_without_a_rate_is_refused_naming_the_pair() -> None:
    with pytest.raises(DataError, match="no rate from GBP to USD: expected bars of GBPUSD"):
        PortfolioBacktester(asset_configs(["EURGBP"]), portfolio()).run(market(["EURGBP"], 1, 5))


def test_a_fixed_weight_of_nobody_is_refused() -> None:
    config = portfolio(allocation="fixed", allocation_parameters={"fractions": {"EURUSX": 0.5}})
    with pytest.raises(ConfigError, match="names 'EURUSX', which is no asset"):
        PortfolioBacktester(asset_configs(TRIO), config)


def test_a_strategy_that_cannot_be_found_is_refused() -> None:
    configs = written(asset_configs(TRIO), "GBPUSD", "tests.engine.failing:NotOurs")
    with pytest.raises(StrategyError, match="does not derive from LockstepStrategy"):
        PortfolioBacktester(configs, portfolio()).run(market(TRIO, 1, 5))


# The range of a run ----------------------------------------------------------------------------


def uneven() -> dict[str, Bars]:
    return {
        "EURUSD": random_bars("EURUSD", 1, 14),
        "GBPUSD": random_bars("GBPUSD", 1, 21, start=MONDAY + 7 * 24 * HOUR_NS),
    }


def span(result: Any) -> tuple[str, str]:
    return str(result.equity.index[0]), str(result.equity.index[-1])


def test_the_range_is_the_union_of_the_data_unless_the_common_part_is_asked_for() -> None:
    configs = asset_configs(["EURUSD", "GBPUSD"])
    whole = PortfolioBacktester(configs, portfolio()).run(uneven())
    assert span(whole) == ("2025-02-24 00:00:00", "2025-03-23 23:00:00")
    assert whole.facts["ranges"]["GBPUSD"]["first"] == "2025-03-03T00:00:00Z"
    common = PortfolioBacktester(configs, portfolio(range="common")).run(uneven())
    assert span(common) == ("2025-03-03 00:00:00", "2025-03-09 23:00:00")
    assert common.facts["ranges"]["EURUSD"]["last"] == "2025-03-09T23:00:00Z"


def test_start_and_end_bound_the_labels_of_the_run() -> None:
    config = portfolio(start="2025-03-04", end="2025-03-06")
    result = PortfolioBacktester(asset_configs(["EURUSD"]), config).run(uneven())
    assert span(result) == ("2025-03-04 00:00:00", "2025-03-06 23:00:00")


# Weights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["inverse_volatility", "performance_weighted", "risk_parity"])
def test_from_the_second_rebalance_on_a_model_leaves_equal_weights(model: str) -> None:
    config = portfolio(allocation=model, rebalance="weekly", min_history=5)
    result = PortfolioBacktester(asset_configs(SYMBOLS), config).run(market(SYMBOLS, 41, 42))
    weights = result.weights.drop(columns="reserve").to_numpy()
    assert weights[0] == pytest.approx(np.full(6, 1 / 6))
    assert np.all(np.ptp(weights[2:], axis=1) > 0.01)
    assert weights.sum(axis=1) == pytest.approx(1.0)
    # Every trade bears the weight of the moment in which it was sized.
    for _, trade in result.trades.iterrows():
        row = result.weights.index.searchsorted(trade["signal_time"], side="right") - 1
        assert trade["weight"] == result.weights.iloc[row][trade["asset"]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bars]:
    """The built-in sample at 1h, cached beside the tests and not in the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp("cache")))
        return sample_bars(timeframe="1h")


@pytest.mark.parametrize("model", ["performance_weighted", "risk_parity"])
def test_on_the_sample_the_weights_leave_equal_after_the_second_rebalance(
    sample: dict[str, Bars], model: str
) -> None:
    loaded = load(Path(__file__).parents[2] / "assets_config_highperf.json").config
    assets = [a.model_copy(update={"timeframe": "1h"}) for a in loaded.assets]
    config = portfolio(allocation=model, max_asset_weight=0.3)
    result = PortfolioBacktester(assets, config).run(sample)
    weights = result.weights.drop(columns="reserve").to_numpy()
    assert weights.shape == (7, 15)  # the start, and the first day of February to July
    assert weights[0] == pytest.approx(np.full(15, 1 / 15))
    assert np.all(np.ptp(weights[2:], axis=1) > 0.03)
    assert weights.max() <= 0.3 + 1e-12
    assert result.facts["labels"] == ["SYNTHETIC"]
    assert (result.trades.groupby("asset").size() >= 10).all()


def test_the_facts_tell_the_rules_as_they_acted_and_not_only_as_they_were_written() -> None:
    risk = {"breaker": {"limit": 0.04}, "drawdown_scaling": {}}
    result = PortfolioBacktester(asset_configs(TRIO), portfolio(risk=risk)).run(market(TRIO, 44, 7))
    told = result.facts["rule_settings"]
    assert list(told) == result.facts["rules"]
    assert told["drawdown_scaling"] == {"start_at": 0.4 * 0.04, "end_at": 0.04, "floor": 0.25}


def test_a_cap_that_cannot_be_filled_leaves_the_rest_in_reserve() -> None:
    config = portfolio(max_asset_weight=0.2)
    result = PortfolioBacktester(asset_configs(TRIO), config).run(market(TRIO, 42, 10))
    assert result.weights.iloc[0].tolist() == pytest.approx([0.2, 0.2, 0.2, 0.4])
    assert result.equity["reserve"].iloc[0] == pytest.approx(40_000.0)


def test_what_a_model_could_not_answer_is_a_decision_with_its_sentence() -> None:
    config = portfolio(allocation="risk_parity", rebalance="weekly", min_history=3)
    result = PortfolioBacktester(asset_configs(TRIO), config).run(market(TRIO, 43, 21))
    told = result.decisions[result.decisions["code"] == "allocation_fallback"]
    assert told["time"].tolist() == result.weights.index[1:].tolist()
    assert told["asset"].tolist() == ["", "", ""]
    first = told["sentence"].iloc[0]
    assert first.startswith("Risk parity found no answer (5 days have returns of all 3 assets")
    start = result.decisions[result.decisions["code"] == "no_history"]
    assert start["asset"].tolist() == list(TRIO)
    assert result.facts["weight_notes"][:3] == start["sentence"].tolist()


def test_what_closing_at_the_datas_end_costs_is_not_fed_to_allocation() -> None:
    """A long from 1.0 stands at 1.2 when its data end; slippage of 0.01 is not its return."""
    rows = [(c, c, c, c) for c in (1.0, 1.0, 1.2)]
    plan = plan_of(
        asset(
            unit("EURUSD", slippage=0.01, commission_per_lot=7.0),
            make_bars("EURUSD", rows),
            [{"bar": 0, "side": 1, "stop": 0.5}],
        ),
        weights=[1.0],
        risk_fraction=0.5,
    )
    played = play_checked(plan)
    (trade,) = played.trades
    assert played.equity[-1, 0] == pytest.approx(100_000.0 + trade.net_pnl)
    marks = Solo.of(plan, played).marks
    # One lot filled at 1.01 and marked at 1.2, less the commission of the entry alone.
    assert marks.tolist() == pytest.approx([100_000.0 + 0.19 * 100_000 - 7.0])


# Who is left out -------------------------------------------------------------------------------


def line_of(text: str) -> int:
    """Return the line of the failing strategies' file that holds a text."""
    lines = Path(failing.__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_failing_asset_leaves_a_partial_run_that_names_it_and_keeps_the_others() -> None:
    configs = written(asset_configs(TRIO), "GBPUSD", BREAKS)
    bars = market(TRIO, 44, 14)
    result = PortfolioBacktester(configs, portfolio()).run(bars)
    assert result.facts["status"] == "partial"
    assert result.facts["failed"] == {
        "GBPUSD": "GBPUSD: its strategy failed with ZeroDivisionError: integer division or "
        f"modulo by zero (failing.py:{line_of('self.p.bar // 0')})"
    }
    assert result.equity.empty and result.trades.empty and result.ledger.empty
    assert list(result.solo_equity.columns) == ["EURUSD", "XAUUSD"]
    assert set(result.solo_trades["asset"]) == {"EURUSD", "XAUUSD"}
    whole = PortfolioBacktester(asset_configs(["EURUSD", "XAUUSD"]), portfolio()).run(bars)
    pd.testing.assert_frame_equal(result.solo_trades, whole.solo_trades, check_exact=True)


def test_a_strategy_that_cannot_even_begin_is_the_failing_assets_fault_alone() -> None:
    configs = written(asset_configs(TRIO), "EURUSD", "tests.engine.failing:BreaksAtOnce")
    result = PortfolioBacktester(configs, portfolio()).run(market(TRIO, 44, 7))
    where = f"failing.py:{line_of('no licence')}"
    assert result.facts["failed"]["EURUSD"].endswith(f"RuntimeError: no licence ({where})")
    assert list(result.solo_equity.columns) == ["GBPUSD", "XAUUSD"]


def test_dropping_a_failing_asset_is_the_run_without_it_labelled() -> None:
    configs = written(asset_configs(TRIO), "GBPUSD", BREAKS)
    bars = market(TRIO, 44, 14)
    config = portfolio(on_asset_error="drop", rebalance="weekly")
    result = PortfolioBacktester(configs, config).run(bars)
    assert result.facts["status"] == "complete"
    assert "DEGRADED: without GBPUSD" in result.facts["labels"]
    without = PortfolioBacktester(asset_configs(["EURUSD", "XAUUSD"]), config).run(bars)
    for name in ("trades", "equity", "weights", "decisions", "ledger", "account"):
        left, right = getattr(result, name), getattr(without, name)
        pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_a_failing_asset_held_as_cash_leaves_its_first_share_in_the_reserve() -> None:
    configs = written(asset_configs(TRIO), "GBPUSD", BREAKS)
    config = portfolio(on_asset_error="cash", rebalance="none")
    result = PortfolioBacktester(configs, config).run(market(TRIO, 44, 14))
    assert result.symbols == ["EURUSD", "XAUUSD"]
    assert result.weights.iloc[0].tolist() == pytest.approx([1 / 3] * 3)
    assert result.equity["reserve"].iloc[0] == pytest.approx(100_000 / 3)
    assert "DEGRADED: without GBPUSD" in result.facts["labels"]


def test_a_failing_asset_whose_data_outlive_the_others_does_not_break_the_schedule() -> None:
    configs = written(asset_configs(["EURUSD", "GBPUSD", "XAUUSD"]), "GBPUSD", BREAKS)
    days = {"EURUSD": 10, "GBPUSD": 28, "XAUUSD": 10}
    bars = {symbol: random_bars(symbol, 44, n) for symbol, n in days.items()}
    config = portfolio(on_asset_error="cash", rebalance="weekly")
    result = PortfolioBacktester(configs, config).run(bars)
    assert [str(t) for t in result.weights.index] == ["2025-02-24 00:00:00", "2025-03-02 22:00:00"]


def test_when_all_fail_there_is_nothing_to_continue_with() -> None:
    configs = [written([c], c.symbol, BREAKS)[0] for c in asset_configs(TRIO)]
    config = portfolio(on_asset_error="drop")
    with pytest.raises(AssetError, match=r"EURUSD: .*; GBPUSD: .*; XAUUSD: "):
        PortfolioBacktester(configs, config).run(market(TRIO, 44, 10))


# What it keeps ---------------------------------------------------------------------------------


def test_pairs_of_the_data_folder_convert_what_the_run_does_not_trade() -> None:
    bars = market(["EURGBP", "GBPUSD"], 45, 14)
    pounds = pairs_of({"GBPUSD": bars["GBPUSD"]})
    result = PortfolioBacktester(asset_configs(["EURGBP"]), portfolio()).run(bars, pounds)
    trades = result.trades[result.trades["exit_reason"] != "data_end"]
    assert len(trades) > 10
    closes = pd.Series(bars["GBPUSD"].close, index=pd.DatetimeIndex(bars["GBPUSD"].time))
    for _, trade in trades.iterrows():
        # At the open, and all through the bar: of complete bars the last is the one before.
        known = closes[: trade["exit_time"] - pd.Timedelta("1h")].iloc[-1]
        assert trade["rate_exit"] == known


def test_the_account_may_be_kept_in_another_currency() -> None:
    bars = market(["EURUSD", "USDJPY"], 46, 14)
    config = portfolio(currency="EUR")
    result = PortfolioBacktester(asset_configs(["EURUSD", "USDJPY"]), config).run(bars)
    dollars = result.trades[result.trades["asset"] == "EURUSD"]
    spread = UNITS["EURUSD"].spread[0]
    low, high = bars["EURUSD"].low.min(), bars["EURUSD"].high.max() + 2 * spread
    assert ((1 / dollars["rate_exit"]).between(low, high)).all()
    yen = result.trades[result.trades["asset"] == "USDJPY"]
    assert ((1 / yen["rate_exit"]).between(140, 200)).all()
    assert result.facts["currency"] == "EUR"


def test_facts_say_who_was_configured_who_played_and_how_often_a_signal_found_a_position() -> None:
    bars = market(TRIO, 47, 14)
    result = PortfolioBacktester(asset_configs(TRIO), portfolio(), labels=("PRESET",)).run(bars)
    facts = result.facts
    assert facts["configured"] == facts["symbols"] == list(TRIO)
    assert facts["rules"] == ["breaker", "drawdown_scaling", "correlation_scaling"]
    assert facts["labels"] == ["PRESET"]
    assert facts["timeframe"] == "1h"
    assert all(facts["counts"][symbol]["in_position"] > 0 for symbol in TRIO)


def test_progress_is_told_of_every_solo_run_and_of_the_whole_clock() -> None:
    class Notes:
        def __init__(self) -> None:
            self.totals: dict[str, int] = {}
            self.done: dict[str, int] = {}

        def start(self, task: str, total: int) -> None:
            self.totals[task] = total

        def advance(self, task: str, units: int = 1) -> None:
            self.done[task] = self.done.get(task, 0) + units

    notes = Notes()
    bars = market(TRIO, 48, 7)
    result = PortfolioBacktester(asset_configs(TRIO), portfolio(), progress=notes).run(bars)
    assert notes.totals == {"solo runs": 3, "portfolio": len(result.equity)}
    assert notes.done["solo runs"] == 3
    assert notes.totals["portfolio"] * 0.98 < notes.done["portfolio"] <= notes.totals["portfolio"]
