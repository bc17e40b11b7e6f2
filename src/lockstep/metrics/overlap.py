"""How many positions were open at once, and whose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.metrics.blocks import Block
from lockstep.metrics.panel import nanoseconds
from lockstep.metrics.undefined import Undefined

#: Pairs that are named.
MOST_PAIRS = 10


def overlap(trades: pd.DataFrame, time: Ints, symbols: Sequence[str]) -> Block | Undefined:
    """Return how much of the time positions were open together.

    Parameters
    ----------
    trades : DataFrame
        Closed trades (columns of docs/results.md); may be empty.
    time : ndarray of int64, shape (n_steps,)
        The clock, ns ascending.
    symbols : sequence of str
        The assets.

    Returns
    -------
    dict or Undefined
        ``mean_open``, ``max_open`` (positions), ``any``, ``two_or_more`` (shares of the steps),
        ``by_asset`` (share of the steps in a position) and ``pairs``: up to `MOST_PAIRS` of
        ``{assets, share, if_independent, same_side}``, the largest share first, with the product
        of the two assets' shares beside it and the part of the common steps at which both were on
        the same side. Undefined without a step.

    Notes
    -----
    A position is open after the steps from its entry's up to, and without, its exit's, as in the
    account's own count: what opens and closes within one bar was never open after a step.
    """
    if len(time) == 0:
        return Undefined("there is no step")
    starts, side = _held(trades, time, symbols)
    length = np.diff(starts, append=len(time)) / len(time)
    held = np.abs(side)
    count = np.sum(held, axis=1)
    share = length @ held
    return {
        "mean_open": float(length @ count),
        "max_open": int(np.max(count, initial=0)),
        "any": float(np.sum(length[count > 0])),
        "two_or_more": float(np.sum(length[count > 1])),
        "by_asset": {symbol: float(x) for symbol, x in zip(symbols, share)},
        "pairs": _pairs(symbols, (held * length[:, None]).T @ held, side, length),
    }


def _held(trades: pd.DataFrame, time: Ints, symbols: Sequence[str]) -> tuple[Ints, Array]:
    """Return the steps at which something changes, and each asset's side from there on.

    Returns
    -------
    starts : ndarray of int64, shape (n_stretches,)
        Ascending, beginning with 0.
    side : ndarray, shape (n_stretches, n_assets)
        1 long, -1 short, 0 without a position.
    """
    if not len(trades):
        return np.zeros(1, dtype=np.int64), np.zeros((1, len(symbols)))
    known = {symbol: column for column, symbol in enumerate(symbols)}
    columns = np.array([known[name] for name in trades["asset"].astype(str)], dtype=np.int64)
    signs = np.where(trades["side"].astype(str) == "short", -1.0, 1.0)
    begin = np.searchsorted(time, nanoseconds(trades["entry_time"]))
    end = np.searchsorted(time, nanoseconds(trades["exit_time"]))
    starts = np.unique(np.concatenate([[0], begin, end]))
    starts = starts[starts < len(time)].astype(np.int64)
    change = np.zeros((len(starts) + 1, len(symbols)))
    np.add.at(change, (np.searchsorted(starts, begin), columns), signs)
    np.add.at(change, (np.searchsorted(starts, end), columns), -signs)
    return starts, np.cumsum(change, axis=0)[:-1]


def _pairs(symbols: Sequence[str], both: Array, side: Array, length: Array) -> list[Block]:
    """Return the pairs that were open together longest."""
    agree = (side * length[:, None]).T @ side
    found = [
        (both[i, j], i, j)
        for i in range(len(symbols))
        for j in range(i + 1, len(symbols))
        if both[i, j] > 0.0
    ]
    found.sort(key=lambda item: (-item[0], item[1], item[2]))
    return [
        {
            "assets": [symbols[i], symbols[j]],
            "share": float(share),
            "if_independent": float(both[i, i] * both[j, j]),
            "same_side": float((share + agree[i, j]) / (2.0 * share)),
        }
        for share, i, j in found[:MOST_PAIRS]
    ]
