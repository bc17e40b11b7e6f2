"""Drawdown scaling: smaller entries the deeper the account stands below its peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import CODE
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.ledger import rules
from lockstep.risk.rule import Guard, Verdict

#: Where scaling starts unless stated; under a breaker that trips no later, at this share of it.
DEFAULT_START, DEFAULT_SHARE = 0.10, 0.4


@risk_rules("drawdown_scaling")
@dataclass(frozen=True, slots=True)
class DrawdownScaling:
    """Scale entries from 1 at `start` down to `floor` at `end`, linearly in between.

    The factor falls at once; it rises only by 0.05 or more, or to 1, so that it does not flutter.
    """

    precedence: ClassVar[int] = 80
    sentences: ClassVar[dict[str, str]] = {
        "drawdown_scaling": "An entry of {asset} was scaled by {after:.3f}: the account is in "
        "drawdown.",
    }

    start_at: float = param(DEFAULT_START, "drawdown up to which nothing is scaled", low=0, high=1)
    end_at: float = param(
        0.0, "drawdown at which the floor is reached; 0 takes the breaker's limit", low=0, high=1
    )
    floor: float = param(0.25, "smallest factor", low=0, high=1)

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)
        if self.end_at and self.end_at <= self.start_at:
            raise ConfigError(
                f"end_at is {self.end_at:g}; expected above start_at {self.start_at:g}, or 0."
            )

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _DrawdownGuard(self.start_at, self.end_at, self.floor)


class _DrawdownGuard(Guard):
    factor_name = "drawdown_scaling"

    def __init__(self, start: float, end: float, floor: float) -> None:
        self.start, self.end, self.floor = start, end, floor
        self.value = 1.0

    @property
    def is_restless(self) -> bool:
        return False

    def step(self, state: AccountState) -> Verdict | None:
        previous = 1.0 if state.resumed else self.value
        self.value = rules.drawdown_factor(
            previous, state.drawdown, self.start, self.end, self.floor
        )
        state.drawdown_factor = self.value
        return None

    def factor(self, state: AccountState, entry: Entry) -> tuple[float, Verdict | None]:
        if self.value == 1.0:
            return 1.0, None
        return self.value, Verdict(CODE["drawdown_scaling"], 1.0, self.value)
