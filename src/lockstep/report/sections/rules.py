"""What each rule did, and when: trips, resumes, blocks, factors, cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lockstep.core.registry import report_sections
from lockstep.report.layout import INDENT, pairs, paragraph
from lockstep.report.reading import Reading
from lockstep.report.wording import count, counted, listed, moment, multiple, percent, times, words

#: Codes that belong to a rule beside the one of its own name.
_BLOCKS = {
    "breaker": "blocked_breaker",
    "daily_loss": "blocked_daily_loss",
    "halts": "blocked_halts",
    "max_positions": "blocked_max_positions",
}
_CANCELS = {"breaker": "cancelled_breaker", "daily_loss": "cancelled_daily_loss"}
_TRIPS = {"breaker": "breaker_trip", "daily_loss": "daily_loss_trip"}
#: Kinds of dated events and the codes they consist of.
_EVENTS = {
    "Breaker": ("breaker_trip", "breaker_resume"),
    "Daily loss limit": ("daily_loss_trip",),
    "Stop-outs": ("stop_out", "stop_out_flag", "stop_out_clear", "broker_loss"),
    "Allocation fallbacks": ("allocation_fallback",),
}
MOST_EVENTS = 20


@report_sections("rules")
@dataclass(frozen=True, slots=True)
class Rules:
    """A line per rule, then the dates."""

    order: ClassVar[int] = 60
    title: ClassVar[str] = "BREAKER AND RULES: WHAT THEY DID"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return what each rule did, then the dated events."""
        names = [str(name) for name in reading.facts.get("rules") or ()]
        items = [(words(name), _did(reading, name)) for name in names]
        own = [
            (words(code), counted(number, "entry", "entries"))
            for code in ("rule_factor", "rule_limit", "rule_block")
            if (number := reading.count("portfolio", "decisions", code))
        ]
        lines = pairs([*items, *own], label=21) if items or own else paragraph("No rule was set.")
        for kind, codes in _EVENTS.items():
            lines += _dated(reading, kind, codes)
        return lines


def _did(reading: Reading, rule: str) -> str:
    parts = [*_tripped(reading, rule), *_refused(reading, rule), *_changed(reading, rule)]
    return "; ".join(parts) if parts else "never acted"


def _tripped(reading: Reading, rule: str) -> list[str]:
    if rule not in _TRIPS:
        return []
    trips = reading.count("portfolio", "decisions", _TRIPS[rule])
    if not trips:
        return []
    parts = [f"tripped {times(trips)}"]
    if rule == "breaker":
        resumed = reading.count("portfolio", "decisions", "breaker_resume")
        parts.append(f"resumed {times(resumed)}" if resumed else "never resumed")
    held = float(reading.result.account[rule].mean())
    closed = reading.count("portfolio", "exits", rule)
    return [*parts, f"active for {percent(held)} of the clock", f"closed {_positions(closed)}"]


def _refused(reading: Reading, rule: str) -> list[str]:
    blocked = reading.count("portfolio", "counts", _BLOCKS.get(rule, ""))
    cancelled = reading.count("portfolio", "counts", _CANCELS.get(rule, ""))
    return [
        *([f"blocked {counted(blocked, 'entry signal')}"] if blocked else []),
        *(
            [f"cancelled {counted(cancelled, 'queued entry', 'queued entries')}"]
            if cancelled
            else []
        ),
    ]


def _changed(reading: Reading, rule: str) -> list[str]:
    parts = []
    cut = reading.count("portfolio", "links", rule)
    if cut:
        parts.append(f"cut {counted(cut, 'trade')}")
    trades, column = reading.result.trades, f"factor_{rule}"
    factors = trades[column].to_numpy(dtype=np.float64) if column in trades else np.empty(0)
    below = factors[factors < 1.0]
    if len(below):
        mean, lowest = multiple(float(below.mean())), multiple(float(below.min()))
        parts.append(
            f"shrank {count(len(below))} of {counted(len(trades), 'trade')}: factor {mean} on "
            f"average, {lowest} at the lowest"
        )
    unknown = reading.count("portfolio", "counts", "correlation_unknown")
    if rule == "correlation_scaling" and unknown:
        parts.append(
            f"left {counted(unknown, 'entry', 'entries')} alone for lack of common history"
        )
    return parts


def _positions(number: int) -> str:
    return counted(number, "position")


def _dated(reading: Reading, kind: str, codes: tuple[str, ...]) -> list[str]:
    events = reading.decided(*codes)
    if not len(events):
        return []
    lines = ["", f"{INDENT}{kind}, {listed([counted(len(events), 'event')])} (UTC)"]
    shown = events.iloc[:MOST_EVENTS]
    for time, sentence in zip(shown["time"], shown["sentence"]):
        lines += paragraph(str(sentence), f"  {moment(time)}  ")
    if len(events) > MOST_EVENTS:
        lines.append(f"{INDENT}... and {count(len(events) - MOST_EVENTS)} more (decisions.csv)")
    return lines
