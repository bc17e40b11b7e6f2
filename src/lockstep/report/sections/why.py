"""Why the portfolio is not the sum of its solo runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.differences import differences
from lockstep.report.layout import bullets
from lockstep.report.reading import Reading


@report_sections("why")
@dataclass(frozen=True, slots=True)
class Why:
    """A sentence for everything that stands between the three results of page one."""

    order: ClassVar[int] = 5
    title: ClassVar[str] = "WHY PORTFOLIO AND SOLO RUNS DIFFER"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the sentences, the most general first; none without solo runs."""
        return bullets(differences(reading))
