"""PortfolioRiskManager: the user's rules in a fixed order, and the words for what they did."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from lockstep.core.errors import ConfigError
from lockstep.core.state import AccountState, Entry
from lockstep.risk.breaker import Breaker
from lockstep.risk.drawdown_scaling import DEFAULT_SHARE, DEFAULT_START, DrawdownScaling
from lockstep.risk.rule import UNLIMITED, Guard, Rule, Verdict

#: Sentences of what the account itself decides; rules bring their own.
ACCOUNT_SENTENCES = {
    "expired": "The queued entry of {asset} ({before:g} lots) expired: its next bar came too late.",
    "stop_inside_spread": "The entry of {asset} ({before:g} lots) was not opened: its stop would "
    "lie inside the spread.",
    "no_margin": "The entry of {asset} ({before:g} lots) was refused: free margin buys {after:g}.",
    "margin_cut": "The entry of {asset} was cut from {before:g} to {after:g} lots by free margin.",
    "stop_out": "Stop-out: the broker closed {asset}; the margin level was {before:.1%}, then "
    "{after:.1%}.",
    "stop_out_flag": "Stop-out while {asset} was shut (margin level {before:.1%}): it is closed at "
    "its next open.",
    "stop_out_clear": "The margin level recovered to {after:.1%}: {asset} stays open.",
    "broker_loss": "The balance of {before:,.2f} was lifted to zero at the broker's loss; trading "
    "has ended.",
    "rebalance": "Rebalancing: the sleeve of {asset} moved from {before:,.2f} to {after:,.2f}.",
    "cancelled_stop_out": "The queued entry of {asset} ({before:g} lots) was cancelled by a "
    "stop-out.",
    "cancelled_ruined": "The queued entry of {asset} ({before:g} lots) was cancelled: the account "
    "is ruined.",
    "cancelled_data_end": "An entry of {asset} was cancelled: its data end here.",
    "blocked_stop_out": "An entry of {asset} was blocked: a stop-out happened in this step.",
    "blocked_ruined": "An entry of {asset} was blocked: the account is ruined.",
    "blocked_no_equity": "An entry of {asset} was blocked: no equity is left to size it on.",
    "blocked_cooldown": "An entry of {asset} was blocked by the cool-down after its last exit.",
    "blocked_no_stop": "A signal of {asset} was not traded: it carries no valid stop.",
    "blocked_no_rate": "An entry of {asset} was blocked: its conversion rate is not known yet.",
    "leverage_cap": "An entry of {asset} was cut from {before:g} to {after:g} lots by the leverage "
    "cap.",
    "max_lot": "An entry of {asset} was cut from {before:g} to the maximum of {after:g} lots.",
    "min_lot": "An entry of {asset} was refused: {before:g} lots are below the minimum.",
    "no_history": "{asset} has too little history: it receives an equal share, {after:.2%}.",
    "allocation_fallback": "The allocation model could not answer; its fallback did.",
    "rule_factor": "An entry of {asset} was scaled by {after:.3f} by a user's rule.",
    "rule_limit": "An entry of {asset} was cut from {before:g} to {after:g} lots by a user's rule.",
    "rule_block": "An entry of {asset} was blocked by a user's rule.",
}


def in_order(rules: Iterable[tuple[str, Rule]]) -> tuple[tuple[str, Rule], ...]:
    """Return (name, rule) by precedence, then name, with defaults that lean on other rules filled.

    Raises
    ------
    ConfigError
        If drawdown scaling has neither an end nor a breaker to take it from, or starts beyond it.
    """
    given = dict(rules)
    scaling, breaker = given.get("drawdown_scaling"), given.get("breaker")
    if isinstance(scaling, DrawdownScaling) and scaling.end_at == 0.0:
        if not isinstance(breaker, Breaker):
            raise ConfigError(
                "risk.drawdown_scaling.end_at is missing and there is no breaker to take it from; "
                "write the drawdown at which the floor is reached, for example end_at_pct: 25."
            )
        if breaker.limit <= scaling.start_at and scaling.start_at == DEFAULT_START:
            scaling = dataclasses.replace(scaling, start_at=DEFAULT_SHARE * breaker.limit)
        if breaker.limit <= scaling.start_at:
            raise ConfigError(
                f"risk.drawdown_scaling.start_at is {scaling.start_at:g}; expected below the "
                f"breaker's limit of {breaker.limit:g}, or give end_at."
            )
        given["drawdown_scaling"] = dataclasses.replace(scaling, end_at=breaker.limit)
    return tuple(sorted(given.items(), key=lambda item: (item[1].precedence, item[0])))


def _overriding(guards: Sequence[tuple[str, Guard]], method: str) -> list[Guard]:
    return [g for _, g in guards if getattr(type(g), method) is not getattr(Guard, method)]


class PortfolioRiskManager:
    """All portfolio rules of one run, asked in order of precedence.

    The precedence is stop-out, breaker, daily loss, halts, limits, factors. It decides which
    reason is recorded; factors multiply, and of several limits the smallest room counts.

    Parameters
    ----------
    rules : sequence of (name, Rule)
        As `in_order` returns them.
    """

    def __init__(self, rules: Sequence[tuple[str, Rule]]) -> None:
        guards = [(name, rule.start()) for name, rule in rules]
        self.guards: dict[str, Guard] = dict(guards)
        self._stepping = _overriding(guards, "step")
        self._blocking = _overriding(guards, "block")
        self._scaling = _overriding(guards, "factor")
        self._limiting = _overriding(guards, "room")
        self.factor_names = tuple(guard.factor_name for guard in self._scaling)

    @property
    def is_restless(self) -> bool:
        """True if a rule must be asked at the next step even if only time passes."""
        return any(guard.is_restless for guard in self._stepping)

    def step(self, state: AccountState) -> list[Verdict]:
        """Let every rule look at the account in stage D; return what they decided."""
        state.resumed = False
        return [v for guard in self._stepping if (v := guard.step(state)) is not None]

    def block(self, state: AccountState, entry: Entry) -> Verdict | None:
        """Return the verdict of the first rule that refuses an entry, or None."""
        for guard in self._blocking:
            verdict = guard.block(state, entry)
            if verdict is not None:
                return verdict
        return None

    def factors(self, state: AccountState, entry: Entry) -> tuple[tuple[float, ...], list[Verdict]]:
        """Return one factor per scaling rule, and what there is to record of them."""
        values: list[float] = []
        verdicts: list[Verdict] = []
        for guard in self._scaling:
            value, verdict = guard.factor(state, entry)
            values.append(value)
            if verdict is not None:
                verdicts.append(verdict)
        return tuple(values), verdicts

    def rooms(self, state: AccountState, entry: Entry) -> list[tuple[int, float]]:
        """Return (decision code, notional left) for every limit that applies to an entry."""
        rooms = [(guard.limit_code, guard.room(state, entry)) for guard in self._limiting]
        return [item for item in rooms if item[1] != UNLIMITED]


def sentences(rules: Sequence[tuple[str, Rule]]) -> dict[str, str]:
    """Return the sentence template of every decision code, fields {asset} {before} {after}."""
    table = dict(ACCOUNT_SENTENCES)
    for _, rule in rules:
        table.update(rule.sentences)
    return table


class _Figure(float):
    """A number in a sentence; where there is none, the sentence says so."""

    def __format__(self, spec: str) -> str:
        return "none" if math.isnan(self) else super().__format__(spec)


def render(template: str, asset: str, before: float, after: float) -> str:
    """Return the sentence of one decision; a NaN reads as ``none``."""
    return template.format(asset=asset, before=_Figure(before), after=_Figure(after))
