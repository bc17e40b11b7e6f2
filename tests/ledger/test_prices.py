"""EURUSD at bid 1.1000 with a spread of two pips: ask 1.1002, mid 1.1001."""

from __future__ import annotations

import numpy as np
import pytest

from lockstep.core.bars import MINUTE_NS
from lockstep.engine.plan import spread_of
from lockstep.ledger import prices
from tests.kit import unit
from tests.moments import ns


def test_a_bid_quote_is_the_bid_itself() -> None:
    assert prices.bid_of(1.1000, 0.0002, True) == 1.1000


def test_a_mid_or_last_quote_lies_half_a_spread_above_the_bid() -> None:
    assert prices.bid_of(1.1001, 0.0002, False) == pytest.approx(1.1000, abs=1e-12)


def test_the_ask_lies_a_spread_above_the_bid_and_the_mid_between_them() -> None:
    assert prices.ask_of(1.1000, 0.0002) == pytest.approx(1.1002, abs=1e-12)
    assert prices.mid_of(1.1000, 0.0002) == pytest.approx(1.1001, abs=1e-12)


def test_whole_columns_follow_the_formula_of_the_scalar() -> None:
    quoted, spread = np.array([100.25, 101.25]), np.array([0.5, 1.0])
    assert prices.bid_of(quoted, spread, False).tolist() == [100.0, 100.75]
    assert prices.bid_of(quoted, spread, True) is quoted
    assert prices.mid_of(quoted, spread).tolist() == [100.5, 101.75]


def test_a_long_is_bought_at_ask_and_sold_at_bid() -> None:
    assert prices.entry_fill(1, 100.0, 0.5, 0.0) == 100.5
    assert prices.exit_quote(1, 100.0, 0.5) == 100.0


def test_a_short_is_sold_at_bid_and_bought_back_at_ask() -> None:
    assert prices.entry_fill(-1, 100.0, 0.5, 0.0) == 100.0
    assert prices.exit_quote(-1, 100.0, 0.5) == 100.5


def test_slippage_adds_price_units_and_basis_points_of_the_price() -> None:
    # 0.5 + 25 bps of 100 = 0.5 + 0.25
    assert prices.slip_of(100.0, 0.5, 25.0) == 0.75
    assert prices.slip_of(1.10, 0.00005, 1.0) == pytest.approx(0.00016, abs=1e-15)


@pytest.mark.parametrize("side", [1, -1])
def test_slippage_worsens_both_fills_of_both_sides(side: int) -> None:
    worse = side * (
        prices.entry_fill(side, 100.0, 0.5, 0.25) - prices.entry_fill(side, 100.0, 0.5, 0.0)
    )
    assert worse == 0.25
    assert side * (prices.exit_fill(side, 98.5, 0.25) - 98.5) == -0.25


HOURLY = tuple(float(hour) for hour in range(24))


def test_a_spread_table_is_read_by_the_hour_of_its_own_zone() -> None:
    # 14:30 UTC is 9:30 in New York in winter and 10:30 in summer.
    instrument = unit(spread=HOURLY, session_zone="America/New_York")
    labels = np.array([ns("2025-01-15T14:30"), ns("2025-07-15T14:30")])
    labels = np.concatenate([labels, labels + 5 * MINUTE_NS])
    labels.sort()
    assert spread_of(instrument, labels, 5 * MINUTE_NS).tolist() == [9.0, 9.0, 10.0, 10.0]


def test_above_one_hour_the_mean_of_the_table_applies() -> None:
    labels = ns("2025-01-15T00:00") + 240 * MINUTE_NS * np.arange(3, dtype=np.int64)
    assert spread_of(unit(spread=HOURLY), labels, 240 * MINUTE_NS).tolist() == [11.5] * 3
    hourly = ns("2025-01-15T00:00") + 60 * MINUTE_NS * np.arange(2, dtype=np.int64)
    assert spread_of(unit(spread=HOURLY, session_zone="UTC"), hourly, 60 * MINUTE_NS).tolist() == [
        0.0,
        1.0,
    ]
