"""When the assets lost together."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array
from lockstep.metrics.blocks import Block
from lockstep.metrics.panel import Panel
from lockstep.metrics.undefined import Measure, Undefined

#: Trading days of a cluster that is a week.
WEEK = 5
#: A P&L smaller than this part of the capital is rounding.
_NOTHING = 1e-9

_NONE = Undefined("no two assets ever lost together")


def loss_clusters(table: Panel) -> dict[str, Block | Undefined]:
    """Return the days, and the weeks, on which assets lost together.

    Parameters
    ----------
    table : Panel
        The run's arrays.

    Returns
    -------
    dict
        ``most_assets_day``, ``most_money_day``, ``most_assets_week``, ``most_money_week``: the
        trading day, or the `WEEK` trading days in a row, on which most assets lost (of several,
        the one that cost most), or on which two or more losing assets lost the most money; each
        ``{first_day, last_day, assets, losers, active, money, net_pnl, fraction}``: the losers'
        P&L by symbol, the largest loss first; their number; how many assets had any P&L; the sum
        of the losses; the P&L of the whole account; and that as a fraction of the equity the days
        began with. Undefined if no two assets ever lost together.
    """
    found = {}
    for name, window in (("day", 1), ("week", WEEK)):
        pnl = _rolling(table.pnl, window)
        losing = pnl < -_NOTHING * abs(table.account.initial)
        count = np.sum(losing, axis=1)
        money = np.sum(np.where(losing, pnl, 0.0), axis=1)
        cluster = count >= 2
        for key, order in (("most_assets", (money, -count)), ("most_money", (-count, money))):
            found[f"{key}_{name}"] = (
                _cluster(table, pnl, losing, _first(cluster, order), window)
                if np.any(cluster)
                else _NONE
            )
    return found


def _rolling(pnl: Array, window: int) -> Array:
    """Return sums over so many days in a row, shape (n_days - window + 1, n_assets)."""
    if len(pnl) < window:
        return np.empty((0, pnl.shape[1]))
    windows = np.lib.stride_tricks.sliding_window_view(pnl, window, axis=0)
    return np.asarray(np.sum(windows, axis=-1), dtype=np.float64)


def _first(allowed: npt.NDArray[np.bool_], order: tuple[Array, Array]) -> int:
    """Return the smallest by the last key, ties by the first, then the earliest."""
    places = np.flatnonzero(allowed)
    return int(places[np.lexsort(tuple(key[places] for key in order))[0]])


def _cluster(
    table: Panel, pnl: Array, losing: npt.NDArray[np.bool_], start: int, window: int
) -> Block:
    marks = np.concatenate([[table.account.initial], table.account.marks])
    before, after = float(marks[start]), float(marks[start + window])
    losers = sorted(np.flatnonzero(losing[start]).tolist(), key=lambda i: (pnl[start, i], i))
    active = np.abs(pnl[start]) > _NOTHING * abs(table.account.initial)
    fraction: Measure = (
        (after - before) / before if before > 0.0 else Undefined("the days began without equity")
    )
    return {
        "first_day": _date(table, start),
        "last_day": _date(table, start + window - 1),
        "assets": {table.symbols[i]: float(pnl[start, i]) for i in losers},
        "losers": len(losers),
        "active": int(np.count_nonzero(active)),
        "money": math.fsum(pnl[start, i] for i in losers),
        "net_pnl": after - before,
        "fraction": fraction,
    }


def _date(table: Panel, day: int) -> str:
    return str(np.datetime64(int(table.account.days[day]), "D"))
