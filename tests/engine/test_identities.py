"""The accounting identities are no decoration: break one anywhere and the run fails."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lockstep.core.codes import EXIT_REASONS
from lockstep.core.errors import IdentityError
from lockstep.core.plan import RunPlan
from lockstep.core.records import Trade
from lockstep.core.result import LEDGER_TERMS
from lockstep.engine.cerebro.account import Account
from lockstep.engine.cerebro.broker import LeveragedBroker
from lockstep.engine.identities import TOLERANCE, check_identities, daily_equity
from lockstep.engine.played import Played
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.ledger import margin, money, prices
from tests.engine.markets import asset_configs, market, portfolio, random_assets
from tests.kit import asset, make_bars, plan_of, play_checked, unit


@pytest.fixture(scope="module")
def run() -> tuple[RunPlan, Played]:
    """A fortnight of three assets with swaps, conversion, commissions and slippage."""
    assets = random_assets(market(["BTCUSD", "EURUSD", "USDJPY"], 11, 14), 11, every=5)
    plan = plan_of(*assets, weights=[0.3, 0.3, 0.3], weekend_days=True)
    return plan, play_checked(plan)


def with_term(played: Played, term: str, amount: float) -> Played:
    terms = played.terms.copy()
    terms[3, 1, LEDGER_TERMS.index(term)] += amount
    return dataclasses.replace(played, terms=terms)


def with_trade(played: Played, **changes: Any) -> Played:
    first = dataclasses.replace(played.trades[0], **changes)
    return dataclasses.replace(played, trades=[first, *played.trades[1:]])


@pytest.mark.parametrize("term", LEDGER_TERMS)
def test_a_daily_term_that_is_off_by_a_cent_fails_the_run_and_is_located(
    run: tuple[RunPlan, Played], term: str
) -> None:
    plan, played = run
    broken = with_term(played, term, 0.01)
    with pytest.raises(IdentityError, match=r"daily identity broken for EURUSD on 2025-02-27"):
        check_identities(plan, broken)


@pytest.mark.parametrize("fraction, fails", [(2.0, True), (0.4, False)])
def test_the_tolerance_is_a_billionth_of_capital(
    run: tuple[RunPlan, Played], fraction: float, fails: bool
) -> None:
    plan, played = run
    broken = with_term(played, "price_pnl", fraction * TOLERANCE * plan.terms.capital)
    if fails:
        with pytest.raises(IdentityError, match="daily identity"):
            check_identities(plan, broken)
    else:
        check_identities(plan, broken)


def test_a_term_that_is_no_number_fails_the_run(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    with pytest.raises(IdentityError, match="daily identity broken for EURUSD"):
        check_identities(plan, with_term(played, "swap", float("nan")))


def test_money_that_appears_in_the_reserve_fails_the_run(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    reserve = played.reserve.copy()
    reserve[len(reserve) // 2 :] += 0.5
    with pytest.raises(IdentityError, match="daily identity broken for reserve"):
        check_identities(plan, dataclasses.replace(played, reserve=reserve))


def test_a_trade_that_is_lost_fails_the_run(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    with pytest.raises(IdentityError, match="net P&L sums to"):
        check_identities(plan, dataclasses.replace(played, trades=played.trades[1:]))


@pytest.mark.parametrize(
    "column", ["gross_pnl", "spread_cost", "slippage_cost", "commission", "swap"]
)
def test_a_trade_whose_columns_do_not_add_up_fails_the_run(
    run: tuple[RunPlan, Played], column: str
) -> None:
    plan, played = run
    broken = with_trade(played, **{column: getattr(played.trades[0], column) + 0.01})
    with pytest.raises(IdentityError, match="does not add up to its net P&L"):
        check_identities(plan, broken)


@pytest.mark.parametrize("column", ["spread_cost", "slippage_cost"])
def test_a_negative_cost_fails_the_run(run: tuple[RunPlan, Played], column: str) -> None:
    plan, played = run
    trade = played.trades[0]
    gain = getattr(trade, column) + 1.0
    broken = with_trade(played, **{column: -1.0}, gross_pnl=trade.gross_pnl - gain)
    with pytest.raises(IdentityError, match="negative cost"):
        check_identities(plan, broken)


def test_a_fill_on_the_bar_of_its_decision_fails_the_run(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    trade = played.trades[0]
    with pytest.raises(IdentityError, match="filled at or before its decision"):
        check_identities(plan, with_trade(played, signal_bar=trade.entry_bar))
    with pytest.raises(IdentityError, match="filled at or before its decision"):
        check_identities(plan, with_trade(played, exit_bar=trade.entry_bar - 1))


@pytest.mark.parametrize("column", ["entry_price", "exit_price"])
def test_a_fill_at_a_price_its_own_bar_never_quoted_fails_the_run(
    run: tuple[RunPlan, Played], column: str
) -> None:
    plan, played = run
    tick = plan.assets[played.trades[0].asset].instrument.tick
    broken = with_trade(played, **{column: getattr(played.trades[0], column) + tick})
    with pytest.raises(IdentityError, match="not filled at its own bars' prices"):
        check_identities(plan, broken)


def test_an_exit_at_a_level_beyond_its_bar_fails_the_run(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    index, target = next(
        (i, t) for i, t in enumerate(played.trades) if EXIT_REASONS[t.exit_reason] == "target"
    )
    beyond = target.exit_level * (1.0 + 0.1 * target.side)
    moved = dataclasses.replace(target, exit_level=beyond, exit_price=beyond)
    trades = [*played.trades[:index], moved, *played.trades[index + 1 :]]
    with pytest.raises(IdentityError, match="left at a level its bar never saw"):
        check_identities(plan, dataclasses.replace(played, trades=trades))


def test_an_entry_that_leaves_no_free_margin_fails_the_run(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    with pytest.raises(IdentityError, match=r"left a free margin of -0.01; expected 0 or more"):
        check_identities(plan, dataclasses.replace(played, least_free=-0.01))


# Faults planted in the engine: the run itself must fail ----------------------------------------


def _unbooked_swap(broker: LeveragedBroker, i: int, nights: int, day: int) -> None:
    broker.balance -= 1.0


def _rebalance_from_nowhere(account: Account, weights: Any) -> None:
    account.brokers[0].balance += 1.0
    account.brokers[0].equity += 1.0
    account._sums()


def _net_without_swap(trade: Trade) -> float:
    return trade.gross_pnl - trade.spread_cost - trade.slippage_cost - trade.commission


@pytest.mark.parametrize(
    "owner, name, fault, said",
    [
        (LeveragedBroker, "_book_swap", _unbooked_swap, "daily identity"),
        (Account, "_rebalance", _rebalance_from_nowhere, "daily identity"),
        (LeveragedBroker, "_net", staticmethod(_net_without_swap), "net P&L"),
        (money, "translation_term", lambda pnl, rate, before: 0.0, "daily identity"),
        (margin, "margin_per_lot", lambda *prices: 1.0, "free margin"),
        (prices, "entry_fill", lambda side, bid, spread, slip: bid, "daily identity"),
    ],
    ids=["swap", "transfer", "trade", "translation", "margin", "fill"],
)
def test_a_fault_planted_in_the_engine_fails_the_whole_run(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, fault: Any, said: str
) -> None:
    symbols = ["EURUSD", "USDJPY"]
    bars = market(symbols, 12, 14)
    backtester = PortfolioBacktester(
        asset_configs(symbols),
        portfolio(rebalance="weekly", risk_per_trade=0.1, leverage_cap=100.0, risk={}),
    )
    backtester.run(bars)
    monkeypatch.setattr(owner, name, fault)
    with pytest.raises(IdentityError, match=said):
        backtester.run(bars)


# The terms by hand -----------------------------------------------------------------------------


def test_the_terms_of_a_position_held_over_a_rollover_are_those_worked_by_hand() -> None:
    """Long 1 lot of USDJPY, two trading days, every term with a number of its own."""
    instrument = unit(
        "USDJPY", spread=(0.02,), slippage=0.01, commission_per_lot=3.0, swap_long=-0.036
    )
    hour = 3_600_000_000_000
    # 2025-01-15 20:00 UTC, 15:00 in New York; the trading day ends at 22:00 UTC. Labels 20, 21, 22.
    start = 1_736_971_200_000_000_000
    rows = [(150.0,) * 4, (150.0, 151.0, 149.5, 151.0), (151.2, 151.2, 150.9, 151.0)]
    bars = make_bars("USDJPY", rows, start=start, timeframe=hour)
    rates = np.array([0.0066, 0.0066, 0.0065])
    closes = np.array([0.0066, 0.0064, 0.0063])
    entries = [{"bar": 0, "side": 1, "stop": 2.0}]
    plan = plan_of(
        asset(instrument, bars, entries, exits={1: 1}, rate=rates, rate_close=closes),
        weights=[1.0],
        risk_fraction=0.0132,
        leverage_cap=20.0,
    )
    played = play_checked(plan)
    (trade,) = played.trades
    assert trade.lots == pytest.approx(1.0)
    assert trade.entry_price == pytest.approx(150.03)  # ask 150.02 and slippage
    assert trade.exit_price == pytest.approx(151.19)  # bid 151.20 less slippage
    first, second = played.terms[:, 0]
    units = 100_000.0
    # Wednesday 2025-01-15 counts three nights; the mark before is mid 151.01 at rate 0.0065.
    swap = 3 * -0.036 / 360 * units * 151.01 * 0.0065
    open_pnl = (151.0 - 150.03) * units
    by_hand = {
        "price_pnl": (
            (151.01 - 150.01) * units * 0.0064,
            (151.21 - 151.01) * units * 0.0065,
        ),
        # Half a spread at each fill, half a spread in the open mark: the mark's half is given back.
        "spread": (2 * 0.01 * units * 0.0064, 0.0),
        "slippage": (0.01 * units * 0.0064, 0.01 * units * 0.0065),
        "commission": (3.0, 3.0),
        "swap": (0.0, swap),
        "translation": (0.0, open_pnl * (0.0065 - 0.0064)),
    }
    for term, (day_one, day_two) in by_hand.items():
        column = LEDGER_TERMS.index(term)
        assert first[column] == pytest.approx(day_one, abs=1e-6), term
        assert second[column] == pytest.approx(day_two, abs=1e-6), term
    equity = daily_equity(plan, played)[:, 0]
    assert equity[1] - equity[0] == pytest.approx(open_pnl * 0.0064 - 3.0, abs=1e-6)
