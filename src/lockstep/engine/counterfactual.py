"""What each risk rule changed: the portfolio played again without it."""

from __future__ import annotations

import dataclasses
from typing import Any

import joblib

from lockstep.core.errors import AssetError
from lockstep.core.plan import RunPlan
from lockstep.engine.identities import account_equity, check_identities
from lockstep.engine.played import Played
from lockstep.engine.players import play, workers
from lockstep.metrics.drawdown import max_drawdown
from lockstep.metrics.effects import ALL_RULES
from lockstep.metrics.undefined import Undefined

NOT_ASKED = "the runs without a rule were not asked for"
TOO_SLOW = (
    "only the compiled player plays the runs without a rule unless they are asked for by "
    "--counterfactual"
)
NO_RULE = "the run has no risk rule"


def is_wanted(asked: bool | None, player: str) -> bool:
    """Return whether runs without a rule are played: unless stated, if they cost next to nothing.

    Parameters
    ----------
    asked : bool or None
        What the user said; None if nothing.
    player : str
        ``kernel`` or ``cerebro``: who plays the run.
    """
    return player == "kernel" if asked is None else asked


def counterfactuals(
    plan: RunPlan, player: str, *, asked: bool | None = None, jobs: int = 1
) -> dict[str, Any]:
    """Play a plan again without each of its rules, and without all of them.

    The solo runs, and so the weights, are those of the run: no portfolio rule acts in a solo run.
    The other rules keep the parameters they had, also those derived from the rule left out.

    Parameters
    ----------
    plan : RunPlan
        The run as it was played.
    player : str
        ``kernel`` or ``cerebro``.
    asked : bool or None
        None plays them with the compiled player only.
    jobs : int
        How many at once.

    Returns
    -------
    dict
        ``runs``: by rule left out, and under ``all_rules`` if there are several, ``final_equity``
        (account currency), ``max_drawdown`` (fraction) and ``trades``, or ``failed`` with the
        reason; and ``skipped``: why nothing was played, None if something was.
    """
    if not is_wanted(asked, player):
        return {"skipped": NOT_ASKED if asked is False else TOO_SLOW, "runs": {}}
    if not plan.rules:
        return {"skipped": NO_RULE, "runs": {}}
    others = without_rules(plan)
    plans = list(others.values())
    calls = [joblib.delayed(_outcome)(index, one, player) for index, one in enumerate(plans)]
    found = dict(workers(plans, player, min(jobs, len(plans)))(calls))
    return {"skipped": None, "runs": {name: found[index] for index, name in enumerate(others)}}


def without_rules(plan: RunPlan) -> dict[str, RunPlan]:
    """Return the plan without each rule, by the rule's name; without all under ``all_rules``."""
    left = {name: tuple(rule for rule in plan.rules if rule[0] != name) for name, _ in plan.rules}
    if len(left) > 1:
        left[ALL_RULES] = ()
    return {name: dataclasses.replace(plan, rules=rules) for name, rules in left.items()}


def _outcome(index: int, plan: RunPlan, player: str) -> tuple[int, dict[str, Any]]:
    try:
        played = play(plan, player)
    except AssetError as error:  # a hand-written strategy that meets what the rule kept from it
        return index, {"failed": str(error)}
    check_identities(plan, played)
    return index, _measured(plan, played)


def _measured(plan: RunPlan, played: Played) -> dict[str, Any]:
    total = account_equity(played)
    worst = max_drawdown(total, plan.terms.capital)
    return {
        "final_equity": float(total[-1]),
        "max_drawdown": None if isinstance(worst, Undefined) else worst,
        "trades": len(played.trades),
    }
