"""What a position costs and earns: size, margin, swap, commission, conversion, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lockstep.core.result import LEDGER_TERMS
from tests.engine.single import (
    LONG,
    SHORT,
    decided,
    flat,
    numbers,
    only_trade,
    plan_one,
    play_one,
    reason,
)
from tests.kit import NAN, play_checked, unit

FLAT = [flat(1.1)] * 4
#: The bar whose label is Wednesday 2025-01-15 22:00 UTC: 17:00 in New York.
ROLLOVER = 264


def close_to(value: float) -> object:
    return pytest.approx(value, rel=1e-11, abs=1e-8)


# Size ---------------------------------------------------------------------------------------


def test_without_a_signal_equity_is_flat_to_the_last_bit():
    wild = [(1.1, 1.3, 0.9, 1.0), (1.0, 2.0, 0.5, 1.7), flat(1.1), flat(0.2)]
    costly = unit(spread=(0.1,), swap_long=-1.0, commission_per_lot=50.0)
    played = play_one(wild, [], instrument=costly, labels=[0, 1, 264, 265])
    assert played.trades == played.decisions == []
    assert np.all(played.equity == 100_000.0)
    assert not played.terms.any()
    assert np.isnan(played.margin_level).all()


def test_lots_are_floored_to_their_step():
    # 1,000 / (0.0047 * 100,000) = 2.1276...
    assert only_trade(play_one(FLAT, [{**LONG, "stop": 0.0047}])).lots == close_to(2.12)
    tenths = unit(lot_step=0.1, min_lot=0.1)
    trade = only_trade(play_one(FLAT, [{**LONG, "stop": 0.0047}], instrument=tenths))
    assert trade.lots == close_to(2.1)
    assert trade.risk_asked == close_to(1000.0)
    assert trade.risk_amount == close_to(2.1 * 470)


def test_below_the_minimum_lot_nothing_is_traded_and_the_number_is_kept():
    # 1 % of 100 is 1; a lot risks 500
    played = play_one(FLAT, capital=100.0)
    assert played.trades == []
    assert decided(played) == [(0, "E", 0, "min_lot")]
    assert numbers(played, "min_lot") == [(close_to(0.002), 0.0)]


def test_the_leverage_cap_cuts_a_tight_stop():
    # asked: 1,000 / (0.0001 * 100,000) = 100 lots; cap: 10 * 100,000 / (100,000 * 1.1) = 9.0909
    trade_run = play_one(FLAT, [{**LONG, "stop": 0.0001}])
    assert only_trade(trade_run).lots == close_to(9.09)
    assert numbers(trade_run, "leverage_cap") == [(close_to(100.0), close_to(100 / 11))]


def test_the_largest_lot_of_an_instrument_cuts_too():
    played = play_one(FLAT, instrument=unit(max_lot=1.5))
    assert only_trade(played).lots == close_to(1.5)
    assert numbers(played, "max_lot") == [(close_to(2.0), 1.5)]


@pytest.mark.parametrize("stop", [NAN, 0.0, -0.001, float("inf")])
def test_a_signal_without_a_valid_stop_is_not_traded(stop):
    played = play_one(FLAT, [{**LONG, "stop": stop}])
    assert played.trades == []
    assert decided(played) == [(0, "E", 0, "blocked_no_stop")]


def test_an_entry_whose_conversion_rate_is_not_known_yet_is_refused():
    rate = np.array([NAN, 1.25, 1.25, 1.25])
    played = play_one(FLAT, [LONG, {**LONG, "bar": 1}], rate=rate)
    assert decided(played) == [(0, "E", 0, "blocked_no_rate")]
    assert only_trade(played).signal_bar == 1
    assert np.isfinite(played.equity).all()


# Margin -------------------------------------------------------------------------------------

#: One lot of 100,000 at 1.0, paid in full: 10,000 buy a tenth of what 1 % of risk asks for.
PAID_IN_FULL = {"capital": 10_000.0}
TIGHT = {"stop": 0.001, "bar": 0}
AT_ONE = [flat(1.0)] * 4


@pytest.mark.parametrize("side", [1, -1])
def test_short_margin_cuts_longs_and_shorts_alike(side):
    played = play_one(
        AT_ONE, [{**TIGHT, "side": side}], instrument=unit(margin_rate=1.0), **PAID_IN_FULL
    )
    assert only_trade(played).lots == close_to(0.1)
    assert decided(played) == [(1, "B", 0, "margin_cut")]
    assert numbers(played, "margin_cut") == [(close_to(1.0), close_to(0.1))]
    assert played.used_margin[1] == close_to(10_000.0)
    assert played.margin_level[1] == close_to(1.0)


def test_short_margin_rejects_if_configured():
    played = play_one(
        AT_ONE,
        [TIGHT],
        instrument=unit(margin_rate=1.0),
        reject_short_margin=True,
        **PAID_IN_FULL,
    )
    assert played.trades == []
    assert numbers(played, "no_margin") == [(close_to(1.0), close_to(0.1))]


def test_free_margin_below_the_minimum_lot_refuses_even_where_it_would_cut():
    instrument = unit(margin_rate=1.0, min_lot=0.2)
    played = play_one(AT_ONE, [TIGHT], instrument=instrument, **PAID_IN_FULL)
    assert played.trades == []
    assert decided(played) == [(1, "B", 0, "no_margin")]


def test_one_lot_costs_its_margin_its_spread_and_its_commission():
    # per lot: 100,000 * (1.0005 mid * 1.0 + 0.0010 loss at once) + 50 = 100,200;
    # 10,000 / 100,200 = 0.0998 -> 0.09 lots
    instrument = unit(margin_rate=1.0, spread=(0.001,), commission_per_lot=50.0)
    played = play_one(AT_ONE, [{**TIGHT, "stop": 0.002}], instrument=instrument, **PAID_IN_FULL)
    assert only_trade(played).lots == close_to(0.09)
    free = played.equity[1, 0] - played.used_margin[1]
    assert free == close_to(10_000.0 - 0.09 * 100_200)


# Stop-out -----------------------------------------------------------------------------------

#: 0.5 lots at 1.0 with 10,000: the stop is out of reach, the margin is not.
HEAVY = {"capital": 10_000.0, "risk_fraction": 1.0}
WIDE = {"bar": 0, "side": 1, "stop": 0.2}


def test_a_margin_level_below_one_half_closes_the_position_at_the_closing_quote():
    # close 0.8120: equity 10,000 - 9,400 = 600; used 50,000 * 0.812 / 30 = 1,353.33
    rows = [flat(1.0), flat(1.0), (1.0, 1.0, 0.811, 0.812), flat(0.9)]
    played = play_one(rows, [WIDE, {**WIDE, "bar": 2}], instrument=unit(slippage=0.001), **HEAVY)
    trade = only_trade(played)
    assert (reason(trade), trade.exit_bar, trade.bars_held) == ("stop_out", 2, 2)
    assert trade.entry_price == close_to(1.001)
    assert trade.exit_price == close_to(0.811)
    assert decided(played) == [(2, "D", 0, "stop_out"), (2, "E", 0, "blocked_stop_out")]
    before, after = numbers(played, "stop_out")[0]
    assert before == close_to((10_000 - 50_000 * (1.001 - 0.812)) / (50_000 * 0.812 / 30))
    assert np.isnan(after)


def test_a_margin_level_of_one_half_and_more_is_left_alone():
    # at 0.8136: equity 680, half of the margin used 678
    rows = [flat(1.0), flat(1.0), (1.0, 1.0, 0.8136, 0.8136), flat(0.9)]
    assert reason(only_trade(play_one(rows, [WIDE], **HEAVY))) == "data_end"
    rows[2] = (1.0, 1.0, 0.8134, 0.8134)  # equity 670, half of the margin used 677.8
    assert reason(only_trade(play_one(rows, [WIDE], **HEAVY))) == "stop_out"


@pytest.mark.parametrize("pooled", [True, False])
def test_a_gap_beyond_the_account_is_the_brokers_loss_and_ends_trading(pooled):
    # 0.5 lots long at 1.0, next open 0.75: -12,500 on 10,000
    rows = [flat(1.0), flat(1.0), flat(0.75), flat(0.75), flat(0.75)]
    played = play_one(rows, [WIDE, {**WIDE, "bar": 2}, {**WIDE, "bar": 3}], pooled=pooled, **HEAVY)
    trade = only_trade(played)
    assert (reason(trade), trade.net_pnl) == ("gap_stop", close_to(-12_500.0))
    assert decided(played) == [
        (2, "D", -1 if pooled else 0, "broker_loss"),
        (2, "E", 0, "blocked_ruined"),
        (3, "E", 0, "blocked_ruined"),
    ]
    assert numbers(played, "broker_loss") == [(close_to(-2_500.0), 0.0)]
    assert played.equity[-1].sum() + played.reserve[-1] == close_to(0.0)
    assert played.terms[:, :, LEDGER_TERMS.index("broker_loss")].sum() == close_to(2_500.0)


# Swap ---------------------------------------------------------------------------------------


def test_wednesdays_rollover_books_three_nights_at_the_previous_mid_close():
    # 3 nights * -3.6 % / 360 * 200,000 units * mid 1.1001 of the bar before
    instrument = unit(swap_long=-0.036, swap_short=0.018, spread=(0.0002,))
    rows = [flat(1.1), flat(1.1), flat(1.103), flat(1.103)]
    labels = [ROLLOVER - 2, ROLLOVER - 1, ROLLOVER, ROLLOVER + 1]
    long = only_trade(play_one(rows, [LONG], instrument=instrument, labels=labels))
    assert long.swap == close_to(3 * -0.036 / 360 * 200_000 * 1.1001)
    short = only_trade(play_one(rows, [SHORT], instrument=instrument, labels=labels))
    assert short.swap == close_to(3 * 0.018 / 360 * 200_000 * 1.1001)


def test_a_position_opened_at_the_rollovers_own_bar_pays_nothing():
    instrument = unit(swap_long=-0.036)
    labels = [ROLLOVER - 1, ROLLOVER, ROLLOVER + 1, ROLLOVER + 2]
    assert only_trade(play_one(FLAT, instrument=instrument, labels=labels)).swap == 0.0


def test_a_position_that_leaves_at_the_rollovers_open_has_held_the_night():
    instrument = unit(swap_long=-0.036)
    labels = [ROLLOVER - 2, ROLLOVER - 1, ROLLOVER, ROLLOVER + 1]
    trade = only_trade(
        play_one(FLAT, [{**LONG, "max_bars": 1}], instrument=instrument, labels=labels)
    )
    assert (trade.exit_bar, reason(trade)) == (2, "time")
    assert trade.swap == close_to(-66.0)


def test_swap_in_points():
    # 3 nights * -7.5 points * 0.00001 * 200,000 units, at the rate before the rollover
    instrument = unit(swap_unit="points", swap_long=-7.5)
    labels = [ROLLOVER - 2, ROLLOVER - 1, ROLLOVER, ROLLOVER + 1]
    trade = only_trade(play_one(FLAT, instrument=instrument, labels=labels))
    assert trade.swap == close_to(-45.0)


def test_a_market_that_never_shuts_pays_each_of_the_seven_nights_once():
    # Wednesday 00:00 to the Wednesday after: seven rollovers, held through all of them
    instrument = unit("BTCUSD", asset_class="crypto", swap_long=-0.0365, swap_basis=365.0,
                      always_open=True, triple_day=-1)  # fmt: skip
    labels = [0, 1, 7 * 288, 7 * 288 + 1]
    trade = only_trade(play_one(FLAT, instrument=instrument, labels=labels))
    assert trade.swap == close_to(7 * -0.0365 / 365 * 200_000 * 1.1)


# Commission ---------------------------------------------------------------------------------


def test_commission_is_charged_at_each_fill_on_its_own_notional():
    # 2 lots: 0.002 % of 220,000 + 7 = 11.40 in, 0.002 % of 219,000 + 7 = 11.38 out
    instrument = unit(commission_rate=0.00002, commission_per_lot=3.5)
    played = play_one([flat(1.1), flat(1.1), (1.1, 1.1, 1.09, 1.1), flat(1.1)],
                      instrument=instrument)  # fmt: skip
    assert only_trade(played).commission == close_to(22.78)
    assert played.equity[1, 0] == close_to(100_000 - 11.40)
    assert only_trade(played).net_pnl == close_to(-1_022.78)


# Conversion ---------------------------------------------------------------------------------

OPEN_RATES = np.array([0.0066, 0.0067, 0.0068, 0.0069])
CLOSE_RATES = np.array([0.00665, 0.00675, 0.00685, 0.00695])
YEN = unit("USDJPY")


def test_each_moment_converts_at_the_rate_it_knew():
    # sized at the decision's close: 1,000 / (0.5 * 100,000 * 0.00665) = 3.0075 -> 3.00 lots
    rows = [flat(150.0), (150.0, 150.2, 150.0, 150.2), (150.2, 150.2, 149.4, 150.0), flat(150.0)]
    played = play_one(
        rows, [{**LONG, "stop": 0.5}], instrument=YEN, rate=OPEN_RATES, rate_close=CLOSE_RATES
    )
    trade = only_trade(played)
    assert trade.lots == close_to(3.0)
    assert trade.rate_entry == 0.0067  # the fill: before its bar
    assert trade.risk_amount == close_to(0.5 * 300_000 * 0.0067)
    assert played.equity[1, 0] == close_to(100_000 + 0.2 * 300_000 * 0.00675)  # the mark
    assert played.used_margin[1] == close_to(300_000 * 150.2 * 0.00675 / 30)
    assert trade.rate_exit == 0.0068  # a stop inside bar 2: the rate before it
    assert trade.net_pnl == close_to(-0.5 * 300_000 * 0.0068)


def test_the_data_end_converts_at_its_close():
    rows = [flat(150.0), flat(150.0), flat(150.0), (150.0, 150.1, 150.0, 150.1)]
    trade = only_trade(
        play_one(rows, [{**LONG, "stop": 0.5}], instrument=YEN, rate=OPEN_RATES,
                 rate_close=CLOSE_RATES)
    )  # fmt: skip
    assert trade.rate_exit == 0.00695
    assert trade.net_pnl == close_to(0.1 * 300_000 * 0.00695)


def test_a_new_rate_translates_the_open_profit_of_the_day_before():
    # day 1 ends with +0.4 yen * 300,000 = 120,000 yen; on day 2 the rate goes 0.00675 -> 0.00685
    rows = [flat(150.0), (150.0, 150.4, 150.0, 150.4), flat(150.4), flat(150.4)]
    labels = [ROLLOVER - 2, ROLLOVER - 1, ROLLOVER, ROLLOVER + 1]
    rate, rate_close = np.array([0.0067] * 4), np.array([0.00665, 0.00675, 0.00685, 0.00685])
    played = play_one(
        rows, [{**LONG, "stop": 0.5}], instrument=YEN, rate=rate, rate_close=rate_close,
        labels=labels,
    )  # fmt: skip
    translation = played.terms[:, 0, LEDGER_TERMS.index("translation")]
    assert translation == pytest.approx([0.0, 120_000 * 0.0001])
    price = played.terms[:, 0, LEDGER_TERMS.index("price_pnl")]
    assert price == pytest.approx([120_000 * 0.00675, 0.0])


def test_a_trade_quoted_in_pounds_adds_up_by_hand():
    """Every column of a EURGBP trade, from first principles.

    Sized at 1.2500: 1,000 / (0.0040 * 100,000 * 1.25) = 2.00 lots. Bid opens at 0.8500: ask
    0.8502, filled at 0.8503. Wednesday's rollover takes 3 nights. Stop at 0.8463, touched inside
    bar 3, filled at 0.8462; mid there is 0.8463 + 0.0001. Entry mid 0.8501.
    """
    instrument = unit("EURGBP", spread=(0.0002,), slippage=0.0001, commission_per_lot=3.0,
                      swap_long=-0.036)  # fmt: skip
    rows = [flat(0.85), flat(0.85), flat(0.852), (0.852, 0.852, 0.846, 0.847), flat(0.847)]
    labels = [ROLLOVER - 2, ROLLOVER - 1, ROLLOVER, ROLLOVER + 1, ROLLOVER + 2]
    played = play_checked(
        plan_one(
            rows,
            [{**LONG, "stop": 0.004}],
            instrument=instrument,
            rate=np.array([1.25, 1.26, 1.27, 1.28, 1.28]),
            rate_close=np.array([1.25, 1.265, 1.275, 1.285, 1.285]),
            labels=labels,
        )
    )
    trade, units = only_trade(played), 200_000
    assert trade.lots == close_to(2.0)
    assert trade.entry_price == close_to(0.8503)
    assert trade.exit_price == close_to(0.8462)
    assert (trade.rate_entry, trade.rate_exit) == (1.26, 1.28)
    assert trade.gross_pnl == close_to((0.8464 - 0.8501) * units * 1.28)
    assert trade.spread_cost == close_to(0.0002 * units * 1.28)
    assert trade.slippage_cost == close_to(0.0002 * units * 1.28)
    assert trade.commission == close_to(2 * 6.0)
    assert trade.swap == close_to(3 * -0.036 / 360 * units * 0.8501 * 1.27)
    fills = (0.8462 - 0.8503) * units * 1.28
    assert trade.net_pnl == close_to(fills - 12.0 + trade.swap)
    assert trade.risk_amount == close_to(0.004 * units * 1.26)
    # equity: after the entry, marked at bid 0.8500 and the close's rate; after the swap; after all
    after_entry = 100_000 - 6.0 + (0.85 - 0.8503) * units * 1.265
    after_swap = 100_000 - 6.0 + trade.swap + (0.852 - 0.8503) * units * 1.275
    assert played.equity[:, 0] == pytest.approx(
        [100_000.0, after_entry, after_swap, *[100_000 + trade.net_pnl] * 2], rel=1e-12
    )
