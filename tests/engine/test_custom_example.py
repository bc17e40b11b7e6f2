"""The hand-written mean reversion of the examples, beside the signals of the same rules."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.config.models import AssetConfig
from lockstep.core.bars import TIMEFRAMES, Bars
from lockstep.engine.plan import plan_asset
from lockstep.engine.played import Played
from tests.kit import plan_of, play_checked, unit
from tests.strategies.markets import random_bars

COSTS: dict[str, Any] = {"spread": (0.00008,), "slippage": 0.00002, "commission_per_lot": 3.0,
                         "swap_long": -0.02, "swap_short": 0.005}  # fmt: skip
DOCS = Path(__file__).parents[2] / "docs" / "hand-written-strategies.md"


def play(bars: Bars, strategy: str, parameters: dict[str, Any], **changes: Any) -> Played:
    config = AssetConfig(
        symbol=bars.symbol,
        timeframe=next(name for name, ns in TIMEFRAMES.items() if ns == bars.timeframe),
        instrument=unit(bars.symbol, **(COSTS | changes)),
        strategy=strategy,
        parameters=parameters,
    )
    plan, _ = plan_asset(config, bars, account_currency="USD", pairs=(), constants={})
    return play_checked(plan_of(plan, risk_fraction=0.002))


def same(bars: Bars, by_hand: dict[str, Any], by_signal: dict[str, Any], **changes: Any) -> Played:
    """Play both, compare every number of every trade and of equity, return one."""
    signals = play(bars, "mean_reversion", by_signal, **changes)
    hand = play(bars, "examples.custom:MyStrategy", by_hand, **changes)
    assert [repr(t) for t in hand.trades] == [repr(t) for t in signals.trades]
    assert np.array_equal(hand.equity, signals.equity)
    assert np.array_equal(hand.used_margin, signals.used_margin)
    return signals


@pytest.mark.parametrize("volume", ["all", "some", "none"])
def test_by_hand_and_by_signals_the_trades_are_the_same(volume: str) -> None:
    played = same(random_bars(7, 6000, volume=volume), {}, {})
    assert len(played.trades) > 60
    assert {t.side for t in played.trades} == {1, -1}
    assert len({t.exit_reason for t in played.trades}) >= 3  # stop, target, time


def test_other_parameters_and_mid_quotes_give_the_same_trades_too() -> None:
    shared = {"bollinger_period": 12, "bollinger_deviations": 1.5, "vwap_period": 30,
              "vwap_deviations": 1.0, "atr_period": 9, "stop_multiplier": 3.0,
              "reward_risk": 0.8}  # fmt: skip
    played = same(
        random_bars(11, 4000, "15m"),
        {**shared, "max_bars": 8},
        {**shared, "max_minutes": 120},
        quote_side="mid",
    )
    assert len(played.trades) > 60


def test_on_real_bars_the_trades_are_the_same() -> None:
    folder = os.environ.get("LOCKSTEP_REAL_DATA")
    if not folder:
        pytest.skip("LOCKSTEP_REAL_DATA names no folder of real bars")
    frame = pd.read_parquet(Path(folder) / "5m" / "EURUSD.parquet").iloc[:30_000]
    time = pd.DatetimeIndex(frame.index).tz_localize(None).as_unit("ns").asi8
    columns = (frame[c].to_numpy(np.float64) for c in ("open", "high", "low", "close", "volume"))
    played = same(Bars("EURUSD", TIMEFRAMES["5m"], time, *columns), {}, {})
    assert len(played.trades) > 300


def code_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_strategy_of_the_documentation_runs(tmp_path: Path) -> None:
    source = next(block for block in code_blocks() if "class Breakout" in block)
    (tmp_path / "documented_breakout.py").write_text(source, encoding="utf-8")
    config = AssetConfig(
        symbol="EURUSD",
        timeframe="5m",
        instrument=unit(**COSTS),
        strategy="documented_breakout:Breakout",
        parameters={"period": 30},
    )
    plan, notes = plan_asset(
        config,
        random_bars(3, 3000),
        account_currency="USD",
        pairs=(),
        constants={},
        folders=(str(tmp_path),),
    )
    played = play_checked(plan_of(dataclasses.replace(plan)))
    assert notes == ()
    assert len(played.trades) > 10
    assert any(t.exit_level != t.stop_price for t in played.trades)  # stops were moved


def test_the_documentation_quotes_the_example_as_it_is() -> None:
    example = (Path(__file__).parents[2] / "examples" / "custom.py").read_text(encoding="utf-8")
    quoted = next(block for block in code_blocks() if "def fade" in block)
    assert quoted.strip() in example
