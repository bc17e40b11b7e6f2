"""The honest portfolio against what adding up single runs would have promised."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array, Ints


def weights_in_force(days: Ints, weight_days: Ints, weights: Array) -> Array:
    """Return the weights that held on each trading day.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Trading days asked for, ascending.
    weight_days : ndarray of int64, shape (n_rows,)
        Trading day of each row of the schedule, ascending; the first row is the start.
    weights : ndarray, shape (n_rows, n_assets)
        The schedule (fractions of account equity).

    Returns
    -------
    ndarray, shape (n_days, n_assets)
        The last row of each day or before it: a rebalance happens in the first step of its day and
        so holds for that day. Days before the first row take the first row.
    """
    row = np.searchsorted(weight_days, days, side="right") - 1
    return np.asarray(weights[np.maximum(row, 0)], dtype=np.float64)


def weighted_solo_pnl(weights: Array, solo_pnl: Array) -> float:
    """Return what the solo runs would have made had each been held at its weight, day by day.

    Parameters
    ----------
    weights : ndarray, shape (n_days, n_assets)
        Weights in force on each day.
    solo_pnl : ndarray, shape (n_days, n_assets)
        Daily P&L of each asset's solo run, which has the full capital to itself (account
        currency); 0 on days outside its range.

    Returns
    -------
    float
        ``sum over days and assets of w_i(t) * P_i(t)`` (account currency). It shares the capital
        once, and knows no shared margin, no portfolio rule, and no compounding across assets.
    """
    return float(np.sum(weights * solo_pnl))


def naive_solo_pnl(solo_pnl: Array) -> float:
    """Return the sum of the full-capital solo P&Ls: n assets, the same capital n times."""
    return float(np.sum(solo_pnl))
