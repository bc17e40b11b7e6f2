from __future__ import annotations

import math
from typing import Any

import pytest

from lockstep.core.codes import BREAKER_EXIT, CODE
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import build
from lockstep.risk.breaker import Breaker
from lockstep.risk.rule import Guard, Verdict
from tests.risk.states import LONG, at, state_of


def tripped(rule: Breaker) -> tuple[Guard, Any]:
    """Return a guard that tripped on Wednesday 2025-01-15 at 10:00 with 75,000 of 100,000."""
    guard, state = rule.start(), state_of("EURUSD")
    assert guard.step(at(state, 75_000.0, "2025-01-15T10:00")) is not None
    return guard, state


def test_it_trips_where_the_drawdown_reaches_its_limit_and_not_before() -> None:
    guard, state = Breaker(limit=0.25).start(), state_of("EURUSD")
    assert guard.step(at(state, 75_000.01)) is None
    assert guard.block(state, LONG) is None
    assert guard.step(at(state, 75_000.0)) == Verdict(
        CODE["breaker_trip"], 0.25, 0.25, cancel=CODE["cancelled_breaker"], flatten=BREAKER_EXIT
    )


def test_while_tripped_it_blocks_and_nothing_trips_again() -> None:
    guard, state = tripped(Breaker())
    assert guard.step(at(state, 40_000.0)) is None
    verdict = guard.block(state, LONG)
    assert verdict is not None
    assert verdict.code == CODE["blocked_breaker"]
    assert math.isnan(verdict.before)


def test_blocking_entries_only_leaves_positions_open_but_cancels_queued_ones() -> None:
    guard, state = Breaker(effect="block_entries").start(), state_of("EURUSD")
    verdict = guard.step(at(state, 70_000.0))
    assert verdict is not None
    assert verdict.flatten == 0
    assert verdict.cancel == CODE["cancelled_breaker"]
    assert guard.block(state, LONG) is not None


def test_by_default_it_never_resumes() -> None:
    guard, state = tripped(Breaker())
    assert guard.step(at(state, 120_000.0, "2035-01-01T00:00")) is None
    assert guard.block(state, LONG) is not None


def test_it_resumes_after_its_days_and_rebases_the_peak() -> None:
    guard, state = tripped(Breaker(resume="days", resume_days=5))
    assert guard.step(at(state, 76_000.0, "2025-01-20T09:55")) is None
    assert guard.step(at(state, 76_000.0, "2025-01-20T10:00")) == Verdict(
        CODE["breaker_resume"], 100_000.0, 76_000.0
    )
    assert (state.peak, state.drawdown, state.resumed) == (76_000.0, 0.0, True)
    assert guard.block(state, LONG) is None


def test_after_resuming_a_winning_step_does_not_trip_it_again_but_a_new_drawdown_does() -> None:
    guard, state = tripped(Breaker(resume="days", resume_days=5))
    guard.step(at(state, 76_000.0, "2025-01-20T10:00"))
    assert guard.step(at(state, 77_000.0, "2025-01-20T10:05")) is None
    assert state.peak == 77_000.0
    # A quarter below the new peak of 80,000 is 60,000.
    assert guard.step(at(state, 80_000.0)) is None
    assert guard.step(at(state, 60_001.0)) is None
    verdict = guard.step(at(state, 60_000.0))
    assert verdict is not None
    assert verdict.code == CODE["breaker_trip"]


def test_it_resumes_in_the_next_month() -> None:
    guard, state = tripped(Breaker(resume="next_month"))
    assert guard.step(at(state, 75_000.0, "2025-01-31T21:55")) is None
    verdict = guard.step(at(state, 75_000.0, "2025-02-03T00:00"))
    assert verdict == Verdict(CODE["breaker_resume"], 100_000.0, 75_000.0)


def test_it_resumes_once_the_open_positions_recovered() -> None:
    rule = Breaker(effect="block_entries", resume="recovers", resume_drawdown=0.125)
    guard, state = tripped(rule)
    assert guard.step(at(state, 87_499.0, "2025-01-16T10:00")) is None
    assert guard.step(at(state, 87_500.0, "2025-01-16T10:05")) == Verdict(
        CODE["breaker_resume"], 100_000.0, 87_500.0
    )


def test_each_run_starts_with_a_guard_of_its_own() -> None:
    rule = Breaker()
    guard, state = tripped(rule)
    assert guard.block(state, LONG) is not None
    assert rule.start().block(state, LONG) is None


def test_it_is_restless_only_while_time_alone_may_resume_it() -> None:
    rule = Breaker(resume="days", resume_days=5)
    assert not rule.start().is_restless
    guard, _ = tripped(rule)
    assert guard.is_restless


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"resume": "recovers"}, r"resume is 'recovers' with effect 'flatten'; a flat account"),
        (
            {"resume": "recovers", "effect": "block_entries", "resume_drawdown_pct": 25},
            r"resume_drawdown is 0\.25; expected below the limit 0\.25",
        ),
        ({"resume": "days"}, r"resume is 'days' but resume_days is 0; expected a number above 0"),
        ({"resume_days": 5}, r"resume_days is 5 but resume is 'never'; write resume: days"),
        (
            {"resume_drawdown_pct": 10, "resume": "next_month"},
            r"resume_drawdown is 0\.1 but resume is 'next_month'; write resume: recovers",
        ),
        ({"limit": 0}, r"limit is 0; expected a number above 0 and at most 1"),
        ({"limit_pct": 101}, r"limit is 1\.01; expected a number above 0 and at most 1"),
        ({"effect": "close"}, r"effect is 'close'; expected one of flatten, block_entries"),
        ({"resume": "later"}, r"resume is 'later'; expected one of never, days, next_month, rec"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        build(Breaker, given)
