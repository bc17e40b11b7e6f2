"""The trades as a table of report.html: all of them, or those that made or lost most."""

from __future__ import annotations

from lockstep.report.layout import Column, heading, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import as_is, count, moment, multiple, signed, words

#: Rows that a page still opens and sorts at once.
MOST = 400


def trade_list(reading: Reading) -> list[str]:
    """Return the lines of the part; none if no trade was taken."""
    trades = reading.result.trades
    if not len(trades):
        return []
    shown = trades
    said = f"All {count(len(trades))} trades; times UTC, prices in quote currency."
    if len(trades) > MOST:
        largest = trades["net_pnl"].abs().sort_values(ascending=False, kind="stable").index[:MOST]
        shown = trades.loc[sorted(largest)]
        said = (
            f"The {count(MOST)} trades that made or lost most, of {count(len(trades))}: all are in "
            "trades.csv. Times UTC, prices in quote currency."
        )
    currency = reading.currency
    columns = [
        Column("trade", [count(number) for number in shown["trade_id"]]),
        Column("asset", [str(name) for name in shown["asset"]], left=True),
        Column("side", [str(side) for side in shown["side"]], left=True),
        Column("lots", [as_is(size) for size in shown["lots"]]),
        Column("entry", [moment(time) for time in shown["entry_time"]], left=True),
        Column("at", [as_is(price) for price in shown["entry_price"]]),
        Column("exit", [moment(time) for time in shown["exit_time"]], left=True),
        Column("at", [as_is(price) for price in shown["exit_price"]]),
        Column("reason", [words(code) for code in shown["exit_reason"]], left=True),
        Column("R", [multiple(number) for number in shown["r_multiple"]]),
        Column(f"net P&L {currency}", [signed(amount) for amount in shown["net_pnl"]]),
    ]
    title = "TRADES" if len(trades) <= MOST else "TRADES THAT MADE OR LOST MOST"
    return ["", heading(title), *paragraph(said), *table(columns)]
