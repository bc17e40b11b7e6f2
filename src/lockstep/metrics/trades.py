"""What a list of closed trades says."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Ints
from lockstep.metrics.distribution import share
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

NO_TRADE = Undefined("no trade")
#: Per cent; the levels of `r_distribution` between minimum and maximum.
R_PERCENTILES = (5, 25, 50, 75, 95)


def win_rate(net_pnl: Array) -> Measure:
    """Return the fraction of trades with a net P&L above zero.

    Parameters
    ----------
    net_pnl : ndarray, shape (n_trades,)
        P&L after all costs (account currency).
    """
    return float(np.mean(net_pnl > 0.0)) if len(net_pnl) else NO_TRADE


def profit_factor(net_pnl: Array) -> Measure:
    """Return the sum of the winning trades' net P&L over that of the losing ones, no unit."""
    if len(net_pnl) == 0:
        return NO_TRADE
    lost = -float(np.sum(net_pnl[net_pnl < 0.0]))
    if lost == 0.0:
        return Undefined("no losing trade")
    return float(np.sum(net_pnl[net_pnl > 0.0])) / lost


def expectancy_r(r_multiple: Array) -> Measure:
    """Return the mean R multiple.

    Parameters
    ----------
    r_multiple : ndarray, shape (n_trades,)
        Net P&L / initial risk of each trade.
    """
    return float(np.mean(r_multiple)) if len(r_multiple) else NO_TRADE


def sqn(r_multiple: Array) -> Measure:
    """Return the system quality number on R multiples.

    Returns
    -------
    float or Undefined
        ``sqrt(n) * mean(R) / std(R, n - 1)``, n not limited to 100.

    References
    ----------
    Tharp (2008), "The Definitive Guide to Position Sizing".
    """
    if len(r_multiple) < 2:
        return Undefined("fewer than two trades")
    deviation = float(np.std(r_multiple, ddof=1))
    if deviation <= ROUNDING:
        return Undefined("every trade has the same R multiple")
    return math.sqrt(len(r_multiple)) * float(np.mean(r_multiple)) / deviation


def average_trade(net_pnl: Array) -> Measure:
    """Return the mean net P&L of a trade (account currency)."""
    return float(np.mean(net_pnl)) if len(net_pnl) else NO_TRADE


def best_trade(net_pnl: Array) -> Measure:
    """Return the largest net P&L of a trade (account currency)."""
    return float(np.max(net_pnl)) if len(net_pnl) else NO_TRADE


def worst_trade(net_pnl: Array) -> Measure:
    """Return the smallest net P&L of a trade (account currency)."""
    return float(np.min(net_pnl)) if len(net_pnl) else NO_TRADE


def average_win(net_pnl: Array) -> Measure:
    """Return the mean net P&L of the trades above zero (account currency)."""
    won = net_pnl[net_pnl > 0.0]
    return float(np.mean(won)) if len(won) else Undefined("no winning trade")


def average_loss(net_pnl: Array) -> Measure:
    """Return the mean net P&L of the trades below zero (account currency, negative)."""
    lost = net_pnl[net_pnl < 0.0]
    return float(np.mean(lost)) if len(lost) else Undefined("no losing trade")


def expectancy(net_pnl: Array) -> Measure:
    """Return what a trade can be expected to make (account currency).

    Returns
    -------
    float or Undefined
        ``P(win) * average win + P(loss) * average loss``, which is the mean net P&L.

    References
    ----------
    Tharp (1998), "Trade Your Way to Financial Freedom".
    """
    return average_trade(net_pnl)


def longest_losing_streak(net_pnl: Array) -> int:
    """Return the largest number of trades in a row, by exit, with a net P&L below zero."""
    return _longest_run(net_pnl < 0.0)


def longest_winning_streak(net_pnl: Array) -> int:
    """Return the largest number of trades in a row, by exit, with a net P&L above zero."""
    return _longest_run(net_pnl > 0.0)


def win_rate_interval(net_pnl: Array) -> tuple[Measure, Measure]:
    """Return Wilson's 95 % interval of the probability that a trade wins (low, high).

    Trades are taken as independent; trades that overlap in time are not quite, so the true
    interval is wider.

    References
    ----------
    Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    if len(net_pnl) == 0:
        return NO_TRADE, NO_TRADE
    found = share(net_pnl > 0.0)
    return found.low, found.high


def r_distribution(r_multiple: Array) -> dict[str, Measure]:
    """Return minimum, maximum and the percentiles of `R_PERCENTILES` of the R multiples.

    Parameters
    ----------
    r_multiple : ndarray, shape (n_trades,)
        Net P&L / initial risk of each trade; between two of them a percentile is interpolated
        linearly.

    Returns
    -------
    dict
        ``min, p05, p25, p50, p75, p95, max`` (R); each undefined if there is no trade.
    """
    names = ["min", *(f"p{level:02d}" for level in R_PERCENTILES), "max"]
    if len(r_multiple) == 0:
        return dict.fromkeys(names, NO_TRADE)
    found = np.percentile(r_multiple, [0, *R_PERCENTILES, 100])
    return {name: float(value) for name, value in zip(names, found)}


def _longest_run(hits: npt.NDArray[np.bool_]) -> int:
    edges = np.diff(hits.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return int(np.max(lengths, initial=0))


def equity_before(entries: Ints, time: Ints, equity: Array, initial: float) -> Array:
    """Return the account equity after the last step before each entry.

    Parameters
    ----------
    entries : ndarray of int64, shape (n_trades,)
        Labels of the entry bars, ns.
    time : ndarray of int64, shape (n_steps,)
        The clock, ns ascending.
    equity : ndarray, shape (n_steps,)
        Equity after each step: the entry's own step already knows that bar's close.
    initial : float
        Equity before the first step.
    """
    known = np.concatenate([[initial], equity])
    return np.asarray(known[np.searchsorted(time, entries, side="left")], dtype=np.float64)


def median_of(values: Array, missing: str) -> Measure:
    """Return the median of the finite values, or undefined for the reason `missing`."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else Undefined(missing)


def largest_of(values: Array, missing: str) -> Measure:
    """Return the maximum of the finite values, or undefined for the reason `missing`."""
    finite = values[np.isfinite(values)]
    return float(np.max(finite)) if len(finite) else Undefined(missing)


def smallest_of(values: Array, missing: str) -> Measure:
    """Return the minimum of the finite values, or undefined for the reason `missing`."""
    finite = values[np.isfinite(values)]
    return float(np.min(finite)) if len(finite) else Undefined(missing)
