"""How far below its peak the equity was, and for how long, over every step of the clock."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.metrics.undefined import Measure, Undefined


def drawdowns(equity: Array, initial: float) -> Array:
    """Return the loss from the peak so far, as a fraction of that peak.

    Parameters
    ----------
    equity : ndarray, shape (n_steps,)
        Equity after each step (account currency).
    initial : float
        Equity before the first step, > 0: the first peak.

    Returns
    -------
    ndarray, shape (n_steps,)
        ``1 - equity / peak``, >= 0; above 1 where the equity is below zero.
    """
    return np.asarray(1.0 - equity / _peaks(equity, initial), dtype=np.float64)


def max_drawdown(equity: Array, initial: float) -> Measure:
    """Return the largest of `drawdowns` (a positive fraction; 0 if there was none)."""
    if initial <= 0.0:
        return Undefined("there was no initial equity")
    return float(np.max(drawdowns(equity, initial), initial=0.0))


def longest_under_water(time: Ints, equity: Array, initial: float) -> Measure:
    """Return the longest time between a peak and the first step that reaches it again.

    Parameters
    ----------
    time : ndarray of int64, shape (n_steps,)
        Labels of the steps, ns.
    equity : ndarray, shape (n_steps,)
        Equity after each step (account currency).
    initial : float
        Equity before the first step; a fall in the first step counts from that step's label.

    Returns
    -------
    float or Undefined
        Calendar days; the time from the last peak to the end counts too. 0 if never under water.
    """
    if len(time) == 0:
        return Undefined("there is no step")
    dry = equity >= _peaks(equity, initial)
    last_dry = np.maximum.accumulate(np.where(dry, np.arange(len(time)), 0))
    before = np.concatenate([[0], last_dry[:-1]])
    was_wet = np.concatenate([[False], ~dry[:-1]])
    ends = (dry & was_wet) | ~dry
    spans = np.where(ends, time - time[before], 0)
    return float(np.max(spans)) / DAY_NS


def share_under_water(equity: Array, initial: float) -> Measure:
    """Return the fraction of the clock's steps at which equity stood below its peak."""
    if len(equity) == 0:
        return Undefined("there is no step")
    return float(np.mean(equity < _peaks(equity, initial)))


def _peaks(equity: Array, initial: float) -> Array:
    return np.asarray(np.maximum(np.maximum.accumulate(equity), initial), dtype=np.float64)
