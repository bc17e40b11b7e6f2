"""What the quality gate and the strategies had to say about each asset's data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import bullets, paragraph
from lockstep.report.reading import Reading
from lockstep.report.wording import listed


@report_sections("data")
@dataclass(frozen=True, slots=True)
class Data:
    """Notes per asset; nothing is repaired silently."""

    order: ClassVar[int] = 110
    title: ClassVar[str] = "DATA NOTES"
    needs_portfolio: ClassVar[bool] = False

    def lines(self, reading: Reading) -> list[str]:
        """Return the notes of every configured asset."""
        notes = reading.facts.get("notes") or {}
        lines: list[str] = []
        for symbol, said in sorted(notes.items()):
            if said:
                lines += [*paragraph(str(symbol)), *bullets(str(note) for note in said)]
        quiet = sorted(str(symbol) for symbol, said in notes.items() if not said)
        if quiet:
            lines += paragraph(f"Nothing to note: {listed(quiet)}.")
        return lines or paragraph("No notes are recorded.")
