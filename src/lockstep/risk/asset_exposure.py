"""A limit on the notional of a single asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import CODE
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.ledger import rules
from lockstep.risk.rule import Guard


@risk_rules("asset_exposure")
@dataclass(frozen=True, slots=True)
class AssetExposure:
    """Cut an entry to `limit` x account equity of its own notional."""

    precedence: ClassVar[int] = 53
    sentences: ClassVar[dict[str, str]] = {
        "asset_exposure": "An entry of {asset} was cut from {before:g} to {after:g} lots by the "
        "limit on own exposure.",
    }

    limit: float = param(5.0, "largest own notional, in multiples of account equity", above=0)

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _AssetGuard(self.limit)


class _AssetGuard(Guard):
    limit_code = CODE["asset_exposure"]

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def room(self, state: AccountState, entry: Entry) -> float:
        return rules.room_of(self.limit, state.equity, 1, 0.0)
