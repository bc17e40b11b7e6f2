from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as draw

from lockstep.ledger import money, sizing


def test_lots_lose_the_risk_at_the_stop() -> None:
    # 1 % of 100,000 at half size is 500; 50 pips on a lot of EURUSD lose 500.
    assert sizing.risk_lots(100_000.0, 0.01, 0.5, 0.0050, 100_000.0, 1.0) == pytest.approx(1.0)
    # 1 % of 100,000 is 1,000; half a yen on a lot of USDJPY at 150 loses 333.33 dollars.
    yen = sizing.risk_lots(100_000.0, 0.01, 1.0, 0.5, 100_000.0, 1 / 150)
    assert yen == pytest.approx(3.0)


def test_a_leverage_of_ten_buys_ten_times_the_basis() -> None:
    # 1,000,000 dollars of EURUSD at 1.25 are 8 lots; of USDJPY 10 lots.
    assert sizing.lots_for(1_000_000.0, 100_000.0, 1.25, 1.0) == 8.0
    assert sizing.lots_for(1_000_000.0, 100_000.0, 150.0, 1 / 150) == pytest.approx(10.0)


def test_a_hair_below_a_whole_step_counts_as_the_step() -> None:
    # 0.3 / 0.1 is 2.9999999999999996 in binary; three steps were meant.
    assert 0.3 / 0.1 < 3
    assert sizing.floor_lots(0.3, 0.1) == pytest.approx(0.3)
    assert sizing.floor_lots(0.07, 0.01) == pytest.approx(0.07)
    assert sizing.floor_lots(2.9999999995, 1.0) == 3.0
    assert sizing.floor_lots(2.999999998, 1.0) == 2.0


def test_lots_are_floored_never_rounded() -> None:
    assert sizing.floor_lots(0.0199, 0.01) == 0.01
    assert sizing.floor_lots(0.0099, 0.01) == 0.0
    assert sizing.floor_lots(7.99, 0.5) == 7.5


@given(draw.floats(0.0, 1e4), draw.sampled_from([0.001, 0.01, 0.05, 0.1, 0.25, 1.0]))
def test_floored_lots_never_exceed_what_was_asked_and_miss_less_than_a_step(
    lots: float, step: float
) -> None:
    whole = sizing.floor_lots(lots, step)
    assert lots - step * (1 + 1e-9) < whole <= lots + 2e-9 * step + 1e-12 * lots


def test_the_amount_at_risk_is_what_the_stop_loses() -> None:
    assert sizing.risk_amount(2.0, 0.0050, 100_000.0, 1.0) == pytest.approx(1000.0)
    assert sizing.risk_amount(3.0, 0.5, 100_000.0, 1 / 150) == pytest.approx(1000.0)


@given(
    draw.sampled_from([1, -1]),
    draw.floats(1.0, 1000.0),
    draw.floats(0.01, 0.5),
    draw.floats(0.5, 5.0),
    draw.integers(1, 10_000),
)
def test_a_stop_loses_the_risk_and_a_target_earns_its_multiple(
    side: int, fill: float, stop: float, reward: float, steps: int
) -> None:
    lots = steps * 0.01
    risk = sizing.risk_amount(lots, stop, 100.0, 1.0)
    lost = money.quote_pnl(side, fill - side * stop, fill, lots * 100.0)
    earned = money.quote_pnl(side, fill + side * reward * stop, fill, lots * 100.0)
    assert lost == pytest.approx(-risk, rel=1e-9)
    assert earned == pytest.approx(reward * risk, rel=1e-9)
