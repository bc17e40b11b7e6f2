"""How much of the result hangs on bars that touched both stop and target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import counted, points, signed, words


@report_sections("ambiguity")
@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Net P&L under the three answers to 'which came first?'."""

    order: ClassVar[int] = 70
    title: ClassVar[str] = "AMBIGUOUS BARS"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the interval, or a sentence that there is none."""
        flagged = reading.count("portfolio", "ambiguous_trades")
        if not flagged:
            return paragraph(
                "No exit bar touched both its stop and its target: nothing depends on which came "
                "first."
            )
        chosen = words(str(reading.settings.get("ambiguous_bar", "stop_first")))
        interval = reading.value("portfolio", "ambiguous_pnl_interval")
        capital = reading.number("portfolio", "initial_equity")
        columns = [
            Column("net P&L if", ["stop first", f"as chosen: {chosen}", "target first"], left=True),
            Column(reading.currency, [signed(amount) for amount in interval]),
            Column("% of capital", [points(amount / capital) for amount in interval]),
        ]
        return [
            *paragraph(
                f"{counted(flagged, 'exit')} happened on a bar that touched both stop and target; "
                "the bar does not say which came first."
            ),
            *table(columns),
            *paragraph(
                "Static: each such exit is re-priced alone; sizes, rules and later trades stay as "
                "they were. Sums over all trades."
            ),
        ]
