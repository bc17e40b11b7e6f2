"""What each risk rule changed: the portfolio played again without it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import joblib

from lockstep.core.errors import AssetError
from lockstep.core.plan import RunPlan
from lockstep.engine.apart import Call, Floor, each_apart
from lockstep.engine.identities import account_equity, check_identities
from lockstep.engine.played import Played
from lockstep.engine.players import play, workers
from lockstep.engine.together import failure_in, is_apart
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
    plan: RunPlan,
    player: str,
    *,
    asked: bool | None = None,
    jobs: int = 1,
    asset_timeout: float | None = None,
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
    asset_timeout : float, optional
        Seconds a hand-written strategy may take in each.

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
    if is_apart(plan, jobs=jobs, asset_timeout=asset_timeout):
        found = _apart(others, player, jobs=jobs, seconds=asset_timeout)
    else:
        plans = list(others.values())
        calls = [joblib.delayed(_outcome)(name, one, player) for name, one in others.items()]
        found = dict(workers(plans, player, min(jobs, len(plans)))(calls))
    return {"skipped": None, "runs": {name: found[name] for name in others}}


def without_rules(plan: RunPlan) -> dict[str, RunPlan]:
    """Return the plan without each rule, by the rule's name; without all under ``all_rules``."""
    left = {name: tuple(rule for rule in plan.rules if rule[0] != name) for name, _ in plan.rules}
    if len(left) > 1:
        left[ALL_RULES] = ()
    return {name: dataclasses.replace(plan, rules=rules) for name, rules in left.items()}


def _apart(
    plans: Mapping[str, RunPlan], player: str, *, jobs: int, seconds: float | None
) -> dict[str, dict[str, Any]]:
    """Play plans with hand-written strategies in processes, which these may hang or end."""
    calls = [
        Call(name, _outcome, (name, plan, player), turns=plan.symbols)
        for name, plan in plans.items()
    ]
    return {
        one.symbol: {"failed": failure_in(one, "this run")} if one.failure else one.value[1]
        for one in each_apart(calls, jobs=jobs, seconds=seconds, event="counterfactual")
    }


def _outcome(
    name: str, plan: RunPlan, player: str, floor: Floor | None = None
) -> tuple[str, dict[str, Any]]:
    turn = None if floor is None else floor.turn
    try:
        played = play(plan, player, turn=turn)
    except AssetError as error:  # a hand-written strategy that meets what the rule kept from it
        return name, {"failed": str(error)}
    check_identities(plan, played)
    return name, _measured(plan, played)


def _measured(plan: RunPlan, played: Played) -> dict[str, Any]:
    total = account_equity(played)
    worst = max_drawdown(total, plan.terms.capital)
    return {
        "final_equity": float(total[-1]),
        "max_drawdown": None if isinstance(worst, Undefined) else worst,
        "trades": len(played.trades),
    }
