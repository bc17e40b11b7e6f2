"""A limit on the number of open positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import CODE
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.risk.rule import Guard, Verdict


@risk_rules("max_positions")
@dataclass(frozen=True, slots=True)
class MaxPositions:
    """Block an entry while open positions and queued entries number `limit` or more."""

    precedence: ClassVar[int] = 40
    sentences: ClassVar[dict[str, str]] = {
        "blocked_max_positions": "An entry of {asset} was blocked: {before:.0f} positions are open "
        "or queued, the limit is {after:.0f}.",
    }

    limit: int = param(10, "most positions open or queued at once", low=1)

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _MaxPositionsGuard(self.limit)


class _MaxPositionsGuard(Guard):
    def __init__(self, limit: int) -> None:
        self.limit = limit

    def block(self, state: AccountState, entry: Entry) -> Verdict | None:
        count = sum(1 for side in state.side if side) + sum(1 for side in state.queued if side)
        if count < self.limit:
            return None
        return Verdict(CODE["blocked_max_positions"], float(count), float(self.limit))
