"""Play many plans over the same bars."""

from __future__ import annotations

from collections.abc import Sequence

import joblib

from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Progress, Silent
from lockstep.engine.played import Played
from lockstep.engine.players import play, workers


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
    shown = progress or Silent()
    shown.start("plans", len(plans))
    calls = [joblib.delayed(_one)(index, plan, player) for index, plan in enumerate(plans)]
    found: dict[int, Played] = {}
    for index, played in workers(plans, player, jobs)(calls):
        found[index] = played
        shown.advance("plans")
    return [found[index] for index in range(len(plans))]


def _one(index: int, plan: RunPlan, player: str) -> tuple[int, Played]:
    return index, play(plan, player)
