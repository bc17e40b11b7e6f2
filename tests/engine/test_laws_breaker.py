"""The breaker: when it trips, how everybody leaves, when and from where trading resumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.codes import DECISIONS, EXIT_REASONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.engine.played import Played
from lockstep.engine.tables import account_table, decisions_table
from lockstep.risk.breaker import Breaker
from lockstep.risk.drawdown_scaling import DrawdownScaling
from tests.kit import START, asset, flat_rows, make_bars, plan_of, play_checked, unit

#: EURUSD holds one lot: a fall of 0.01 costs 1,000 of 100,000.
TERMS: dict[str, Any] = {"size_on_account": True, "risk_fraction": 0.05, "leverage_cap": 50.0}
LONG = {"bar": 0, "side": 1, "stop": 0.05}


def walk(
    symbol: str,
    closes: Sequence[float],
    entries: Sequence[Mapping[str, Any]] = (LONG,),
    *,
    labels: Sequence[int] | None = None,
    start: int = START,
) -> AssetPlan:
    bars = make_bars(symbol, [(c, c, c, c) for c in closes], labels=labels, start=start)
    return asset(unit(symbol), bars, entries)


def play(rule: Breaker, *assets: AssetPlan, more: tuple[Any, ...] = ()) -> tuple[RunPlan, Played]:
    plan = plan_of(*assets, rules=(("breaker", rule), *more), **TERMS)
    return plan, play_checked(plan)


def steps(played: Played, code: str) -> list[int]:
    return [d.step for d in played.decisions if DECISIONS[d.code] == code]


def exits(plan: RunPlan, played: Played) -> list[tuple[str, str, int]]:
    return [
        (
            plan.symbols[t.asset],
            EXIT_REASONS[t.exit_reason],
            int(plan.assets[t.asset].step[t.exit_bar]),
        )
        for t in played.trades
    ]


FALL = (1.0, 1.0, 0.995, 0.991, 0.989, 0.989, 0.989, 0.989, 0.989)


def test_it_trips_on_the_bar_whose_close_reaches_the_limit_and_not_before() -> None:
    plan, played = play(Breaker(limit=0.01), walk("EURUSD", FALL))
    (trip,) = [d for d in played.decisions if DECISIONS[d.code] == "breaker_trip"]
    assert (trip.step, trip.stage, trip.asset) == (4, "D", -1)  # 0.9 % at bar 3, 1.1 % at bar 4
    assert (trip.before, trip.after) == pytest.approx((0.011, 0.01))
    told = decisions_table(plan, played)
    assert told.loc[told["code"] == "breaker_trip", "sentence"].item() == (
        "Drawdown 1.10% reached the breaker's limit of 1.00%: entries are blocked."
    )
    assert exits(plan, played) == [("EURUSD", "breaker", 5)]


def test_a_low_inside_the_bar_does_not_trip_it() -> None:
    rows = [*flat_rows(1.0, 3), (1.0, 1.0, 0.98, 1.0), *flat_rows(1.0, 2)]
    plan, played = play(
        Breaker(limit=0.01), asset(unit("EURUSD"), make_bars("EURUSD", rows), [LONG])
    )
    assert played.decisions == []
    assert exits(plan, played) == [("EURUSD", "data_end", 5)]


def test_everybody_leaves_at_the_next_open_of_its_own_market() -> None:
    shut = walk("NZDUSD", (1.0, 1.0, 1.003, 1.003), labels=(0, 1, 7, 8))
    plan, played = play(Breaker(limit=0.01), walk("EURUSD", FALL), shut)
    assert steps(played, "breaker_trip") == [4]
    assert exits(plan, played) == [("EURUSD", "breaker", 5), ("NZDUSD", "breaker", 7)]
    assert played.trades[1].exit_price == pytest.approx(1.003)


@pytest.mark.parametrize(
    "opening, reason, price",
    [(0.94, "gap_stop", 0.94), (1.08, "gap_target", 1.08), (1.01, "breaker", 1.01)],
)
def test_stop_and_target_live_until_the_queued_exit_fills(
    opening: float, reason: str, price: float
) -> None:
    shut = walk(
        "NZDUSD", (1.0, 1.0, opening, opening), [LONG | {"target": 0.07}], labels=(0, 1, 7, 8)
    )
    plan, played = play(Breaker(limit=0.01), walk("EURUSD", FALL), shut)
    assert exits(plan, played)[1] == ("NZDUSD", reason, 7)
    assert played.trades[1].exit_price == pytest.approx(price)


def test_with_block_entries_positions_stay_and_their_stops_work() -> None:
    deeper = (*FALL[:6], 0.94, 0.94, 0.94)
    rule = Breaker(limit=0.01, effect="block_entries")
    plan, played = play(rule, walk("EURUSD", deeper))
    assert steps(played, "breaker_trip") == [4]
    assert exits(plan, played) == [("EURUSD", "gap_stop", 6)]


def test_queued_entries_are_cancelled_and_new_ones_blocked_while_tripped() -> None:
    waiting = walk("NZDUSD", (1.0,) * 6, [LONG | {"bar": 3}], labels=(0, 1, 2, 3, 6, 7))
    asking = walk("GBPUSD", (1.0,) * 9, [LONG | {"bar": b} for b in (4, 5, 7)])
    plan, played = play(Breaker(limit=0.01), walk("EURUSD", FALL), waiting, asking)
    told = [
        (d.step, d.stage, DECISIONS[d.code], plan.symbols[d.asset])
        for d in played.decisions
        if d.asset >= 0
    ]
    assert told == [
        (4, "D", "cancelled_breaker", "NZDUSD"),
        (4, "E", "blocked_breaker", "GBPUSD"),
        (5, "E", "blocked_breaker", "GBPUSD"),
        (7, "E", "blocked_breaker", "GBPUSD"),
    ]
    assert [symbol for symbol, _, _ in exits(plan, played)] == ["EURUSD"]


def test_by_default_it_never_resumes() -> None:
    later = walk("GBPUSD", (1.0,) * 3, [LONG], labels=(0, 100_000, 100_001))
    plan, played = play(Breaker(limit=0.01), walk("EURUSD", FALL), later)
    assert steps(played, "breaker_resume") == []
    again = walk("GBPUSD", (1.0,) * 3, [LONG | {"bar": 1}], labels=(0, 100_000, 100_001))
    plan, played = play(Breaker(limit=0.01), walk("EURUSD", FALL), again)
    assert "GBPUSD" not in [symbol for symbol, _, _ in exits(plan, played)]
    account = account_table(plan, played)
    assert account["breaker"].tolist() == [False] * 4 + [True] * (len(plan.clock) - 4)


QUARTER_HOUR_IN_DAYS = 15 / 1440


def test_after_its_days_it_resumes_in_the_first_step_that_is_late_enough() -> None:
    """Tripped at label 4; three bars later is exactly a quarter of an hour."""
    rule = Breaker(limit=0.01, resume="days", resume_days=QUARTER_HOUR_IN_DAYS)
    asking = walk("GBPUSD", (1.0,) * 10, [LONG | {"bar": b} for b in (6, 7)])
    plan, played = play(rule, walk("EURUSD", (*FALL, 0.989)), asking)
    assert steps(played, "breaker_trip") == [4]
    (resume,) = [d for d in played.decisions if DECISIONS[d.code] == "breaker_resume"]
    assert (resume.step, resume.stage) == (7, "D")
    assert (resume.before, resume.after) == pytest.approx((100_000.0, 98_900.0))
    assert steps(played, "blocked_breaker") == [6]
    # Entries may be sized in the very step of resuming.
    assert [(t.signal_bar, t.entry_bar) for t in played.trades if t.asset == 1] == [(7, 8)]
    told = decisions_table(plan, played)
    assert told.loc[told["code"] == "breaker_resume", "sentence"].item() == (
        "The breaker resumes trading; its peak moves from 100,000.00 to 98,900.00."
    )


def test_a_resumed_breaker_measures_from_its_new_peak_and_the_report_from_its_own() -> None:
    """After resuming at 98,900 a win leads to 99,300: 0.7 % below 100,000, yet a new peak.

    From there 98,400 is 0.9 %: not enough. 98,200 is 1.1 % below 99,300 and trips again, while
    the report's drawdown has counted from 100,000 all along.
    """
    rule = Breaker(limit=0.01, resume="days", resume_days=QUARTER_HOUR_IN_DAYS)
    again = (1.0,) * 9 + (1.004, 0.9954, 0.9929, 0.9929)
    trader = asset(
        unit("GBPUSD"),
        make_bars("GBPUSD", [(c, c, c, c) for c in again]),
        [LONG | {"bar": 7, "stop": 0.04945}],
    )
    plan, played = play(rule, walk("EURUSD", (*FALL, *(0.989,) * 4)), trader)
    (second,) = [t for t in played.trades if t.asset == 1]
    assert second.lots == pytest.approx(1.0)
    total = played.equity.sum(axis=1) + played.reserve
    assert total[8:12] == pytest.approx([98_900.0, 99_300.0, 98_440.0, 98_190.0])
    assert steps(played, "breaker_trip") == [4, 11]
    account = account_table(plan, played)
    assert account["drawdown"].iloc[9] == pytest.approx(0.007)
    assert account["drawdown"].iloc[11] == pytest.approx(0.0181)
    assert account["breaker"].tolist() == [False] * 4 + [True] * 3 + [False] * 4 + [True] * 2


def test_while_tripped_nothing_trips_again_however_deep_it_falls() -> None:
    rule = Breaker(limit=0.01, effect="block_entries")
    _, played = play(rule, walk("EURUSD", (1.0, 1.0, 0.98, 0.97, 0.96, 0.96)))
    assert steps(played, "breaker_trip") == [2]


def test_the_next_month_begins_with_its_first_trading_day() -> None:
    """Thursday 2025-05-01 begins on Wednesday at 17:00 New York, 21:00 UTC."""
    start = int(pd.Timestamp("2025-04-30T20:30").as_unit("ns").value)
    asking = walk("GBPUSD", (1.0,) * 12, [LONG | {"bar": b} for b in (5, 6)], start=start)
    rule = Breaker(limit=0.01, resume="next_month")
    plan, played = play(rule, walk("EURUSD", (*FALL, *(0.989,) * 3), start=start), asking)
    assert steps(played, "breaker_trip") == [4]
    assert steps(played, "breaker_resume") == [6]
    assert pd.Timestamp(int(plan.clock[6])) == pd.Timestamp("2025-04-30T21:00")
    assert [t.signal_bar for t in played.trades if t.asset == 1] == [6]


def test_it_resumes_when_the_drawdown_has_recovered() -> None:
    closes = (1.0, 1.0, 0.99, 0.993, 0.996, 0.999, 0.992, 0.992)
    rule = Breaker(limit=0.01, effect="block_entries", resume="recovers", resume_drawdown=0.0045)
    _, played = play(rule, walk("EURUSD", closes))
    assert steps(played, "breaker_trip") == [2]
    assert steps(played, "breaker_resume") == [4]  # 0.4 % at bar 4
    # From the new peak of 99,900 at bar 5 the fall to 99,200 is 0.7 %.
    total = played.equity.sum(axis=1) + played.reserve
    assert total[6] == pytest.approx(99_200.0)


def test_the_drawdown_factor_is_one_again_when_the_breaker_resumes() -> None:
    scaling = DrawdownScaling(start_at=0.002, end_at=0.012, floor=0.5)
    rule = Breaker(limit=0.01, resume="days", resume_days=QUARTER_HOUR_IN_DAYS)
    _, played = play(rule, walk("EURUSD", (*FALL, 0.989)), more=(("drawdown_scaling", scaling),))
    assert played.drawdown_factor[3] == pytest.approx(1 - 0.5 * 0.7)
    assert played.drawdown_factor[6] == pytest.approx(1 - 0.5 * 0.9)
    assert played.drawdown_factor[7:] == pytest.approx(1.0)


def test_a_flat_account_resumes_in_a_step_where_only_time_passes() -> None:
    """After the flattening no position is open: the clock alone must bring trading back."""
    rule = Breaker(limit=0.01, resume="days", resume_days=QUARTER_HOUR_IN_DAYS)
    _, played = play(rule, walk("EURUSD", (*FALL, *(0.989,) * 5)))
    assert steps(played, "breaker_resume") == [7]
    assert np.all(played.used_margin[5:] == 0.0)
