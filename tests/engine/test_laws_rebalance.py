"""Rebalancing moves cash between sleeves, and nothing else, as far as free margin lets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from lockstep.core.bars import MINUTE_NS
from lockstep.core.codes import DECISIONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.result import LEDGER_TERMS
from lockstep.engine.played import Played
from lockstep.engine.tables import weights_table
from tests.kit import asset, make_bars, plan_of, play_checked, unit

HOUR = 60 * MINUTE_NS
#: Thursday 2025-01-16; its trading day begins on the 15th at 22:00 UTC, bar 22 of every asset.
THURSDAY = int(np.datetime64("2025-01-16", "D").astype(np.int64))
TRANSFERS = LEDGER_TERMS.index("transfers")
BARS = 26


def held(symbol: str, stop: float, price: float = 1.0, **changes: Any) -> AssetPlan:
    """Return a long from bar 1 at 1.0 that stands at `price` from bar 10 on."""
    rows = [(1.0,) * 4] * 10 + [(price,) * 4] * (BARS - 10)
    bars = make_bars(symbol, rows, timeframe=HOUR)
    return asset(unit(symbol, **changes), bars, [{"bar": 0, "side": 1, "stop": stop}])


def idle(symbol: str, entries: Sequence[Mapping[str, Any]] = ()) -> AssetPlan:
    return asset(unit(symbol), make_bars(symbol, [(1.0,) * 4] * BARS, timeframe=HOUR), entries)


def play(*assets: AssetPlan, target: Sequence[float], **terms: Any) -> tuple[RunPlan, Played]:
    plan = plan_of(*assets, rebalances={THURSDAY: target}, leverage_cap=50.0, **terms)
    return plan, play_checked(plan)


def moved(plan: RunPlan, played: Played) -> dict[str, float]:
    """Return what each sleeve and the reserve received, account currency."""
    names = (*plan.symbols, "reserve")
    total = played.terms[:, :, TRANSFERS].sum(axis=0)
    return dict(zip(names, total.tolist()))


def test_pooled_cash_moves_in_the_first_step_of_the_day_and_positions_stay() -> None:
    """EURUSD holds one lot and gains 10,000: its sleeve gives 16,000, GBPUSD's 6,000."""
    plan, played = play(
        held("EURUSD", 0.5, 1.1), idle("GBPUSD"), target=(0.4, 0.4), risk_fraction=1.0
    )
    assert plan.rebalance_steps.tolist() == [22]
    assert moved(plan, played) == pytest.approx(
        {"EURUSD": -16_000.0, "GBPUSD": -6_000.0, "reserve": 22_000.0}
    )
    assert played.equity[21] == pytest.approx([60_000.0, 50_000.0])
    assert played.equity[22] == pytest.approx([44_000.0, 44_000.0])
    assert played.reserve[21:23] == pytest.approx([0.0, 22_000.0])
    (trade,) = played.trades
    assert (trade.exit_bar, trade.lots) == (BARS - 1, pytest.approx(1.0))
    told = [
        (d.step, d.stage, plan.symbols[d.asset], d.before, d.after)
        for d in played.decisions
        if DECISIONS[d.code] == "rebalance"
    ]
    assert told == [
        (22, "D", "EURUSD", pytest.approx(60_000.0), pytest.approx(44_000.0)),
        (22, "D", "GBPUSD", pytest.approx(50_000.0), pytest.approx(44_000.0)),
    ]


def test_pooled_balances_may_go_negative_and_equity_is_only_shared_out_anew() -> None:
    """A sleeve whose equity is all open profit gives its whole balance and more."""
    plan, played = play(
        held("EURUSD", 0.5, 2.0), idle("GBPUSD"), target=(0.0, 0.5), risk_fraction=1.0
    )
    assert played.equity[22] == pytest.approx([0.0, 100_000.0])
    assert moved(plan, played)["EURUSD"] == pytest.approx(-150_000.0)
    total = played.equity.sum(axis=1) + played.reserve
    assert total[22] == pytest.approx(total[21]) == pytest.approx(200_000.0)


def test_the_next_entry_is_sized_on_the_new_sleeve_in_the_same_step() -> None:
    entries = [{"bar": b, "side": 1, "stop": 0.01, "max_bars": 1} for b in (2, 22)]
    plan, played = play(idle("EURUSD"), idle("GBPUSD", entries), target=(0.2, 0.8))
    assert [(t.lots, t.weight) for t in played.trades] == [
        (pytest.approx(0.5), 0.5),
        (pytest.approx(0.8), 0.8),
    ]
    table = weights_table(plan)
    assert table["GBPUSD"].tolist() == [0.5, 0.8]
    assert table["reserve"].tolist() == pytest.approx([0.0, 0.0])
    assert str(table.index[1]) == "2025-01-15 22:00:00"


def test_a_segregated_donor_gives_no_more_than_its_free_margin() -> None:
    """60,000 of equity, 55,000 of margin: of the 16,000 asked 5,000 move."""
    plan, played = play(
        held("EURUSD", 0.5, 1.1, margin_rate=0.5),
        idle("GBPUSD"),
        target=(0.4, 0.6),
        risk_fraction=1.0,
        pooled=False,
    )
    assert moved(plan, played) == pytest.approx(
        {"EURUSD": -5_000.0, "GBPUSD": 5_000.0, "reserve": 0.0}, abs=1e-6
    )
    assert played.equity[22] == pytest.approx([55_000.0, 55_000.0])


def test_a_donor_without_free_margin_gives_nothing() -> None:
    plan, played = play(
        held("EURUSD", 0.5, 0.9, margin_rate=0.5),
        idle("GBPUSD"),
        target=(0.1, 0.9),
        risk_fraction=1.0,
        pooled=False,
    )
    # 40,000 of equity against 45,000 of margin
    assert set(moved(plan, played).values()) == {0.0}
    assert not [d for d in played.decisions if DECISIONS[d.code] == "rebalance"]


def test_the_reserve_is_a_donor_too_and_receivers_share_what_there_is_by_need() -> None:
    """EURUSD can give 5,000 of 30,000, the reserve its 10,000; 40,000 are needed: 3/8 each."""
    plan, played = play(
        held("EURUSD", 0.06, margin_rate=0.5),
        idle("GBPUSD"),
        idle("NZDUSD"),
        weights=(0.6, 0.2, 0.1),
        target=(0.3, 0.45, 0.25),
        risk_fraction=0.11,
        pooled=False,
    )
    assert moved(plan, played) == pytest.approx(
        {"EURUSD": -5_000.0, "GBPUSD": 9_375.0, "NZDUSD": 5_625.0, "reserve": -10_000.0}
    )


def test_the_reserve_receives_its_share_like_a_sleeve() -> None:
    """EURUSD gives 5,000 of 30,000; GBPUSD needs 10,000 and the reserve 20,000: a third each."""
    plan, played = play(
        held("EURUSD", 0.06, margin_rate=0.5),
        idle("GBPUSD"),
        weights=(0.6, 0.4),
        target=(0.3, 0.5),
        risk_fraction=0.11,
        pooled=False,
    )
    assert moved(plan, played) == pytest.approx(
        {"EURUSD": -5_000.0, "GBPUSD": 5_000.0 / 3, "reserve": 10_000.0 / 3}
    )


def test_givers_that_cover_the_need_give_and_receivers_get_in_full() -> None:
    plan, played = play(idle("EURUSD"), idle("GBPUSD"), target=(0.25, 0.75), pooled=False)
    assert moved(plan, played) == pytest.approx(
        {"EURUSD": -25_000.0, "GBPUSD": 25_000.0, "reserve": 0.0}, abs=1e-6
    )


@pytest.mark.parametrize("pooled", [True, False])
def test_rebalancing_to_what_is_there_moves_nothing(pooled: bool) -> None:
    plan, played = play(idle("EURUSD"), idle("GBPUSD"), target=(0.5, 0.5), pooled=pooled)
    assert set(moved(plan, played).values()) == {0.0}
    assert played.decisions == []
