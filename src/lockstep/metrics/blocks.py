"""Groups of metrics that the portfolio, each asset and each solo run have in common."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.metrics import activity, tails
from lockstep.metrics import drawdown as falls
from lockstep.metrics import returns as growth
from lockstep.metrics import trades as deals
from lockstep.metrics.confidence import (
    min_track_record,
    probabilistic_sharpe,
    probabilistic_sharpe_adjusted,
)
from lockstep.metrics.panel import Curve, nanoseconds
from lockstep.metrics.undefined import NO_DRAWDOWN, Measure, Undefined

#: A value of a block: a number, a Measure, a text, a count by name, or a list.
Block = dict[str, Any]

COSTS = ("spread_cost", "slippage_cost", "commission", "swap")
#: What daily returns (n_days,) and the number of days per year say.
_OF_DAILY_RETURNS: dict[str, Callable[[Array, float], Measure]] = {
    "volatility": growth.volatility,
    "sharpe": growth.sharpe,
    "sharpe_autocorrelation_adjusted": growth.sharpe_autocorrelation_adjusted,
    "sharpe_autocorrelation_lags": lambda daily, _: _lags(daily),
    "sortino": growth.sortino,
    "omega": lambda daily, _: growth.omega(daily),
    "probabilistic_sharpe": lambda daily, _: probabilistic_sharpe(daily),
    "probabilistic_sharpe_adjusted": probabilistic_sharpe_adjusted,
    "min_track_record_days": lambda daily, _: min_track_record(daily),
    "var_95": lambda daily, _: tails.value_at_risk(daily, 0.05),
    "var_99": lambda daily, _: tails.value_at_risk(daily, 0.01),
    "cvar_95": lambda daily, _: tails.conditional_value_at_risk(daily, 0.05),
    "cvar_99": lambda daily, _: tails.conditional_value_at_risk(daily, 0.01),
    "tail_ratio": lambda daily, _: tails.tail_ratio(daily),
    "skewness": lambda daily, _: tails.skewness(daily),
    "kurtosis": lambda daily, _: tails.kurtosis(daily),
}
_NOT_RECOVERED = Undefined("not recovered by the end of the run")


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
    rate = growth.cagr(initial, final, growth.years(curve.days))
    worst = falls.max_drawdown(curve.equity, initial)
    ulcer = falls.ulcer_index(curve.marks, initial)
    return {
        "initial_equity": initial,
        "final_equity": final,
        "net_pnl": final - initial,
        "total_return": growth.total_return(initial, final),
        "cagr": rate,
        **_of_daily_returns(curve, daily),
        "calmar": growth.calmar(rate, worst),
        "ulcer_index": ulcer,
        "ulcer_performance_index": growth.ulcer_performance_index(rate, ulcer),
        "max_drawdown": worst,
        **_drawdowns(curve),
        "longest_under_water_days": falls.longest_under_water(curve.time, curve.equity, initial),
        "share_under_water": falls.share_under_water(curve.equity, initial),
        "trading_days": len(curve.days),
    }


def _of_daily_returns(curve: Curve, daily: Array | Undefined) -> Block:
    days = ("best_day", "best_day_date", "worst_day", "worst_day_date")
    if isinstance(daily, Undefined):
        return dict.fromkeys((*_OF_DAILY_RETURNS, *days), daily)
    per_year = growth.days_per_year(curve.days)
    extremes = (*tails.best_day(curve.days, daily), *tails.worst_day(curve.days, daily))
    return {
        **{name: measure(daily, per_year) for name, measure in _OF_DAILY_RETURNS.items()},
        **dict(zip(days, extremes)),
    }


def _lags(daily: Array) -> Measure:
    few = growth.FEWEST_FOR_AUTOCORRELATION
    if len(daily) < few:
        return Undefined(f"fewer than {few} trading days")
    return growth.autocorrelation_lags(len(daily))


def _drawdowns(curve: Curve) -> Block:
    """Return when the maximum drawdown was, and the worst drawdowns."""
    keys = ("start", "valley", "recovery")
    worst = falls.worst_drawdowns(curve.time, curve.equity, curve.initial)
    if isinstance(worst, Undefined):
        return dict.fromkeys((*(f"max_drawdown_{key}" for key in keys), "worst_drawdowns"), worst)
    rows = [
        {
            "depth": one.depth,
            "start": _iso(one.start),
            "valley": _iso(one.valley),
            "recovery": _NOT_RECOVERED if one.recovery is None else _iso(one.recovery),
            "days": one.days,
        }
        for one in worst
    ]
    first = rows[0] if rows else dict.fromkeys(keys, NO_DRAWDOWN)
    return {**{f"max_drawdown_{key}": first[key] for key in keys}, "worst_drawdowns": rows}


def _iso(ns: int) -> str:
    """Return a moment as ISO 8601, UTC, to the second."""
    return f"{np.datetime64(ns, 'ns').astype('datetime64[s]')}Z"


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
    net, multiple = numbers(trades, "net_pnl"), numbers(trades, "r_multiple")
    return {
        "trades": len(trades),
        **_wins(net, multiple),
        "gross_pnl": math.fsum(numbers(trades, "gross_pnl")),
        **{name: math.fsum(numbers(trades, name)) for name in COSTS},
        **_risk_taken(trades, account),
        **_activity(trades, account),
        **_excursions(trades),
        **_ambiguity(trades, net),
        "exits": counts(trades["exit_reason"].tolist() if len(trades) else []),
        "links": counts(_link_names(trades)),
    }


def _wins(net: Array, multiple: Array) -> Block:
    """Return what the trades made, in money and in R, in the order of their exits."""
    low, high = deals.win_rate_interval(net)
    return {
        "win_rate": deals.win_rate(net),
        "win_rate_low": low,
        "win_rate_high": high,
        "profit_factor": deals.profit_factor(net),
        "expectancy": deals.expectancy(net),
        "expectancy_r": deals.expectancy_r(multiple),
        "r_distribution": deals.r_distribution(multiple),
        "sqn": deals.sqn(multiple),
        "average_trade": deals.average_trade(net),
        "average_win": deals.average_win(net),
        "average_loss": deals.average_loss(net),
        "best_trade": deals.best_trade(net),
        "worst_trade": deals.worst_trade(net),
        "longest_winning_streak": deals.longest_winning_streak(net),
        "longest_losing_streak": deals.longest_losing_streak(net),
    }


def _activity(trades: pd.DataFrame, account: Curve) -> Block:
    """Return how much the trades were in the market, and for how long."""
    entries, exits = _times(trades, "entry_time"), _times(trades, "exit_time")
    mean, median, late = activity.holding_hours(entries, exits)
    units = np.abs(numbers(trades, "units"))
    traded = [
        units * numbers(trades, f"{fill}_price") * numbers(trades, f"rate_{fill}")
        for fill in ("entry", "exit")
    ]
    return {
        "exposure": activity.exposure(entries, exits, account.time),
        "turnover_per_year": activity.turnover_per_year(
            np.concatenate(traded), account.marks, growth.years(account.days)
        ),
        "trades_per_day": activity.trades_per_day(len(trades), len(account.days)),
        "holding_hours_mean": mean,
        "holding_hours_median": median,
        "holding_hours_p90": late,
    }


def _excursions(trades: pd.DataFrame) -> Block:
    """Return how far prices went against and for the trades, and how well these were left."""
    mae, mfe = numbers(trades, "mae"), numbers(trades, "mfe")
    entry, stop = numbers(trades, "entry_price"), numbers(trades, "stop_price")
    sign = np.where(trades["side"] == "short", -1.0, 1.0) if len(trades) else np.empty(0)
    moved = _divided(sign * (numbers(trades, "exit_price") - entry), np.abs(entry - stop))
    return {
        "mae_r_mean": float(np.mean(mae)) if len(mae) else deals.NO_TRADE,
        "mfe_r_mean": float(np.mean(mfe)) if len(mfe) else deals.NO_TRADE,
        "exit_efficiency": activity.exit_efficiency(moved, mae, mfe),
    }


def counts(names: list[str]) -> dict[str, int]:
    """Return how often each name occurs, sorted by name."""
    return dict(sorted(Counter(names).items()))


def _risk_taken(trades: pd.DataFrame, account: Curve) -> Block:
    risk, asked = numbers(trades, "risk_amount"), numbers(trades, "risk_asked")
    entries = _times(trades, "entry_time")
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
    flagged = int(np.count_nonzero(numbers(trades, "ambiguous")))
    interval = [
        math.fsum(numbers(trades, "pnl_stop_first")),
        math.fsum(net),
        math.fsum(numbers(trades, "pnl_target_first")),
    ]
    return {"ambiguous_trades": flagged, "ambiguous_pnl_interval": interval}


def _link_names(trades: pd.DataFrame) -> list[str]:
    """Return the names of the size links that bound, one for each trade and link."""
    if len(trades) == 0:
        return []
    # A column without any link comes back from CSV as floats, all NaN.
    texts = [text for text in trades["links"].tolist() if isinstance(text, str)]
    return [name for text in texts for name in re.findall(r"\w+", text)]


def metric_at(metrics: Mapping[str, Any], *path: str) -> Any:
    """Return a metric by its path; None if undefined or absent."""
    node: Any = metrics
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def rows_of(table: pd.DataFrame, symbol: str) -> pd.DataFrame:
    """Return the rows of one asset; a table without rows as it is."""
    return table[table["asset"].astype(str) == symbol] if len(table) else table


def numbers(table: pd.DataFrame, column: str) -> Array:
    """Return a column as floats; empty if there is no row."""
    return table[column].to_numpy(dtype=np.float64) if len(table) else np.empty(0)


def _times(trades: pd.DataFrame, column: str) -> Ints:
    return nanoseconds(trades[column]) if len(trades) else np.empty(0, dtype=np.int64)


def _divided(above: Array, below: Array) -> Array:
    """Return above / below, NaN where nothing positive divides."""
    result = np.full(len(above), np.nan)
    np.divide(above, below, out=result, where=below > 0.0)
    return result
