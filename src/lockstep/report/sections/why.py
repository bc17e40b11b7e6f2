"""Why the portfolio is not the sum of its solo runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.differences import bridge, causes, opening
from lockstep.report.layout import bullets
from lockstep.report.reading import Reading


@report_sections("why")
@dataclass(frozen=True, slots=True)
class Why:
    """A table and a sentence for everything that stands between the three results of page one."""

    order: ClassVar[int] = 5
    title: ClassVar[str] = "WHY PORTFOLIO AND SOLO RUNS DIFFER"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return what is far apart, the bridge, and its causes; nothing without solo runs."""
        said = bullets(opening(reading))
        between = bridge(reading)
        return [*said, "", *between, "", *bullets(causes(reading))] if between else said
