"""Net exposure of the account in each currency of its FX pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lockstep.core.bars import Array
from lockstep.core.result import RunResult
from lockstep.metrics.blocks import Block
from lockstep.metrics.panel import nanoseconds
from lockstep.metrics.undefined import Measure, Undefined

PREFIX = "exposure_"


def currency_exposure(result: RunResult) -> dict[str, Block]:
    """Return how long and short the account was in each currency, over every step.

    Parameters
    ----------
    result : RunResult
        A run that was played; its account table has a column ``exposure_<CUR>`` per currency.

    Returns
    -------
    dict of dict
        By currency, sorted: ``mean`` and ``mean_absolute`` (account currency), ``largest`` (the
        value of the largest size, with its sign) and ``largest_time``; ``mean_share`` and
        ``largest_share`` (of the size, as fractions of the equity after the same step, where that
        was positive) and ``largest_share_time``. Empty without an FX pair.
    """
    names = [str(name) for name in result.account.columns if str(name).startswith(PREFIX)]
    if not names:
        return {}
    equity = result.equity["total"].to_numpy(dtype=np.float64)
    return {
        name.removeprefix(PREFIX): _exposure(
            result.account[name].to_numpy(dtype=np.float64), equity, result.account.index
        )
        for name in sorted(names)
    }


def _exposure(money: Array, equity: Array, time: pd.Index) -> Block:
    size = np.abs(money)
    share = np.full(len(size), np.nan)
    np.divide(size, equity, out=share, where=equity > 0.0)
    known = share[np.isfinite(share)]
    none = Undefined("the equity was never above zero")
    largest = int(np.argmax(size))
    return {
        "mean": float(np.mean(money)),
        "mean_absolute": float(np.mean(size)),
        "largest": float(money[largest]),
        "largest_time": _moment(time, largest, size[largest]),
        "mean_share": float(np.mean(known)) if len(known) else none,
        "largest_share": float(np.max(known)) if len(known) else none,
        "largest_share_time": (
            _moment(time, int(np.nanargmax(share)), float(np.max(known))) if len(known) else none
        ),
    }


def _moment(time: pd.Index, step: int, size: float) -> str | Measure:
    if size == 0.0:
        return Undefined("there was never any exposure")
    moment = np.datetime64(int(nanoseconds(time[[step]])[0]), "ns")
    return f"{moment.astype('datetime64[s]')}Z"
