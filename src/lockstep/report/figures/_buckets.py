"""Long series in as many buckets as can be seen, and what happened in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import HOUR_NS
from lockstep.report.canvas import PIXELS, dates


@dataclass(frozen=True, slots=True)
class Buckets:
    """Neighbouring steps of a clock, put together; every step is in exactly one bucket.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_buckets,)
        First step of each bucket.
    edges : ndarray of int64, shape (n_buckets + 1,)
        ns: label of each first step, then the end.
    steps : int
        Steps of the clock.
    """

    starts: Ints
    edges: Ints
    steps: int

    @classmethod
    def of(cls, time: Ints, most: int = PIXELS // 4) -> Buckets:
        """Return at most that many buckets of a clock of at least one step, ns ascending."""
        steps = len(time)
        starts = np.unique(np.linspace(0, steps, min(steps, most) + 1).astype(np.int64)[:-1])
        width = int(np.median(np.diff(time))) if steps > 1 else 1
        return cls(starts, np.append(time[starts], time[-1] + width), steps)

    @property
    def x(self) -> Array:
        """Edges as matplotlib's days, shape (n_buckets + 1,)."""
        return dates(self.edges)

    @property
    def length(self) -> str:
        """How long a bucket is, in words."""
        hours = float(np.median(np.diff(self.edges))) / HOUR_NS
        if hours < 2.0:
            return f"{60.0 * hours:.0f} minutes"
        return f"{hours:.0f} hours" if hours < 72.0 else f"{round(hours / 24.0, 1):g} days"

    def lowest(self, values: Array) -> Array:
        """Return the least of each bucket, NaN left out; NaN where there is nothing else."""
        return np.asarray(np.fmin.reduceat(values, self.starts), dtype=np.float64)

    def highest(self, values: Array) -> Array:
        """Return the largest of each bucket, NaN left out; NaN where there is nothing else."""
        return np.asarray(np.fmax.reduceat(values, self.starts), dtype=np.float64)

    def mean(self, values: Array) -> Array:
        """Return the mean over the steps of each bucket; values are finite."""
        count = np.diff(np.append(self.starts, self.steps))
        return np.asarray(np.add.reduceat(values, self.starts) / count, dtype=np.float64)

    def counted(self, moments: Ints) -> Ints:
        """Return how many moments (ns) fall into each bucket; the first and last take the rest."""
        at = np.searchsorted(self.edges, moments, side="right") - 1
        at = np.clip(at, 0, len(self.starts) - 1)
        return np.bincount(at, minlength=len(self.starts)).astype(np.int64)


def stepped(values: Array) -> Array:
    """Return values of buckets with the last one repeated, for steps over their edges."""
    return np.append(values, values[-1:])
