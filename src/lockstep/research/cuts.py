"""Cuts: the moments at which data are made to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Bars, Ints
from lockstep.core.calendar import periods, trading_days
from lockstep.core.errors import DataError
from lockstep.core.signals import Signals
from lockstep.engine.plan import union_clock
from lockstep.research.subject import Subject


@dataclass(frozen=True, slots=True)
class Cut:
    """A moment at which data end, ns UTC, and why it was chosen."""

    moment: int
    why: str


#: Reasons of cuts, dealt out in turn.
WHY = ("month end", "behind an entry", "random")


def cut_moments(subject: Subject, entries: Ints, count: int, seed: int) -> list[Cut]:
    """Return the cuts of the whole run.

    Every asset has bars before each of them: what a run makes of an asset without data is not
    known from data but from the configuration.

    Parameters
    ----------
    subject : Subject
        What is audited.
    entries : ndarray of int64, shape (n,)
        Moments, ns UTC, at which bars with a signal that was traded were complete.
    count, seed : int
        How many cuts, and the seed by which they are drawn.

    Raises
    ------
    DataError
        If the run is too short.
    """
    clock = union_clock([one.time for one in subject.bars.values()])
    weekend_days = any(asset.instrument.always_open for asset in subject.assets)
    months = periods(trading_days(clock, weekend_days), "monthly")
    open_from = max(int(one.time[0]) for one in subject.bars.values())
    if np.count_nonzero(clock > open_from) < 2 * count:
        raise DataError(
            f"only {np.count_nonzero(clock > open_from)} labels follow the first bar of the last "
            f"asset; expected at least {2 * count} for {count} cuts."
        )
    rng = np.random.default_rng(seed)
    pools = (clock[1:][np.diff(months) > 0], entries[entries <= clock[-1]], clock)
    waiting = [rng.permutation(np.unique(pool[pool > open_from])).tolist() for pool in pools]
    found: dict[int, Cut] = {}
    turn = 0
    while len(found) < count:
        kind = turn % len(WHY)
        if waiting[kind]:
            moment = int(waiting[kind].pop())
            found.setdefault(moment, Cut(moment, WHY[kind]))
        turn += 1
    return [found[moment] for moment in sorted(found)]


@dataclass(frozen=True, slots=True)
class CutsOfAsset:
    """Where an asset's strategy is cut."""

    moments: list[int]
    behind_signals: int
    seed: list[int]

    def lengths(self, bars: Bars, signals: Signals) -> tuple[list[int], list[int]]:
        """Return how many bars are kept at the moments, and right behind bars with a signal."""
        at_moments = {int(n) for n in np.searchsorted(bars.time, self.moments)} - {0, len(bars)}
        wanted = signals.side != 0
        if signals.exit is not None:
            wanted = wanted | (signals.exit != 0)
        candidates = np.flatnonzero(wanted[:-1]) + 1
        rng = np.random.default_rng(self.seed)
        drawn = rng.choice(candidates, min(self.behind_signals, len(candidates)), replace=False)
        return sorted(at_moments), sorted({int(n) for n in drawn} - at_moments)
