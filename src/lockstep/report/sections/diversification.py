"""What running the assets together did to risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, pairs, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.sections.assets import EXTRA_ROWS, by_row, summed
from lockstep.report.wording import percent, points, ratio


@report_sections("diversification")
@dataclass(frozen=True, slots=True)
class Diversification:
    """Ratio, volatility against the solo runs, correlation."""

    order: ClassVar[int] = 50
    title: ClassVar[str] = "DIVERSIFICATION"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return a line per figure."""
        n = len(reading.symbols)
        items = [
            (
                "Diversification ratio",
                (
                    f"{reading.cell(ratio, 'diversification', 'ratio')} (1.00 is none; {n} equal "
                    f"strangers would have {ratio(n**0.5)})"
                ),
            ),
            ("Volatility a year", _volatility(reading)),
            (
                "Correlation of solo runs",
                (
                    f"{reading.cell(ratio, 'diversification', 'mean_correlation')} on average, of "
                    "daily returns"
                ),
            ),
        ]
        return [*pairs([*items, *_extremes(reading)], label=25), "", *_carriers(reading)]


def _carriers(reading: Reading) -> list[str]:
    """Return the table of who carried the risk."""
    symbols, fall, currency = reading.symbols, reading.fall, reading.currency
    parts = [fall.parts[symbol] if fall else 0.0 for symbol in symbols]
    in_fall = by_row(symbols, parts, fall.money if fall else 0.0)
    extra = [row for row in EXTRA_ROWS if row in in_fall]
    rows, blank = [*symbols, *extra, "TOTAL"], [""] * len(extra)

    def column(head: str, key: str, total: str) -> Column:
        own = [reading.cell(points, "assets", symbol, key) for symbol in symbols]
        return Column(head, [*own, *blank, total])

    shares = summed(reading, "risk_share") if symbols else ""
    columns = [
        Column("|asset", rows, left=True),
        column("risk|share %", "risk_share", shares),
        column(
            "volatility|% a year", "volatility", reading.cell(points, "portfolio", "volatility")
        ),
        column(
            "max DD|own P&L %", "max_drawdown", reading.cell(points, "portfolio", "max_drawdown")
        ),
        Column(f"P&L in the account's|max DD, {currency}", [in_fall[row] for row in rows]),
    ]
    return [
        *table(columns, below=len(extra) + 1),
        *paragraph(
            "risk share: part of the variance of the account's daily returns; a hedge is negative. "
            "volatility and max DD: of the account, had this asset alone earned or lost. Last "
            "column: from the peak to the bottom of the account's deepest fall."
        ),
    ]


def _volatility(reading: Reading) -> str:
    together = reading.cell(percent, "portfolio", "volatility")
    alone = reading.cell(percent, "diversification", "weighted_solo_volatility")
    said = f"{together} together, {alone} the weighted average of the solo runs"
    change = reading.value("diversification", "volatility_reduction")
    if change is None:
        return said
    return f"{said}: {percent(abs(change))} {'less' if change >= 0 else 'MORE'}"


def _extremes(reading: Reading) -> list[tuple[str, str]]:
    matrix = reading.value("diversification", "correlation") or {}
    known = sorted(
        (rho, one, other)
        for one, row in matrix.items()
        for other, rho in row.items()
        if one < other and rho is not None
    )
    if not known:
        return []
    named = [("Highest pair", known[-1])]
    if len(known) > 1:
        named.append(("Lowest pair", known[0]))
    return [(name, f"{one} and {other}: {ratio(rho)}") for name, (rho, one, other) in named]
