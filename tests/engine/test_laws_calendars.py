"""Mixed calendars: a market that is shut fills nothing, marks nothing, and loses no protection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lockstep.core.bars import MINUTE_NS
from lockstep.core.calendar import HOUR_NS
from lockstep.core.codes import DECISIONS, EXIT_REASONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.records import Trade
from lockstep.engine.played import Played
from lockstep.risk.breaker import Breaker
from lockstep.risk.daily_loss import DailyLoss
from tests.engine.markets import SYMBOLS, market, random_assets
from tests.kit import asset, make_bars, plan_of, play_checked, unit


@pytest.fixture(scope="module", params=[21, 22, 23])
def run(request: pytest.FixtureRequest) -> tuple[RunPlan, Played]:
    """Three weeks of crypto, FX and gold, with gaps torn into every calendar."""
    rng = np.random.default_rng(request.param)
    bars = market(SYMBOLS, request.param, 21)
    torn = {}
    for symbol, data in bars.items():
        keep = np.ones(len(data), dtype=bool)
        for first in rng.integers(1, len(data) - 30, 4):
            keep[first : first + rng.integers(1, 8)] = False
        columns = (data.time, data.open, data.high, data.low, data.close, data.volume)
        torn[symbol] = type(data)(symbol, data.timeframe, *(c[keep] for c in columns))
    rules: tuple[tuple[str, Any], ...] = (
        ("breaker", Breaker(limit=0.06, resume="days", resume_days=2.0)),
        ("daily_loss", DailyLoss(limit=0.02, effect="flatten")),
    )
    assets = random_assets(torn, request.param, every=4)
    plan = plan_of(*assets, rules=rules, weekend_days=True, risk_fraction=0.03)
    played = play_checked(plan)
    assert len(played.trades) > 100
    return plan, played


def expected_entry(plan: AssetPlan, trade: Trade) -> float:
    """Return the fill of a market entry at the opening quote of the entry bar."""
    unit_, bar = plan.instrument, trade.entry_bar
    bid, spread = plan.bid_open[bar], plan.spread[bar]
    paid = bid + spread if trade.side > 0 else bid
    slip = unit_.slippage + paid * unit_.slippage_bps / 10_000.0
    return float(paid + slip if trade.side > 0 else paid - slip)


def test_an_entry_fills_at_the_opening_quote_of_its_own_next_bar_within_its_validity(
    run: tuple[RunPlan, Played],
) -> None:
    plan, played = run
    for trade in played.trades:
        asset_plan = plan.assets[trade.asset]
        assert trade.entry_bar == trade.signal_bar + 1
        waited = asset_plan.time[trade.entry_bar] - asset_plan.time[trade.signal_bar]
        assert waited <= asset_plan.timeframe + plan.terms.entry_valid
        assert trade.entry_price == expected_entry(asset_plan, trade)


def test_an_exit_fills_within_the_quotes_of_a_bar_of_its_own_market(
    run: tuple[RunPlan, Played],
) -> None:
    plan, played = run
    for trade in played.trades:
        own, bar = plan.assets[trade.asset], trade.exit_bar
        shift = own.spread[bar] if trade.side < 0 else 0.0
        low, high = own.bid_low[bar] + shift, own.bid_high[bar] + shift
        slip = own.instrument.slippage + high * own.instrument.slippage_bps / 10_000.0
        allowance = slip + 1e-9 * high
        assert low - allowance <= trade.exit_price <= high + allowance
        reason = EXIT_REASONS[trade.exit_reason]
        if reason in ("breaker", "daily_loss", "signal", "time", "gap_stop", "gap_target"):
            quote = own.bid_open[bar] + shift
            assert abs(trade.exit_price - quote) <= allowance
            assert bar > trade.entry_bar


def test_the_sleeve_of_a_shut_market_does_not_move(run: tuple[RunPlan, Played]) -> None:
    plan, played = run
    for j, own in enumerate(plan.assets):
        live = np.zeros(len(plan.clock), dtype=bool)
        live[own.step] = True
        changes = np.flatnonzero(np.diff(played.equity[:, j]) != 0.0) + 1
        assert live[changes].all()


def test_decisions_about_fills_happen_only_while_the_market_is_open(
    run: tuple[RunPlan, Played],
) -> None:
    plan, played = run
    for decision in played.decisions:
        if decision.stage in "BE":
            assert decision.step in plan.assets[decision.asset].step


def test_a_forced_exit_waits_for_the_first_bar_after_the_decision_and_no_longer(
    run: tuple[RunPlan, Played],
) -> None:
    plan, played = run
    tripped = {
        code: [d.step for d in played.decisions if DECISIONS[d.code] == code]
        for code in ("breaker_trip", "daily_loss_trip")
    }
    forced = 0
    for trade in played.trades:
        own = plan.assets[trade.asset]
        first, last = own.step[trade.entry_bar], own.step[trade.exit_bar]
        for steps in tripped.values():
            for step in steps:
                if first <= step < last:
                    # No bar of its own lies between the trip and the exit.
                    assert own.step[trade.exit_bar - 1] <= step
                    forced += 1
    assert forced > 0


# By hand: a weekend ----------------------------------------------------------------------------

#: Friday 2025-01-17 19:00 UTC. FX has hourly bars until 21:00 and again from Sunday 22:00 on.
FRIDAY = 1_737_140_400_000_000_000
CRYPTO = {"asset_class": "crypto", "base": "BTC", "contract_size": 1.0, "always_open": True}
WEEK_END = (0, 1, 2, 51, 52)


def fx(entries: list[dict[str, Any]], opening: float = 1.0, **more: Any) -> AssetPlan:
    rows = [(1.0,) * 4] * 3 + [(opening,) * 4] * 2
    bars = make_bars("EURUSD", rows, start=FRIDAY, timeframe=HOUR_NS, labels=WEEK_END)
    return asset(unit("EURUSD"), bars, entries, **more)


def crypto(entries: list[dict[str, Any]], price: float = 50_000.0) -> AssetPlan:
    bars = make_bars("BTCUSD", [(price,) * 4] * 54, start=FRIDAY, timeframe=HOUR_NS)
    return asset(unit("BTCUSD", **CRYPTO), bars, entries)


def play(*assets: AssetPlan, **terms: Any) -> tuple[RunPlan, Played]:
    plan = plan_of(*assets, weekend_days=True, size_on_account=True, **terms)
    return plan, play_checked(plan)


def test_an_entry_decided_at_the_end_of_the_week_expires_and_crypto_trades_on() -> None:
    plan, played = play(
        fx([{"bar": 2, "side": 1, "stop": 0.01}]),
        crypto([{"bar": 10, "side": 1, "stop": 500.0, "max_bars": 3}]),
    )
    (expired,) = played.decisions
    assert (DECISIONS[expired.code], expired.stage) == ("expired", "B")
    assert plan.symbols[expired.asset] == "EURUSD"
    assert plan.clock[expired.step] == FRIDAY + 51 * HOUR_NS
    assert [(plan.symbols[t.asset], t.entry_bar, t.exit_bar) for t in played.trades] == [
        ("BTCUSD", 11, 14)
    ]


def test_an_entry_may_wait_for_its_market_as_long_as_it_is_valid_and_no_longer() -> None:
    for hours, filled in ((48, True), (47, False)):
        _, played = play(
            fx([{"bar": 2, "side": 1, "stop": 0.01}]),
            entry_valid=hours * 60 * MINUTE_NS,
        )
        assert len(played.trades) == int(filled)


def test_a_queued_exit_never_expires_and_fills_on_sunday() -> None:
    plan, played = play(fx([{"bar": 0, "side": 1, "stop": 0.01}], exits={2: 1}), crypto([]))
    (trade,) = played.trades
    assert (EXIT_REASONS[trade.exit_reason], trade.exit_bar) == ("signal", 3)
    assert plan.clock[plan.assets[1].step[3]] == FRIDAY + 51 * HOUR_NS


def test_a_stop_passed_over_the_weekend_fills_at_sundays_open_and_not_before() -> None:
    plan, played = play(fx([{"bar": 0, "side": 1, "stop": 0.01}], opening=0.97), crypto([]))
    (trade,) = played.trades
    assert (EXIT_REASONS[trade.exit_reason], trade.exit_bar) == ("gap_stop", 3)
    assert trade.exit_price == pytest.approx(0.97)
    fxs = played.equity[:, list(plan.symbols).index("EURUSD")]
    assert set(fxs[:51]) == {50_000.0}
    assert fxs[51] == pytest.approx(50_000.0 - 0.03 * trade.lots * 100_000)


def test_a_position_of_a_shut_market_ties_up_margin_all_weekend() -> None:
    _, played = play(
        fx([{"bar": 0, "side": 1, "stop": 0.01}]),
        crypto([{"bar": 10, "side": 1, "stop": 500.0, "max_bars": 3}]),
    )
    # One lot of EURUSD at 1.0; two coins at 50,000 beside it from bar 11 to 13.
    assert played.used_margin[5] == pytest.approx(100_000 / 30)
    assert played.used_margin[12] == pytest.approx((100_000 + 2 * 50_000) / 30)
    assert played.used_margin[50] == pytest.approx(100_000 / 30)


def test_days_begin_at_17_new_york_and_weekends_are_days_only_with_a_market_around_the_clock() -> (
    None
):
    both = plan_of(fx([]), crypto([]), weekend_days=True)
    alone = plan_of(fx([]), weekend_days=False)
    days = [str(d) for d in both.days.astype("datetime64[D]")]
    assert days == ["2025-01-17", "2025-01-18", "2025-01-19", "2025-01-20"]
    assert [str(d) for d in alone.days.astype("datetime64[D]")] == ["2025-01-17", "2025-01-20"]
    # Label 21:00 UTC is 16:00 in New York, the last of Friday; 22:00 UTC belongs to Saturday.
    assert both.day[:4].tolist() == [0, 0, 0, 1]
    # Sunday 22:00 UTC is 17:00 in New York: Monday has begun.
    assert days[both.day[51]] == "2025-01-20"
