from __future__ import annotations

import pytest

from lockstep.core.codes import CODE
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import build
from lockstep.core.state import Entry
from lockstep.risk.correlation_scaling import CorrelationScaling
from lockstep.risk.drawdown_scaling import DrawdownScaling
from lockstep.risk.rule import Verdict
from tests.kit import unit
from tests.risk.states import LONG, SHORT, at, state_of

# Drawdown scaling ---------------------------------------------------------------------------


def test_entries_shrink_at_once_with_the_drawdown_and_grow_back_in_steps() -> None:
    """From 1 at 10 % down to 0.25 at 20 %: 0.075 a percent of drawdown.

    equity   raw      factor
    95,000   1.000    1.000
    88,000   0.850    0.850
    85,000   0.625    0.625
    85,600   0.670    0.625   a rise of 0.045 is too small
    86,000   0.700    0.700   0.075 is enough
    79,000   0.250    0.250
    90,000   1.000    1.000
    """
    guard, state = DrawdownScaling(0.10, 0.20, 0.25).start(), state_of("EURUSD")
    seen = []
    for equity in (95_000.0, 88_000.0, 85_000.0, 85_600.0, 86_000.0, 79_000.0, 90_000.0):
        assert guard.step(at(state, equity)) is None
        seen.append(guard.factor(state, LONG)[0])
        assert state.drawdown_factor == seen[-1]
    assert seen == pytest.approx([1.0, 0.85, 0.625, 0.625, 0.70, 0.25, 1.0])


def test_a_scaled_entry_is_recorded_and_a_whole_one_is_not() -> None:
    guard, state = DrawdownScaling(0.10, 0.20, 0.25).start(), state_of("EURUSD")
    guard.step(at(state, 95_000.0))
    assert guard.factor(state, LONG) == (1.0, None)
    guard.step(at(state, 75_000.0))
    assert guard.factor(state, LONG) == (0.25, Verdict(CODE["drawdown_scaling"], 1.0, 0.25))


def test_the_factor_is_one_when_the_breaker_resumes() -> None:
    guard, state = DrawdownScaling(0.10, 0.20, 0.25).start(), state_of("EURUSD")
    guard.step(at(state, 75_000.0))
    state.peak, state.drawdown, state.resumed = 75_000.0, 0.0, True
    guard.step(state)
    assert guard.factor(state, LONG) == (1.0, None)


def test_scaling_must_end_beyond_its_start() -> None:
    with pytest.raises(ConfigError, match=r"end_at is 0\.1; expected above start_at 0\.1, or 0"):
        build(DrawdownScaling, {"start_at_pct": 10, "end_at_pct": 10})


# Correlation scaling ------------------------------------------------------------------------

SAME_BET = {(0, 1): (-0.9, 60)}


def test_long_eurusd_beside_short_usdchf_is_the_same_bet() -> None:
    # Correlation -0.9, sides 1 and -1: c = 0.9. From 1 at 0.8 to 0 at 1: 0.5.
    guard = CorrelationScaling(0.8, 0.0).start()
    state = state_of("EURUSD", "USDCHF", side=[0, -1], known=SAME_BET)
    factor, verdict = guard.factor(state, LONG)
    assert factor == pytest.approx(0.5)
    assert verdict == Verdict(CODE["correlation_scaling"], 1.0, factor)


def test_short_eurusd_beside_short_usdchf_is_a_hedge_and_not_scaled() -> None:
    guard = CorrelationScaling(0.8, 0.0).start()
    state = state_of("EURUSD", "USDCHF", side=[0, -1], known=SAME_BET)
    assert guard.factor(state, SHORT) == (1.0, None)


def test_a_queued_entry_counts_as_an_open_position() -> None:
    guard = CorrelationScaling(0.8, 0.0).start()
    state = state_of("EURUSD", "USDCHF", queued=[0, -1], known=SAME_BET)
    assert guard.factor(state, LONG)[0] == pytest.approx(0.5)


def test_the_largest_of_several_bets_counts() -> None:
    # 0.85 gives 0.75, 0.9 gives 0.5; the pair at -0.9 on the same side is a hedge.
    guard = CorrelationScaling(0.8, 0.0).start()
    state = state_of(
        "EURUSD",
        "GBPUSD",
        "NZDUSD",
        "USDCHF",
        side=[0, 1, 1, 1],
        known={(0, 1): (0.85, 60), (0, 2): (0.9, 60), (0, 3): (-0.9, 60)},
    )
    assert guard.factor(state, LONG)[0] == pytest.approx(0.5)


def test_up_to_the_maximum_nothing_is_scaled_and_the_floor_holds_at_one() -> None:
    state = state_of("EURUSD", "GBPUSD", side=[0, 1], known={(0, 1): (0.75, 60)})
    assert CorrelationScaling(0.75, 0.0).start().factor(state, LONG) == (1.0, None)
    state.correlation[0, 0, 1] = 1.0
    assert CorrelationScaling(0.75, 0.25).start().factor(state, LONG)[0] == 0.25


def test_an_unknown_correlation_leaves_the_entry_whole_and_is_recorded() -> None:
    guard = CorrelationScaling(0.8, 0.0).start()
    state = state_of("EURUSD", "GBPUSD", "USDCHF", side=[0, 1, 1])
    state.observations[0, 0, 1:] = 19, 7
    assert guard.factor(state, LONG) == (1.0, Verdict(CODE["correlation_unknown"], 7.0, 1.0))


def test_a_known_repeated_bet_scales_beside_an_unknown_one() -> None:
    guard = CorrelationScaling(0.8, 0.0).start()
    state = state_of("EURUSD", "GBPUSD", "USDCHF", side=[0, 1, 1], known={(0, 1): (0.9, 60)})
    factor, verdict = guard.factor(state, LONG)
    assert factor == pytest.approx(0.5)
    assert verdict == Verdict(CODE["correlation_scaling"], 1.0, factor)


def test_without_other_positions_there_is_nothing_to_repeat() -> None:
    guard = CorrelationScaling(0.8, 0.0).start()
    assert guard.factor(state_of("EURUSD", "GBPUSD"), LONG) == (1.0, None)
    assert guard.factor(state_of("EURUSD"), LONG) == (1.0, None)


def test_the_correlation_of_the_day_of_the_entry_is_used() -> None:
    guard = CorrelationScaling(0.8, 0.0).start()
    state = state_of("EURUSD", unit("GBPUSD"), side=[1, 0], known={(0, 1): (0.9, 60)})
    state.correlation = state.correlation.repeat(2, axis=0)
    state.observations = state.observations.repeat(2, axis=0)
    state.correlation[1] = 0.8
    factors = []
    for state.day in (0, 1):
        factors.append(guard.factor(state, Entry(1, 1))[0])
    assert factors == pytest.approx([0.5, 1.0])
