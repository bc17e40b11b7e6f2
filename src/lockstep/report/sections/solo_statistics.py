"""Every statistic of each asset alone with the full capital, with its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import paragraph
from lockstep.report.reading import Reading
from lockstep.report.sections.statistics import GROUPS, NOTES, group_table


@report_sections("solo_statistics")
@dataclass(frozen=True, slots=True)
class SoloStatistics:
    """The tables of the assets in the account, of their solo runs."""

    order: ClassVar[int] = 106
    title: ClassVar[str] = "STATISTICS: EACH ASSET ALONE, FULL CAPITAL, NO PORTFOLIO RULES"
    needs_portfolio: ClassVar[bool] = False

    def lines(self, reading: Reading) -> list[str]:
        """Return the tables; nothing if there is no solo run."""
        rows = [("solo", symbol) for symbol in sorted(reading.metrics.get("solo", {}))]
        if not rows:
            return []
        lines: list[str] = []
        for group in GROUPS:
            lines += [*group_table(reading, group, rows), ""]
        return [*lines[:-1], *([] if reading.is_played else paragraph(NOTES))]
