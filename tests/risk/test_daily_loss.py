from __future__ import annotations

import pytest

from lockstep.core.codes import CODE, DAILY_LOSS_EXIT
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import build
from lockstep.risk.daily_loss import DailyLoss
from lockstep.risk.rule import Verdict
from tests.risk.states import LONG, at, state_of


def test_the_first_day_is_measured_from_the_capital() -> None:
    guard, state = DailyLoss(limit=0.25).start(), state_of("EURUSD")
    assert guard.step(at(state, 75_001.0, new_day=True)) is None
    assert guard.step(at(state, 75_000.0, new_day=False)) == Verdict(
        CODE["daily_loss_trip"], 0.25, 0.25, cancel=CODE["cancelled_daily_loss"], flatten=0
    )


def test_a_later_day_is_measured_from_the_end_of_the_day_before() -> None:
    guard = DailyLoss(limit=0.25).start()
    state = state_of("EURUSD", day_start_equity=80_000.0)
    assert guard.step(at(state, 60_001.0)) is None
    assert guard.step(at(state, 60_000.0)) is not None


def test_gains_within_the_day_do_not_raise_the_bar() -> None:
    # 100,000 to 130,000 and back to 90,000 is a loss of 10 %, not of 31 %.
    guard, state = DailyLoss(limit=0.125).start(), state_of("EURUSD")
    assert guard.step(at(state, 130_000.0)) is None
    assert guard.step(at(state, 90_000.0)) is None


def test_it_trips_once_a_day_and_blocks_until_the_next() -> None:
    guard, state = DailyLoss(limit=0.125).start(), state_of("EURUSD")
    assert guard.step(at(state, 80_000.0)) is not None
    assert guard.step(at(state, 70_000.0)) is None
    blocked = guard.block(state, LONG)
    assert blocked is not None
    assert blocked.code == CODE["blocked_daily_loss"]
    # The next day begins at 70,000; 68,600 is 2 % below.
    verdict = guard.step(at(state, 68_600.0, new_day=True, day_start_equity=70_000.0))
    assert verdict is not None
    assert verdict.code == CODE["daily_loss_reset"]
    assert verdict.before == pytest.approx(0.02)
    assert guard.block(state, LONG) is None


def test_a_new_day_that_opens_beyond_the_limit_trips_in_its_first_step() -> None:
    guard, state = DailyLoss(limit=0.125).start(), state_of("EURUSD")
    guard.step(at(state, 80_000.0))
    verdict = guard.step(at(state, 60_000.0, new_day=True, day_start_equity=80_000.0))
    assert verdict is not None
    assert verdict.code == CODE["daily_loss_trip"]
    assert guard.block(state, LONG) is not None


def test_it_may_flatten() -> None:
    guard, state = DailyLoss(limit=0.125, effect="flatten").start(), state_of("EURUSD")
    verdict = guard.step(at(state, 80_000.0))
    assert verdict is not None
    assert verdict.flatten == DAILY_LOSS_EXIT


def test_an_account_that_began_the_day_with_nothing_has_nothing_to_lose() -> None:
    guard, state = DailyLoss().start(), state_of("EURUSD", day_start_equity=0.0)
    assert guard.step(at(state, -1.0)) is None


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"limit is 0; expected a number above 0 and at most 1"):
        build(DailyLoss, {"limit_pct": 0})
