from __future__ import annotations

import re
from typing import Any

import pytest

from lockstep.research.audit_bars import audit_bars
from tests.research.subjects import subject

TIGHT: dict[str, Any] = {
    "entry_period": 12,
    "exit_period": 6,
    "atr_period": 10,
    "stop_multiplier": 0.5,
    "reward_risk": 1.5,
}


@pytest.mark.parametrize("chosen", ["stop_first", "nearest_to_open"])
def test_each_rule_is_played_anew_and_agrees_with_what_a_run_says_of_itself(chosen: str) -> None:
    given = subject(days=42, parameters=TIGHT, ambiguous_bar=chosen)
    audit = audit_bars(given)
    rows = audit.tables[0].to_plain()
    result = given.backtester().run(given.bars, given.pairs)
    assert result.facts["ambiguous"]["method"] == "exact"
    for rule, row in zip(("stop_first", "target_first", "nearest_to_open"), rows):
        assert row["net_pnl"] == result.facts["ambiguous"][rule]
        assert row["rule"].endswith("(chosen)") is (rule == chosen)
        assert row["return"] == row["net_pnl"] / 100_000.0
        assert row["final_equity"] - 100_000.0 == row["net_pnl"]
    own = rows[0 if chosen == "stop_first" else 2]
    assert own["trades"] == len(result.trades)
    assert own["ambiguous"] == result.trades["ambiguous"].sum() > 0
    apart = max(r["net_pnl"] for r in rows) - min(r["net_pnl"] for r in rows)
    assert f"{apart:,.2f} USD" in audit.verdict
    assert re.search(r"\d\.\d\d% of the capital\.$", audit.verdict)


def test_without_an_ambiguous_bar_the_rule_changes_nothing() -> None:
    wide = TIGHT | {"stop_multiplier": 20.0, "reward_risk": 0.0}
    audit = audit_bars(subject(["EURUSD"], days=14, parameters=wide))
    words = "No exit bar touched both its stop and its target: the rule changes nothing."
    assert audit.verdict == words
    assert len({row["net_pnl"] for row in audit.tables[0].to_plain()}) == 1
    assert (audit.passed, audit.judges) == (True, False)
