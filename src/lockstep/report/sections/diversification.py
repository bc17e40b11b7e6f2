"""What running the assets together did to risk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.metrics.doctor.finding import ENOUGH_DAYS
from lockstep.report.layout import Column, pairs, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.sections.assets import EXTRA_ROWS, by_row, summed
from lockstep.report.wording import count, counted, listed, money, percent, points, ratio
from lockstep.report.wording import moment as moment_of


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
        if n < 2:
            alone = paragraph("One asset: nothing is spread, and nobody is there to move with it.")
            return [*alone, *_currencies(reading)]
        items = [
            (
                "Diversification ratio",
                (
                    f"{reading.cell(ratio, 'diversification', 'ratio')} (1.00 is none; {n} equal "
                    f"strangers would have {ratio(n**0.5)})"
                ),
            ),
            ("Volatility a year", _volatility(reading)),
            ("Effective bets", _bets(reading)),
            ("Sharpe ratio", _sharpe(reading)),
            ("Correlation of solo runs", _correlation(reading)),
            *(_extremes(reading) if _has_days(reading) else ()),
            ("Inside the account", _inside(reading)),
            ("Open at once", _overlap(reading)),
            *_pairs(reading),
        ]
        return [
            *pairs(items, label=25),
            "",
            *_carriers(reading),
            *_clusters(reading),
            *_currencies(reading),
        ]


def _bets(reading: Reading) -> str:
    path = ("diversification", "effective_bets")
    if reading.value(*path) is None:
        return reading.cell(ratio, *path)
    first, second, third = (
        reading.cell(ratio, *path, key) for key in ("ratio_squared", "risk_shares", "entropy")
    )
    return (
        f"{first} equal, independent ones would have removed as much volatility; {second} by the "
        f"concentration of risk shares, {third} by the entropy of principal components"
    )


def _sharpe(reading: Reading) -> str:
    together = reading.cell(ratio, "portfolio", "sharpe")
    alone = reading.cell(ratio, "diversification", "weighted_solo_sharpe")
    return f"{together} together, {alone} the weighted average of the solo runs"


def _inside(reading: Reading) -> str:
    said = (
        f"{reading.cell(ratio, 'diversification', 'mean_correlation_inside')} on average, of "
        "daily contributions"
    )
    path = ("diversification", "worst_days")
    if reading.value(*path) is None:
        return f"{said}; on its worst days {reading.cell(ratio, *path)}"
    own, alone = (
        reading.cell(ratio, *path, key) for key in ("mean_correlation_inside", "mean_correlation")
    )
    return (
        f"{said}; {own} on its {reading.cell(count, *path, 'days')} worst days (the solo runs "
        f"{alone}). Choosing bad days lowers a correlation by itself: higher than on all days is "
        "a warning"
    )


def _overlap(reading: Reading) -> str:
    path = ("diversification", "overlap")
    if reading.value(*path) is None:
        return reading.cell(ratio, *path)
    return (
        f"{reading.cell(ratio, *path, 'mean_open')} positions on average, "
        f"{reading.cell(count, *path, 'max_open')} at most; two or more in "
        f"{reading.cell(percent, *path, 'two_or_more')} of the time, none in "
        f"{percent(1.0 - reading.number(*path, 'any'))}"
    )


def _pairs(reading: Reading) -> list[tuple[str, str]]:
    found = reading.value("diversification", "overlap", "pairs") or []
    if not found:
        return []
    pair = found[0]
    return [
        (
            "Longest open together",
            (
                f"{listed(pair['assets'])}: {percent(pair['share'])} of the time "
                f"({percent(pair['if_independent'])} if they were independent), on the same side "
                f"in {percent(pair['same_side'])} of it"
            ),
        )
    ]


def _clusters(reading: Reading) -> list[str]:
    """Return the days and weeks on which assets lost together."""
    found = reading.value("diversification", "loss_clusters") or {}
    known = {key: cluster for key, cluster in found.items() if cluster}
    if not known:
        return ["", *paragraph("No two assets ever lost together.")]
    rows = known.values()
    currency = reading.currency
    columns = [
        Column("|assets lost together", [_CLUSTERS[key] for key in known], left=True),
        Column("|from", [str(row["first_day"]) for row in rows], left=True),
        Column("|to", [str(row["last_day"]) for row in rows], left=True),
        Column("losers|of active", [f"{row['losers']} of {row['active']}" for row in rows]),
        Column(f"they lost|{currency}", [money(row["money"]) for row in rows]),
        Column(f"account|{currency}", [money(row["net_pnl"]) for row in rows]),
        Column("largest loss|by", [next(iter(row["assets"])) for row in rows], left=True),
    ]
    return ["", *table(columns)]


_CLUSTERS = {
    "most_assets_day": "most assets, a day",
    "most_money_day": "most money, a day",
    "most_assets_week": "most assets, 5 days",
    "most_money_week": "most money, 5 days",
}


def _currencies(reading: Reading) -> list[str]:
    """Return the net exposure in each currency, the heaviest first."""
    found = reading.value("diversification", "currency_exposure") or {}
    if not found:
        return []
    if all(one["largest"] == 0.0 for one in found.values()):
        return ["", *paragraph("No position in an FX pair was ever open.")]
    names = sorted(found, key=lambda name: (-(found[name]["mean_absolute"] or 0.0), name))
    path = ("diversification", "currency_exposure")

    def column(head: str, show: Callable[[float], str], key: str) -> Column:
        return Column(head, [reading.cell(show, *path, name, key) for name in names])

    times = [found[name]["largest_time"] for name in names]
    currency = reading.currency
    columns = [
        Column("net exposure|in", names, left=True),
        column(f"mean|{currency}", money, "mean"),
        column(f"mean size|{currency}", money, "mean_absolute"),
        column("mean size|% of equity", points, "mean_share"),
        column(f"largest|{currency}", money, "largest"),
        Column("|at", ["" if time is None else moment_of(time) for time in times], left=True),
        column("largest|% of equity", points, "largest_share"),
    ]
    return [
        "",
        *table(columns),
        *paragraph(
            "Of the FX pairs, over every step: + base, - quote, the account's own currency "
            "included. Long one and short another pair of the same currency cancel."
        ),
    ]


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


def _has_days(reading: Reading) -> bool:
    return reading.count("portfolio", "trading_days") >= ENOUGH_DAYS


def _correlation(reading: Reading) -> str:
    said = (
        f"{reading.cell(ratio, 'diversification', 'mean_correlation')} on average, of daily returns"
    )
    if _has_days(reading):
        return said
    days = counted(reading.count("portfolio", "trading_days"), "trading day")
    return f"{said}; {days} cannot tell one from chance ({ENOUGH_DAYS} are needed)"


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
