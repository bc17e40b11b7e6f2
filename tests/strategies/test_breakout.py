"""Breakout: the rules by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lockstep.core.bars import Bars
from lockstep.core.errors import ConfigError
from lockstep.core.signals import EXIT_LONG, EXIT_SHORT, Signals
from lockstep.strategies.breakout import BreakoutStrategy
from tests.strategies.markets import bars_of, random_bars

SMALL = {"entry_period": 3, "exit_period": 1, "atr_period": 1}


def signals(bars: Bars, **parameters: Any) -> Signals:
    strategy = BreakoutStrategy(**parameters)
    return strategy.signals(bars, strategy.indicators(bars))


def test_a_close_beyond_the_channel_of_the_bars_before_is_followed() -> None:
    said = signals(bars_of([10, 12, 11, 12, 14, 13, 10, 9]), **SMALL)
    # 12 only touches the channel's 12; 14 is above it; 10 and 9 are below 12, 13, 14 and 10.
    assert said.side.tolist() == [0, 0, 0, 0, 1, 0, -1, -1]


def test_the_channel_is_made_of_highs_and_lows_not_closes() -> None:
    said = signals(bars_of([10, 10, 10, 10.9, 12], reach=1.0), **SMALL)
    assert said.side.tolist() == [0, 0, 0, 0, 1]  # 10.9 < 11, then 12 > 11.9


def test_distances_hang_from_the_range() -> None:
    said = signals(bars_of([10, 10, 10, 14]), **SMALL, reward_risk=3.0, stop_multiplier=0.5)
    assert said.stop_distance[3] == 2.0
    assert said.target_distance[3] == 6.0
    assert said.strength.tolist() == [0, 0, 0, 1.0]  # 4 beyond the channel, range 4


def test_positions_leave_at_the_opposite_shorter_channel() -> None:
    said = signals(bars_of([10, 10, 10, 14, 13, 13, 15]), **SMALL)
    assert said.exit.tolist() == [0, 0, 0, EXIT_SHORT, EXIT_LONG, 0, EXIT_SHORT]


def test_target_and_time_exit_are_off_unless_asked_for() -> None:
    said = signals(bars_of([10.0] * 5), **SMALL)
    assert said.target_distance is None
    assert said.max_bars is None
    timed = signals(bars_of([10.0] * 5), **SMALL, max_minutes=12)
    assert timed.max_bars.tolist() == [3] * 5


def test_no_entry_asks_to_leave_what_it_enters() -> None:
    said = signals(random_bars(seed=9, n_bars=5000))
    assert said.side.any()
    assert not np.any((said.side > 0) & (said.exit & EXIT_LONG > 0))
    assert not np.any((said.side < 0) & (said.exit & EXIT_SHORT > 0))


def test_an_exit_channel_longer_than_the_entry_channel_is_refused() -> None:
    with pytest.raises(ConfigError, match="exit_period is 49; expected at most entry_period, 48"):
        BreakoutStrategy(exit_period=49)


def test_the_look_back_is_the_longest_needed_for_an_entry() -> None:
    assert BreakoutStrategy().lookback_bars == 49
    assert BreakoutStrategy(atr_period=60).lookback_bars == 61
