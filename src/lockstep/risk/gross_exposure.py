"""A limit on gross exposure: the sum of all notionals, long and short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import CODE
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.ledger import rules
from lockstep.risk.rule import Guard


@risk_rules("gross_exposure")
@dataclass(frozen=True, slots=True)
class GrossExposure:
    """Cut an entry to the room left under `limit` x account equity of gross notional."""

    precedence: ClassVar[int] = 50
    sentences: ClassVar[dict[str, str]] = {
        "gross_exposure": "An entry of {asset} was cut from {before:g} to {after:g} lots by the "
        "limit on gross exposure.",
    }

    limit: float = param(10.0, "largest gross notional, in multiples of account equity", above=0)

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _GrossGuard(self.limit)


class _GrossGuard(Guard):
    limit_code = CODE["gross_exposure"]

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def room(self, state: AccountState, entry: Entry) -> float:
        exposure = 0.0
        for amount, queued in zip(state.exposure, state.queued_exposure):
            exposure += abs(amount) + abs(queued)
        return rules.room_of(self.limit, state.equity, 1, exposure)
