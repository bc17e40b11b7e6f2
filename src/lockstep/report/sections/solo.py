"""Each asset alone with the full capital: what the tuning of one asset sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, cents, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, multiple, points, ratio


@report_sections("solo")
@dataclass(frozen=True, slots=True)
class Solo:
    """One row per solo run; the sum is the naive one."""

    order: ClassVar[int] = 80
    title: ClassVar[str] = "SOLO RUNS: EACH ASSET ALONE, FULL CAPITAL, NO PORTFOLIO RULES"
    needs_portfolio: ClassVar[bool] = False

    def lines(self, reading: Reading) -> list[str]:
        """Return the table; a sentence if there is no solo run."""
        symbols = sorted(reading.metrics.get("solo", {}))
        if not symbols:
            return paragraph("No solo run was finished.")

        def column(head: str, show: Callable[[float], str], key: str) -> Column:
            return Column(head, [reading.cell(show, "solo", symbol, key) for symbol in symbols])

        net = [reading.number("solo", symbol, "net_pnl") for symbol in symbols]
        columns = [
            Column("|asset", symbols, left=True),
            Column(f"net P&L|{reading.currency}", cents(net, sum(net))[0]),
            column("return|%", points, "total_return"),
            column("CAGR|%", points, "cagr"),
            column("volatility|% a year", points, "volatility"),
            column("|Sharpe", ratio, "sharpe"),
            column("max DD|%", points, "max_drawdown"),
            column("|trades", count, "trades"),
            column("won|%", points, "win_rate"),
            column("profit|factor", ratio, "profit_factor"),
            column("expect.|R", multiple, "expectancy_r"),
        ]
        if len(symbols) < 2:
            return table(columns)
        return [
            *table(columns),
            *paragraph("No total: these runs share nothing, and no account could hold them all."),
        ]
