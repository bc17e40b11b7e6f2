"""The weight schedule: what each sleeve is to hold, decided from what was known before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lockstep.allocation._schedule import allocate
from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import periods
from lockstep.core.codes import CODE

Note = tuple[int, int, int, float, float, str]
ELIGIBLE_DAYS = 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weights before they meet a clock: by trading day.

    Parameters
    ----------
    initial : ndarray, shape (n_assets,)
        Targets before the first step.
    days : ndarray of int64, shape (n_rebalances,)
        Trading days in whose first step cash moves.
    weights : ndarray, shape (n_rebalances, n_assets)
        Targets on those days.
    notes : tuple
        (row or -1, asset or -1, decision code, before, after, sentence).
    """

    initial: Array
    days: Ints
    weights: Array
    notes: tuple[Note, ...] = ()

    @classmethod
    def alone(cls) -> Schedule:
        """Return the schedule of a run of one asset that holds all the capital."""
        return cls(np.ones(1), np.empty(0, dtype=np.int64), np.empty((0, 1)))

    def on(self, clock: Ints, days: Ints, day: Ints) -> tuple[Ints, Array, tuple[Note, ...]]:
        """Return (steps, weights, notes): each rebalance day's first step on a clock.

        A clock that lacks a rebalance day (the asset that had bars then failed) moves cash on its
        next day; of several such days the last counts, and one after its end is left out.
        """
        on_day = np.searchsorted(days, self.days)
        following = np.append(on_day[1:], len(days))
        rows = np.flatnonzero(on_day < following)
        steps = np.searchsorted(day, on_day[rows])
        kept = {-1: -1} | {int(row): new for new, row in enumerate(rows)}
        notes = tuple((kept[note[0]], *note[1:]) for note in self.notes if note[0] in kept)
        return np.asarray(steps, dtype=np.int64), self.weights[rows], notes

    def only(self, keep: Sequence[int]) -> Schedule:
        """Return the schedule of some of the assets; what the others held stays in reserve."""
        column = {asset: new for new, asset in enumerate(keep)}
        notes = tuple(
            (note[0], column.get(note[1], -1), note[2], note[3], note[4], note[5])
            for note in self.notes
            if note[1] < 0 or note[1] in column
        )
        return Schedule(self.initial[list(keep)], self.days, self.weights[:, list(keep)], notes)


def weight_schedule(
    model: Any,
    symbols: Sequence[str],
    days: Ints,
    returns: Array,
    has_bars: np.ndarray,
    *,
    rebalance: str,
    min_history: int,
    cap: float,
) -> Schedule:
    """Return the weights of a run.

    Parameters
    ----------
    model : allocation model
        As configured.
    symbols : sequence of str
        Sorted.
    days : ndarray of int64, shape (n_days,)
        The run's trading days.
    returns : ndarray, shape (n_days, n_assets)
        Daily returns of the solo runs; NaN before an asset's first day, 0 on days without bars.
    has_bars : ndarray of bool, shape (n_days, n_assets)
        True where an asset had a bar.
    rebalance : str
        none, weekly, monthly or quarterly.
    min_history, cap
        As `allocate` takes them.

    Notes
    -----
    At the start every asset of the run takes part: that a later one has no bars yet is not
    known from its data but from the configuration, and its share waits for it. With ``none`` a
    model that needs history acts once, when the last of the assets has `min_history` returns.
    """
    n = len(symbols)
    everyone = np.ones(n, dtype=bool)

    def decide(known: Array, eligible: npt.NDArray[np.bool_]) -> tuple[Array, list[Any]]:
        return allocate(model, symbols, known, eligible, min_history=min_history, cap=cap)

    initial, first_notes = decide(returns[:0], everyone)
    notes = [_note(-1, note) for note in first_notes]
    when = _rebalance_days(model, days, returns, rebalance, min_history)
    rows = np.empty((len(when), n))
    for row, day in enumerate(when):
        eligible = np.asarray(has_bars[max(0, day - ELIGIBLE_DAYS) : day].any(axis=0))
        rows[row], found = decide(returns[:day], eligible)
        notes.extend(_note(row, note) for note in found)
    return Schedule(initial, days[when], rows, tuple(notes))


def _rebalance_days(
    model: Any, days: Ints, returns: Array, rebalance: str, min_history: int
) -> Ints:
    if rebalance != "none":
        return np.flatnonzero(np.diff(periods(days, rebalance))) + 1
    if not model.needs_history:
        return np.empty(0, dtype=np.int64)
    counted = returns[:, ~np.isnan(returns).all(axis=0)]
    if counted.shape[1] == 0:
        return np.empty(0, dtype=np.int64)
    known = np.cumsum(~np.isnan(counted), axis=0).min(axis=1)
    enough = np.flatnonzero(known >= min_history) + 1
    return enough[:1][enough[:1] < len(days)]


def _note(row: int, note: tuple[int, str, float, float, str]) -> Note:
    asset, code, before, after, sentence = note
    return row, asset, CODE[code], before, after, sentence


def solo_returns(days: Ints, solos: Sequence[tuple[Ints, Array]], capital: float) -> Array:
    """Return the matrix of daily solo returns on the run's trading days.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        The run's trading days.
    solos : sequence of (own days, equity)
        Each solo run's trading days with bars and its equity after each, without what closing at
        the data's end changed; NaN throughout if the run failed.
    capital : float
        Equity each solo run starts from.

    Returns
    -------
    ndarray, shape (n_days, n_assets)
        NaN before an asset's first day; 0 on later days without bars, and after ruin.
    """
    matrix = np.full((len(days), len(solos)), np.nan)
    for asset, (own_days, equity) in enumerate(solos):
        if np.isnan(equity).all():  # it failed: nothing is known of it
            continue
        begin = int(np.searchsorted(days, own_days[0]))
        last = np.searchsorted(own_days, days[begin:], side="right") - 1
        marks = equity[last]
        previous = np.concatenate([[capital], marks[:-1]])
        matrix[begin:, asset] = np.divide(
            marks - previous, previous, out=np.zeros(len(marks)), where=previous > 0
        )
    return matrix
