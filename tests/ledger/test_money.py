from __future__ import annotations

import pytest

from lockstep.ledger import money


def test_a_yen_profit_is_converted_at_the_exit_rate() -> None:
    # Long 1,000 USDJPY from 150 to 151: 1,000 yen, at 151 yen a dollar 6.62 dollars.
    assert money.quote_pnl(1, 151.0, 150.0, 1000.0) == 1000.0
    assert money.quote_pnl(1, 151.0, 150.0, 1000.0) * (1 / 151) == pytest.approx(6.62, abs=0.005)


def test_a_cross_profit_is_converted_through_its_quote_currency() -> None:
    # Short 10,000 EURGBP from 0.8520 to 0.8500: 20 pounds, at 1.25 dollars a pound 25 dollars.
    pounds = money.quote_pnl(-1, 0.8500, 0.8520, 10_000.0)
    assert pounds * 1.25 == pytest.approx(25.0, abs=1e-9)


def test_a_dollar_profit_in_a_euro_account_is_divided_by_eurusd() -> None:
    dollars = money.quote_pnl(1, 1.1110, 1.1000, 10_000.0)
    assert dollars / 1.10 == pytest.approx(100.0, abs=1e-9)


def test_notional_is_the_value_of_the_units_in_account_currency() -> None:
    assert money.notional(100_000.0, 150.0, 1 / 150) == pytest.approx(100_000.0)


def test_commission_is_a_fraction_of_notional_and_an_amount_per_lot() -> None:
    # 2 lots of EURUSD at 1.10: 0.5 bps of 220,000 = 11, and 2 * 3.50 = 7.
    both = money.commission_of(2.0, 100_000.0, 1.10, 1.0, 0.00005, 3.5)
    assert both == pytest.approx(18.0, abs=1e-9)
    assert money.commission_of(2.0, 100_000.0, 1.10, 1.0, 0.0, 3.5) == 7.0
    # The fraction is of the notional in account currency: 1 lot of USDJPY is 100,000 dollars.
    yen = money.commission_of(1.0, 100_000.0, 150.0, 1 / 150, 0.00005, 0.0)
    assert yen == pytest.approx(5.0, abs=1e-9)


def test_a_position_pays_the_annual_rate_by_the_night() -> None:
    # 3 % a year on 110,000 dollars: 110,000 * 0.03 / 360 = 9.1667 a night, 27.50 on Wednesday.
    one = money.swap_by_rate(1, -0.03, 360.0, 100_000.0, 1.10, 1.0)
    assert one == pytest.approx(-9.166667, abs=1e-6)
    assert money.swap_by_rate(3, -0.03, 360.0, 100_000.0, 1.10, 1.0) == pytest.approx(-27.5)


def test_crypto_finances_on_a_year_of_365_days() -> None:
    # 20 % a year on 73,000 dollars: 40 a day, 280 a week.
    assert money.swap_by_rate(7, -0.20, 365.0, 1.0, 73_000.0, 1.0) == pytest.approx(-280.0)


def test_a_swap_may_be_a_credit() -> None:
    # Short EURJPY, 1 % received on 100,000 euros of 160 yen, 150 yen a dollar.
    credit = money.swap_by_rate(1, 0.01, 360.0, 100_000.0, 160.0, 1 / 150)
    assert credit == pytest.approx(2.962963, abs=1e-6)


def test_a_swap_in_points_counts_points_of_price_per_unit() -> None:
    # -6.5 points of 0.00001 on 100,000 units: 6.50 dollars a night, 19.50 on Wednesday.
    assert money.swap_by_points(1, -6.5, 0.00001, 100_000.0, 1.0) == pytest.approx(-6.5)
    assert money.swap_by_points(3, -6.5, 0.00001, 100_000.0, 1.0) == pytest.approx(-19.5)
    # 8 points of 0.001 yen on 100,000 USDJPY for three nights: 2,400 yen, 16 dollars at 150.
    assert money.swap_by_points(3, 8.0, 0.001, 100_000.0, 1 / 150) == pytest.approx(16.0)


def test_wednesday_counts_three_nights_for_fx_and_the_weekend_none() -> None:
    assert [money.night_weight(d, 2, False) for d in range(7)] == [1, 1, 3, 1, 1, 0, 0]


def test_friday_counts_three_nights_for_indices() -> None:
    assert [money.night_weight(d, 4, False) for d in range(7)] == [1, 1, 1, 1, 3, 0, 0]


def test_crypto_counts_every_night_once_whatever_its_triple_day() -> None:
    assert [money.night_weight(d, 2, True) for d in range(7)] == [1] * 7


def test_a_week_without_triple_day_has_five_nights() -> None:
    assert sum(money.night_weight(d, -1, False) for d in range(7)) == 5


def test_the_terms_of_a_day_add_up_to_the_change_of_open_profit() -> None:
    """Long 1,000 from mark to mark: bid 100 to 101, spread 0.5 to 1.0, rate 0.8 to 0.9.

    Bought before at 99 (exit side): open profit 1,000 * 1 * 0.8 = 800, then 1,000 * 2 * 0.9 =
    1,800: a change of 1,000. By terms: mid 100.25 to 101.5 earns 1,125; the half-spread widens
    from 0.25 to 0.5 and costs 225; the open 1,000 of quote currency gain 0.1 each: 100.
    """
    price = money.price_term(1, 101.5, 100.25, 1000.0, 0.9)
    spread = money.spread_term(0.5, 0.25, 0.0, 1000.0, 0.9)
    translation = money.translation_term(1000.0, 0.9, 0.8)
    assert price == pytest.approx(1125.0)
    assert spread == pytest.approx(225.0)
    assert translation == pytest.approx(100.0)
    assert price - spread + translation == pytest.approx(1000.0)


def test_a_round_trip_pays_half_the_spread_at_each_fill() -> None:
    # 1,000 units, half-spreads 0.25 at the entry and 0.5 at the exit, rate 0.5.
    assert money.spread_term(0.5, 0.0, 0.25, 1000.0, 0.5) == 375.0


def test_slippage_is_paid_per_unit() -> None:
    assert money.slippage_term(0.25, 1000.0, 0.5) == 125.0
