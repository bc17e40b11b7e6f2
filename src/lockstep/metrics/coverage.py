"""On which days how many assets had data, and what the account did while most of them had."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import trading_days
from lockstep.core.result import RunResult
from lockstep.metrics import returns as growth
from lockstep.metrics import trades as deals
from lockstep.metrics.blocks import Block, numbers, performance
from lockstep.metrics.panel import Curve, Panel, nanoseconds
from lockstep.metrics.undefined import Undefined

#: Trading days without all of the assets that make no other portfolio: edges of calendars.
EDGE_DAYS = 7
#: What is told of the account over the days of the most assets.
_TOLD = (
    "initial_equity",
    "final_equity",
    "net_pnl",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "probabilistic_sharpe_adjusted",
    "max_drawdown",
    "calmar",
    "var_95",
    "trading_days",
)


def coverage(result: RunResult, table: Panel) -> Block | Undefined:
    """Return who had data when, and the account over the days on which most assets had.

    Parameters
    ----------
    result : RunResult
        Its facts name the first and last bar of each asset; a gap inside counts as data.
    table : Panel
        Its arrays.

    Returns
    -------
    dict or Undefined
        ``assets, first_day, last_day, days, share``: the largest number of assets with data at
        once, the longest unbroken stretch of trading days with that many (the first of equal
        ones), and its part of all trading days. ``account``: the numbers of the account over it,
        as if it began there: equity before its first day, a peak of its own, trades by exit.
        ``stretches``: every unbroken row of trading days with the same assets, with ``assets``
        and the names ``without`` data.
    """
    ranges = result.facts.get("ranges") or {}
    if not table.symbols or not set(table.symbols) <= set(ranges):
        return Undefined("the run did not record the first and last bar of each asset")
    days = table.account.days
    rows = _stretches(_has_data(ranges, table, bool(result.facts["weekend_days"])))
    most = max(int(has.sum()) for _, _, has in rows)
    first, last = max(
        ((a, b) for a, b, has in rows if int(has.sum()) == most),
        key=lambda span: (span[1] - span[0], -span[0]),
    )
    return {
        "assets": most,
        **_span(days, first, last),
        "account": _account(result.trades, table, first, last),
        "stretches": [
            {
                **_span(days, a, b),
                "assets": int(has.sum()),
                "without": [name for name, there in zip(table.symbols, has) if not there],
            }
            for a, b, has in rows
        ],
    }


def lacking_days(covered: Mapping[str, Any]) -> int:
    """Return the trading days on which fewer assets had data than on those of the most."""
    return sum(one["days"] for one in covered["stretches"] if one["assets"] < covered["assets"])


def _has_data(ranges: Mapping[str, Any], table: Panel, weekend_days: bool) -> Array:
    """Return who lies inside the own range, shape (n_days, n_assets) of bool."""
    edges = [[pd.Timestamp(ranges[s][end]) for s in table.symbols] for end in ("first", "last")]
    first, last = (
        trading_days(nanoseconds(pd.DatetimeIndex(one).tz_localize(None)), weekend_days)
        for one in edges
    )
    days = table.account.days[:, None]
    return np.asarray((first <= days) & (days <= last))


def _stretches(has: Array) -> list[tuple[int, int, Array]]:
    """Return first and last day, as positions, and the assets of each stretch of equal rows."""
    cuts = np.flatnonzero(np.any(has[1:] != has[:-1], axis=1)) + 1
    edges = [0, *cuts.tolist(), len(has)]
    return [(a, b - 1, has[a]) for a, b in itertools.pairwise(edges)]


def _span(days: Ints, first: int, last: int) -> Block:
    dates = days[[first, last]].astype("datetime64[D]").astype(str)
    return {
        "first_day": str(dates[0]),
        "last_day": str(dates[1]),
        "days": last - first + 1,
        "share": (last - first + 1) / len(days),
    }


def _account(trades: pd.DataFrame, table: Panel, first: int, last: int) -> Block:
    """Return the numbers of the account from one trading day to another."""
    whole = table.account
    end = table.first_steps[last + 1] if last + 1 < len(whole.days) else len(whole.time)
    steps, days = slice(int(table.first_steps[first]), int(end)), slice(first, last + 1)
    initial = float(whole.marks[first - 1]) if first else whole.initial
    part = Curve(initial, whole.time[steps], whole.equity[steps], whole.days[days],
                 whole.marks[days])  # fmt: skip
    if len(trades):
        left = nanoseconds(trades["exit_time"])
        trades = trades[(left >= part.time[0]) & (left <= part.time[-1])]
    net = numbers(trades, "net_pnl")
    numbers_of = performance(part, growth.daily_returns(part.marks, initial))
    return {
        **{name: numbers_of[name] for name in _TOLD},
        "trades": len(trades),
        "win_rate": deals.win_rate(net),
        "profit_factor": deals.profit_factor(net),
        "expectancy_r": deals.expectancy_r(numbers(trades, "r_multiple")),
    }
