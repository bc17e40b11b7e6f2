"""Halts: spans of time in which nothing is entered (news, holidays, maintenance)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from lockstep.core.codes import CODE
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.risk.rule import Guard, Verdict


@risk_rules("halts")
@dataclass(frozen=True, slots=True)
class Halts:
    """Block entries decided on a bar whose label lies in [from, to) of any span."""

    precedence: ClassVar[int] = 30
    sentences: ClassVar[dict[str, str]] = {
        "blocked_halts": "An entry of {asset} was blocked: trading is halted at this time.",
    }

    spans: tuple[Any, ...] = param(
        (), "list of [from, to], ISO times, UTC unless they carry an offset"
    )

    def __post_init__(self) -> None:
        """Check that every span is a pair of times in order."""
        if not isinstance(self.spans, tuple):
            raise ConfigError(f"spans is {self.spans!r}; expected a list of [from, to].")
        for span in self.spans:
            _span_ns(span)

    def spans_ns(self) -> tuple[tuple[int, int], ...]:
        """Return the spans as (from, to), ns since 1970 UTC."""
        return tuple(_span_ns(span) for span in self.spans)

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _HaltsGuard(self.spans_ns())


class _HaltsGuard(Guard):
    def __init__(self, spans: tuple[tuple[int, int], ...]) -> None:
        self.spans = spans

    def block(self, state: AccountState, entry: Entry) -> Verdict | None:
        for start, end in self.spans:
            if start <= state.time < end:
                return Verdict(CODE["blocked_halts"], float("nan"), float("nan"))
        return None


def _span_ns(span: Any) -> tuple[int, int]:
    if not isinstance(span, tuple) or len(span) != 2:
        raise ConfigError(f"halt {span!r} is no pair; expected [from, to], two ISO times.")
    start, end = (_moment_ns(text) for text in span)
    if not start < end:
        raise ConfigError(f"halt from {span[0]} to {span[1]} is empty; expected from before to.")
    return start, end


def _moment_ns(text: Any) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ConfigError(
            f"halt time {text!r} is no ISO time; expected for example 2025-03-19T18:00."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000_000
