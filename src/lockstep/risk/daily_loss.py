"""The daily loss limit: no new entries after a bad day, until the next trading day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import CODE, DAILY_LOSS_EXIT
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.ledger import rules
from lockstep.risk.rule import Guard, Verdict


@risk_rules("daily_loss")
@dataclass(frozen=True, slots=True)
class DailyLoss:
    """Cancel and block entries once the day's loss reaches a limit; optionally flatten."""

    precedence: ClassVar[int] = 20
    sentences: ClassVar[dict[str, str]] = {
        "daily_loss_trip": "The day's loss of {before:.2%} reached the limit of {after:.2%}: "
        "entries are blocked until the next trading day.",
        "daily_loss_reset": "A new trading day lifts the daily loss block.",
        "cancelled_daily_loss": "The queued entry of {asset} ({before:g} lots) was cancelled: "
        "the daily loss limit was reached.",
        "blocked_daily_loss": "An entry of {asset} was blocked by the daily loss limit.",
    }

    limit: float = param(
        0.05, "loss since the previous trading day's end, fraction of that equity", above=0, high=1
    )
    effect: str = param(
        "block_entries", "what happens to open positions", choices=("block_entries", "flatten")
    )

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _DailyLossGuard(self)


class _DailyLossGuard(Guard):
    def __init__(self, rule: DailyLoss) -> None:
        self.limit = rule.limit
        self.flatten = DAILY_LOSS_EXIT if rule.effect == "flatten" else 0
        self.tripped = False

    @property
    def is_restless(self) -> bool:
        return False

    def step(self, state: AccountState) -> Verdict | None:
        lifted = state.new_day and self.tripped
        if lifted:
            self.tripped = False
        if self.tripped or state.day_start_equity <= 0.0:
            return None
        loss = rules.daily_loss_of(state.equity, state.day_start_equity)
        if loss >= self.limit:
            self.tripped = True
            return Verdict(
                CODE["daily_loss_trip"],
                loss,
                self.limit,
                cancel=CODE["cancelled_daily_loss"],
                flatten=self.flatten,
            )
        return Verdict(CODE["daily_loss_reset"], loss, 0.0) if lifted else None

    def block(self, state: AccountState, entry: Entry) -> Verdict | None:
        if not self.tripped:
            return None
        return Verdict(CODE["blocked_daily_loss"], float("nan"), float("nan"))
