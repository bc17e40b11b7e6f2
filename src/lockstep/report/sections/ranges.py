"""Each configured asset's own data range, and the account while most of them had data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from lockstep.core.registry import report_sections
from lockstep.metrics.coverage import EDGE_DAYS, lacking_days
from lockstep.report.layout import WIDTH, Column, paragraph, side_by_side, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, day, listed, money, multiple, percent, points, ratio

#: Stretches of days with the same assets that are told; the longest are.
MOST_STRETCHES = 8
#: Names told of the assets without data.
MOST_NAMED = 4
_COMPARED: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("net_pnl", "Net P&L, {currency}", money),
    ("total_return", "Return, %", points),
    ("cagr", "CAGR, % a year", points),
    ("volatility", "Volatility, % a year", points),
    ("sharpe", "Sharpe ratio, a year", ratio),
    ("sortino", "Sortino ratio, a year", ratio),
    ("max_drawdown", "Maximum drawdown, % of the peak", points),
    ("calmar", "Calmar ratio", ratio),
    ("var_95", "Value at risk 95 %, % a day", lambda fraction: multiple(fraction * 100)),
    ("trading_days", "Trading days", count),
    ("trades", "Trades, by exit", count),
    ("win_rate", "Win rate, % of trades", points),
    ("profit_factor", "Profit factor", ratio),
    ("expectancy_r", "Expectancy, R a trade", multiple),
)


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
        return [*lines, *_uneven(reading)]


def _uneven(reading: Reading) -> list[str]:
    """Return who had no data when, and the account over the days of the most assets."""
    covered = reading.value("coverage")
    if not covered or lacking_days(covered) <= EDGE_DAYS:
        return []
    rows = sorted(covered["stretches"], key=lambda one: -one["days"])[:MOST_STRETCHES]
    rows.sort(key=lambda one: str(one["first_day"]))
    left = len(covered["stretches"]) - len(rows)
    columns = [
        Column("from|trading day", [one["first_day"] for one in rows], left=True),
        Column("to", [one["last_day"] for one in rows], left=True),
        Column("trading|days", [count(one["days"]) for one in rows]),
        Column("% of|the run", [points(one["share"]) for one in rows]),
        Column("assets|with data", [count(one["assets"]) for one in rows]),
        Column("without data", [_names(one["without"]) for one in rows], left=True),
    ]
    more = paragraph(f"... and {count(left)} shorter (metrics.json, coverage)") if left else []
    return ["", *table(columns), *more, "", *_compared(reading)]


def _names(names: list[str]) -> str:
    shown, rest = names[:MOST_NAMED], len(names) - MOST_NAMED
    return listed([*shown, f"{count(rest)} more"] if rest > 0 else shown) or "none"


def _compared(reading: Reading) -> list[str]:
    """Return the account over the whole run beside its part with the most assets."""
    covered = reading.value("coverage")
    most, own = int(covered["assets"]), ("coverage", "account")
    who = f"all {count(most)}" if most == len(reading.symbols) else f"{count(most)} assets"
    names = [name.format(currency=reading.currency) for _, name, _ in _COMPARED]
    part = [reading.cell(show, *own, key) for key, _, show in _COMPARED]
    whole = [reading.cell(show, "portfolio", key) for key, _, show in _COMPARED]
    return [
        *table(
            [
                Column("the account", names, left=True),
                Column(f"while {who}|had data", part),
                Column("whole|run", whole),
            ]
        ),
        *paragraph(
            f"{covered['first_day']} to {covered['last_day']} ({percent(covered['share'])} of the "
            f"trading days) begins with {reading.cell(money, *own, 'initial_equity')} "
            f"{reading.currency} and a peak of its own."
        ),
    ]
