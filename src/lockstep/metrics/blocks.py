"""Groups of metrics that the portfolio, each asset and each solo run have in common."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array
from lockstep.metrics import returns as growth
from lockstep.metrics import trades as deals
from lockstep.metrics.drawdown import longest_under_water, max_drawdown, share_under_water
from lockstep.metrics.panel import Curve, nanoseconds
from lockstep.metrics.undefined import Undefined

#: A value of a block: a number, a Measure, a count by name, or a list of numbers.
Block = dict[str, Any]

COSTS = ("spread_cost", "slippage_cost", "commission", "swap")


def performance(curve: Curve, daily: Array | Undefined) -> Block:
    """Return growth and risk of one equity curve.

    Parameters
    ----------
    curve : Curve
        Every step of the clock, for the drawdown; its days, for the annualisation.
    daily : ndarray, shape (n_days,), or Undefined
        Daily returns, for the ratios.
    """
    initial, final = curve.initial, curve.final
    per_year = growth.days_per_year(curve.days)
    rate = growth.cagr(initial, final, growth.years(curve.days))
    worst = max_drawdown(curve.equity, initial)
    return {
        "initial_equity": initial,
        "final_equity": final,
        "net_pnl": final - initial,
        "total_return": growth.total_return(initial, final),
        "cagr": rate,
        **_ratios(daily, per_year),
        "calmar": growth.calmar(rate, worst),
        "max_drawdown": worst,
        "longest_under_water_days": longest_under_water(curve.time, curve.equity, initial),
        "share_under_water": share_under_water(curve.equity, initial),
        "trading_days": len(curve.days),
    }


def _ratios(daily: Array | Undefined, per_year: float) -> Block:
    if isinstance(daily, Undefined):
        return dict.fromkeys(("volatility", "sharpe", "sortino", "probabilistic_sharpe"), daily)
    return {
        "volatility": growth.volatility(daily, per_year),
        "sharpe": growth.sharpe(daily, per_year),
        "sortino": growth.sortino(daily, per_year),
        "probabilistic_sharpe": growth.probabilistic_sharpe(daily),
    }


def trading(trades: pd.DataFrame, account: Curve) -> Block:
    """Return what the trades made, cost and risked.

    Parameters
    ----------
    trades : DataFrame
        Closed trades, a row each (columns of docs/results.md); may be empty.
    account : Curve
        The account that took the risk, for the effective risk per trade.
    """
    if len(trades):
        trades = trades.sort_values("exit_time", kind="stable")
    net, multiple = _numbers(trades, "net_pnl"), _numbers(trades, "r_multiple")
    return {
        "trades": len(trades),
        "win_rate": deals.win_rate(net),
        "profit_factor": deals.profit_factor(net),
        "expectancy_r": deals.expectancy_r(multiple),
        "sqn": deals.sqn(multiple),
        "average_trade": deals.average_trade(net),
        "best_trade": deals.best_trade(net),
        "worst_trade": deals.worst_trade(net),
        "longest_losing_streak": deals.longest_losing_streak(net),
        "gross_pnl": math.fsum(_numbers(trades, "gross_pnl")),
        **{name: math.fsum(_numbers(trades, name)) for name in COSTS},
        **_risk_taken(trades, account),
        **_ambiguity(trades, net),
        "exits": counts(trades["exit_reason"].tolist() if len(trades) else []),
        "links": counts(_link_names(trades)),
    }


def counts(names: list[str]) -> dict[str, int]:
    """Return how often each name occurs, sorted by name."""
    return dict(sorted(Counter(names).items()))


def _risk_taken(trades: pd.DataFrame, account: Curve) -> Block:
    risk, asked = _numbers(trades, "risk_amount"), _numbers(trades, "risk_asked")
    entries = nanoseconds(trades["entry_time"]) if len(trades) else np.empty(0, dtype=np.int64)
    before = deals.equity_before(entries, account.time, account.equity, account.initial)
    share = _divided(risk, before)
    return {
        "effective_risk_median": deals.median_of(share, "no trade"),
        "effective_risk_max": deals.largest_of(share, "no trade"),
        "risk_taken_to_asked_median": deals.median_of(
            _divided(risk, asked), "no trade whose asked risk is known"
        ),
    }


def _ambiguity(trades: pd.DataFrame, net: Array) -> Block:
    flagged = int(np.count_nonzero(_numbers(trades, "ambiguous")))
    interval = [
        math.fsum(_numbers(trades, "pnl_stop_first")),
        math.fsum(net),
        math.fsum(_numbers(trades, "pnl_target_first")),
    ]
    return {"ambiguous_trades": flagged, "ambiguous_pnl_interval": interval}


def _link_names(trades: pd.DataFrame) -> list[str]:
    """Return the names of the size links that bound, one for each trade and link."""
    if len(trades) == 0:
        return []
    # A column without any link comes back from CSV as floats, all NaN.
    texts = [text for text in trades["links"].tolist() if isinstance(text, str)]
    return [name for text in texts for name in re.findall(r"\w+", text)]


def _numbers(trades: pd.DataFrame, column: str) -> Array:
    return trades[column].to_numpy(dtype=np.float64) if len(trades) else np.empty(0)


def _divided(above: Array, below: Array) -> Array:
    """Return above / below, NaN where nothing positive divides."""
    result = np.full(len(above), np.nan)
    np.divide(above, below, out=result, where=below > 0.0)
    return result
