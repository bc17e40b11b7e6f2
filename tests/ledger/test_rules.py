from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as draw

from lockstep.ledger import rules
from tests.moments import ns

DAY = 86_400_000_000_000
TRIPPED = ns("2025-01-15T10:00")


def resumes(
    now: str, resume: int, value: float = 0.0, *, drawdown: float = 0.25, months: int = 0
) -> bool:
    """Ask of a breaker that tripped on 2025-01-15 at 10:00, `months` ago."""
    return rules.breaker_resumes(ns(now), TRIPPED, 100 + months, 100, drawdown, resume, value)


def test_drawdown_is_the_fraction_below_the_peak() -> None:
    assert rules.drawdown_of(75_000.0, 100_000.0) == 0.25
    assert rules.drawdown_of(100_000.0, 100_000.0) == 0.0
    assert rules.drawdown_of(-5_000.0, 100_000.0) == 1.05


def test_the_breaker_trips_at_its_limit_and_not_before() -> None:
    assert rules.breaker_trips(rules.drawdown_of(75_000.0, 100_000.0), 0.25)
    assert not rules.breaker_trips(rules.drawdown_of(75_000.01, 100_000.0), 0.25)


def test_a_breaker_that_never_resumes_waits_for_ever() -> None:
    assert not resumes("2035-01-15T10:00", rules.NEVER, drawdown=0.0, months=120)


def test_a_breaker_resumes_after_whole_days_of_86400_seconds() -> None:
    assert not resumes("2025-01-20T09:55", rules.AFTER_DAYS, 5.0)
    assert resumes("2025-01-20T10:00", rules.AFTER_DAYS, 5.0)
    assert not resumes("2025-01-15T21:55", rules.AFTER_DAYS, 0.5)
    assert resumes("2025-01-15T22:00", rules.AFTER_DAYS, 0.5)


def test_a_breaker_resumes_in_the_next_month_of_trading_days() -> None:
    assert not resumes("2025-01-31T10:00", rules.NEXT_MONTH)
    assert resumes("2025-02-03T10:00", rules.NEXT_MONTH, months=1)


def test_a_breaker_resumes_at_or_below_the_drawdown_it_waits_for() -> None:
    assert not resumes("2025-01-16T10:00", rules.RECOVERS, 0.125, drawdown=0.126)
    assert resumes("2025-01-16T10:00", rules.RECOVERS, 0.125, drawdown=0.125)


@pytest.mark.parametrize("drawdown", [1.0, 1.05])
def test_a_breaker_of_an_account_without_equity_never_resumes(drawdown: float) -> None:
    assert resumes("2025-03-16T10:00", rules.AFTER_DAYS, 5.0, drawdown=0.999)
    assert not resumes("2025-03-16T10:00", rules.AFTER_DAYS, 5.0, drawdown=drawdown)
    assert not resumes("2025-03-16T10:00", rules.NEXT_MONTH, drawdown=drawdown, months=2)
    assert not resumes("2025-03-16T10:00", rules.RECOVERS, 1.0, drawdown=drawdown)


def test_the_loss_of_a_day_is_a_fraction_of_the_equity_it_began_with() -> None:
    assert rules.daily_loss_of(96_000.0, 100_000.0) == pytest.approx(0.04)
    assert rules.daily_loss_of(103_000.0, 100_000.0) == pytest.approx(-0.03)


def scaled(factor: float, drawdown: float) -> float:
    """Return the factor from 1 at a drawdown of 10 % to 0.25 at 20 %: 0.075 a percent."""
    return rules.drawdown_factor(factor, drawdown, 0.10, 0.20, 0.25)


def test_the_drawdown_factor_falls_linearly_from_one_to_its_floor() -> None:
    drawdowns = (0.0, 0.10, 0.12, 0.15, 0.18, 0.20, 0.35)
    expected = (1.0, 1.0, 0.85, 0.625, 0.40, 0.25, 0.25)
    assert [scaled(1.0, dd) for dd in drawdowns] == pytest.approx(list(expected))


def test_the_drawdown_factor_falls_at_once_and_rises_in_steps() -> None:
    """Work a path by hand: raw is 1 - 0.75 * (drawdown - 0.10) / 0.10.

    drawdown  raw     factor
    0.08      1.000   1.000
    0.12      0.850   0.850   falls at once
    0.121     0.8425  0.8425  however little
    0.116     0.880   0.8425  a rise of 0.0375 is too small
    0.115     0.8875  0.8425  as is one of 0.045
    0.114     0.895   0.895   0.0525 is enough
    0.101     0.9925  0.9925  0.0975
    0.10      1.000   1.000   to 1 whatever the rise
    """
    path = (0.08, 0.12, 0.121, 0.116, 0.115, 0.114, 0.101, 0.10)
    expected = (1.0, 0.85, 0.8425, 0.8425, 0.8425, 0.895, 0.9925, 1.0)
    factor, seen = 1.0, []
    for drawdown in path:
        factor = scaled(factor, drawdown)
        seen.append(factor)
    assert seen == pytest.approx(list(expected))


def test_a_rise_of_exactly_the_step_counts() -> None:
    # From 0.25 to 0.5 at 1/4 to 1/2 of the way down to 0: exact in binary.
    assert rules.drawdown_factor(0.5, 0.25, 0.0, 1.0, 0.0) == 0.75
    assert rules.drawdown_factor(0.75 - rules.FACTOR_STEP, 0.25, 0.0, 1.0, 0.0) == 0.75


def test_the_correlation_factor_is_one_up_to_its_maximum() -> None:
    assert rules.correlation_factor(-1.0, 0.5, 0.0) == 1.0
    assert rules.correlation_factor(0.5, 0.5, 0.0) == 1.0


def test_the_correlation_factor_falls_to_its_floor_at_one() -> None:
    assert rules.correlation_factor(0.75, 0.5, 0.0) == 0.5
    assert rules.correlation_factor(0.75, 0.5, 0.5) == 0.75
    assert rules.correlation_factor(1.0, 0.5, 0.25) == 0.25
    assert rules.correlation_factor(1.0, 1.0, 0.0) == 1.0


def test_two_sides_of_a_negative_correlation_are_the_same_bet() -> None:
    # Long EURUSD and short USDCHF both sell the dollar.
    assert rules.same_bet(1, -1, -0.9) == 0.9
    assert rules.same_bet(-1, 1, -0.9) == 0.9
    assert rules.same_bet(1, 1, -0.9) == -0.9
    assert rules.same_bet(-1, -1, 0.9) == 0.9


def test_the_room_of_a_limit_is_what_exposure_leaves_of_it() -> None:
    # Twice 100,000, of which 150,000 long are used: 50,000 more long, 350,000 to be short.
    assert rules.room_of(2.0, 100_000.0, 1, 150_000.0) == 50_000.0
    assert rules.room_of(2.0, 100_000.0, -1, 150_000.0) == 350_000.0
    assert rules.room_of(2.0, 100_000.0, 1, 250_000.0) == -50_000.0


def test_a_sleeve_receives_or_gives_what_it_lies_off_its_target() -> None:
    assert rules.sleeve_transfer(0.25, 100_000.0, 20_000.0) == 5_000.0
    assert rules.sleeve_transfer(0.25, 100_000.0, 40_000.0) == -15_000.0


def test_a_donor_gives_no_more_than_its_free_margin_and_never_less_than_nothing() -> None:
    assert rules.donation(5_000.0, 8_000.0) == 5_000.0
    assert rules.donation(5_000.0, 3_000.0) == 3_000.0
    assert rules.donation(5_000.0, -3_000.0) == 0.0
    assert rules.donation(5_000.0, 0.0) == 0.0


def test_short_gifts_are_shared_in_proportion_to_need() -> None:
    # 6,000 given for needs of 9,000 and 3,000.
    assert rules.share_of_need(9_000.0, 6_000.0, 12_000.0) == 4_500.0
    assert rules.share_of_need(3_000.0, 6_000.0, 12_000.0) == 1_500.0
    assert rules.share_of_need(9_000.0, 12_000.0, 12_000.0) == 9_000.0


FRACTION = draw.floats(0.0, 1.0)


@given(FRACTION, draw.floats(-0.5, 2.0), FRACTION, FRACTION, FRACTION)
def test_a_drawdown_factor_stays_between_its_floor_and_one(
    factor: float, drawdown: float, one: float, other: float, floor: float
) -> None:
    start, end = sorted((one, other))
    new = rules.drawdown_factor(max(factor, floor), drawdown, start, end, floor)
    assert floor - 1e-12 <= new <= 1.0


@given(draw.floats(-1.0, 1.0), FRACTION, FRACTION)
def test_a_correlation_factor_stays_between_its_floor_and_one(
    correlation: float, maximum: float, floor: float
) -> None:
    assert floor - 1e-12 <= rules.correlation_factor(correlation, maximum, floor) <= 1.0
