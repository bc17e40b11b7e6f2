"""What a list of closed trades says."""

from __future__ import annotations

import math

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

NO_TRADE = Undefined("no trade")


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


def longest_losing_streak(net_pnl: Array) -> int:
    """Return the largest number of trades in a row, by exit, with a net P&L below zero."""
    longest = streak = 0
    for pnl in net_pnl:
        streak = streak + 1 if pnl < 0.0 else 0
        longest = max(longest, streak)
    return longest


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
