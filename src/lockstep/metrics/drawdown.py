"""How far below its peak the equity was, when, and for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

NO_EQUITY = Undefined("there was no initial equity")
NO_STEP = Undefined("there is no step")


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One stay below a peak. Times are labels of steps, ns.

    Parameters
    ----------
    depth : float
        Largest loss from the peak, a positive fraction of it.
    start : int
        The last step at the peak (the first step, if the peak is the initial equity).
    valley : int
        The deepest step; of equally deep ones the first.
    recovery : int or None
        The first step at the peak again; None if there is none.
    days : float
        Calendar days from `start` to `recovery`, or to the last step.
    """

    depth: float
    start: int
    valley: int
    recovery: int | None
    days: float


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
        return NO_EQUITY
    return float(np.max(drawdowns(equity, initial), initial=0.0))


def worst_drawdowns(
    time: Ints, equity: Array, initial: float, *, most: int = 5
) -> list[Drawdown] | Undefined:
    """Return the deepest drawdowns that do not overlap.

    Parameters
    ----------
    time : ndarray of int64, shape (n_steps,)
        Labels of the steps, ns.
    equity : ndarray, shape (n_steps,)
        Equity after each step (account currency).
    initial : float
        Equity before the first step; a fall in the first step counts from that step's label.
    most : int
        At most so many.

    Returns
    -------
    list of Drawdown, or Undefined
        Deepest first, equally deep ones in order of time. A drawdown lasts from a peak to the
        recovery of that peak, so that two of them share at most the step of a peak.
    """
    if initial <= 0.0:
        return NO_EQUITY
    below = drawdowns(equity, initial)
    starts, ends = _wet_spells(below)
    if len(starts) == 0:
        return []
    depth = np.maximum.reduceat(below, starts)
    worst = np.argsort(-depth, kind="stable")[:most]
    return [_drawdown(time, below, int(starts[at]), int(ends[at])) for at in worst]


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
        return NO_STEP
    if initial <= 0.0:
        return NO_EQUITY
    starts, ends = _wet_spells(drawdowns(equity, initial))
    spans = time[np.minimum(ends, len(time) - 1)] - time[np.maximum(starts - 1, 0)]
    return float(np.max(spans, initial=0)) / DAY_NS


def share_under_water(equity: Array, initial: float) -> Measure:
    """Return the fraction of the clock's steps at which equity stood below its peak."""
    if len(equity) == 0:
        return NO_STEP
    if initial <= 0.0:
        return NO_EQUITY
    return float(np.mean(drawdowns(equity, initial) > ROUNDING))


def ulcer_index(marks: Array, initial: float) -> Measure:
    """Return the root mean square of the drawdowns at the daily marks.

    Parameters
    ----------
    marks : ndarray, shape (n_days,)
        Equity after each trading day (account currency): every day weighs the same.
    initial : float
        Equity before the first day: the first peak.

    Returns
    -------
    float or Undefined
        ``sqrt(mean(drawdown^2))``, a positive fraction (Martin gives it in per cent); 0 if no
        day ended below the peak.

    References
    ----------
    Martin, McCann (1989), "The Investor's Guide to Fidelity Funds".
    """
    if initial <= 0.0:
        return NO_EQUITY
    if len(marks) == 0:
        return Undefined("there is no trading day")
    return math.sqrt(float(np.mean(drawdowns(marks, initial) ** 2)))


def _drawdown(time: Ints, below: Array, start: int, end: int) -> Drawdown:
    """Return the drawdown whose steps below the peak are ``start:end``."""
    valley = start + int(np.argmax(below[start:end]))
    first, last = int(time[max(start - 1, 0)]), int(time[min(end, len(time) - 1)])
    return Drawdown(
        depth=float(below[valley]),
        start=first,
        valley=int(time[valley]),
        recovery=last if end < len(time) else None,
        days=(last - first) / DAY_NS,
    )


def _wet_spells(below: Array) -> tuple[Ints, Ints]:
    """Return the first step of each stay below the peak, and the step after its last.

    Rounding (cash moved out of a sleeve and added back to its curve) is no stay below a peak.
    """
    wet = below > ROUNDING
    edges = np.diff(wet.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _peaks(equity: Array, initial: float) -> Array:
    return np.asarray(np.maximum(np.maximum.accumulate(equity), initial), dtype=np.float64)


class Deepest(NamedTuple):
    """Where the deepest fall of an equity curve began and ended.

    Parameters
    ----------
    peak : int
        Last step at the peak; -1 if the peak was the equity before the first step.
    valley : int
        Deepest step.
    depth : float
        Fraction of the peak.
    """

    peak: int
    valley: int
    depth: float


def deepest(equity: Array, initial: float) -> Deepest | None:
    """Return the deepest fall below the peak so far; None if there never was one."""
    below = drawdowns(equity, initial)
    if not len(below) or not np.max(below) > 0.0:
        return None
    valley = int(np.argmax(below))
    before = np.concatenate([[initial], equity[:valley]])
    peak = int(np.flatnonzero(before == np.max(before))[-1]) - 1
    return Deepest(peak, valley, float(below[valley]))


def moved(equity: Array, initial: float, start: int, end: int) -> float:
    """Return the change of equity from one step to another; -1 is before the first step."""
    return float(equity[end]) - (float(equity[start]) if start >= 0 else initial)
