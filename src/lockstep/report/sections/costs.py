"""Where the money went: from mid-to-mid P&L to net P&L, cost by cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, cents, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import percent

_TERMS = {
    "gross_pnl": "gross P&L|mid to mid",
    "spread_cost": "- spread|",
    "slippage_cost": "- slippage|",
    "commission": "- commission|",
    "swap": "+ swap|",
}


@report_sections("costs")
@dataclass(frozen=True, slots=True)
class Costs:
    """Gross less costs is net, asset by asset and in sum."""

    order: ClassVar[int] = 30
    title: ClassVar[str] = "WHERE THE MONEY WENT"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the table of costs and their share of the gross movement."""
        columns = {head: _column(reading, key) for key, head in _TERMS.items()}
        lent = _lent(reading)
        if any(abs(amount) >= 0.005 for amount in lent):
            columns["+ broker|loss"] = (lent[:-1], lent[-1])
        columns["= net|P&L"] = _column(reading, "net_pnl")
        reserve = reading.number("portfolio", "net_pnl") - math.fsum(columns["= net|P&L"][0])
        return [*_table(reading, columns, reserve), *_shares(reading)]


def _column(reading: Reading, key: str) -> tuple[list[float], float]:
    parts = [reading.number("assets", symbol, key) for symbol in reading.symbols]
    return parts, reading.number("portfolio", key)


def _lent(reading: Reading) -> list[float]:
    """Return what the broker bore, per asset and in total: net P&L the trades do not explain."""
    paths = [*(("assets", symbol) for symbol in reading.symbols), ("portfolio",)]
    return [
        reading.number(*path, "net_pnl")
        - (
            reading.number(*path, "gross_pnl")
            - reading.number(*path, "spread_cost")
            - reading.number(*path, "slippage_cost")
            - reading.number(*path, "commission")
            + reading.number(*path, "swap")
        )
        for path in paths
    ]


def _table(
    reading: Reading, columns: dict[str, tuple[list[float], float]], reserve: float
) -> list[str]:
    names = [*reading.symbols]
    has_reserve = abs(reserve) >= 0.005
    drawn = {}
    for head, (parts, total) in columns.items():
        own = math.fsum(parts)
        extra = [total - own] if has_reserve else []
        drawn[head] = cents([*parts, *extra], total)
    names += ["reserve"] if has_reserve else []
    rounding = any(rest for _, rest, _ in drawn.values())
    names += ["(rounding)"] if rounding else []
    currency = reading.currency
    body = [
        Column(head + f"|{currency}", [*cells, *([rest] if rounding else []), total])
        for head, (cells, rest, total) in drawn.items()
    ]
    first = Column("||asset", [*names, "TOTAL"], left=True)
    return table([first, *body], below=1 + rounding)


def _shares(reading: Reading) -> list[str]:
    costs = math.fsum(
        reading.number("portfolio", key) for key in ("spread_cost", "slippage_cost", "commission")
    )
    swap, gross = (reading.number("portfolio", key) for key in ("swap", "gross_pnl"))
    capital = reading.number("portfolio", "initial_equity")
    said = f"Costs and swap took {percent((costs - swap) / capital)} of the capital"
    if gross > 0.0:
        said += f", {percent((costs - swap) / gross)} of the gross P&L"
    return paragraph(
        f"{said}. Swap is overnight financing: negative was paid. Cells are rounded to cents, and "
        "each column adds up; a row may be a cent off."
    )
