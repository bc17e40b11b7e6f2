from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lockstep.config.loading import load
from lockstep.core.result import RunResult
from lockstep.data.sample import sample_bars
from lockstep.engine import solo
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.runs.parts import Parts

SYMBOLS = ("EURGBPX", "GBPUSDX", "NZDUSDX")
FIRST, LAST = 1_738_540_800_000_000_000, 1_739_491_200_000_000_000


class Memory:
    """A sink that keeps everything in a dict."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], dict[str, pd.DataFrame]] = {}

    def keep(self, kind: str, name: str, tables: Mapping[str, pd.DataFrame]) -> None:
        self.tables[kind, name] = {title: table.copy() for title, table in tables.items()}

    def kept(self, kind: str, name: str) -> dict[str, pd.DataFrame] | None:
        return self.tables.get((kind, name))


def result(sink: Any = None, last: int = LAST) -> RunResult:
    config = load(None, overrides={"allocation": "risk_parity"}).config
    assets = [asset for asset in config.assets if asset.symbol in SYMBOLS]
    bars = {name: one.between(FIRST, last) for name, one in sample_bars(SYMBOLS).items()}
    return PortfolioBacktester(assets, config.portfolio, player="kernel", sink=sink).run(bars)


def same(one: RunResult, other: RunResult) -> None:
    for item in dataclasses.fields(RunResult):
        left, right = getattr(one, item.name), getattr(other, item.name)
        if isinstance(left, pd.DataFrame):
            pd.testing.assert_frame_equal(left, right, check_exact=True, obj=item.name)
        else:
            assert left == right, item.name


def test_every_solo_run_is_kept_as_it_finishes_and_keeping_changes_nothing() -> None:
    sink = Memory()
    same(result(sink), result())
    assert {name for kind, name in sink.tables if kind == "solo"} == set(SYMBOLS)


def test_what_was_kept_is_not_played_again_and_gives_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sink = Memory()
    straight = result(sink)
    for key in [key for key in sink.tables if key[1] == "GBPUSDX"]:
        del sink.tables[key]
    played: list[str] = []
    real = solo._solo

    def watched(symbol: str, *rest: Any) -> Any:
        played.append(symbol)
        return real(symbol, *rest)

    monkeypatch.setattr(solo, "_solo", watched)
    same(result(sink), straight)
    assert set(played) == {"GBPUSDX"}


def test_runs_on_disk_without_any_trade_give_the_same_result(tmp_path: Path) -> None:
    two_hours = FIRST + 7_200_000_000_000
    straight = result(Parts(tmp_path), last=two_hours)
    assert len(straight.solo_trades) == len(straight.trades) == 0
    assert Parts(tmp_path).count >= len(SYMBOLS)
    same(result(Parts(tmp_path), last=two_hours), straight)


def test_runs_on_disk_give_the_same_result(tmp_path: Path) -> None:
    straight = result(Parts(tmp_path))
    assert len(straight.solo_trades) > 0
    same(result(Parts(tmp_path)), straight)
