"""Each configured asset's own data range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from lockstep.core.registry import report_sections
from lockstep.report.layout import WIDTH, paragraph, side_by_side
from lockstep.report.reading import Reading
from lockstep.report.wording import count, day


@report_sections("ranges")
@dataclass(frozen=True, slots=True)
class Ranges:
    """First and last bar, and their number."""

    order: ClassVar[int] = 15
    title: ClassVar[str] = "ASSETS AND THEIR DATA"
    needs_portfolio: ClassVar[bool] = False

    def lines(self, reading: Reading) -> list[str]:
        """Return the ranges, two a line where they fit."""
        ranges = reading.facts.get("ranges") or {}
        wide = max((len(str(symbol)) for symbol in ranges), default=0)
        items = [
            f"{str(symbol).ljust(wide)} {day(one['first'])}..{day(one['last'])} "
            f"{count(one['bars']):>9} {'bar' if one['bars'] == 1 else 'bars'}"
            for symbol, one in sorted(ranges.items())
        ]
        if not items:
            return paragraph("No data range is recorded.")
        fits = len(items[0]) < (WIDTH - 2) // 2
        lines = side_by_side(items, 2 if fits else 1)
        ends = {(pd.Timestamp(one["first"]), pd.Timestamp(one["last"])) for one in ranges.values()}
        if len(ends) > 1:
            lines += paragraph(
                "Ranges differ: an asset can only trade, win or lose inside its own."
            )
        return lines
