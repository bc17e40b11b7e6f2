"""Correlation scaling: a smaller entry when it repeats a bet the account already has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import CODE
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.ledger import rules
from lockstep.risk.rule import Guard, Verdict


@risk_rules("correlation_scaling")
@dataclass(frozen=True, slots=True)
class CorrelationScaling:
    """Scale an entry by its largest side x side x correlation with what is open or queued.

    Long EURUSD beside short USDCHF is the same bet: two sides of a negative correlation.
    """

    precedence: ClassVar[int] = 90
    sentences: ClassVar[dict[str, str]] = {
        "correlation_scaling": "An entry of {asset} was scaled by {after:.3f}: it repeats an open "
        "bet.",
        "correlation_unknown": "The correlation of {asset} with an open position is unknown "
        "({before:.0f} common days, 20 needed): factor 1.",
    }
    #: The plan computes the correlation schedule only if a rule asks for it.
    needs_correlation: ClassVar[bool] = True

    max_asset_correlation: float = param(
        0.8, "same-bet correlation up to which nothing is scaled", low=0, high=1
    )
    floor: float = param(0.0, "factor at a correlation of 1", low=0, high=1)

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _CorrelationGuard(self.max_asset_correlation, self.floor)


class _CorrelationGuard(Guard):
    factor_name = "correlation_scaling"

    def __init__(self, maximum: float, floor: float) -> None:
        self.maximum, self.floor = maximum, floor

    def factor(self, state: AccountState, entry: Entry) -> tuple[float, Verdict | None]:
        largest, fewest = -1.0, math.inf
        known = state.correlation[state.day, entry.asset]
        for other, (open_side, queued_side) in enumerate(zip(state.side, state.queued)):
            side = open_side or queued_side
            if side == 0 or other == entry.asset:
                continue
            rho = float(known[other])
            if math.isnan(rho):
                fewest = min(fewest, float(state.observations[state.day, entry.asset, other]))
                continue
            bet = rules.same_bet(entry.side, side, rho)
            largest = max(largest, bet)
        factor = rules.correlation_factor(largest, self.maximum, self.floor)
        if factor < 1.0:
            return factor, Verdict(CODE["correlation_scaling"], 1.0, factor)
        if fewest < math.inf:
            return 1.0, Verdict(CODE["correlation_unknown"], fewest, 1.0)
        return 1.0, None
