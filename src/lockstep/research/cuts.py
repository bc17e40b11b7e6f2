"""Cuts: the moments at which data are made to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Bars
from lockstep.core.calendar import periods, trading_days
from lockstep.core.errors import DataError
from lockstep.core.signals import Signals
from lockstep.research.subject import Subject


@dataclass(frozen=True, slots=True)
class Cut:
    """A moment at which data end, ns UTC, and why it was chosen."""

    moment: int
    why: str


def cut_moments(subject: Subject, count: int, seed: int) -> list[Cut]:
    """Return the cuts of the whole run: ends of trading months and labels drawn anywhere.

    Every asset has bars before each of them: what a run makes of an asset without data is not
    known from data but from the configuration.

    Raises
    ------
    DataError
        If the run is too short.
    """
    clock = np.unique(np.concatenate([one.time for one in subject.bars.values()]))
    weekend_days = any(asset.instrument.always_open for asset in subject.assets)
    months = periods(trading_days(clock, weekend_days), "monthly")
    open_from = max(int(one.time[0]) for one in subject.bars.values())
    labels = clock[clock > open_from]
    if len(labels) < 2 * count:
        raise DataError(
            f"only {len(labels)} labels follow the first bar of the last asset; expected at least "
            f"{2 * count} for {count} cuts."
        )
    rng = np.random.default_rng(seed)
    ends = clock[1:][np.diff(months) > 0]
    ends = ends[ends > open_from]
    chosen = rng.choice(ends, min(count // 2, len(ends)), replace=False)
    others = rng.choice(np.setdiff1d(labels, chosen), count - len(chosen), replace=False)
    cuts = [Cut(int(t), "month end") for t in chosen] + [Cut(int(t), "random") for t in others]
    return sorted(cuts, key=lambda cut: cut.moment)


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
