"""The trials of one asset on the same days, side by side, and what became of all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.trial import Trial
from lockstep.metrics.cscv import distinct
from lockstep.metrics.trial_clusters import effective_trials
from lockstep.metrics.undefined import ROUNDING


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the trials.

    Parameters
    ----------
    made : int
        All of them, failed ones and repetitions included.
    failed : int
        Those that raised, or gave NaN.
    repeated : int
        Those whose parameters, or returns to the last bit, had been tried before.
    idle : int
        Those that never moved, or lost everything: nobody would have chosen them.
    different : int
        The others.
    clusters : int
        Kinds among these.
    effective : float
        Independent trials that these come down to.
    """

    made: int = 0
    failed: int = 0
    repeated: int = 0
    idle: int = 0
    different: int = 0
    clusters: int = 0
    effective: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other))
        return Tally(*(one + another for one, another in pairs))


@dataclass(frozen=True, slots=True)
class Field:
    """The different trials of one asset on the same days.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Trading days, as days since 1970-01-01.
    trials : tuple of Trial
        Those that move and are no copies of others.
    returns : ndarray, shape (n_days, n_trials)
        Their daily returns.
    tally : Tally
        These trials and all others on these days.
    """

    days: Ints
    trials: tuple[Trial, ...]
    returns: Array
    tally: Tally

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Field:
        """Return the trials that differ and move, columns in their order; the others counted."""
        fresh = [one for one in trials if one.duplicate_of is None]
        alive = [one for one in fresh if one.is_complete and len(one.daily)]
        days = alive[0].days if alive else np.empty(0, dtype=np.int64)
        returns = np.column_stack([one.daily for one in alive]) if alive else np.empty((0, 0))
        kept = distinct(returns)
        moving = sum(np.ptp(one.daily) > ROUNDING for one in alive)
        found = effective_trials(returns[:, kept])
        failed = sum(not one.is_complete for one in fresh)
        copies = int(moving) - len(kept)
        tally = Tally(
            made=len(trials),
            failed=failed,
            repeated=len(trials) - len(fresh) + copies,
            idle=len(fresh) - failed - copies - len(kept),
            different=len(kept),
            clusters=found.clusters,
            effective=found.number,
        )
        return cls(days, tuple(alive[at] for at in kept), returns[:, kept], tally)


def fields_of(trials: Sequence[Trial]) -> list[Field]:
    """Return the trials by their days, the last span last; those without days go to the last."""
    groups: dict[bytes, list[Trial]] = {}
    for trial in sorted(trials, key=lambda one: (one.study, one.number)):
        groups.setdefault(trial.days.tobytes() if len(trial.daily) else b"", []).append(trial)
    without = groups.pop(b"", [])
    spans = sorted(groups.values(), key=lambda one: (one[0].days[-1], len(one[0].days)))
    if not spans:
        return [Field.of(without)]
    spans[-1] = spans[-1] + without
    return [Field.of(one) for one in spans]
