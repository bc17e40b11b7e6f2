"""Hand-written strategies of several assets in one process, which they can hang or end.

It is a process of its own then, and whoever hangs or ends it is named.
"""

from __future__ import annotations

from lockstep.core.errors import AssetError, UsageError
from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Progress
from lockstep.engine.apart import Answer, Call, Floor, each_apart
from lockstep.engine.played import Played
from lockstep.engine.players import play


def is_apart(plan: RunPlan, *, jobs: int, asset_timeout: float | None) -> bool:
    """Return True if a plan is played in a process of its own, as its solo runs were.

    One job and no limit of time ask for no process.
    """
    by_hand = any(asset.custom is not None for asset in plan.assets)
    return by_hand and (jobs > 1 or asset_timeout is not None)


def play_apart(
    plan: RunPlan, player: str, *, seconds: float | None, progress: Progress | None = None
) -> Played:
    """Play a portfolio in a process of its own.

    Parameters
    ----------
    plan, player, progress
        As `lockstep.engine.players.play` takes them.
    seconds : float, optional
        How long the strategy of one asset may take in all; None is
        `lockstep.engine.apart.DEFAULT_SECONDS`.

    Raises
    ------
    AssetError
        If a strategy fails, hangs or ends the process; it names the asset.
    UsageError
        If the process is lost while no strategy is at work.
    """
    call = Call("the portfolio", _play, (plan, player), turns=plan.symbols)
    (answer,) = each_apart([call], jobs=1, seconds=seconds, event="portfolio", progress=progress)
    if not answer.failure:
        played: Played = answer.value
        return played
    if not answer.culprit:
        raise UsageError(
            f"the process of the portfolio {answer.failure}; no strategy was at work. Take fewer "
            "assets (--max-assets) or a shorter range (--start, --end)."
        )
    raise AssetError(failure_in(answer, "the portfolio"), answer.culprit)


def failure_in(answer: Answer, where: str) -> str:
    """Return the sentence that names whose strategy failed in a call with turns, and where."""
    who = f"{answer.culprit}: its strategy" if answer.culprit else "the process"
    return f"{who} {answer.failure} in {where}."


def _play(plan: RunPlan, player: str, floor: Floor) -> Played:
    return play(plan, player, progress=floor, turn=floor.turn)
