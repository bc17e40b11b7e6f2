"""The trials of one asset on the same days, side by side, and what became of all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.trial import Trial
from lockstep.metrics.cscv import distinct
from lockstep.metrics.trial_clusters import effective_trials
from lockstep.metrics.undefined import ROUNDING
from lockstep.research.trying import key_of

#: Ends the name of the study of points beside the best of another.
BESIDE = "-beside"


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


def repeated(
    trials: Sequence[Trial], windows: Collection[str], days: Ints | None = None
) -> list[Trial]:
    """Return the trials, those of a walk-forward's other windows that are no look of their own.

    What is judged of a walk-forward was chosen among the trials of its own days. The same
    parameters in another window had no further chance to be chosen there: they are marked as
    repetitions. Parameters that only other windows tried stay looks, which is on the safe side.

    Parameters
    ----------
    trials : sequence of Trial
        Of one asset.
    windows : collection of str
        Studies of the walk-forward; trials beside the best of one belong to it.
    days : ndarray of int64, optional
        The days of what was chosen; left out, the last span.
    """
    if not windows:
        return list(trials)
    own = [one for one in trials if one.study.removesuffix(BESIDE) in windows]
    spans = [one.days for one in own if len(one.daily)]
    if not spans:
        return list(trials)
    judged = (max(spans, key=_span) if days is None else days).tobytes()
    tried: dict[str, int] = {}
    for one in own:
        if len(one.daily) and one.days.tobytes() == judged:
            tried.setdefault(key_of(one.parameters), one.number)
    elsewhere = {
        (one.study, one.number): tried[key]
        for one in own
        if one.days.tobytes() != judged and (key := key_of(one.parameters)) in tried
    }
    return [
        dataclasses.replace(one, duplicate_of=elsewhere[one.study, one.number])
        if (one.study, one.number) in elsewhere
        else one
        for one in trials
    ]


def _span(days: Ints) -> tuple[int, int]:
    return int(days[-1]), len(days)


def fields_of(trials: Sequence[Trial]) -> list[Field]:
    """Return the trials by their days, the last span last; those without days go to the last."""
    groups: dict[bytes, list[Trial]] = {}
    for trial in sorted(trials, key=lambda one: (one.study, one.number)):
        groups.setdefault(trial.days.tobytes() if len(trial.daily) else b"", []).append(trial)
    without = groups.pop(b"", [])
    spans = sorted(groups.values(), key=lambda one: _span(one[0].days))
    if not spans:
        return [Field.of(without)]
    spans[-1] = spans[-1] + without
    return [Field.of(one) for one in spans]
