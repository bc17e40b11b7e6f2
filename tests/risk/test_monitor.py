from __future__ import annotations

import numpy as np
import pytest

from lockstep.risk.monitor import PortfolioMonitor
from tests.risk.states import state_of


def watched() -> PortfolioMonitor:
    """Return six steps of which the first, the third and the fourth were recorded."""
    monitor, state = PortfolioMonitor(6), state_of("EURUSD")
    monitor.record_level(0, 100_000.0, 0.0)
    monitor.record(0, 100_000.0, 0.0, 40_000.0, state)
    state.drawdown_factor = 0.5
    monitor.record_level(2, 80_000.0, 20_000.0)
    monitor.record_level_after(2, 80_000.0, 20_000.0)
    monitor.record(2, 80_000.0, 20_000.0, 40_000.0, state)
    state.drawdown_factor = 0.25
    monitor.record_level(3, 120_000.0, 0.0)
    monitor.record(3, 120_000.0, 0.0, 60_000.0, state)
    return monitor


def test_a_step_that_changed_nothing_shows_the_one_before() -> None:
    monitor = watched()
    assert monitor.equity.tolist() == [100e3, 100e3, 80e3, 120e3, 120e3, 120e3]
    assert monitor.used_margin.tolist() == [0.0, 0.0, 20e3, 0.0, 0.0, 0.0]
    assert monitor.reserve.tolist() == [40e3, 40e3, 40e3, 60e3, 60e3, 60e3]
    assert monitor.drawdown_factor.tolist() == [1.0, 1.0, 0.5, 0.25, 0.25, 0.25]


def test_the_margin_level_is_none_while_no_margin_is_used() -> None:
    level = watched().margin_level
    assert level[2] == 4.0
    assert np.isnan(level[[0, 1, 3, 4, 5]]).all()


def test_the_margin_level_is_the_one_the_broker_tested_before_a_stop_out() -> None:
    monitor, state = PortfolioMonitor(2), state_of("EURUSD")
    monitor.record_level(0, 8_000.0, 20_000.0)
    monitor.record_level_after(0, 7_900.0, 0.0)
    monitor.record(0, 7_900.0, 0.0, 0.0, state)
    assert monitor.margin_level[0] == 0.4
    assert np.isnan(monitor.margin_level[1])
    assert monitor.used_margin.tolist() == [0.0, 0.0]


def test_the_drawdown_of_the_report_has_a_peak_of_its_own() -> None:
    assert watched().drawdown.tolist() == pytest.approx([0.0, 0.0, 0.2, 0.0, 0.0, 0.0])
