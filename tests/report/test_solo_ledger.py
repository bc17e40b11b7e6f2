"""The sections on solo trades, on runs without a rule, and on the doctor's findings."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.result import RunResult
from lockstep.core.tables import write_csv
from lockstep.metrics.doctor.table import CHECKS
from lockstep.metrics.matching import solo_ledger
from lockstep.metrics.summary import summarise
from lockstep.report.reading import Reading, read
from lockstep.report.sections.counterfactual import Counterfactual
from lockstep.report.sections.doctor import Doctor
from lockstep.report.sections.solo_ledger import SoloLedger
from lockstep.report.sections.why import Why
from tests.report.results import decisions_of, facts_of, made, names, trades_of

PNL = np.array([[100.0, -50.0], [-300.0, 20.0], [150.0, 30.5]])
WITHOUT = {"final_equity": 99_000.0, "max_drawdown": 0.05, "trades": 9}


def mixed() -> RunResult:
    """Return a run of which one solo trade was blocked, one resized, one changed, one added."""
    solo = trades_of(PNL, names(2), lots=1.0)
    own = solo.assign(factor_drawdown_scaling=[1.0, 0.5, 1.0, 1.0, 1.0, 1.0])
    own.loc[2, "exit_reason"] = "breaker"
    own.loc[4, "signal_time"] += np.timedelta64(1, "m")
    blocked = decisions_of(
        (str(solo["signal_time"].iloc[5]), "E", "ASSET01", "blocked_breaker", 0.0, 0.0, ".")
    )
    return made(2, 3, pnl=PNL, trades=own.iloc[:5], solo_trades=solo, decisions=blocked)


def reading(result: RunResult, **metrics: Any) -> Reading:
    return read(result, {**summarise(result), **metrics})


def text(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def test_counts_of_the_ledger_stand_by_asset_and_in_sum() -> None:
    lines = SoloLedger().lines(reading(mixed()))
    rows = {line.split()[0]: line.split()[1:] for line in lines[:8] if line.strip()}
    assert rows["ASSET00"] == ["3", "1", "0", "0", "2", "1", "3"]
    assert rows["ASSET01"] == ["3", "1", "1", "1", "0", "0", "2"]
    assert rows["TOTAL"] == ["6", "2", "1", "1", "2", "1", "5"]


def test_the_reasons_are_told_in_words() -> None:
    said = text(SoloLedger().lines(reading(mixed())))
    assert re.search(r"blocked: breaker tripped 1 \+30\.50", said)
    assert re.search(r"resized: drawdown scaling 1 -50\.00", said)
    assert re.search(r"changed: the breaker closed it 1 -300\.00", said)
    assert re.search(r"new: the solo run still held another 1 0\.00", said)


def test_the_bridge_adds_up_to_the_cent() -> None:
    lines = Why().lines(reading(mixed()))
    start = next(i for i, line in enumerate(lines) if "the solo runs at their weights" in line)
    amounts = []
    for line in lines[start:]:
        if line.strip("- ") == "":
            continue
        amounts.append(float(line.split()[-1].replace(",", "")))
        if "the portfolio's net P&L" in line:
            break
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=1e-9)
    assert len(amounts) >= 5


def test_an_entry_only_the_solo_account_refused_is_told() -> None:
    solo = trades_of(PNL, names(2))
    result = made(2, 3, pnl=PNL, solo_trades=solo.iloc[1:])
    assert "New: the solo account refused it: 1 trade (" in text(Why().lines(reading(result)))


def test_the_ledger_is_saved_with_a_row_for_every_solo_trade_and_the_same_bytes(
    tmp_path: Any,
) -> None:
    for name in ("one", "two"):
        write_csv(solo_ledger(mixed()), tmp_path / name)
    files = [tmp_path / name for name in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    table = pd.read_csv(files[0])
    assert len(table) == 7
    assert table["status"].value_counts().to_dict() == {
        "taken": 2, "changed": 2, "resized": 1, "blocked": 1, "new": 1,
    }  # fmt: skip


def with_runs(runs: dict[str, Any], rules: list[str]) -> RunResult:
    recorded = {"skipped": None, "runs": runs}
    facts = facts_of(names(2), 3, rules=rules, counterfactuals=recorded)
    return made(2, 3, pnl=PNL, facts=facts)


def test_each_rule_has_a_row_with_what_having_it_changed() -> None:
    result = with_runs({"all_rules": WITHOUT, "breaker": WITHOUT}, ["breaker"])
    shown = reading(result)
    lines = Counterfactual().lines(shown)
    equity, fall = (shown.number("portfolio", key) for key in ("final_equity", "max_drawdown"))
    row = next(line for line in lines if "without breaker" in line).split()
    assert row[2:5] == ["99,000.00", "5.00", "9"]
    assert row[5] == f"{equity - 99_000.0:+,.2f}"
    assert row[6] == f"{(fall - 0.05) * 100:+.2f}"
    assert lines.index(next(line for line in lines if "without any rule" in line)) > 3
    assert "In-sample, path-dependent: not additive." in text(lines)


def test_a_run_without_the_rule_that_failed_says_why_in_a_footnote() -> None:
    result = with_runs({"breaker": {"failed": "A: division by zero"}}, ["breaker"])
    shown = reading(result)
    assert "without breaker n/a[1] n/a[1] n/a[1]" in text(Counterfactual().lines(shown))
    assert "division by zero" in text(shown.notes.lines())
    assert summarise(result)["counterfactuals"]["breaker"]["final_equity"] is None


def test_where_no_run_without_a_rule_was_played_the_section_says_why() -> None:
    recorded = {"skipped": "the run has no risk rule", "runs": {}}
    result = made(2, 3, pnl=PNL, facts=facts_of(names(2), 3, counterfactuals=recorded))
    assert (
        text(Counterfactual().lines(reading(result))) == "Not measured: the run has no risk rule."
    )


def finding(asset: str, value: float, severity: str = "medium") -> dict[str, Any]:
    return {
        "code": "few_trades",
        "severity": severity,
        "asset": asset,
        "value": value,
        "unit": "trades",
        "sentence": f"{asset} made {value:.0f} trades.",
        "advice": "Lengthen the history.",
    }


def test_a_healthy_result_is_said_to_be_one_with_every_question_asked() -> None:
    said = text(Doctor().lines(reading(mixed(), findings=[])))
    assert said.startswith("The doctor found nothing.")
    assert f"{len(CHECKS)} checks made." in said
    for check in CHECKS:
        assert check.question[1:] in said


def test_findings_of_one_kind_share_a_paragraph_and_the_worst_is_told_in_full() -> None:
    found = [finding("A", 3.0), finding("B", 5.0), finding("C", 1.5)]
    said = text(Doctor().lines(reading(mixed(), findings=found)))
    assert said.startswith(
        "MEDIUM A made 3 trades. Also: B 5 trades and C 1.50 trades. -> Lengthen the history."
    )
    assert "Has an asset too few trades?" not in said


def test_one_of_a_unit_and_a_pair_of_assets_are_said_as_such() -> None:
    pairs = [finding(pair, rho) | {"code": "correlated", "unit": "correlation"}
             for pair, rho in (("A, B", 0.9), ("A, C", 0.85), ("B, C", 0.81))]  # fmt: skip
    said = text(
        Doctor().lines(reading(mixed(), findings=[*pairs, finding("A", 5), finding("B", 1)]))
    )
    assert "Also: A with C 0.85 and B with C 0.81." in said
    assert "Also: B 1 trade. ->" in said


def test_kinds_stand_where_their_worst_stands_and_many_others_are_counted() -> None:
    found = [finding("A", 1.0, "high"), *(finding(f"B{n}", n, "low") for n in range(20))]
    lines = Doctor().lines(reading(mixed(), findings=found))
    assert lines[0].startswith("  HIGH    A made 1 trades.")
    assert lines[2].startswith("  LOW     B0 made 0 trades.")
    assert "and 7 more." in text(lines)


def test_two_findings_of_the_account_itself_are_both_told_in_full() -> None:
    found = [finding("", 3.0), finding("", 5.0), finding("C", 1.5)]
    said = text(Doctor().lines(reading(mixed(), findings=found)))
    assert said.startswith("MEDIUM made 3 trades. made 5 trades. Also: C 1.50 trades. ->")
