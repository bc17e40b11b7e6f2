"""The three best and the three worst trades, in full, so that they can be worked by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from lockstep.core.registry import report_sections
from lockstep.report.layout import paragraph
from lockstep.report.reading import Reading
from lockstep.report.wording import (
    as_is,
    count,
    moment,
    money,
    multiple,
    percent,
    ratio,
    signed,
    words,
)

MOST = 3


@report_sections("trades")
@dataclass(frozen=True, slots=True)
class Trades:
    """Winners first, the largest first."""

    order: ClassVar[int] = 100
    title: ClassVar[str] = "BEST AND WORST TRADES"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return a block of lines per trade."""
        trades = reading.result.trades
        if not len(trades):
            return paragraph("No trade was taken.")
        ranked = trades.sort_values(["net_pnl", "trade_id"], kind="stable")
        worst = ranked[ranked["net_pnl"] < 0.0].iloc[:MOST]
        best = ranked[ranked["net_pnl"] > 0.0].iloc[::-1].iloc[:MOST]
        return [
            *_blocks("Best", best, "no winning trade", reading.currency),
            "",
            *_blocks("Worst", worst, "no losing trade", reading.currency),
            *paragraph(
                "Prices in quote currency, times UTC (the bar's open), MAE and MFE: worst and best "
                "moment of the trade."
            ),
        ]


def _blocks(title: str, rows: pd.DataFrame, none: str, currency: str) -> list[str]:
    if not len(rows):
        return paragraph(f"{title}: {none}.")
    lines = paragraph(title)
    for trade in rows.to_dict("records"):
        lines += _block(trade, currency)
    return lines


def _block(trade: Mapping[Any, Any], currency: str) -> list[str]:
    held = int(trade["bars_held"])
    said = [
        (
            f"signal {moment(trade['signal_time'])}; entry {moment(trade['entry_time'])} at "
            f"{as_is(trade['entry_price'])}; exit {moment(trade['exit_time'])} at "
            f"{as_is(trade['exit_price'])} ({words(trade['exit_reason'])}"
            f"{', ambiguous bar' if trade['ambiguous'] else ''}), {count(held)} "
            f"{'bar' if held == 1 else 'bars'}"
        ),
        (
            f"stop {as_is(trade['stop_price'])}, target {as_is(trade['target_price'])}; risk "
            f"{money(trade['risk_amount'])} {currency} taken of {money(trade['risk_asked'])} "
            f"asked; MAE {ratio(trade['mae'])} R, MFE {ratio(trade['mfe'])} R"
        ),
        (
            f"gross {signed(trade['gross_pnl'])} - spread {money(trade['spread_cost'])} - slippage "
            f"{money(trade['slippage_cost'])} - commission {money(trade['commission'])} + swap "
            f"{money(trade['swap'])} = net {signed(trade['net_pnl'])} {currency}"
        ),
        (
            f"rate to {currency} {as_is(trade['rate_entry'])} at entry, "
            f"{as_is(trade['rate_exit'])} at exit; weight {percent(trade['weight'])}{_sized(trade)}"
        ),
    ]
    head = (
        f"  #{trade['trade_id']} {trade['asset']} {trade['side']} {as_is(trade['lots'])} lots "
        f"({as_is(trade['units'])} units): {signed(trade['net_pnl'])} {currency}, "
        f"{multiple(trade['r_multiple'])} R"
    )
    return [head, *(line for text in said for line in paragraph(text, "      "))]


def _sized(trade: Mapping[Any, Any]) -> str:
    factors = [
        f"{words(name.removeprefix('factor_'))} {multiple(value)}"
        for name, value in trade.items()
        if name.startswith("factor_") and value < 1.0
    ]
    links = [words(link) for link in str(trade["links"] or "").split()]
    said = f"; factors: {', '.join(factors)}" if factors else ""
    return said + (f"; cut by {', '.join(links)}" if links else "")
