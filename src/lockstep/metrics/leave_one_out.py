"""What the account would have been without one of its assets, on the recorded days."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array
from lockstep.metrics import returns as growth
from lockstep.metrics.blocks import Block
from lockstep.metrics.drawdown import max_drawdown
from lockstep.metrics.panel import Panel
from lockstep.metrics.undefined import Measure, Undefined

LABEL = (
    "approximate: the recorded daily contributions without the asset's own; sizes, margin, rules "
    "and weights of the others stay as they were"
)


def leave_one_out(table: Panel, daily: Array | Undefined) -> Block | Undefined:
    """Return the account with all its assets, and without each in turn.

    Parameters
    ----------
    table : Panel
        The run's arrays.
    daily : ndarray, shape (n_days, n_assets), or Undefined
        Each asset's daily P&L over the account's equity the day before.

    Returns
    -------
    dict or Undefined
        ``label``; ``whole`` with ``total_return``, ``sharpe`` and ``max_drawdown`` of the
        compounded daily sums; ``without``, by symbol: the same of the sums less the asset's own
        contribution, and ``<key>_effect``: what having the asset changed, whole minus without.
        Drawdowns are of daily marks, so that both are measured alike.
    """
    if isinstance(daily, Undefined):
        return daily
    per_year = growth.days_per_year(table.account.days)
    together = np.sum(daily, axis=1)
    whole = _measured(together, per_year)
    without = {}
    for asset, symbol in enumerate(table.symbols):
        # The sum of the others, not the whole less one: what is left of nothing is exactly 0.
        others = np.sum(np.delete(daily, asset, axis=1), axis=1)
        alone = _measured(others, per_year)
        effects = {f"{key}_effect": _less(whole[key], alone[key]) for key in whole}
        without[symbol] = {**alone, **effects}
    return {"label": LABEL, "whole": whole, "without": without}


def _measured(daily: Array, per_year: float) -> dict[str, Measure]:
    if np.any(daily <= -1.0):
        lost = Undefined("a day would have cost all of the equity")
        return {"total_return": lost, "sharpe": lost, "max_drawdown": lost}
    equity = np.asarray(np.cumprod(1.0 + daily), dtype=np.float64)
    return {
        "total_return": float(equity[-1]) - 1.0 if len(equity) else 0.0,
        "sharpe": growth.sharpe(daily, per_year),
        "max_drawdown": max_drawdown(equity, 1.0),
    }


def _less(left: Measure, right: Measure) -> Measure:
    if isinstance(left, Undefined):
        return left
    return right if isinstance(right, Undefined) else left - right
