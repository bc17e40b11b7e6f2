"""A hand-written strategy that hangs, dies or leaves only in the portfolio: named, others kept."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lockstep.core.errors import UsageError
from lockstep.core.protocols import Silent
from lockstep.core.result import RunResult
from lockstep.engine import apart, together
from lockstep.engine.apart import Answer, Call, Floor, each_apart
from lockstep.engine.portfolio import PortfolioBacktester
from tests.engine.markets import asset_configs, market, portfolio

SYMBOLS = ["EURUSD", "GBPUSD", "XAUUSD"]
WELL = "examples.custom:MyStrategy"
SETTINGS = ("on_asset_error", "risk")
linux = pytest.mark.skipif(sys.platform != "linux", reason="signals of processes")


def run(strategy: str, parameters: dict[str, Any] | None = None, **given: Any) -> RunResult:
    """Play three assets, one of signals, one by hand and well, and one by hand."""
    own = {"EURUSD": (WELL, {}), "GBPUSD": (f"tests.engine.failing:{strategy}", parameters or {})}
    configs = [
        c.model_copy(update=dict(zip(("strategy", "parameters"), own[c.symbol])))
        if c.symbol in own
        else c
        for c in asset_configs(SYMBOLS)
    ]
    config = portfolio(**{name: given.pop(name) for name in list(given) if name in SETTINGS})
    asked = given.pop("counterfactual", None)
    backtester = PortfolioBacktester(configs, config, player="auto", **given)
    return backtester.run(market(SYMBOLS, 1, 5), counterfactual=asked)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Compile what is not yet compiled: in a process apart it would count for an asset."""
    run("Alone")


@linux
@pytest.mark.parametrize(
    ("name", "seconds", "what"),
    [
        ("HangsTogether", 8.0, "did not finish within 8 s"),
        ("CrawlsTogether", 8.0, "did not finish within 8 s"),
        ("DiesTogether", None, "lost its process to SIGKILL, as systems do when memory runs out"),
        ("LeavesTogether", None, "ended its process with exit code 3"),
    ],
)
def test_whatever_it_does_to_the_process_of_the_portfolio_it_is_named_and_the_others_are_kept(
    name: str, seconds: float | None, what: str
) -> None:
    result = run(name, jobs=2, asset_timeout=seconds)
    assert result.facts["failed"] == {"GBPUSD": f"GBPUSD: its strategy {what} in the portfolio."}
    assert result.facts["status"] == "partial"
    assert list(result.solo_equity.columns) == ["EURUSD", "XAUUSD"]


@linux
def test_one_that_hangs_while_it_is_made_again_is_named(tmp_path: Path) -> None:
    result = run("HangsWhenMade", {"mark": str(tmp_path / "mark")}, asset_timeout=8.0)
    assert result.facts["failed"] == {
        "GBPUSD": "GBPUSD: its strategy did not finish within 8 s in the portfolio."
    }


@linux
def test_the_portfolio_goes_on_without_it_if_that_was_configured() -> None:
    result = run("DiesTogether", jobs=2, on_asset_error="drop")
    assert result.facts["status"] == "complete"
    assert list(result.facts["failed"]) == ["GBPUSD"]
    assert result.facts["symbols"] == ["EURUSD", "XAUUSD"]


def test_one_that_raises_there_is_named_with_the_traceback_of_its_process(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, logger="lockstep"):
        result = run("Together", jobs=2)
    said = "GBPUSD: its strategy failed with ValueError: too poor (failing.py:"
    assert result.facts["failed"]["GBPUSD"].startswith(said)
    (record,) = caplog.records
    assert vars(record)["event"] == "portfolio.failed"
    assert vars(record)["asset"] == "GBPUSD"
    assert 'raise ValueError("too poor")' in vars(record)["trace"]


@linux
def test_one_that_dies_where_a_rule_is_left_out_costs_that_run_only() -> None:
    risk = {"max_positions": {"limit": 2}, "breaker": {"limit": 0.3}}
    found = run("DiesUnruled", jobs=2, risk=risk, counterfactual=True).facts["counterfactuals"]
    assert found["runs"]["max_positions"] == {
        "failed": "GBPUSD: its strategy ended its process with exit code 4 in this run."
    }
    assert found["runs"]["breaker"]["trades"] > 0


class Advance(Silent):
    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def start(self, task: str, total: int) -> None:
        self.told.append((task, total))

    def advance(self, task: str, units: int = 1) -> None:
        self.told.append((task, units))


def test_the_process_changes_nothing_of_the_result_and_tells_how_far_it_is() -> None:
    here, there = Advance(), Advance()
    straight = run("Alone", progress=here)
    away = run("Alone", progress=there, asset_timeout=60.0)
    assert set(straight.trades["asset"]) == {"EURUSD", "XAUUSD"}
    assert away.trades.equals(straight.trades)
    assert away.equity.equals(straight.equity)
    assert away.decisions.equals(straight.decisions)
    assert away.account.equals(straight.account)
    assert away.ledger.equals(straight.ledger)
    assert away.facts == straight.facts
    assert [one for one in there.told if one[0] == "portfolio"] == [
        one for one in here.told if one[0] == "portfolio"
    ]


# Turns ------------------------------------------------------------------------------------------


def take_turns(naps: list[tuple[int, float]], floor: Floor) -> str:
    for whose, seconds in naps:
        floor.turn.value = whose
        time.sleep(seconds)
    return "done"


def answered(naps: list[tuple[int, float]], seconds: float) -> Answer:
    call = Call("all", take_turns, (naps,), turns=("A", "B"))
    (answer,) = each_apart([call], jobs=1, seconds=seconds)
    return answer


def test_the_limit_is_of_one_assets_turns_together_and_nobodys_time_is_free() -> None:
    assert answered([(0, 0.4), (1, 0.4), (-1, 1.5), (0, 0.3)], 1.0).value == "done"
    late = answered([(0, 0.4), (1, 0.6), (0, 0.3), (1, 60.0)], 1.0)
    assert late == Answer("all", failure="did not finish within 1 s", culprit="B")


def test_the_time_in_which_the_parent_was_stopped_is_nobodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter(range(1_000_000))

    def stopped_once() -> float:
        return time.monotonic() + (3600.0 if next(looks) > 2 else 0.0)

    monkeypatch.setattr(apart, "monotonic", stopped_once)
    assert answered([(0, 1.0)], 8.0).value == "done"
    assert next(looks) > 3


def test_who_took_too_long_is_named_also_if_the_next_ones_turn_has_begun_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = apart._Worker.end

    def slowly(worker: apart._Worker) -> None:
        time.sleep(0.5)
        end(worker)

    monkeypatch.setattr(apart._Worker, "end", slowly)
    assert answered([(0, 1.2), (1, 60.0)], 1.0).culprit == "A"


def test_a_process_that_is_lost_while_no_strategy_is_at_work_blames_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = Answer("the portfolio", failure="lost its process to SIGKILL")
    monkeypatch.setattr(together, "each_apart", lambda *_, **__: iter([lost]))
    with pytest.raises(UsageError, match=r"portfolio lost its process.*no strategy was at work"):
        run("Alone", jobs=2)
