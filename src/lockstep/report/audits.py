"""audit_<name>.txt: an audit in words and aligned tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lockstep.core.audit import Audit, AuditColumn, AuditTable
from lockstep.report.layout import Column, box, bullets, heading, paragraph, table
from lockstep.report.wording import count, counted, moment, money, plain, points, ratio, signed

_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "text": plain,
    "count": count,
    "money": money,
    "pnl": signed,
    "fraction": points,
    "ratio": ratio,
    "multiple": lambda number: f"{number:g}",
    "percent": lambda number: "0" if number == 0 else f"{number:.3g}",
}
#: Violations that a page lists; the JSON holds all.
MOST = 20
NONE = "-"


def text(audit: Audit, about: Mapping[str, Any]) -> str:
    """Return the page of an audit.

    Parameters
    ----------
    audit : Audit
        What was found.
    about : mapping
        What was audited: ``symbols``, ``strategies``, ``timeframe``, ``first``, ``last``, ``bars``,
        ``labels``, ``currency``.
    """
    data = (
        f"{', '.join(about['strategies'])}; {count(about['bars'])} bars of {about['timeframe']}, "
        f"{moment(about['first'])} to {moment(about['last'])} UTC; money in {about['currency']}"
    )
    lines = box(
        [
            f"AUDIT {audit.name.upper()} - {_stamp(audit)}",
            "---",
            *(f"[{label}]" for label in about["labels"]),
            f"{counted(len(about['symbols']), 'asset')}: {', '.join(about['symbols'])}",
            data,
        ]
    )
    lines += ["", *paragraph(audit.verdict), *_violations(audit)]
    for one in audit.tables:
        lines += ["", heading(one.title), *_table(one)]
    if audit.notes:
        lines += ["", heading("NOTES"), *bullets(audit.notes)]
    return "\n".join([*lines, ""])


def _stamp(audit: Audit) -> str:
    if not audit.judges:
        return "MEASURED"
    return "PASSED" if audit.passed else "VIOLATED"


def _violations(audit: Audit) -> list[str]:
    if audit.passed:
        return []
    lines = ["", heading("VIOLATIONS"), *bullets(audit.violations[:MOST])]
    more = len(audit.violations) - MOST
    return lines + (bullets([f"and {count(more)} more: see the JSON."]) if more > 0 else [])


def _table(one: AuditTable) -> list[str]:
    columns = [
        Column(column.head, [_cell(column, row[at]) for row in one.rows], column.unit == "text")
        for at, column in enumerate(one.columns)
    ]
    lines = table(columns) if one.rows else paragraph("Nothing to show.")
    return lines + [line for note in one.notes for line in paragraph(note)]


def _cell(column: AuditColumn, value: Any) -> str:
    return NONE if value is None or value == "" else _SHOWN[column.unit](value)
