"""Where the P&L came from: by asset, reason, side, month, weekday and hour."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.metrics.attribution import WEEKDAYS
from lockstep.report.layout import Column, cents, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, money, multiple, points, ratio, words


@report_sections("attribution")
@dataclass(frozen=True, slots=True)
class Attribution:
    """Tables whose columns add up to the account's P&L."""

    order: ClassVar[int] = 33
    title: ClassVar[str] = "WHERE THE P&L CAME FROM"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the tables, and what each counts."""
        if not reading.value("attribution"):
            return []
        body = [*_assets(reading), "", *_months(reading)]
        if not reading.count("portfolio", "trades"):
            return [*body, *paragraph("No trade was taken.")]
        for key, head in (("by_exit_reason", "exit reason"), ("by_side", "side")):
            body += ["", *_groups(reading, key, head)]
        body += ["", *_clock(reading, "weekday"), "", *_clock(reading, "hour")]
        return [
            *body,
            *paragraph(
                "Each trade belongs as a whole to the hour and weekday, UTC, of the bar of its "
                "exit, and beside it of its entry. A few trades an hour are chance: leaving out "
                "the worst hour of the past improves the past only."
            ),
        ]


def _assets(reading: Reading) -> list[str]:
    """Return price, conversion and costs per asset, its part of the fall, and its effect."""
    symbols = reading.symbols
    lent = reading.number("attribution", "costs", "total", "broker_loss")
    extra = ["reserve"] if lent >= 0.005 else []
    paths = [*(("assets", symbol) for symbol in symbols), *((name,) for name in extra)]

    def amounts(key: str) -> tuple[list[str], str, str]:
        parts = [reading.number("attribution", "costs", *path, key) for path in paths]
        return cents(parts, reading.number("attribution", "costs", "total", key))

    terms = {
        "price P&L|mid to mid": amounts("price_pnl"),
        "+ con-|version": amounts("translation"),
        "- costs|and swap": amounts("paid"),
    }
    if extra:
        terms["+ broker|loss"] = amounts("broker_loss")
    terms["= net|P&L"] = amounts("net_pnl")
    rounding = any(rest for _, rest, _ in terms.values())
    names = [*symbols, *extra, *(["(rounding)"] if rounding else []), "TOTAL"]
    blank = [""] * (len(names) - len(symbols))

    def effect(show: Callable[[float], str], key: str) -> list[str]:
        own = [
            reading.cell(show, "attribution", "leave_one_out", "without", symbol, f"{key}_effect")
            for symbol in symbols
        ]
        return [*own, *blank]

    shares = [reading.cell(points, "attribution", "drawdown", "shares", s) for s in symbols]
    columns = [
        Column("|asset", names, left=True),
        *_money(terms, rounding),
        Column("% of the|worst fall", [*shares, *blank]),
        Column("having it:|return %", effect(points, "total_return")),
        Column("|Sharpe", effect(ratio, "sharpe")),
        Column("|max DD %", effect(points, "max_drawdown")),
    ]
    return [
        *table(columns, below=1 + rounding),
        *paragraph(
            f"Money in {reading.currency}, from the daily ledger. conversion: what changing rates "
            "made of open P&L. having it: the account with the asset less the account without it, "
            "APPROXIMATE: the recorded days less the asset's own part, all else unchanged; daily "
            "marks."
        ),
    ]


def _months(reading: Reading) -> list[str]:
    months = list(reading.value("attribution", "by_month"))
    path = ("attribution", "by_month")

    def amounts(key: str) -> tuple[list[str], str, str]:
        parts = [reading.number(*path, month, key) for month in months]
        return cents(parts, math.fsum(parts))

    terms = {"their net|P&L": amounts("closed_pnl"), "+ carried|open": amounts("carried")}
    if reading.number("attribution", "total", "broker_loss") >= 0.005:
        terms["+ broker|loss"] = amounts("broker_loss")
    terms["= change of|equity"] = amounts("net_pnl")
    extra = ["(rounding)"] if any(rest for _, rest, _ in terms.values()) else []

    def column(head: str, show: Callable[[float], str], key: str, *total: str) -> Column:
        own = [reading.cell(show, *path, month, key) for month in months]
        return Column(head, [*own, *([""] * len(extra)), reading.cell(show, *total)])

    columns = [
        Column("|month", [*months, *extra, "TOTAL"], left=True),
        column("|days", count, "days", "portfolio", "trading_days"),
        column("return|%", points, "return", "portfolio", "total_return"),
        column("trades|closed", count, "trades", "portfolio", "trades"),
        *_money(terms, bool(extra)),
    ]
    return [
        *table(columns, below=1 + len(extra)),
        *paragraph(
            f"Money in {reading.currency}; trading days, which end at 17:00 New York. carried: "
            "open P&L that entered the month less what left it."
        ),
    ]


def _money(terms: Mapping[str, tuple[list[str], str, str]], rounding: bool) -> list[Column]:
    """Return a column for each head: the parts, what rounding left if shown, the total."""
    return [
        Column(head, [*cells, *([rest] if rounding else []), total])
        for head, (cells, rest, total) in terms.items()
    ]


def _groups(reading: Reading, key: str, head: str) -> list[str]:
    names = list(reading.value("attribution", key) or {})
    net = _net(reading, key, names)
    extra = ["(rounding)"] if net[1] else []
    blank = [""] * len(extra)

    def column(title: str, show: Callable[[float], str], name: str) -> Column:
        own = [reading.cell(show, "attribution", key, group, name) for group in names]
        return Column(title, [*own, *blank, reading.cell(show, "portfolio", name)])

    columns = [
        Column(f"|{head}", [*(words(name) for name in names), *extra, "TOTAL"], left=True),
        column("|trades", count, "trades"),
        column("won|%", points, "win_rate"),
        column("profit|factor", ratio, "profit_factor"),
        column("expect.|R", multiple, "expectancy_r"),
        column(f"average|{reading.currency}", money, "average_trade"),
        *_money({f"net P&L|{reading.currency}": net}, bool(extra)),
    ]
    return table(columns, below=1 + len(extra))


def _clock(reading: Reading, unit: str) -> list[str]:
    """Return trades by the hour or weekday of their exits, and of their entries."""
    keys = {"exits": f"by_{unit}", "entries": f"by_entry_{unit}"}
    known = {name for key in keys.values() for name in reading.value("attribution", key)}
    names = [name for name in (*WEEKDAYS, *sorted(known - set(WEEKDAYS))) if name in known]
    sums = {title: _net(reading, key, names) for title, key in keys.items()}
    rounding = any(rest for _, rest, _ in sums.values())
    extra = ["(rounding)"] if rounding else []
    columns = [Column(f"|{unit}", [*names, *extra, "TOTAL"], left=True)]
    for title, key in keys.items():
        columns += _half(reading, title, key, [*names, *([""] * rounding)])
        columns += _money({f"net P&L|{reading.currency}": sums[title]}, rounding)
    return table(columns, below=1 + rounding)


def _half(reading: Reading, title: str, key: str, names: Sequence[str]) -> list[Column]:
    """Return trades, wins and R of each named group; a blank for one without trades."""
    known = reading.value("attribution", key)

    def column(head: str, show: Callable[[float], str], name: str) -> Column:
        own = [
            reading.cell(show, "attribution", key, group, name) if group in known else ""
            for group in names
        ]
        return Column(head, [*own, reading.cell(show, "portfolio", name)])

    return [
        column(f"{title}|trades", count, "trades"),
        column("won|%", points, "win_rate"),
        column("expect.|R", multiple, "expectancy_r"),
    ]


def _net(reading: Reading, key: str, names: Sequence[str]) -> tuple[list[str], str, str]:
    """Return the groups' net P&L in cents that add up to that of all trades."""
    parts = [reading.value("attribution", key, name, "net_pnl") for name in names]
    total = reading.number("attribution", "total", "trades")
    cells, rest, whole = cents([part or 0.0 for part in parts], total)
    shown = ["" if part is None else cell for part, cell in zip(parts, cells)]
    return shown, rest, whole
