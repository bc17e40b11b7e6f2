"""Two players, one contract: which of them plays a plan."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from lockstep.core.errors import StrategyError
from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Progress, Turn
from lockstep.engine.apart import end_with
from lockstep.engine.cerebro.player import play as play_cerebro
from lockstep.engine.kernel.player import can_play
from lockstep.engine.kernel.player import play as play_kernel
from lockstep.engine.played import Played

PLAYERS = ("auto", "kernel", "cerebro")


def choose(plan: RunPlan, wanted: str) -> str:
    """Return the player that will play: ``auto`` is the kernel wherever it can.

    Raises
    ------
    StrategyError
        If the kernel is wanted for a plan it cannot play.
    """
    if wanted == "cerebro" or (wanted == "auto" and not can_play(plan)):
        return "cerebro"
    if not can_play(plan):
        raise StrategyError(
            "--player kernel plays strategies of signals under built-in rules only; use "
            "--player auto or cerebro for hand-written strategies and rules."
        )
    return "kernel"


def play(
    plan: RunPlan, player: str, *, progress: Progress | None = None, turn: Turn | None = None
) -> Played:
    """Play a plan with ``kernel`` or ``cerebro``; the result is the same, bit for bit."""
    if choose(plan, player) == "kernel":
        return play_kernel(plan)
    return play_cerebro(plan, progress=progress, turn=turn)


def workers(plans: Sequence[RunPlan], player: str, jobs: int) -> Any:
    """Return joblib workers for many plans, results as they come.

    Threads if the kernel plays them all, since it lets go of the interpreter and the plans share
    their bars in memory; processes if a Cerebro has to be run.
    """
    import joblib

    compiled = all(choose(plan, player) == "kernel" for plan in plans)
    if compiled or jobs == 1:
        threads = max(1, min(jobs, len(plans)))
        return joblib.Parallel(n_jobs=threads, return_as="generator_unordered", backend="threading")
    return joblib.Parallel(
        n_jobs=jobs, return_as="generator_unordered", backend="loky", initializer=_tied
    )


def _tied() -> None:
    """Begin a worker: one that outlives its parent would hold its memory for minutes.

    A function of the module, so that joblib knows it again and keeps its workers between batches.
    """
    end_with(os.getppid())
