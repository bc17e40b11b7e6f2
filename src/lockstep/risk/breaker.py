"""The circuit breaker: stop trading when the drawdown reaches a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import BREAKER_EXIT, CODE
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.ledger import rules
from lockstep.risk.rule import Guard, Verdict

_RESUME = {
    "never": rules.NEVER,
    "days": rules.AFTER_DAYS,
    "next_month": rules.NEXT_MONTH,
    "recovers": rules.RECOVERS,
}


@risk_rules("breaker")
@dataclass(frozen=True, slots=True)
class Breaker:
    """Trip at a drawdown; cancel and block entries, and (by default) flatten every position.

    Each position leaves at its own asset's next open; its stop and target live until then.
    Resuming is tested before tripping, once a step; on resuming the peak is re-based to the
    equity of that step, so that a recovered account does not trip at once again.
    """

    precedence: ClassVar[int] = 10
    sentences: ClassVar[dict[str, str]] = {
        "breaker_trip": "Drawdown {before:.2%} reached the breaker's limit of {after:.2%}: "
        "entries are blocked.",
        "breaker_resume": "The breaker resumes trading; its peak moves from {before:,.2f} to "
        "{after:,.2f}.",
        "cancelled_breaker": "The queued entry of {asset} ({before:g} lots) was cancelled: the "
        "breaker tripped.",
        "blocked_breaker": "An entry of {asset} was blocked: the breaker is tripped.",
    }

    limit: float = param(0.25, "drawdown at which it trips, fraction of the peak", above=0, high=1)
    effect: str = param(
        "flatten", "what happens to open positions", choices=("flatten", "block_entries")
    )
    resume: str = param("never", "when trading resumes", choices=tuple(_RESUME))
    resume_days: float = param(0.0, "calendar days until resuming (resume: days)", low=0)
    resume_drawdown: float = param(
        0.0, "drawdown at or below which trading resumes (resume: recovers)", low=0, high=1
    )

    def __post_init__(self) -> None:
        """Check ranges and the combinations that make sense."""
        check(self)
        if self.resume == "recovers" and self.effect != "block_entries":
            raise ConfigError(
                "resume is 'recovers' with effect 'flatten'; a flat account cannot recover. "
                "Use effect: block_entries, or resume: days or next_month."
            )
        if self.resume == "recovers" and self.resume_drawdown >= self.limit:
            raise ConfigError(
                f"resume_drawdown is {self.resume_drawdown:g}; expected below the limit "
                f"{self.limit:g}."
            )
        if self.resume == "days" and self.resume_days <= 0:
            raise ConfigError("resume is 'days' but resume_days is 0; expected a number above 0.")
        for value, way in (("resume_days", "days"), ("resume_drawdown", "recovers")):
            if getattr(self, value) and self.resume != way:
                raise ConfigError(
                    f"{value} is {getattr(self, value):g} but resume is {self.resume!r}; "
                    f"write resume: {way}, or leave {value} out."
                )

    @property
    def resume_value(self) -> float:
        """Days or drawdown, whichever `resume` speaks of."""
        return self.resume_days if self.resume == "days" else self.resume_drawdown

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _BreakerGuard(self)


class _BreakerGuard(Guard):
    def __init__(self, rule: Breaker) -> None:
        self.limit = rule.limit
        self.flatten = BREAKER_EXIT if rule.effect == "flatten" else 0
        self.resume = _RESUME[rule.resume]
        self.resume_value = rule.resume_value
        self.tripped = False
        self.tripped_at = 0
        self.tripped_month = 0

    @property
    def is_restless(self) -> bool:
        return self.tripped

    def step(self, state: AccountState) -> Verdict | None:
        if self.tripped:
            return self._try_to_resume(state)
        if not rules.breaker_trips(state.drawdown, self.limit):
            return None
        self.tripped = True
        self.tripped_at = state.time
        self.tripped_month = state.month
        return Verdict(
            CODE["breaker_trip"],
            state.drawdown,
            self.limit,
            cancel=CODE["cancelled_breaker"],
            flatten=self.flatten,
        )

    def _try_to_resume(self, state: AccountState) -> Verdict | None:
        if not rules.breaker_resumes(
            state.time,
            self.tripped_at,
            state.month,
            self.tripped_month,
            state.drawdown,
            self.resume,
            self.resume_value,
        ):
            return None
        self.tripped = False
        peak, state.peak, state.drawdown = state.peak, state.equity, 0.0
        state.resumed = True
        return Verdict(CODE["breaker_resume"], peak, state.equity)

    def block(self, state: AccountState, entry: Entry) -> Verdict | None:
        if not self.tripped:
            return None
        return Verdict(CODE["blocked_breaker"], float("nan"), float("nan"))
