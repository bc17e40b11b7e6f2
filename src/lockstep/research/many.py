"""Play many plans over the same bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import joblib

from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Progress, Silent
from lockstep.engine.played import Played
from lockstep.engine.players import play, workers

T = TypeVar("T")


def play_many(
    plans: Sequence[RunPlan],
    jobs: int = 1,
    *,
    player: str = "auto",
    progress: Progress | None = None,
) -> list[Played]:
    """Play plans side by side and return what happened, in the order given.

    Parameters
    ----------
    plans : sequence of RunPlan
        They may share their arrays: nothing is copied for the compiled player.
    jobs : int
        How many at once: threads for the compiled player, processes for Cerebros.
    player : str
        ``auto``, ``kernel`` or ``cerebro``.
    progress : Progress, optional
        Told of every finished plan.
    """
    return measure_many(plans, _whole, jobs, player=player, progress=progress)


def measure_many(
    plans: Sequence[RunPlan],
    measure: Callable[[RunPlan, Played], T],
    jobs: int = 1,
    *,
    player: str = "auto",
    progress: Progress | None = None,
) -> list[T]:
    """Play plans as `play_many` does and keep only what `measure` makes of each.

    Parameters
    ----------
    plans, jobs, player, progress
        As `play_many` takes them.
    measure : callable
        From a plan and what was played to what is kept; a function of a module, so that
        processes can call it.
    """
    shown = progress or Silent()
    shown.start("plans", len(plans))
    calls = [
        joblib.delayed(_measured)(index, plan, player, measure) for index, plan in enumerate(plans)
    ]
    found: dict[int, T] = {}
    for index, kept in workers(plans, player, jobs)(calls):
        found[index] = kept
        shown.advance("plans")
    return [found[index] for index in range(len(plans))]


def _measured(
    index: int, plan: RunPlan, player: str, measure: Callable[[RunPlan, Played], T]
) -> tuple[int, T]:
    return index, measure(plan, play(plan, player))


def _whole(plan: RunPlan, played: Played) -> Played:
    return played
