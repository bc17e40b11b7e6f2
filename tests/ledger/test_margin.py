from __future__ import annotations

import pytest

from lockstep.ledger import margin, sizing


def test_margin_is_the_notional_at_mid_over_the_leverage() -> None:
    # 1 lot of EURUSD at 1.10 with 30:1: 110,000 / 30.
    assert margin.used_margin(100_000.0, 1.10, 1.0, 1 / 30) == pytest.approx(3666.67, abs=0.005)
    # 1 lot of USDJPY at 150 with 30:1 is worth 100,000 USD whatever the yen: 100,000 / 30.
    assert margin.used_margin(100_000.0, 150.0, 1 / 150, 1 / 30) == pytest.approx(
        3333.33, abs=0.005
    )
    # 2 bitcoin at 50,000 with 2:1.
    assert margin.used_margin(2.0, 50_000.0, 1.0, 0.5) == 50_000.0


def test_one_lot_costs_its_margin_its_first_loss_and_its_commission() -> None:
    # Mid 1.1001, ask 1.1002 against bid 1.1000: 100,000 * (1.1001 / 30 + 0.0002) + 3
    #                                           = 3,667 + 20 + 3
    cost = margin.margin_per_lot(100_000.0, 1.0, 1.1001, 1 / 30, 1.1002, 1.1000, 3.0)
    assert cost == pytest.approx(3690.0, abs=1e-6)


def test_a_short_loses_the_spread_at_once_as_a_long_does() -> None:
    # Sold at bid 99.75 after slippage against an ask of 100.5: 10 * 0.5 * (100.25 * 0.2 + 0.75)
    assert margin.margin_per_lot(10.0, 0.5, 100.25, 0.2, 99.75, 100.5, 1.0) == pytest.approx(105.0)


def test_free_margin_buys_whole_steps_only() -> None:
    # 10,000 / 3,690 = 2.71002...; 2.70 at steps of 0.1; 2 at whole lots.
    assert sizing.floor_lots(10_000 / 3690, 0.01) == pytest.approx(2.71, abs=1e-12)
    assert sizing.floor_lots(10_000 / 3690, 0.1) == pytest.approx(2.7, abs=1e-12)
    assert sizing.floor_lots(10_000 / 3690, 1.0) == 2.0


def test_the_broker_closes_below_half_of_the_used_margin_not_at_it() -> None:
    assert not margin.must_stop_out(500.0, 1000.0, 0.5)
    assert margin.must_stop_out(499.99, 1000.0, 0.5)
    assert margin.must_stop_out(-1.0, 1000.0, 0.5)


def test_an_account_without_positions_is_never_stopped_out() -> None:
    assert not margin.must_stop_out(-1000.0, 0.0, 0.5)
