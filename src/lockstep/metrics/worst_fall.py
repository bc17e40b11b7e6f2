"""Who made the account's deepest fall."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Ints
from lockstep.core.result import RunResult
from lockstep.metrics.blocks import Block
from lockstep.metrics.drawdown import deepest, moved
from lockstep.metrics.panel import Panel
from lockstep.metrics.undefined import NO_DRAWDOWN, Undefined


def worst_fall(result: RunResult, table: Panel) -> Block | Undefined:
    """Return the deepest fall of the account, step by step, and each asset's part in it.

    Parameters
    ----------
    result : RunResult
        A run that was played.
    table : Panel
        Its arrays.

    Returns
    -------
    dict or Undefined
        ``depth`` (fraction of the peak), ``money`` (from peak to valley, negative), ``peak`` and
        ``valley`` (label of the last step at the peak, null if that is the capital before the
        first step; label of the deepest step), ``assets``: P&L of each between the two,
        ``reserve``: what the broker bore there, ``shares``: each asset's part of the fall
        (fraction; negative if it earned meanwhile), ``worst_asset``. Assets and reserve add up to
        the money. Undefined if the account never stood below its peak.
    """
    account = table.account
    found = deepest(account.equity, account.initial)
    if found is None:
        return NO_DRAWDOWN
    peak, valley, depth = found
    parts = {
        symbol: moved(table.contribution(asset).equity, account.initial, peak, valley)
        for asset, symbol in enumerate(table.symbols)
    }
    money = moved(account.equity, account.initial, peak, valley)
    return {
        "depth": depth,
        "money": money,
        "peak": _moment(account.time, peak) if peak >= 0 else _FROM_THE_START,
        "valley": _moment(account.time, valley),
        "assets": parts,
        "reserve": _reserve_moved(result, table, peak, valley),
        "shares": {symbol: part / money for symbol, part in parts.items()},
        "worst_asset": min(parts, key=lambda symbol: (parts[symbol], symbol)),
    }


_FROM_THE_START = Undefined("the peak was the capital before the first step")


def _reserve_moved(result: RunResult, table: Panel, peak: int, valley: int) -> float:
    """Return the change of the reserve that no transfer made."""
    reserve = result.equity["reserve"].to_numpy(dtype=np.float64)
    start = table.account.initial * (1.0 - float(np.sum(table.weights[0])))
    change = moved(reserve, start, peak, valley)
    lent = [_transferred(table, asset, peak, valley) for asset in range(len(table.symbols))]
    return change + float(np.sum(lent))


def _transferred(table: Panel, asset: int, peak: int, valley: int) -> float:
    """Return the cash moved into a sleeve after the peak, up to the valley."""
    curve = table.contribution(asset).equity
    change = moved(table.sleeves[:, asset], table.start(asset), peak, valley)
    return change - moved(curve, table.account.initial, peak, valley)


def _moment(time: Ints, step: int) -> str:
    return str(np.datetime64(int(time[step]), "ns").astype("datetime64[s]")) + "Z"
