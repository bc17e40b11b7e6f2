"""A hash of a run's trades that is the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lockstep.core.result import RunResult

#: Where the configuration names no tick.
_TICK = 0.00001
_LOTS = 1e-6


def trade_hash(result: RunResult) -> str | None:
    """Return a hash of the trades' assets, sides, times, prices in ticks and lots, in order.

    The last bits of ``exp`` and ``log`` differ between processors, and so may those of a price;
    times, sides, ticks and lots do not.

    Parameters
    ----------
    result : RunResult
        Its ``config`` names the tick of each asset (`Instrument.tick`); 0.00001 where it does not.

    Returns
    -------
    str or None
        SHA-256 in hex; None if no portfolio was played.
    """
    if not len(result.equity):
        return None
    blocks = result.config.get("assets", {})
    ticks = {
        key.rpartition("_")[0]: float(block.get("instrument", {}).get("tick", _TICK))
        for key, block in blocks.items()
    }
    return hash_of(result.trades, ticks)


def hash_of(trades: pd.DataFrame, ticks: Mapping[str, float]) -> str:
    """Return the hash of a table of trades.

    Parameters
    ----------
    trades : DataFrame
        As `RunResult.trades`.
    ticks : mapping of str to float
        Smallest price step of each asset, price units.
    """
    total = hashlib.sha256()
    if len(trades):
        tick = trades["asset"].map(lambda symbol: ticks.get(symbol, _TICK)).to_numpy(np.float64)
        columns = [
            trades["asset"].tolist(),
            trades["side"].tolist(),
            *(_nanoseconds(trades[name]) for name in ("signal_time", "entry_time", "exit_time")),
            *(_steps(trades[name], tick) for name in ("entry_price", "exit_price")),
            _steps(trades["lots"], _LOTS),
        ]
        for row in zip(*columns):
            total.update((" ".join(map(str, row)) + "\n").encode("utf-8"))
    return total.hexdigest()


def _nanoseconds(times: pd.Series) -> list[int]:
    values: list[int] = times.to_numpy("datetime64[ns]").astype(np.int64).tolist()
    return values


def _steps(values: pd.Series, step: float | np.ndarray) -> list[int]:
    counted: list[int] = np.rint(values.to_numpy(np.float64) / step).astype(np.int64).tolist()
    return counted
