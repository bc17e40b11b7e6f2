"""A long filled at 100.5 with its stop at 98.5 and its target at 104.5, and its mirror image."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as draw

from lockstep.core import codes
from lockstep.core.codes import GAP_STOP, GAP_TARGET, NO_EXIT, SIGNAL_EXIT, STOP, TARGET
from lockstep.ledger import exits
from lockstep.ledger.exits import NEAREST_TO_OPEN, STOP_FIRST, TARGET_FIRST

NAN = float("nan")
MINUTE = 60_000_000_000
PRECEDENCE = ("gap_stop", "gap_target", "stop_out", "breaker", "daily_loss", "signal", "time")


def opening(side: int, quote: float, queued: int = NO_EXIT) -> int:
    """Return the exit at an opening quote; the short's levels mirror the long's around 100."""
    stop, target = (98.5, 104.5) if side > 0 else (101.5, 95.5)
    return exits.opening_exit(side, quote, stop, target, queued)


def inside(
    side: int, low: float, high: float, first: float = 100.0, rule: int = STOP_FIRST
) -> tuple[int, bool]:
    stop, target = (98.5, 104.5) if side > 0 else (101.5, 95.5)
    return exits.inside_exit(side, first, low, high, stop, target, rule)


def test_a_stop_passed_at_the_open_is_a_gap_stop_touch_included() -> None:
    assert [opening(1, quote) for quote in (97.0, 98.5, 98.75)] == [GAP_STOP, GAP_STOP, NO_EXIT]
    assert [opening(-1, quote) for quote in (103.0, 101.5, 101.25)] == [GAP_STOP, GAP_STOP, NO_EXIT]


def test_a_target_passed_at_the_open_is_a_gap_target_touch_included() -> None:
    assert [opening(1, quote) for quote in (106.0, 104.5, 104.25)] == [
        GAP_TARGET,
        GAP_TARGET,
        NO_EXIT,
    ]
    assert [opening(-1, quote) for quote in (94.0, 95.5, 95.75)] == [
        GAP_TARGET,
        GAP_TARGET,
        NO_EXIT,
    ]


def test_levels_passed_at_the_open_go_before_a_queued_exit() -> None:
    assert opening(1, 97.0, SIGNAL_EXIT) == GAP_STOP
    assert opening(1, 106.0, SIGNAL_EXIT) == GAP_TARGET
    assert opening(1, 100.0, SIGNAL_EXIT) == SIGNAL_EXIT


def test_a_stop_goes_before_a_target_where_both_are_passed() -> None:
    assert exits.opening_exit(1, 100.0, 101.0, 99.0, SIGNAL_EXIT) == GAP_STOP
    assert exits.opening_exit(-1, 100.0, 99.0, 101.0, SIGNAL_EXIT) == GAP_STOP


def test_a_position_without_target_waits_for_its_stop() -> None:
    assert exits.opening_exit(1, 1e9, 98.5, NAN, NO_EXIT) == NO_EXIT
    assert exits.inside_exit(1, 100.0, 99.0, 1e9, 98.5, NAN, TARGET_FIRST) == (NO_EXIT, False)
    assert exits.inside_exit(-1, 100.0, 1e-9, 101.0, 101.5, NAN, TARGET_FIRST) == (NO_EXIT, False)


def test_of_two_queued_reasons_the_one_of_higher_precedence_stays() -> None:
    queue = [codes.EXIT_REASONS.index(name) for name in PRECEDENCE]
    assert queue == sorted(queue)
    for higher, lower in combinations(queue, 2):
        assert exits.worse_exit(higher, lower) == higher
        assert exits.worse_exit(lower, higher) == higher
    assert exits.worse_exit(NO_EXIT, SIGNAL_EXIT) == SIGNAL_EXIT


def test_touching_a_level_is_enough_and_almost_is_not() -> None:
    assert inside(1, 98.5, 101.0) == (STOP, False)
    assert inside(1, 98.75, 104.5) == (TARGET, False)
    assert inside(1, 98.75, 104.25) == (NO_EXIT, False)
    assert inside(-1, 99.0, 101.5) == (STOP, False)
    assert inside(-1, 95.5, 101.25) == (TARGET, False)
    assert inside(-1, 95.75, 101.25) == (NO_EXIT, False)


@pytest.mark.parametrize("side", [1, -1])
def test_a_bar_that_touches_both_is_read_by_the_rule_and_flagged(side: int) -> None:
    assert inside(side, 95.0, 105.0, rule=STOP_FIRST) == (STOP, True)
    assert inside(side, 95.0, 105.0, rule=TARGET_FIRST) == (TARGET, True)


def test_nearest_to_open_measures_from_the_opening_quote_and_a_tie_is_a_stop() -> None:
    # Long: from 102 the target is 2.5 away, the stop 3.5; from 101.5 both are 3 away.
    def long(first: float) -> tuple[int, bool]:
        return inside(1, 98.0, 105.0, first, NEAREST_TO_OPEN)

    assert [long(101.0), long(101.5), long(102.0)] == [(STOP, True), (STOP, True), (TARGET, True)]

    # Short: from 98 the target (95.5) is 2.5 away, the stop (101.5) 3.5; from 98.5 both are 3.
    def short(first: float) -> tuple[int, bool]:
        return inside(-1, 95.0, 102.0, first, NEAREST_TO_OPEN)

    assert [short(99.0), short(98.5), short(98.0)] == [(STOP, True), (STOP, True), (TARGET, True)]


def test_the_names_of_the_rules_stand_at_their_codes() -> None:
    assert exits.AMBIGUOUS_RULES[STOP_FIRST] == "stop_first"
    assert exits.AMBIGUOUS_RULES[TARGET_FIRST] == "target_first"
    assert exits.AMBIGUOUS_RULES[NEAREST_TO_OPEN] == "nearest_to_open"


def test_a_stop_at_or_beyond_its_exit_quote_is_inside_the_spread() -> None:
    assert exits.stop_is_inside_spread(1, 100.25, 100.0, 0.0)
    assert exits.stop_is_inside_spread(1, 100.0, 100.0, 0.0)
    assert not exits.stop_is_inside_spread(1, 99.75, 100.0, 0.0)
    assert exits.stop_is_inside_spread(-1, 100.25, 100.5, 0.0)
    assert exits.stop_is_inside_spread(-1, 100.5, 100.5, 0.0)
    assert not exits.stop_is_inside_spread(-1, 100.75, 100.5, 0.0)


def test_a_stop_nearer_than_the_stops_level_is_refused_and_at_it_allowed() -> None:
    assert exits.stop_is_inside_spread(1, 99.75, 100.0, 0.5)
    assert not exits.stop_is_inside_spread(1, 99.5, 100.0, 0.5)
    assert exits.stop_is_inside_spread(-1, 100.75, 100.5, 0.5)
    assert not exits.stop_is_inside_spread(-1, 101.0, 100.5, 0.5)


def follow(
    side: int,
    best: float,
    stop: float,
    *,
    be: tuple[float, float] = (NAN, NAN),
    trail: tuple[float, float] = (NAN, NAN),
) -> float:
    """Return the next stop of a position filled at 100."""
    return exits.follow_stop(side, best, 100.0, stop, *be, *trail)


def test_break_even_moves_the_stop_behind_the_fill_once_its_trigger_is_reached() -> None:
    assert follow(1, 100.75, 98.0, be=(1.0, 0.25)) == 98.0
    assert follow(1, 101.0, 98.0, be=(1.0, 0.25)) == 100.25
    assert follow(-1, 99.25, 102.0, be=(1.0, 0.25)) == 102.0
    assert follow(-1, 99.0, 102.0, be=(1.0, 0.25)) == 99.75


def test_trailing_keeps_its_distance_from_the_best_price_once_triggered() -> None:
    assert follow(1, 101.75, 98.0, trail=(2.0, 1.5)) == 98.0
    assert follow(1, 102.0, 98.0, trail=(2.0, 1.5)) == 100.5
    assert follow(-1, 98.25, 102.0, trail=(2.0, 1.5)) == 102.0
    assert follow(-1, 98.0, 102.0, trail=(2.0, 1.5)) == 99.5


def test_of_break_even_and_trailing_the_tighter_counts() -> None:
    assert follow(1, 102.0, 98.0, be=(1.0, 0.25), trail=(2.0, 1.5)) == 100.5
    assert follow(1, 102.0, 98.0, be=(1.0, 0.75), trail=(2.0, 1.5)) == 100.75
    assert follow(-1, 98.0, 102.0, be=(1.0, 0.25), trail=(2.0, 1.5)) == 99.5
    assert follow(-1, 98.0, 102.0, be=(1.0, 0.75), trail=(2.0, 1.5)) == 99.25


def test_a_tighter_stop_is_never_loosened() -> None:
    assert follow(1, 102.0, 101.0, be=(1.0, 0.25), trail=(2.0, 1.5)) == 101.0
    assert follow(-1, 98.0, 99.0, be=(1.0, 0.25), trail=(2.0, 1.5)) == 99.0


PRICE = draw.floats(1.0, 1000.0)
DISTANCE = draw.floats(0.0, 100.0) | draw.just(NAN)


@given(draw.sampled_from([1, -1]), PRICE, PRICE, PRICE, DISTANCE, DISTANCE, DISTANCE, DISTANCE)
def test_whatever_the_levels_the_stop_moves_only_towards_the_price(
    side: int, best: float, fill: float, stop: float, be: float, offset: float, at: float, by: float
) -> None:
    new = exits.follow_stop(side, best, fill, stop, be, offset, at, by)
    assert side * (new - stop) >= 0.0


def test_time_is_up_at_the_close_of_the_last_allowed_bar() -> None:
    assert [exits.time_is_up(held, 3) for held in (1, 2, 3, 4)] == [False, False, True, True]
    assert not exits.time_is_up(1_000_000, 0)


def test_an_entry_is_good_up_to_its_validity_exactly() -> None:
    # Decided on the bar labelled 0: the next open is due at minute 5, and at 65 at the latest.
    def expired(minute: int) -> bool:
        return exits.has_expired(minute * MINUTE, 0, 5 * MINUTE, 60 * MINUTE)

    assert [expired(minute) for minute in (5, 60, 65, 66, 70)] == [False, False, False, True, True]


def test_the_exit_bar_is_the_first_bar_of_the_cool_down() -> None:
    assert [exits.is_cooling_down(bar, 7, 2) for bar in (7, 8, 9)] == [True, True, False]
    assert not exits.is_cooling_down(7, 7, 0)
    assert exits.is_cooling_down(0, 0, 1)
    assert not exits.is_cooling_down(0, -1, 5)
