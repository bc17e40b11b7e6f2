"""docs/doctor.md and docs/solo-ledger.md name what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from lockstep.metrics.doctor.table import CHECKS
from lockstep.metrics.matching import STATUSES, Row

DOCS = Path(__file__).parents[2] / "docs"


def test_every_check_has_a_row_and_every_row_a_check() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:high|medium|low)", page("doctor.md"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(check.code for check in CHECKS)


def test_every_status_and_column_of_the_ledger_is_described() -> None:
    text = page("solo-ledger.md")
    assert [name for name in (*STATUSES, *Row._fields) if f"`{name}`" not in text] == []


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")
