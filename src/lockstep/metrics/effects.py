"""What having each risk rule changed: the run against the same run without the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockstep.metrics.undefined import Measure, Undefined

#: Name of the run without any rule, beside the names of the rules.
ALL_RULES = "all_rules"
#: What such runs are, in the words every reader of them must see.
LABEL = "in-sample, path-dependent: not additive"
_NUMBERS = ("final_equity", "max_drawdown", "trades")


def counterfactual_effects(
    facts: Mapping[str, Any], portfolio: Mapping[str, Any]
) -> dict[str, dict[str, Measure]] | Undefined:
    """Return, for each rule, the run without it and what having it changed.

    Parameters
    ----------
    facts : mapping
        Facts of the run; ``counterfactuals`` holds the runs without a rule.
    portfolio : mapping
        The run's own ``final_equity``, ``max_drawdown`` and ``trades``.

    Returns
    -------
    dict or Undefined
        By rule, then ``all_rules``: ``final_equity`` (account currency), ``max_drawdown``
        (fraction) and ``trades`` without it; ``final_equity_effect``, ``max_drawdown_effect`` and
        ``trades_effect``: with the rule less without it.
    """
    recorded = facts.get("counterfactuals") or {}
    runs = recorded.get("runs") or {}
    if not runs:
        return Undefined(str(recorded.get("skipped") or "the run holds no run without a rule"))
    names = [name for name in (*(facts.get("rules") or ()), ALL_RULES) if name in runs]
    return {name: _effect(runs[name], portfolio) for name in names}


def _effect(without: Mapping[str, Any], portfolio: Mapping[str, Any]) -> dict[str, Measure]:
    block: dict[str, Measure] = {}
    for name in _NUMBERS:
        here, there = portfolio[name], without.get(name)
        if there is None:
            reason = Undefined(str(without.get("failed") or "the run without it has none"))
            block |= {name: reason, f"{name}_effect": reason}
            continue
        block[name] = there
        block[f"{name}_effect"] = here if isinstance(here, Undefined) else here - there
    return block
