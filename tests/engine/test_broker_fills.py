"""Where one position is opened and closed, and at which price. Prices worked by hand."""

from __future__ import annotations

import math

import pytest

from lockstep.core.signals import EXIT_LONG, EXIT_SHORT
from tests.engine.single import LONG, SHORT, decided, flat, numbers, only_trade, play_one, reason
from tests.kit import unit

EXACT = 1e-12


def close_to(value: float) -> object:
    return pytest.approx(value, rel=EXACT, abs=1e-9)


# Entries ------------------------------------------------------------------------------------


def test_a_long_opens_at_the_ask_of_the_next_open_and_a_short_at_its_bid():
    rows = [flat(1.1), (1.101, 1.102, 1.1, 1.1005), flat(1.1005)]
    instrument = unit(spread=(0.0002,))
    long = only_trade(play_one(rows, [LONG], instrument=instrument))
    short = only_trade(play_one(rows, [SHORT], instrument=instrument))
    assert (long.signal_bar, long.entry_bar) == (0, 1)
    assert long.entry_price == close_to(1.1012)
    assert short.entry_price == close_to(1.1010)
    assert long.lots == short.lots == close_to(2.0)  # 1,000 / (0.005 * 100,000)


def test_levels_hang_from_the_fill_not_from_the_decision():
    rows = [flat(1.1), (1.103, 1.103, 1.103, 1.103), flat(1.103)]
    trade = only_trade(play_one(rows, [{**LONG, "target": 0.0075}]))
    assert trade.stop_price == close_to(1.098)
    assert trade.target_price == close_to(1.1105)


def test_a_signal_on_the_last_bar_finds_no_bar_to_fill_it():
    played = play_one([flat(1.1)] * 2, [{**LONG, "bar": 1}])
    assert played.trades == []
    assert decided(played) == [(1, "E", 0, "cancelled_data_end")]


def test_an_entry_lives_an_hour_beyond_the_expected_bar_and_then_expires():
    # decision on label 0, next bar expected at label 1, valid for 12 labels of 5 minutes more
    in_time = play_one([flat(1.1)] * 3, labels=[0, 13, 14])
    too_late = play_one([flat(1.1)] * 3, labels=[0, 14, 15])
    assert only_trade(in_time).entry_bar == 1
    assert too_late.trades == []
    assert decided(too_late) == [(1, "B", 0, "expired")]
    assert numbers(too_late, "expired")[0][0] == close_to(2.0)


def test_an_entry_whose_stop_would_lie_inside_the_spread_is_not_opened():
    # long fills at 1.1064 with its stop at 1.1014, beyond its own exit quote of 1.1000
    played = play_one([flat(1.1)] * 3, instrument=unit(spread=(0.0064,)))
    assert played.trades == []
    assert decided(played) == [(1, "B", 0, "stop_inside_spread")]


def test_a_stop_nearer_than_the_brokers_stops_level_is_not_opened():
    # exit quote 1.1000, stop 1.0950: 50 points of room
    assert play_one([flat(1.1)] * 3, instrument=unit(stops_level=0.0051)).trades == []
    assert len(play_one([flat(1.1)] * 3, instrument=unit(stops_level=0.0049)).trades) == 1


# Stops and targets --------------------------------------------------------------------------


def test_a_stop_touched_on_the_entry_bar_loses_exactly_the_risk():
    played = play_one([flat(1.1), (1.1, 1.101, 1.094, 1.0945), flat(1.0945)])
    trade = only_trade(played)
    assert (trade.entry_bar, trade.exit_bar, trade.bars_held) == (1, 1, 1)
    assert reason(trade) == "stop"
    assert trade.exit_price == trade.exit_level == close_to(1.095)
    assert trade.net_pnl == close_to(-1000.0)
    assert trade.risk_amount == close_to(1000.0)
    assert played.equity[-1, 0] == close_to(99_000.0)


def test_a_target_touched_on_the_entry_bar_earns_target_over_stop_times_the_risk():
    rows = [flat(1.1), (1.1, 1.108, 1.099, 1.105), flat(1.105)]
    trade = only_trade(play_one(rows, [{**LONG, "target": 0.0075}]))
    assert (reason(trade), trade.exit_bar) == ("target", 1)
    assert trade.exit_price == close_to(1.1075)
    assert trade.net_pnl == close_to(1500.0)


def test_a_level_touched_to_the_tick_counts():
    rows = [flat(1.0), (1.0, 1.0, 0.75, 0.875), flat(0.875)]  # binary fractions: 1 - 0.25 = 0.75
    trade = only_trade(play_one(rows, [{**LONG, "stop": 0.25}]))
    assert reason(trade) == "stop"


def test_a_stop_passed_by_a_gap_fills_at_the_opening_quote():
    played = play_one([flat(1.1), flat(1.1), (1.09, 1.1, 1.09, 1.1), flat(1.1)])
    trade = only_trade(played)
    assert (reason(trade), trade.exit_bar, trade.bars_held) == ("gap_stop", 2, 1)
    assert trade.exit_price == close_to(1.09)
    assert trade.exit_level == close_to(1.095)
    assert trade.net_pnl == close_to(-2000.0)


def test_a_target_passed_by_a_gap_fills_at_the_opening_quote_without_slippage():
    rows = [flat(1.1), flat(1.1), (1.11, 1.11, 1.1, 1.1), flat(1.1)]
    instrument = unit(slippage=0.0001)
    trade = only_trade(play_one(rows, [{**LONG, "target": 0.0075}], instrument=instrument))
    assert reason(trade) == "gap_target"
    assert trade.entry_price == close_to(1.1001)
    assert trade.exit_price == 1.11
    assert trade.exit_level == close_to(1.1076)
    assert trade.slippage_cost == close_to(0.0001 * 200_000)  # the entry's alone


@pytest.mark.parametrize(
    ("rule", "opening", "ends"),
    [
        ("stop_first", 1.1, "stop"),
        ("target_first", 1.1, "target"),
        ("nearest_to_open", 1.1, "stop"),  # stop 0.0050 away, target 0.0075
        ("nearest_to_open", 1.104, "target"),  # stop 0.0090 away, target 0.0035
    ],
)
def test_a_bar_that_touches_both_levels_is_read_by_the_configured_rule(rule, opening, ends):
    rows = [flat(1.1), flat(1.1), (opening, 1.108, 1.094, 1.1), flat(1.1)]
    trade = only_trade(play_one(rows, [{**LONG, "target": 0.0075}], ambiguous_bar=rule))
    assert reason(trade) == ends
    assert trade.ambiguous
    assert trade.interval == (close_to(-1000.0), close_to(1500.0))


def test_a_tie_to_the_open_is_a_stop():
    rows = [flat(1.0), flat(1.0), (1.0, 1.5, 0.5, 1.0), flat(1.0)]  # 0.25 to either level
    trade = only_trade(
        play_one(rows, [{**LONG, "stop": 0.25, "target": 0.25}], ambiguous_bar="nearest_to_open")
    )
    assert (reason(trade), trade.ambiguous) == ("stop", True)


def test_the_interval_of_an_ambiguous_exit_prices_slippage_and_commission_of_either_reading():
    # 2 lots long at 1.1001; stop 1.0951 less 0.0001 of slippage, target 1.1076 without any;
    # 0.1 % of notional a side: entry 220.02, stop exit 219.00, target exit 221.52
    rows = [flat(1.1), flat(1.1), (1.1, 1.108, 1.094, 1.1), flat(1.1)]
    instrument = unit(slippage=0.0001, commission_rate=0.001)
    for rule in ("stop_first", "target_first"):
        trade = only_trade(
            play_one(rows, [{**LONG, "target": 0.0075}], instrument=instrument, ambiguous_bar=rule)
        )
        stopped, reached = trade.interval
        assert stopped == close_to(200_000 * (1.0950 - 1.1001) - 220.02 - 219.00)
        assert reached == close_to(200_000 * (1.1076 - 1.1001) - 220.02 - 221.52)
        assert trade.net_pnl == close_to(stopped if rule == "stop_first" else reached)


def test_an_unambiguous_exit_has_no_interval():
    trade = only_trade(play_one([flat(1.1), (1.1, 1.1, 1.094, 1.1), flat(1.1)]))
    assert not trade.ambiguous
    assert trade.interval == (trade.net_pnl, trade.net_pnl)


def test_a_short_is_stopped_by_the_ask():
    # short at bid 1.1, stop 1.105; the bid never gets there, bid + 0.0010 does
    instrument = unit(spread=(0.001,))
    touched = [flat(1.1), flat(1.1), (1.1, 1.1041, 1.1, 1.102), flat(1.102)]
    missed = [flat(1.1), flat(1.1), (1.1, 1.1039, 1.1, 1.102), flat(1.102)]
    trade = only_trade(play_one(touched, [SHORT], instrument=instrument))
    assert (reason(trade), trade.exit_price) == ("stop", close_to(1.105))
    assert trade.net_pnl == close_to(-1000.0)
    assert reason(only_trade(play_one(missed, [SHORT], instrument=instrument))) == "data_end"


def test_a_short_reaches_its_target_by_the_ask():
    instrument = unit(spread=(0.001,))
    entry = {**SHORT, "target": 0.005}  # at 1.095
    reached = [flat(1.1), flat(1.1), (1.1, 1.1, 1.0939, 1.1), flat(1.1)]
    missed = [flat(1.1), flat(1.1), (1.1, 1.1, 1.0941, 1.1), flat(1.1)]
    trade = only_trade(play_one(reached, [entry], instrument=instrument))
    assert (reason(trade), trade.exit_price) == ("target", close_to(1.095))
    assert reason(only_trade(play_one(missed, [entry], instrument=instrument))) == "data_end"


def test_a_short_gaps_through_its_stop_by_the_opening_ask():
    instrument = unit(spread=(0.001,))
    rows = [flat(1.1), flat(1.1), (1.1042, 1.1042, 1.1, 1.1), flat(1.1)]
    trade = only_trade(play_one(rows, [SHORT], instrument=instrument))
    assert (reason(trade), trade.exit_price) == ("gap_stop", close_to(1.1052))


def test_slippage_worsens_entry_and_stop_and_never_the_target():
    instrument = unit(slippage=0.0003)
    entry = {**LONG, "target": 0.0075}
    stopped = only_trade(
        play_one([flat(1.1), flat(1.1), (1.1, 1.1, 1.095, 1.1), flat(1.1)], [entry],
                 instrument=instrument)
    )  # fmt: skip
    assert stopped.entry_price == close_to(1.1003)
    assert stopped.exit_level == close_to(1.0953)
    assert stopped.exit_price == close_to(1.0950)
    assert stopped.slippage_cost == close_to(0.0006 * 200_000)
    reached = only_trade(
        play_one([flat(1.1), flat(1.1), (1.1, 1.108, 1.1, 1.1), flat(1.1)], [entry],
                 instrument=instrument)
    )  # fmt: skip
    assert reached.exit_price == close_to(1.1078)
    assert reached.slippage_cost == close_to(0.0003 * 200_000)


def test_slippage_in_basis_points_is_measured_on_the_fill():
    # 5 bps of 1.1000 = 0.00055 at the entry; 5 bps of the stop, 1.09555, at the exit
    rows = [flat(1.1), flat(1.1), (1.1, 1.1, 1.09, 1.1), flat(1.1)]
    trade = only_trade(play_one(rows, instrument=unit(slippage_bps=5.0)))
    assert trade.entry_price == close_to(1.10055)
    assert trade.exit_price == close_to(1.09555 - 1.09555 * 0.0005)


# The stop that follows ----------------------------------------------------------------------


def test_a_trailing_stop_follows_the_best_bid_and_is_live_from_the_next_bar():
    # bar 1 reaches 1.1040: +0.0040 >= 0.0030, so from bar 2 the stop stands at 1.1020;
    # bar 1's own low of 1.1000 lies below it and does not count
    entry = {**LONG, "trail_trigger": 0.003, "trail_distance": 0.002}
    rows = [flat(1.1), (1.1, 1.104, 1.1, 1.103), (1.103, 1.1035, 1.1015, 1.103), flat(1.103)]
    trade = only_trade(play_one(rows, [entry]))
    assert (reason(trade), trade.exit_bar) == ("stop", 2)
    assert trade.exit_price == trade.exit_level == close_to(1.102)
    assert trade.stop_price == close_to(1.095)  # the first one: risk is measured by it
    assert trade.net_pnl == close_to(400.0)


def test_a_trailing_stop_never_loosens():
    entry = {**LONG, "trail_trigger": 0.003, "trail_distance": 0.002}
    rows = [flat(1.1), (1.1, 1.104, 1.1, 1.103), (1.103, 1.1031, 1.1025, 1.103),
            (1.103, 1.103, 1.1019, 1.102), flat(1.102)]  # fmt: skip
    trade = only_trade(play_one(rows, [entry]))
    assert (trade.exit_bar, trade.exit_price) == (3, close_to(1.102))


def test_a_trailing_stop_below_its_trigger_sleeps():
    entry = {**LONG, "trail_trigger": 0.003, "trail_distance": 0.002}
    rows = [flat(1.1), (1.1, 1.1029, 1.1, 1.1), (1.1, 1.1, 1.096, 1.1), flat(1.1)]
    assert reason(only_trade(play_one(rows, [entry]))) == "data_end"


def test_the_trailing_stop_of_a_short_follows_the_lowest_ask():
    # short at 1.1000, lowest ask 1.0950 + 0.0010 = 1.0960: stop at 1.0980, touched by the ask
    entry = {**SHORT, "trail_trigger": 0.003, "trail_distance": 0.002}
    rows = [flat(1.1), (1.1, 1.1, 1.095, 1.096), (1.096, 1.0971, 1.096, 1.096), flat(1.096)]
    trade = only_trade(play_one(rows, [entry], instrument=unit(spread=(0.001,))))
    assert (reason(trade), trade.exit_bar) == ("stop", 2)
    assert trade.exit_price == close_to(1.098)


def test_break_even_moves_the_stop_once_to_the_fill_and_its_offset():
    entry = {**LONG, "be_trigger": 0.003, "be_offset": 0.0005}
    rows = [flat(1.1), (1.1, 1.103, 1.1, 1.102), (1.102, 1.11, 1.1006, 1.102),
            (1.102, 1.102, 1.1, 1.101), flat(1.101)]  # fmt: skip
    trade = only_trade(play_one(rows, [entry]))
    assert (trade.exit_bar, trade.exit_price) == (3, close_to(1.1005))


def test_of_break_even_and_trailing_the_tighter_stop_holds():
    entry = {**LONG, "be_trigger": 0.002, "be_offset": 0.0, "trail_trigger": 0.002,
             "trail_distance": 0.001}  # fmt: skip
    rows = [flat(1.1), (1.1, 1.103, 1.1, 1.1025), (1.1025, 1.1025, 1.1, 1.1), flat(1.1)]
    assert only_trade(play_one(rows, [entry])).exit_price == close_to(1.102)


# Queued exits -------------------------------------------------------------------------------


def test_a_time_exit_is_queued_at_the_close_of_its_last_bar_the_entry_bar_counted():
    trade = only_trade(play_one([flat(1.1)] * 7, [{**LONG, "max_bars": 3}]))
    assert (trade.entry_bar, trade.exit_bar) == (1, 4)  # held over bars 1, 2 and 3
    assert trade.bars_held == 3
    assert reason(trade) == "time"
    assert math.isnan(trade.exit_level)


def test_shut_time_does_not_count_towards_the_time_exit():
    labels = [0, 1, 2, 700, 701, 702, 703]
    trade = only_trade(play_one([flat(1.1)] * 7, [{**LONG, "max_bars": 3}], labels=labels))
    assert trade.exit_bar == 4


def test_a_signal_closes_only_the_side_it_names():
    rows = [flat(1.1)] * 6
    trade = only_trade(play_one(rows, exits={2: EXIT_LONG}))
    assert (reason(trade), trade.exit_bar) == ("signal", 3)
    assert reason(only_trade(play_one(rows, exits={2: EXIT_SHORT}))) == "data_end"
    short = only_trade(play_one(rows, [SHORT], exits={2: EXIT_SHORT}))
    assert (reason(short), short.exit_bar) == ("signal", 3)


def test_a_market_exit_pays_spread_and_slippage():
    rows = [flat(1.1)] * 5
    instrument = unit(spread=(0.0002,), slippage=0.0001)
    trade = only_trade(play_one(rows, instrument=instrument, exits={2: EXIT_LONG}))
    assert trade.entry_price == close_to(1.1003)
    assert trade.exit_price == close_to(1.0999)
    assert trade.gross_pnl == close_to(0.0)
    assert trade.spread_cost == close_to(0.0002 * 200_000)
    assert trade.slippage_cost == close_to(0.0002 * 200_000)


def test_a_queued_exit_never_expires():
    trade = only_trade(play_one([flat(1.1)] * 4, exits={1: EXIT_LONG}, labels=[0, 1, 5000, 5001]))
    assert (reason(trade), trade.exit_bar) == ("signal", 2)


@pytest.mark.parametrize(
    ("opening", "ends"), [(1.09, "gap_stop"), (1.11, "gap_target"), (1.1, "signal")]
)
def test_levels_stay_alive_until_a_queued_exit_fills_and_go_before_it(opening, ends):
    rows = [flat(1.1), flat(1.1), flat(1.1), flat(opening), flat(opening)]
    entry = {**LONG, "target": 0.0075, "max_bars": 2}  # the time exit is queued with the signal's
    trade = only_trade(play_one(rows, [entry], exits={2: EXIT_LONG}))
    assert (reason(trade), trade.exit_bar) == (ends, 3)
    assert trade.exit_price == opening


def test_an_earlier_time_exit_and_a_later_signal_make_one_exit():
    trade = only_trade(play_one([flat(1.1)] * 5, [{**LONG, "max_bars": 1}], exits={1: EXIT_LONG}))
    assert (reason(trade), trade.exit_bar) == ("signal", 2)


# The end of the data ------------------------------------------------------------------------


def test_the_data_end_at_the_closing_quote_with_slippage_and_commission():
    instrument = unit(spread=(0.0002,), slippage=0.0001, commission_per_lot=3.0)
    rows = [flat(1.1), flat(1.1), (1.1, 1.103, 1.1, 1.102)]
    played = play_one(rows, instrument=instrument)
    trade = only_trade(played)
    assert (reason(trade), trade.exit_bar, trade.bars_held) == ("data_end", 2, 2)
    assert trade.exit_price == close_to(1.1019)  # bid 1.1020 less slippage
    assert trade.commission == close_to(2 * 2.0 * 3.0)
    # after the last mark at bid 1.1020: 20 of slippage and 6 of commission
    assert played.end_adjustment[0] == close_to(-26.0)


def test_the_data_end_of_a_short_is_at_the_ask():
    rows = [flat(1.1), flat(1.1), (1.1, 1.103, 1.1, 1.102)]
    trade = only_trade(play_one(rows, [SHORT], instrument=unit(spread=(0.0002,))))
    assert trade.exit_price == close_to(1.1022)


def test_an_entry_filled_on_the_last_bar_ends_there():
    played = play_one([flat(1.1), (1.1, 1.102, 1.1, 1.101)])
    trade = only_trade(played)
    assert (trade.entry_bar, trade.exit_bar, reason(trade)) == (1, 1, "data_end")
    assert trade.net_pnl == close_to(200.0)


# Re-entry -----------------------------------------------------------------------------------


def test_signals_in_a_position_or_with_an_entry_queued_are_counted_not_traded():
    # bar 0 queues; bars 1 and 2 hold; stopped inside bar 3, whose own close may enter again
    rows = [flat(1.1), flat(1.1), flat(1.1), (1.1, 1.1, 1.09, 1.09), flat(1.09), flat(1.09)]
    entries = [{**LONG, "bar": bar} for bar in range(5)]
    played = play_one(rows, entries)
    assert [(t.entry_bar, t.exit_bar) for t in played.trades] == [(1, 3), (4, 5)]
    assert played.in_position.tolist() == [3]  # bars 1, 2, and 4


@pytest.mark.parametrize(("cooldown", "entered"), [(0, [1, 3]), (1, [1, 4]), (2, [1, 5])])
def test_a_cool_down_blocks_decisions_from_the_exit_bar_on(cooldown, entered):
    rows = [flat(1.1), flat(1.1), (1.1, 1.1, 1.09, 1.09), *[flat(1.09)] * 5]
    entries = [{**LONG, "bar": bar} for bar in (0, 2, 3, 4)]
    played = play_one(rows, entries, cooldown_bars=cooldown)
    assert [t.entry_bar for t in played.trades] == entered
    blocked = [step for step, _, _, code in decided(played) if code == "blocked_cooldown"]
    assert blocked == [2, 3][:cooldown]
