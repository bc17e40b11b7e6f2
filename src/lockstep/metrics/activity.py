"""How much a strategy was in the market, how long, and how well it left."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import HOUR_NS
from lockstep.metrics.trades import NO_TRADE
from lockstep.metrics.undefined import Measure, Undefined


def exposure(entries: Ints, exits: Ints, time: Ints) -> Measure:
    """Return the share of the clock's steps after which a position was open.

    Parameters
    ----------
    entries, exits : ndarray of int64, shape (n_trades,)
        Labels of the bars of the entry and of the exit, ns. Trades may overlap.
    time : ndarray of int64, shape (n_steps,)
        The clock, ns ascending.

    Returns
    -------
    float or Undefined
        A fraction. A position is open after the steps from its entry bar up to, and without, its
        exit bar; steps at which its market was shut count, for its risk was there.
    """
    if len(time) == 0:
        return Undefined("there is no step")
    change = np.zeros(len(time) + 1, dtype=np.int64)
    np.add.at(change, np.searchsorted(time, entries), 1)
    np.add.at(change, np.searchsorted(time, exits), -1)
    return float(np.mean(np.cumsum(change[:-1]) > 0))


def turnover_per_year(traded: Array, marks: Array, years: float) -> Measure:
    """Return how often a year the equity was bought and sold once.

    Parameters
    ----------
    traded : ndarray, shape (n_fills,)
        Notional of each fill, entries and exits (account currency, >= 0).
    marks : ndarray, shape (n_days,)
        Account equity after each trading day.
    years : float
        Span of the days.

    Returns
    -------
    float or Undefined
        ``sum(traded) / 2 / mean(marks) / years``: 1 is one round trip a year with a notional of
        the whole equity; leverage makes it larger.
    """
    if years <= 0.0:
        return Undefined("there is no trading day")
    mean = float(np.mean(marks))
    if mean <= 0.0:
        return Undefined("the equity was zero or below on average")
    return float(np.sum(traded)) / 2.0 / mean / years


def trades_per_day(trades: int, days: int) -> Measure:
    """Return closed trades per trading day of the whole curve, days without a trade included."""
    return trades / days if days else Undefined("there is no trading day")


def holding_hours(entries: Ints, exits: Ints) -> tuple[Measure, Measure, Measure]:
    """Return mean, median and 90th percentile of the time between entry and exit bar.

    Parameters
    ----------
    entries, exits : ndarray of int64, shape (n_trades,)
        Labels of the bars of the entry and of the exit, ns.

    Returns
    -------
    tuple of float or Undefined
        Hours from open to open, time when the market was shut included: an exit inside its bar
        came up to one bar later, and a trade that ended in its entry bar counts 0.
    """
    if len(entries) == 0:
        return NO_TRADE, NO_TRADE, NO_TRADE
    hours = (exits - entries) / HOUR_NS
    median, late = np.percentile(hours, [50, 90])
    return float(np.mean(hours)), float(median), float(late)


def exit_efficiency(moved: Array, mae: Array, mfe: Array) -> Measure:
    """Return how close to the best price of a trade it was left, on average.

    Parameters
    ----------
    moved : ndarray, shape (n_trades,)
        From entry fill to exit fill in the direction of the trade, R: no commission, no swap.
    mae, mfe : ndarray, shape (n_trades,)
        Largest move against and for the trade while it was open, R, >= 0.

    Returns
    -------
    float or Undefined
        Mean of ``(moved + MAE) / (MFE + MAE)`` over the trades whose price moved at all: the place
        of the exit in the range that the trade saw, 1 at its best price and 0 at its worst. No
        rule leaves at 1: it says how much was given back, not how much was to be had.

    References
    ----------
    Sweeney (1996), "Maximum Adverse Excursion", for MAE and MFE; the ratio is the exit efficiency
    of the trade analysers that followed, (exit - low) / (high - low) for a long trade.
    """
    if len(moved) == 0:
        return NO_TRADE
    seen = mae + mfe
    known = seen > 0.0
    if not np.any(known):
        return Undefined("no trade whose price moved")
    return float(np.mean((moved[known] + mae[known]) / seen[known]))
