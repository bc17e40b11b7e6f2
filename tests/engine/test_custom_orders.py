"""What a hand-written strategy may do, and what it is told."""

from __future__ import annotations

import backtrader as bt
import numpy as np
import pytest

from tests.engine.hands import by_hand, scripted
from tests.engine.single import LONG, decided, flat, numbers, only_trade, plan_one, reason
from tests.kit import plan_of, play_checked, unit

FLAT = [flat(1.1)] * 6
MARKET = bt.Order.Market


def long_bracket(strategy):
    strategy.buy_bracket(exectype=MARKET, stopprice=1.095, limitprice=1.1075)


# Enter, leave, move_stop --------------------------------------------------------------------


def test_enter_is_sized_and_filled_like_a_signal():
    rows = [flat(1.1), (1.101, 1.102, 1.1, 1.1005), (1.1, 1.109, 1.1, 1.1), flat(1.1)]
    instrument = unit(spread=(0.0002,), slippage=0.0001, commission_per_lot=3.0)
    by_script = play_checked(
        plan_of(
            scripted(
                rows,
                {0: lambda s: s.enter(1, 0.005, 0.0075, strength=0.5, max_bars=4)},
                instrument=instrument,
            )
        )
    )
    entry = {**LONG, "target": 0.0075, "strength": 0.5, "max_bars": 4}
    by_signal = play_checked(plan_one(rows, [entry], instrument=instrument))
    assert by_script.trades == by_signal.trades
    assert np.array_equal(by_script.equity, by_signal.equity)
    assert by_script.decisions == by_signal.decisions


def test_a_short_without_a_target_runs_to_its_time_exit():
    script = {0: lambda s: s.enter(-1, 0.005, max_bars=2)}
    trade = only_trade(play_checked(plan_of(scripted(FLAT, script))))
    assert (trade.side, reason(trade), trade.exit_bar) == (-1, "time", 3)


def test_leave_and_close_queue_an_exit_and_do_nothing_without_a_position():
    for way_out in (lambda s: s.leave(), lambda s: s.close()):
        script = {0: way_out, 1: lambda s: s.enter(1, 0.005), 3: way_out}
        trade = only_trade(play_checked(plan_of(scripted(FLAT, script))))
        assert (reason(trade), trade.exit_bar) == ("signal", 4)


def test_move_stop_is_live_from_the_next_bar():
    rows = [flat(1.1), flat(1.1), (1.1, 1.103, 1.099, 1.103), (1.103, 1.103, 1.1, 1.102),
            flat(1.102)]  # fmt: skip
    script = {0: lambda s: s.enter(1, 0.005), 2: lambda s: s.move_stop(1.101)}
    trade = only_trade(play_checked(plan_of(scripted(rows, script))))
    assert (trade.exit_bar, trade.exit_price) == (3, 1.101)  # bar 2's own low lies below it
    assert trade.stop_price == pytest.approx(1.095)


def test_an_entry_in_a_position_is_counted_and_its_bracket_rejected():
    log = []
    script = {0: lambda s: s.enter(1, 0.005), 2: long_bracket}
    played = play_checked(plan_of(scripted(FLAT, script, log)))
    assert len(played.trades) == 1
    assert played.in_position.tolist() == [1]
    assert [entry for entry in log if entry[2] == "Rejected"] == [
        (3, "Entry", "Rejected"),
        (3, "Stop", "Rejected"),
        (3, "Limit", "Rejected"),
    ]


def test_a_strategy_sees_the_account_as_it_stands_after_the_bar():
    seen = []
    rows = [flat(1.1), (1.1, 1.102, 1.1, 1.102), flat(1.102)]

    def look(s):
        broker = s.broker
        notional = broker.getvalue([s.data])
        seen.append((s.position.size, broker.getvalue(), broker.getcash(), notional))

    script = {0: lambda s: (look(s), s.enter(1, 0.005)), 1: look, 2: look}
    play_checked(plan_of(scripted(rows, script)))
    used = 200_000 * 1.102 / 30
    assert seen == [
        (0, 100_000.0, 100_000.0, 0.0),
        (
            pytest.approx(200_000),
            pytest.approx(100_400.0),
            pytest.approx(100_400.0 - used),
            pytest.approx(220_400.0),
        ),
        (0, pytest.approx(100_400.0), pytest.approx(100_400.0), 0.0),  # data end
    ]


def test_a_strategy_sees_quoted_prices_and_exact_times():
    seen = []
    rows = [(1.1, 1.13, 1.07, 1.12), flat(1.1)]

    def look(s):
        d = s.data
        seen.append((d.open[0], d.high[0], d.low[0], d.close[0], d.datetime.datetime(0)))

    instrument = unit(quote_side="mid", spread=(0.01,))
    play_checked(plan_of(scripted(rows, {0: look}, instrument=instrument)))
    assert [x[:4] for x in seen] == [(1.1, 1.13, 1.07, 1.12)]
    assert seen[0][4].isoformat() == "2025-01-15T00:00:00"


def test_every_five_minutes_of_a_day_are_told_to_the_second():
    seen = []
    script = dict.fromkeys(range(300), lambda s: seen.append(s.data.datetime.datetime(0)))
    play_checked(plan_of(scripted([flat(1.1)] * 300, script)))
    start = np.datetime64("2025-01-15T00:00:00")
    assert [np.datetime64(t) for t in seen] == [start + 300 * i for i in range(300)]


# Brackets -----------------------------------------------------------------------------------


def test_a_market_bracket_becomes_distances_from_the_close():
    # close 1.1000, stop 1.0950, limit 1.1075; the next open is 1.1010 and levels hang from there
    rows = [flat(1.1), flat(1.101), flat(1.101)]
    trade = only_trade(play_checked(plan_of(scripted(rows, {0: long_bracket}))))
    assert trade.lots == pytest.approx(2.0)
    assert trade.stop_price == pytest.approx(1.096)
    assert trade.target_price == pytest.approx(1.1085)


def test_a_short_bracket_without_a_limit_has_no_target():
    script = {0: lambda s: s.sell_bracket(exectype=MARKET, stopprice=1.105)}
    trade = only_trade(play_checked(plan_of(scripted(FLAT, script))))
    assert trade.side == -1
    assert trade.stop_price == pytest.approx(1.105)
    assert np.isnan(trade.target_price)


def test_a_bracket_may_be_put_together_leg_by_leg():
    def legs(s):
        parent = s.buy(transmit=False)
        s.sell(parent=parent, exectype=bt.Order.Stop, price=1.095, transmit=False)
        s.sell(parent=parent, exectype=bt.Order.Limit, price=1.1075)

    trade = only_trade(play_checked(plan_of(scripted(FLAT, {0: legs}))))
    assert trade.target_price == pytest.approx(1.1075)


def test_a_bracket_with_its_stop_on_the_wrong_side_has_no_valid_stop():
    log = []
    script = {0: lambda s: s.buy_bracket(exectype=MARKET, stopprice=1.105, limitprice=1.11)}
    played = play_checked(plan_of(scripted(FLAT, script, log)))
    assert decided(played) == [(0, "E", 0, "blocked_no_stop")]
    assert {status for _, _, status in log} == {"Submitted", "Rejected"}


# What it is told ----------------------------------------------------------------------------


def test_a_bracket_that_is_stopped_tells_its_whole_story():
    log = []
    rows = [flat(1.1), flat(1.1), flat(1.1), (1.1, 1.1, 1.09, 1.09), flat(1.09)]
    play_checked(plan_of(scripted(rows, {0: long_bracket}, log)))
    assert log == [
        (1, "Entry", "Submitted"),
        (1, "Entry", "Accepted"),
        (1, "Stop", "Submitted"),
        (1, "Stop", "Accepted"),
        (1, "Limit", "Submitted"),
        (1, "Limit", "Accepted"),
        (1, "Entry", "Completed"),
        (1, "Trade", "Open"),
        (3, "Stop", "Completed"),
        (3, "Limit", "Canceled"),
        (3, "Trade", "Closed"),
    ]


def test_an_entry_and_its_target_on_one_bar_are_told_in_order():
    log = []
    rows = [flat(1.1), (1.1, 1.108, 1.1, 1.1), flat(1.1)]
    play_checked(plan_of(scripted(rows, {0: lambda s: s.enter(1, 0.005, 0.0075)}, log)))
    assert [(kind, status) for bar, kind, status in log if bar == 1][6:] == [
        ("Entry", "Completed"),
        ("Limit", "Completed"),
        ("Stop", "Canceled"),
        ("Trade", "Open"),
        ("Trade", "Closed"),
    ]


def test_a_market_exit_is_told_as_an_order_of_its_own():
    log = []
    script = {0: lambda s: s.enter(1, 0.005), 2: lambda s: s.leave()}
    play_checked(plan_of(scripted(FLAT, script, log)))
    assert [entry for entry in log if entry[0] == 3] == [
        (3, "Exit", "Submitted"),
        (3, "Exit", "Accepted"),
        (3, "Exit", "Completed"),
        (3, "Stop", "Canceled"),
        (3, "Trade", "Closed"),
    ]


def test_an_expired_entry_is_told_at_the_bar_that_came_too_late():
    log = []
    play_checked(plan_of(scripted(FLAT[:3], {0: long_bracket}, log, labels=[0, 100, 101])))
    assert [entry for entry in log if entry[2] == "Canceled"] == [
        (1, "Entry", "Canceled"),
        (1, "Stop", "Canceled"),
        (1, "Limit", "Canceled"),
    ]


def test_an_entry_without_margin_is_told_so():
    log = []
    play_checked(
        plan_of(
            scripted(
                [flat(1.0)] * 3,
                {0: lambda s: s.enter(1, 0.001)},
                log,
                instrument=unit(margin_rate=1.0),
            ),
            capital=10_000.0,
            reject_short_margin=True,
        )
    )
    assert (1, "Entry", "Margin") in log
    assert (1, "Stop", "Canceled") in log


def test_a_bracket_refused_by_the_size_chain_is_rejected_at_the_next_bar():
    log = []
    played = play_checked(plan_of(scripted(FLAT, {1: long_bracket}, log), capital=100.0))
    assert numbers(played, "min_lot") == [(pytest.approx(0.002), 0.0)]
    assert log == [
        (2, kind, status)
        for kind in ("Entry", "Stop", "Limit")
        for status in ("Submitted", "Rejected")
    ]


def test_a_margin_cut_is_told_with_the_size_that_was_filled():
    orders, trades = [], []
    plan = by_hand(
        [flat(1.0)] * 4,
        "Orders",
        instrument=unit(margin_rate=1.0),
        script={0: lambda s: s.enter(1, 0.001, 0.01)},
        orders=orders,
        trades=trades,
    )
    play_checked(plan_of(plan, capital=10_000.0))
    filled = [o for o in orders if o.status == o.Completed]
    assert filled[0].executed.size == pytest.approx(10_000)  # 0.1 of the 1.0 lots asked for
    assert filled[0].executed.remsize == 0
    assert [t.size for t in trades] == [pytest.approx(10_000), 0]


def test_a_trade_is_told_in_account_currency_gross_of_swap_and_net_of_commission():
    # 3.00 lots of USDJPY at 150, +0.2 yen at 0.0068: 408 dollars, less 2 * 9 of commission
    trades = []
    rows = [flat(150.0), flat(150.0), flat(150.2), flat(150.2), flat(150.2)]
    plan = by_hand(
        rows,
        "Orders",
        instrument=unit("USDJPY", commission_per_lot=3.0, swap_long=-0.05),
        rate=np.array([0.00665, 0.0067, 0.0067, 0.0068, 0.0069]),
        labels=[262, 263, 264, 265, 266],  # Wednesday's rollover lies before bar 2
        script={0: lambda s: s.enter(1, 0.5), 2: lambda s: s.leave()},
        orders=[],
        trades=trades,
    )
    played = play_checked(plan_of(plan))
    trade = only_trade(played)
    assert trade.swap == pytest.approx(3 * -0.05 / 360 * 300_000 * 150.0 * 0.0067)
    assert trades[-1].pnl == pytest.approx(0.2 * 300_000 * 0.0068)
    assert trades[-1].commission == pytest.approx(18.0)
    assert trades[-1].pnlcomm == pytest.approx(trade.net_pnl - trade.swap)
