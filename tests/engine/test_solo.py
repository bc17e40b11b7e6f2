"""Assets that die, hang, leave or run out of memory: named, and the others kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lockstep.core.errors import StrategyError, UsageError
from lockstep.core.result import RunResult
from lockstep.engine import apart
from lockstep.engine.apart import Call, each_apart
from lockstep.engine.portfolio import PortfolioBacktester
from tests.engine.failing import NeverUnpacked
from tests.engine.markets import asset_configs, market, portfolio

linux = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
EVERY = ["BTCUSD", "EURGBP", "EURUSD", "GBPUSD", "USDJPY", "XAUUSD"]


def run(bad: dict[str, str], symbols: list[str], **given: Any) -> RunResult:
    configs = [
        c.model_copy(update={"strategy": bad[c.symbol], "parameters": {}}) if c.symbol in bad else c
        for c in asset_configs(symbols)
    ]
    mode = given.pop("on_asset_error", "fail")
    backtester = PortfolioBacktester(configs, portfolio(on_asset_error=mode), **given)
    return backtester.run(market(symbols, 1, 8))


def children(parent: int | None = None) -> list[int]:
    """Return the processes below one, without multiprocessing's own tracker."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            after = (place / "stat").read_text().rpartition(")")[2].split()
            command = (place / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if int(after[1]) == (parent or os.getpid()) and b"spawn_main" in command:
            found.append(int(place.name))
    return found


@linux
def test_whatever_an_asset_does_to_its_process_it_is_named_and_the_others_are_kept() -> None:
    bad = {
        "BTCUSD": "tests.engine.failing:DiesSilently",
        "EURGBP": "tests.engine.failing:Hangs",
        "EURUSD": "tests.engine.failing:EatsMemory",
        "GBPUSD": "tests.engine.failing:Leaves",
        "USDJPY": "tests.engine.failing:BreaksLate",
    }
    result = run(bad, EVERY, jobs=3, asset_timeout=4.0, player="auto", on_asset_error="drop")
    failed = result.facts["failed"]
    assert list(failed) == sorted(bad)
    assert failed["BTCUSD"] == (
        "BTCUSD: its strategy lost its process to SIGKILL, as systems do when memory runs out."
    )
    assert failed["EURGBP"] == "EURGBP: its strategy did not finish within 4 s."
    assert "EURUSD: its strategy failed with MemoryError" in failed["EURUSD"]
    assert failed["GBPUSD"] == "GBPUSD: its strategy ended its process with exit code 3."
    assert "USDJPY: its strategy failed with ZeroDivisionError" in failed["USDJPY"]
    assert result.facts["status"] == "complete"
    assert list(result.solo_equity.columns) == ["XAUUSD"]
    assert set(result.equity.columns) >= {"XAUUSD"}
    assert children() == []


def test_processes_change_nothing_of_the_result() -> None:
    mine = {"EURUSD": "examples.custom:MyStrategy"}
    straight = run(mine, ["EURUSD", "GBPUSD"], player="auto")
    away = run(mine, ["EURUSD", "GBPUSD"], player="auto", asset_timeout=60)
    assert set(straight.solo_trades["asset"]) == {"EURUSD", "GBPUSD"}
    assert away.trades.equals(straight.trades)
    assert away.equity.equals(straight.equity)
    assert away.solo_trades.equals(straight.solo_trades)
    assert away.facts == straight.facts


def test_a_strategy_of_signals_that_hangs_is_ended_at_the_limit() -> None:
    right, wrong = asset_configs(["EURUSD", "GBPUSD"])
    hanging = NeverUnpacked(**dict(wrong))
    backtester = PortfolioBacktester(
        [right, hanging], portfolio(), player="auto", jobs=2, asset_timeout=3.0
    )
    result = backtester.run(market(["EURUSD", "GBPUSD"], 1, 8))
    assert result.facts["failed"] == {"GBPUSD": "GBPUSD: its strategy did not finish within 3 s."}
    assert result.facts["status"] == "partial"
    assert list(result.solo_equity.columns) == ["EURUSD"]


# Calls in processes ---------------------------------------------------------------------------


def twice(number: int) -> int:
    return number * 2


def refuse(number: int) -> int:
    raise StrategyError(f"{number} is refused")


def test_answers_bear_the_name_of_their_asset_and_one_process_answers_many() -> None:
    calls = [Call(name, twice, (at,)) for at, name in enumerate("ABC")]
    assert sorted((a.symbol, a.value) for a in each_apart(calls, jobs=1)) == [
        ("A", 0),
        ("B", 2),
        ("C", 4),
    ]


def test_nothing_to_do_starts_no_process() -> None:
    assert list(each_apart([], jobs=2)) == []


def test_an_error_raised_on_purpose_ends_them_all_and_no_process_is_left() -> None:
    calls = [Call("A", refuse, (1,)), Call("B", refuse, (2,))]
    with pytest.raises(StrategyError, match="is refused"):
        list(each_apart(calls, jobs=1))
    assert children() == []


def test_a_process_that_cannot_start_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_serve", int)  # int(pipe, ...) fails before it is ready
    with pytest.raises(
        UsageError, match=r"cannot be started \(it ended its process with exit code 1"
    ):
        list(each_apart([Call("A", twice, (1,))], jobs=1))


ORPHANS = """
import sys, time
from lockstep.engine.apart import Call, each_apart
if __name__ == "__main__":
    print("begun", flush=True)
    list(each_apart([Call(n, time.sleep, (60,)) for n in "AB"], jobs=2))
"""


@linux
def test_processes_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    source = str(Path(apart.__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": source}
    )
    try:
        below = _until(lambda: children(parent.pid), lambda found: len(found) == 2)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    left = _until(
        lambda: [p for p in below if Path(f"/proc/{p}").exists()], lambda found: not found
    )
    assert len(below) == 2
    assert left == []


def _until(look: Any, fits: Any) -> Any:
    for _ in range(400):
        found = look()
        if fits(found):
            return found
        time.sleep(0.05)
    return found


@linux
def test_an_interruption_ends_the_processes_at_once(tmp_path: Path) -> None:
    script = tmp_path / "interrupted.py"
    script.write_text(ORPHANS)
    source = str(Path(apart.__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": source},
        stderr=subprocess.PIPE,
    )
    below = _until(lambda: children(parent.pid), lambda found: len(found) == 2)
    parent.send_signal(signal.SIGINT)
    _, said = parent.communicate(timeout=10)
    assert parent.returncode != 0
    assert b"KeyboardInterrupt" in said
    assert [p for p in below if Path(f"/proc/{p}").exists()] == []
