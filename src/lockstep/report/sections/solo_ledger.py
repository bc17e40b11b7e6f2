"""What became of every solo trade in the shared account, asset by asset and reason by reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.differences import reason
from lockstep.report.layout import Column, cents, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, signed

_COUNTS = {
    "solo_trades": "solo|trades",
    "taken": "taken|as is",
    "resized": "|resized",
    "blocked": "|blocked",
    "changed": "|changed",
    "new": "|new",
    "portfolio_trades": "trades|here",
}
_EFFECTS = ("taken", "resized", "blocked", "changed", "new")


@report_sections("solo_ledger")
@dataclass(frozen=True, slots=True)
class SoloLedger:
    """Counts, then money, then the reasons."""

    order: ClassVar[int] = 85
    title: ClassVar[str] = "WHAT BECAME OF THE SOLO TRADES"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the tables; nothing if there are no solo runs."""
        ledger = reading.value("solo_ledger")
        if ledger is None:
            return []
        if not ledger["assets"]:
            return paragraph("No trade was made, neither alone nor in the account.")
        blocks = {**ledger["assets"], "TOTAL": ledger["total"]}
        return [
            *_counts(blocks),
            *paragraph(
                "solo trades = taken + resized + blocked + changed. taken: same entry and exit, at "
                "the sleeve's share of the solo size; resized: a rule, a limit or margin made it "
                "another share; changed: another exit, or another position in its place; new: no "
                "solo run made it."
            ),
            "",
            *_money(blocks, reading.currency),
            *paragraph(
                "at sleeve: solo P&L times the sleeve's equity over the solo equity at each "
                "signal. The others: what the portfolio made of those trades less that. They add "
                "up to the last column (cells are rounded to cents)."
            ),
            *_reasons(ledger["total"], reading.currency),
            *paragraph("Trade by trade: solo/ledger.csv."),
        ]


def _names(blocks: Mapping[str, Any]) -> Column:
    return Column("|asset", list(blocks), left=True)


def _counts(blocks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    columns = [
        Column(head, [count(block[key]) for block in blocks.values()])
        for key, head in _COUNTS.items()
    ]
    return table([_names(blocks), *columns], below=1)


def _money(blocks: Mapping[str, Mapping[str, Any]], currency: str) -> list[str]:
    rows = list(blocks.values())

    def column(head: str, values: Sequence[float]) -> Column:
        parts, _, total = cents(values[:-1], values[-1])
        return Column(f"{head}|{currency}", [*parts, total])

    columns = [
        column("solo P&L", [block["solo_pnl"] for block in rows]),
        column("at sleeve", [block["at_sleeve_pnl"] for block in rows]),
        *(
            column(f"+ {status}", [block["effects"][status] for block in rows])
            for status in _EFFECTS
            if any(block["effects"][status] for block in rows)
        ),
        column("= P&L here", [block["portfolio_pnl"] for block in rows]),
    ]
    return table([_names(blocks), *columns], below=1)


def _reasons(total: Mapping[str, Any], currency: str) -> list[str]:
    rows = [
        (status, reason(code), one)
        for status, reasons in total["reasons"].items()
        for code, one in sorted(reasons.items(), key=lambda item: (-item[1]["trades"], item[0]))
    ]
    if not rows:
        return []
    columns = [
        Column("|what: why", [f"{status}: {why}" for status, why, _ in rows], left=True),
        Column("|trades", [count(one["trades"]) for _, _, one in rows]),
        Column(f"solo P&L|{currency}", [signed(one["solo_pnl"]) for _, _, one in rows]),
        Column(f"at sleeve|{currency}", [signed(one["at_sleeve_pnl"]) for _, _, one in rows]),
        Column(f"effect here|{currency}", [signed(one["effect"]) for _, _, one in rows]),
    ]
    return ["", *table(columns)]
