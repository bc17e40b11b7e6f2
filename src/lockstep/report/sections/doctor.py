"""What the doctor found, the worst first, and what was looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from lockstep.core.registry import report_sections
from lockstep.metrics.doctor.table import checks_of
from lockstep.report.layout import paragraph
from lockstep.report.reading import Reading
from lockstep.report.wording import count, counted, listed, percent, ratio, whom

#: Findings of one kind after the first that are told by asset and number only.
MOST_OTHERS = 12


@report_sections("doctor")
@dataclass(frozen=True, slots=True)
class Doctor:
    """A paragraph per kind of finding: the worst in full, the others by asset and number."""

    order: ClassVar[int] = 7
    title: ClassVar[str] = "WHAT THE DOCTOR FOUND"
    needs_portfolio: ClassVar[bool] = False

    def lines(self, reading: Reading) -> list[str]:
        """Return the findings, or that there are none, and every question asked."""
        found: Sequence[Mapping[str, Any]] = reading.metrics.get("findings") or ()
        checks = checks_of(reading.is_played)
        quiet = [check for check in checks if check.code not in {one["code"] for one in found}]
        lines = [] if found else paragraph("The doctor found nothing.")
        for kind in _kinds(found):
            lines += _told(kind)
        if quiet:
            asked = " ".join(check.question[0].upper() + check.question[1:] for check in quiet)
            lines += paragraph(f"{counted(len(checks), 'check')} made. Nothing to say on: {asked}")
        return lines


def _kinds(found: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the findings by severity and code, each kind where its worst stands."""
    kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in found:
        kinds.setdefault((one["severity"], one["code"]), []).append(one)
    return list(kinds.values())


def _told(kind: Sequence[Mapping[str, Any]]) -> list[str]:
    worst = kind[0]
    alike = [one for one in kind[1:] if one["asset"] == worst["asset"]]
    others = [one for one in kind[1:] if one not in alike]
    head = f"  {worst['severity'].upper():<6}  "
    lines = paragraph(worst["sentence"], head)
    for one in alike:
        lines += paragraph(one["sentence"], " " * len(head))
    if others:
        shown = [f"{whom(one['asset'])} {_number(one)}" for one in others[:MOST_OTHERS]]
        rest = len(others) - len(shown)
        more = [f"{count(rest)} more"] if rest else []
        lines += paragraph(f"Also: {listed([*shown, *more])}.", " " * len(head))
    return lines + paragraph(f"-> {worst['advice']}", " " * len(head))


def _number(one: Mapping[str, Any]) -> str:
    value, unit = float(one["value"]), str(one["unit"])
    if unit in ("fraction", "probability"):
        return percent(value)
    shown = count(value) if value == int(value) else ratio(value)
    if unit in ("ratio", "correlation", "asset"):
        return shown
    return f"{shown} {unit.removesuffix('s') if shown == '1' else unit}"
