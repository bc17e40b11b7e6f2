"""How much of the result hangs on bars that touched both stop and target."""

from __future__ import annotations

from collections.abc import Mapping
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
        return [
            *paragraph(
                f"{counted(flagged, 'exit')} happened on a bar that touched both stop and target; "
                "the bar does not say which came first."
            ),
            *(_exact(reading) or _static(reading)),
        ]


def _exact(reading: Reading) -> list[str]:
    reruns = reading.value("portfolio", "ambiguous_reruns")
    if not reruns:
        return []
    chosen = _chosen(reading)
    heads = {rule: words(rule) + (" (chosen)" if rule == chosen else "") for rule in reruns}
    return [
        *_table(reading, {heads[rule]: net for rule, net in reruns.items()}),
        *paragraph(
            "Exact: the whole run was played again under each rule, with the sizes, weights, halts "
            "and later trades that follow from it."
        ),
    ]


def _static(reading: Reading) -> list[str]:
    interval = reading.value("portfolio", "ambiguous_pnl_interval")
    names = ("stop first", f"as chosen: {words(_chosen(reading))}", "target first")
    return [
        *_table(reading, dict(zip(names, interval))),
        *paragraph(
            "Static: each such exit is re-priced alone; sizes, rules and later trades stay as "
            "they were. Sums over all trades."
        ),
    ]


def _chosen(reading: Reading) -> str:
    return str(reading.settings.get("ambiguous_bar", "stop_first"))


def _table(reading: Reading, net: Mapping[str, float]) -> list[str]:
    capital = reading.number("portfolio", "initial_equity")
    columns = [
        Column("net P&L if", list(net), left=True),
        Column(reading.currency, [signed(amount) for amount in net.values()]),
        Column("% of capital", [points(amount / capital) for amount in net.values()]),
    ]
    return table(columns)
