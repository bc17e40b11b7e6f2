"""Each asset inside the account: weight, trades, result, risk."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, cents, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, money, multiple, points, ratio

#: Rows that stand under the assets where they are needed, so that every column adds up.
EXTRA_ROWS = ("broker loss", "(rounding)")


@report_sections("assets")
@dataclass(frozen=True, slots=True)
class Assets:
    """One row per asset and a total that adds up to the cent."""

    order: ClassVar[int] = 20
    title: ClassVar[str] = "ASSETS IN THE ACCOUNT"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the table and how to read it."""
        symbols = reading.symbols
        net = by_row(
            symbols,
            [reading.number("assets", symbol, "net_pnl") for symbol in symbols],
            reading.number("portfolio", "net_pnl"),
        )
        extra = [row for row in EXTRA_ROWS if row in net]
        rows = [*symbols, *extra, "TOTAL"]

        def column(
            head: str, show: Callable[[float], str], key: str, total: str | None = None
        ) -> Column:
            own = [reading.cell(show, "assets", symbol, key) for symbol in symbols]
            last = reading.cell(show, "portfolio", key) if total is None else total
            return Column(head, [*own, *([""] * len(extra)), last])

        currency = reading.currency
        columns = [
            Column("|asset", rows, left=True),
            column("weight %|start", points, "weight_start", summed(reading, "weight_start")),
            column("|mean", points, "weight_mean", summed(reading, "weight_mean")),
            column("|last", points, "weight_end", summed(reading, "weight_end")),
            column("|trades", count, "trades"),
            column("won|%", points, "win_rate"),
            column("profit|factor", ratio, "profit_factor"),
            column("expect.|R", multiple, "expectancy_r"),
            column(f"worst|trade {currency}", money, "worst_trade"),
            Column(f"net P&L|{currency}", [net[row] for row in rows]),
        ]
        return [
            *table(columns, below=len(extra) + 1),
            *paragraph(
                "weight: target share of account equity; what is missing to 100 is the reserve. "
                "expect.: mean R multiple, net P&L over initial risk."
            ),
        ]


def summed(reading: Reading, key: str) -> str:
    """Return the sum of a fraction over assets, in per cent; a mark if one is undefined."""
    values = [reading.value("assets", symbol, key) for symbol in reading.symbols]
    if None in values:
        return reading.cell(points, "assets", reading.symbols[values.index(None)], key)
    return points(math.fsum(values))


def by_row(symbols: Sequence[str], parts: Sequence[float], total: float) -> dict[str, str]:
    """Return money cells by row that add up to the cent: assets, `EXTRA_ROWS`, ``TOTAL``.

    What no asset made is a shortfall that the broker bore and lent to the reserve.
    """
    names, left = [*symbols], total - math.fsum(parts)
    if abs(left) >= 0.005:
        names, parts = [*names, EXTRA_ROWS[0]], [*parts, left]
    cells, rest, whole = cents(parts, total)
    return dict(zip(names, cells)) | ({EXTRA_ROWS[1]: rest} if rest else {}) | {"TOTAL": whole}
