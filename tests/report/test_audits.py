from __future__ import annotations

from typing import Any

import pytest

from lockstep.core.audit import UNITS, Audit, AuditColumn, AuditTable
from lockstep.report.audits import _SHOWN, MOST, text

ABOUT: dict[str, Any] = {
    "symbols": ["A", "B"],
    "strategies": ["breakout"],
    "timeframe": "1h",
    "first": "2025-01-02T00:00:00Z",
    "last": "2025-03-01T10:00:00Z",
    "bars": 12_345,
    "labels": ["SYNTHETIC"],
    "currency": "EUR",
}
TABLE = AuditTable(
    "numbers",
    "THE NUMBERS",
    (
        AuditColumn("name", "name"),
        AuditColumn("count", "how|many", "count"),
        AuditColumn("money", "money", "money"),
        AuditColumn("pnl", "P&L", "pnl"),
        AuditColumn("fraction", "in %", "fraction"),
        AuditColumn("ratio", "ratio", "ratio"),
        AuditColumn("multiple", "times", "multiple"),
        AuditColumn("percent", "% off", "percent"),
    ),
    (
        ("one", 1234, 1234.5, 12.345, 0.1234, -0.001, 2.0, 0.00012345),
        ("none", 0, None, -1.0, None, None, 0.5, 0.0),
    ),
    ("What it means.",),
)


def page(**changes: Any) -> str:
    return text(Audit("costs", "It costs.", **({"tables": (TABLE,)} | changes)), ABOUT)


def test_a_page_says_what_was_audited_how_it_ended_and_shows_the_tables() -> None:
    lines = page().splitlines()
    assert lines[1] == "| AUDIT COSTS - PASSED".ljust(99) + "|"
    assert lines[3].startswith("| [SYNTHETIC] ")
    assert lines[4].startswith("| 2 assets: A, B ")
    data = "breakout; 12,345 bars of 1h, 2025-01-02 00:00 to 2025-03-01 10:00 UTC; money in EUR"
    assert lines[5].startswith(f"| {data} ")
    assert "  It costs." in lines
    assert max(map(len, lines)) == 100


def test_every_unit_has_its_form_and_what_is_not_there_is_a_dash() -> None:
    rows = {line.split()[0]: line.split()[1:] for line in page().splitlines() if line.strip()}
    assert rows["one"] == ["1,234", "1,234.50", "+12.35", "12.34", "0.00", "2", "0.000123"]
    assert rows["none"] == ["0", "-", "-1.00", "-", "-", "0.5", "0"]
    assert set(_SHOWN) == set(UNITS)
    assert "  What it means." in page().splitlines()


def test_an_audit_that_only_measures_is_not_called_passed() -> None:
    assert "AUDIT COSTS - MEASURED" in page(judges=False)


def test_violations_are_listed_and_beyond_a_page_counted() -> None:
    found = page(violations=tuple(f"broken law {number}." for number in range(MOST + 3)))
    assert "AUDIT COSTS - VIOLATED" in found
    assert "  - broken law 0." in found
    assert f"broken law {MOST}." not in found
    assert "  - and 3 more: see the JSON." in found


def test_notes_stand_last_and_a_table_without_rows_says_so() -> None:
    empty = AuditTable("numbers", "THE NUMBERS", TABLE.columns, ())
    found = page(tables=(empty,), notes=("Mind this.",))
    assert found.index("Nothing to show.") < found.index("--- NOTES ") < found.index("Mind this.")


def test_an_audit_as_data_has_its_rows_by_key() -> None:
    plain = Audit("costs", "It costs.", tables=(TABLE,), records=({"a": 1},)).to_plain()
    assert plain["tables"]["numbers"][1]["money"] is None
    assert plain["tables"]["numbers"][0]["count"] == 1234
    assert plain["violations"] == [{"a": 1}]
    assert plain["table_notes"] == {"numbers": ["What it means."]}
    assert (plain["audit"], plain["passed"], plain["judges"]) == ("costs", True, True)
    assert Audit("x", "y", violations=("z",)).to_plain()["violations"] == ["z"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_missing_number_of_any_unit_is_a_dash(unit: str) -> None:
    table = AuditTable(
        "t", "T", (AuditColumn("a", "a"), AuditColumn("b", "b", unit)), (("x", None),)
    )
    assert "  x  -" in page(tables=(table,)).splitlines()
