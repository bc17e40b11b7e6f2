"""What the account refuses, in words that name the asset, the reason and the way out."""

from __future__ import annotations

import dataclasses

import backtrader as bt
import pytest

from lockstep.core.errors import AssetError, StrategyError
from lockstep.core.plan import CustomStrategy
from lockstep.engine.cerebro.player import load_strategy, play
from tests.engine.hands import by_hand, scripted
from tests.engine.single import LONG, flat, plan_one
from tests.kit import asset, make_bars, plan_of, play_checked, unit

FLAT = [flat(1.1)] * 6
MARKET = bt.Order.Market


def leg_without_end(s):
    s.buy(transmit=False)


def two_legged(s):
    parent = s.buy(transmit=False)
    s.sell(parent=parent, exectype=bt.Order.Stop, price=1.09, size=7)


def entry_twice(s):
    s.enter(1, 0.005)
    s.enter(-1, 0.005)


def loosen(s):
    if s.position.size:
        s.move_stop(1.09)


def cancel_stop(s):
    stop = next((o for o in s.broker.get_orders_open() if o.exectype == bt.Order.Stop), None)
    if stop is not None:
        s.cancel(stop)


REFUSED = {
    "buy": (lambda s: s.buy(), r"a plain buy\(\) or sell\(\) is not supported"),
    "sell": (lambda s: s.sell(size=1), r"a plain buy\(\) or sell\(\) is not supported"),
    "broker_buy": (
        lambda s: s.broker.buy(s, s.data, 1),
        "expected a market entry, one stop and at most one limit",
    ),
    "limit_bracket": (
        lambda s: s.buy_bracket(price=1.09, stopprice=1.08, limitprice=1.11),
        "buy_bracket without exectype=bt.Order.Market",
    ),
    "bracket_size": (
        lambda s: s.sell_bracket(exectype=MARKET, stopprice=1.2, limitprice=1.0, size=5),
        "sell_bracket with a size",
    ),
    "bracket_without_stop": (
        lambda s: s.buy_bracket(exectype=MARKET, limitprice=1.2),
        "buy_bracket without a stopprice",
    ),
    "bracket_trailing": (
        lambda s: s.buy_bracket(
            exectype=MARKET, stopprice=1.0, limitprice=1.2, stopexec=bt.Order.StopTrail
        ),
        "expected a market entry, one stop and at most one limit",
    ),
    "bracket_valid": (
        lambda s: s.buy_bracket(exectype=MARKET, stopprice=1.0, limitprice=1.2, valid=3),
        "an order with valid",
    ),
    "bracket_oco": (
        lambda s: s.buy(transmit=False, oco=object()),
        "an order with oco",
    ),
    "target_behind": (
        lambda s: s.buy_bracket(exectype=MARKET, stopprice=1.0, limitprice=1.05),
        "a target on the wrong side",
    ),
    "unfinished": (leg_without_end, "a bracket without a last leg"),
    "leg_size": (two_legged, "an order with a size"),
    "positional": (lambda s: s.buy(s.data, 5, transmit=False), "a positional size or price"),
    "target_size": (lambda s: s.order_target_size(target=1), r"order_target_size\(\)"),
    "target_value": (lambda s: s.order_target_value(target=1), "is not supported"),
    "target_percent": (lambda s: s.order_target_percent(target=0.1), "is not supported"),
    "setsizer": (lambda s: s.setsizer(bt.sizers.PercentSizer()), "a sizer is not supported"),
    "sizer": (lambda s: setattr(s, "sizer", bt.sizers.FixedSize(stake=3)), "a sizer"),
    "set_cash": (lambda s: s.broker.set_cash(1e6), "capital and weights are set in the config"),
    "setcash": (lambda s: s.broker.setcash(1e6), "capital and weights are set in the config"),
    "add_cash": (lambda s: s.broker.add_cash(1e6), "only when the portfolio rebalances"),
    "commission": (
        lambda s: s.broker.setcommission(commission=0.001),
        "costs belong to the instrument",
    ),
    "slippage": (lambda s: s.broker.set_slippage_perc(0.1), "costs belong to the instrument"),
    "coc": (lambda s: s.broker.set_coc(True), "cheat-on-close is not supported"),
    "history": (lambda s: s.broker.add_order_history([]), "add_order_history is not supported"),
    "fund": (lambda s: s.broker.set_fundmode(True), "there is no fund mode"),
    "runstop": (lambda s: s.env.runstop(), "runstop is not supported in lockstep"),
    "timer": (lambda s: s.add_timer(when=bt.timer.SESSION_END), "timers are not supported"),
    "close_size": (lambda s: s.close(size=1), "close: arguments are not supported"),
    "side": (lambda s: s.enter(2, 0.005), "side is 2; expected 1 .long. or -1 .short."),
    "target": (lambda s: s.enter(1, 0.005, -0.01), "target_distance is -0.01; expected"),
    "twice": (entry_twice, "two entries in one bar"),
    "loosen": (loosen, "move_stop to 1.09 would not tighten the stop at 1.095; expected a level"),
    "no_position": (lambda s: s.move_stop(1.2), "move_stop without an open position"),
    "cancel": (cancel_stop, r"tighten it with move_stop\(\) instead"),
}
IN_A_POSITION = ("loosen", "cancel")


@pytest.mark.parametrize("name", REFUSED)
def test_the_account_refuses_and_names_the_asset(name):
    act, words = REFUSED[name]
    script = {2: act}
    if name in IN_A_POSITION:
        script[0] = lambda s: s.enter(1, 0.005)
    with pytest.raises(AssetError, match=f"EURUSD: .*{words}"):
        play(plan_of(scripted(FLAT, script)))


# Errors of a strategy's own -----------------------------------------------------------------


def test_an_exception_in_next_names_the_asset_and_keeps_its_cause():
    plan = plan_of(
        asset(unit("AUDUSD"), make_bars("AUDUSD", FLAT), [LONG]),
        scripted(FLAT, {3: lambda s: 1 / 0}, instrument=unit("GBPUSD")),
    )
    with pytest.raises(
        AssetError, match="GBPUSD: its strategy failed with ZeroDivisionError"
    ) as caught:
        play(plan)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BreaksInInit", "its strategy failed with KeyError: 'colour'"),
        ("BreaksInIndicator", "its strategy failed with"),
        ("BreaksInStop", "its strategy failed with RuntimeError: at the end"),
        ("EntersTooEarly", "an entry before the first bar"),
        ("Skips", "its strategy skipped the run"),
        ("NeedsNext", "runonce and preload are needed in lockstep"),
        ("HasTimer", "timers are not supported in lockstep"),
    ],
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_whichever_of_three_assets_fails_is_the_one_named(name, words, position):
    symbols = ["AUDUSD", "EURUSD", "GBPUSD"]
    plans = [
        by_hand(FLAT, name, instrument=unit(symbol))
        if index == position
        else asset(unit(symbol), make_bars(symbol, FLAT), [LONG])
        for index, symbol in enumerate(symbols)
    ]
    with pytest.raises(AssetError, match=f"^{symbols[position]}: {words}"):
        play(plan_of(*plans))


def test_a_misspelt_parameter_is_not_ignored():
    with pytest.raises(StrategyError, match="no parameter 'colour'; expected one of script, log"):
        play(plan_of(by_hand(FLAT, "Scripted", colour="red")))


def test_a_parameter_whose_name_backtrader_needs_itself_is_refused():
    with pytest.raises(StrategyError, match="a parameter named 'strategy'; expected another name"):
        play(plan_of(by_hand(FLAT, "BadlyNamed", strategy=1)))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("tests.engine.hands:Nobody", "cannot be imported .*Nobody"),
        ("tests.engine.nowhere:Scripted", "cannot be imported .*nowhere"),
        ("tests.engine.hands:NotOurs", "does not derive from LockstepStrategy"),
        ("tests.engine.hands:by_hand", "does not derive from LockstepStrategy"),
    ],
)
def test_a_strategy_that_cannot_be_used_is_refused_before_the_run(path, words):
    with pytest.raises(StrategyError, match=words):
        load_strategy(CustomStrategy(path, {}))


def test_a_module_that_breaks_at_its_import_is_refused_by_name(tmp_path):
    (tmp_path / "hand_written_wrong.py").write_text("value = 1 +\n", encoding="utf-8")
    custom = CustomStrategy("hand_written_wrong:Mine", {}, folders=(str(tmp_path),))
    with pytest.raises(StrategyError, match=r"'hand_written_wrong:Mine' .*SyntaxError"):
        load_strategy(custom)


def test_a_strategy_may_live_in_a_folder_of_its_own(tmp_path):
    source = (
        "from lockstep.engine.cerebro.strategy import LockstepStrategy\n"
        "class Mine(LockstepStrategy):\n"
        "    def next(self):\n"
        "        if len(self) == 1:\n"
        "            self.enter(1, 0.005)\n"
    )
    (tmp_path / "hand_written_apart.py").write_text(source, encoding="utf-8")
    custom = CustomStrategy("hand_written_apart:Mine", {}, folders=(str(tmp_path),))
    plan = plan_of(dataclasses.replace(by_hand(FLAT), custom=custom))
    assert len(play_checked(plan).trades) == 1


# What a Cerebro may not be made to do -------------------------------------------------------


def configured(change):
    return play(plan_one(FLAT), configure=lambda cerebro, symbol: change(cerebro))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.optstrategy(bt.Strategy), "optstrategy is not supported"),
        (lambda c: c.resampledata(c.datas[0]), "resampledata is not supported"),
        (lambda c: c.replaydata(c.datas[0]), "replaydata is not supported"),
        (lambda c: c.addsizer(bt.sizers.FixedSize), "a sizer is not supported"),
        (lambda c: c.addsizer_byidx(0, bt.sizers.FixedSize), "a sizer is not supported"),
        (lambda c: c.add_timer(bt.timer.SESSION_START), "timers are not supported"),
        (lambda c: c.broker.setcommission(1.0), "costs belong to the instrument"),
    ],
)
def test_a_cerebro_refuses_at_once(change, words):
    with pytest.raises(StrategyError, match=words):
        configured(change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: setattr(c.p, "exactbars", 1), "runonce and preload are needed"),
        (lambda c: setattr(c.p, "live", True), "runonce and preload are needed"),
        (lambda c: setattr(c.p, "oldsync", True), "runonce and preload are needed"),
        (lambda c: setattr(c.p, "quicknotify", True), "quicknotify and cheat_on_open"),
        (lambda c: setattr(c.p, "cheat_on_open", True), "cheat-on-open is not supported"),
        (lambda c: c.addstrategy(bt.Strategy), "2 strategies on 1 feeds; expected one on one"),
        (lambda c: c.adddata(c.datas[0]), "1 strategies on 2 feeds; expected one on one"),
    ],
)
def test_a_cerebro_that_would_leave_the_lockstep_is_refused_when_it_runs(change, words):
    with pytest.raises(AssetError, match=f"EURUSD: {words}"):
        configured(change)
