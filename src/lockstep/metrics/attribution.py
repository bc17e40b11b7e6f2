"""Where the money came from: by asset, reason, side, time and cost, each adding up to the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS, HOUR_NS, trading_days, weekdays
from lockstep.core.result import RunResult
from lockstep.metrics import trades as deals
from lockstep.metrics.blocks import Block, numbers
from lockstep.metrics.leave_one_out import leave_one_out
from lockstep.metrics.panel import Panel, nanoseconds
from lockstep.metrics.undefined import Measure, Undefined
from lockstep.metrics.worst_fall import worst_fall

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Terms of the daily identity that are money made or paid, and their sign in it.
TERMS: Mapping[str, float] = {
    "price_pnl": 1.0,
    "spread": -1.0,
    "slippage": -1.0,
    "commission": -1.0,
    "swap": 1.0,
    "translation": 1.0,
    "broker_loss": 1.0,
}


def attribution(result: RunResult, table: Panel, daily: Array | Undefined) -> Block:
    """Return the account's P&L split in every way that adds up to it.

    Parameters
    ----------
    result : RunResult
        A run that was played.
    table : Panel
        Its arrays.
    daily : ndarray, shape (n_days, n_assets), or Undefined
        Each asset's daily P&L over the account's equity the day before.

    Returns
    -------
    dict
        ``total``, ``by_asset``, ``by_exit_reason``, ``by_side``, ``by_hour``, ``by_weekday``,
        ``by_entry_hour``, ``by_entry_weekday``, ``by_month``, ``costs``, ``drawdown`` and
        ``leave_one_out``, see docs/attribution.md. Money in account currency, hours and weekdays
        in UTC.
    """
    trades = result.trades
    return {
        "total": _total(result, table),
        "by_asset": _by_asset(result, table),
        "by_exit_reason": grouped(trades, _texts(trades, "exit_reason")),
        "by_side": grouped(trades, _texts(trades, "side")),
        "by_hour": grouped(trades, _hours(trades, "exit_time")),
        "by_weekday": grouped(trades, _weekdays(trades, "exit_time"), WEEKDAYS),
        "by_entry_hour": grouped(trades, _hours(trades, "entry_time")),
        "by_entry_weekday": grouped(trades, _weekdays(trades, "entry_time"), WEEKDAYS),
        "by_month": by_month(result, table),
        "costs": costs(result.ledger, table.symbols),
        "drawdown": worst_fall(result, table),
        "leave_one_out": leave_one_out(table, daily),
    }


def grouped(
    trades: pd.DataFrame, keys: Sequence[str], order: Sequence[str] | None = None
) -> dict[str, Block]:
    """Return what the trades of each group made; the sums of all groups are those of the trades.

    Parameters
    ----------
    trades : DataFrame
        Closed trades (columns of docs/results.md); may be empty.
    keys : sequence of str
        The group of each trade.
    order : sequence of str, optional
        Order of the groups; sorted if not given. A group without trades is left out.

    Returns
    -------
    dict of dict
        ``trades``, ``net_pnl``, ``gross_pnl`` (account currency), ``win_rate`` (fraction),
        ``average_trade`` (account currency), ``expectancy_r`` (R), ``profit_factor``.
    """
    of = np.array(keys, dtype=object)
    present = set(keys)
    names = sorted(present) if order is None else [name for name in order if name in present]
    return {name: _group(trades[of == name]) for name in names}


def _group(trades: pd.DataFrame) -> Block:
    net = numbers(trades, "net_pnl")
    return {
        "trades": len(trades),
        "net_pnl": math.fsum(net),
        "gross_pnl": math.fsum(numbers(trades, "gross_pnl")),
        "win_rate": deals.win_rate(net),
        "average_trade": deals.average_trade(net),
        "expectancy_r": deals.expectancy_r(numbers(trades, "r_multiple")),
        "profit_factor": deals.profit_factor(net),
    }


def by_month(result: RunResult, table: Panel) -> dict[str, Block]:
    """Return the change of equity of each calendar month of trading days.

    Parameters
    ----------
    result : RunResult
        A run that was played.
    table : Panel
        Its arrays.

    Returns
    -------
    dict of dict
        By ``YYYY-MM``: ``net_pnl`` (change of equity between daily marks), ``return`` (of the
        equity the month began with), ``days``, the terms of the daily identity, with ``net_pnl =
        price_pnl - spread - slippage - commission + swap + translation + broker_loss``; ``trades``
        closed on its trading days, their ``closed_pnl``, and ``carried``: what positions open at
        a month's end moved into or out of it, so that ``net_pnl = closed_pnl + carried +
        broker_loss``.
    """
    marks = np.concatenate([[table.account.initial], table.account.marks])
    months = _months(table.account.days)
    ledger = result.ledger
    ledger_months = _months(_ledger_days(ledger))
    weekend = bool(result.facts["weekend_days"])
    trades = result.trades
    exits = nanoseconds(trades["exit_time"]) if len(trades) else np.empty(0, dtype=np.int64)
    closed = _months(trading_days(exits, weekend)) if len(exits) else np.empty(0, dtype=object)
    found = {}
    for month in dict.fromkeys(months.tolist()):
        inside = np.flatnonzero(months == month)
        before, after = float(marks[inside[0]]), float(marks[inside[-1] + 1])
        own = numbers(trades[closed == month], "net_pnl")
        terms = _terms(ledger[ledger_months == month])
        found[month] = {
            "net_pnl": after - before,
            "return": _return(before, after),
            "days": len(inside),
            **terms,
            "trades": len(own),
            "closed_pnl": math.fsum(own),
            "carried": math.fsum([after, -before, -math.fsum(own), -terms["broker_loss"]]),
        }
    return found


def costs(ledger: pd.DataFrame, symbols: Sequence[str]) -> Block:
    """Return what each asset's prices made and what each cost took of it.

    Parameters
    ----------
    ledger : DataFrame
        The daily ledger (columns of docs/results.md); may be empty.
    symbols : sequence of str
        The assets.

    Returns
    -------
    dict
        ``assets`` (by symbol), ``reserve`` and ``total``, each with the terms of the daily
        identity, ``net_pnl`` (their signed sum, transfers left out) and ``paid``: spread +
        slippage + commission - swap (account currency).
    """
    names = ledger["asset"].astype(str) if len(ledger) else pd.Series([], dtype=str)
    return {
        "assets": {symbol: _cost(ledger[names == symbol]) for symbol in symbols},
        "reserve": _cost(ledger[names == "reserve"]),
        "total": _cost(ledger),
    }


def _cost(ledger: pd.DataFrame) -> Block:
    terms = _terms(ledger)
    return {
        **terms,
        "net_pnl": math.fsum(sign * terms[name] for name, sign in TERMS.items()),
        "paid": terms["spread"] + terms["slippage"] + terms["commission"] - terms["swap"],
    }


def _terms(ledger: pd.DataFrame) -> dict[str, float]:
    return {name: math.fsum(numbers(ledger, name)) for name in TERMS}


def _total(result: RunResult, table: Panel) -> Block:
    """Return the P&L three times over: from equity, from the assets, from the trades."""
    trades = math.fsum(numbers(result.trades, "net_pnl"))
    lent = math.fsum(numbers(result.ledger, "broker_loss"))
    net = table.account.final - table.account.initial
    return {
        "net_pnl": net,
        "assets": math.fsum(table.pnl.ravel()),
        "trades": trades,
        "broker_loss": lent,
        "outside_trades": math.fsum([net, -trades, -lent]),
    }


def _by_asset(result: RunResult, table: Panel) -> dict[str, Block]:
    """Return each asset's P&L from the ledger, and the part of it that its trades explain."""
    symbols = _texts(result.trades, "asset")
    groups = grouped(result.trades, symbols)
    found = {}
    for asset, symbol in enumerate(table.symbols):
        group = groups.get(symbol) or _group(result.trades.iloc[:0])
        found[symbol] = {
            "net_pnl": math.fsum(table.pnl[:, asset]),
            "contribution": _share(math.fsum(table.pnl[:, asset]), table.account.initial),
            "trades": group["trades"],
            "closed_pnl": group["net_pnl"],
            "win_rate": group["win_rate"],
        }
    return found


def _return(before: float, after: float) -> Measure:
    if before <= 0.0:
        return Undefined("the month began without equity")
    return (after - before) / before


def _share(money: float, initial: float) -> Measure:
    return money / initial if initial > 0.0 else Undefined("there was no initial equity")


def _months(days: Ints) -> np.ndarray:
    """Return YYYY-MM of days since 1970-01-01, shape (n,)."""
    return np.asarray(days.astype("datetime64[D]").astype("datetime64[M]").astype(str), object)


def _ledger_days(ledger: pd.DataFrame) -> Ints:
    """Return days since 1970-01-01 of the ledger's rows."""
    if not len(ledger):
        return np.empty(0, dtype=np.int64)
    if pd.api.types.is_integer_dtype(ledger["day"]):
        return ledger["day"].to_numpy(dtype=np.int64)
    return nanoseconds(pd.to_datetime(ledger["day"])) // DAY_NS


def _hours(trades: pd.DataFrame, column: str) -> list[str]:
    """Return the UTC hour of day, 00 to 23, of each trade's moment."""
    if not len(trades):
        return []
    return [f"{hour:02d}" for hour in (nanoseconds(trades[column]) % DAY_NS // HOUR_NS).tolist()]


def _weekdays(trades: pd.DataFrame, column: str) -> list[str]:
    """Return the UTC weekday of each trade's moment."""
    if not len(trades):
        return []
    return [WEEKDAYS[day] for day in weekdays(nanoseconds(trades[column]) // DAY_NS).tolist()]


def _texts(trades: pd.DataFrame, column: str) -> list[str]:
    return trades[column].astype(str).tolist() if len(trades) else []
