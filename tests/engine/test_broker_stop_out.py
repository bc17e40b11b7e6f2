"""What the broker does when several positions share too little money. Worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lockstep.core.codes import CODE
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.result import LEDGER_TERMS
from tests.engine.single import decided, numbers, reason
from tests.kit import asset, make_bars, plan_of, play_checked, unit

#: 0.5 lots each at 1.0: margin 1:5 ties up 10,000 of every 10,000 there are.
ENTRY: dict[str, Any] = {"bar": 0, "side": 1, "stop": 0.5}
TERMS: dict[str, Any] = {"capital": 30_000.0, "risk_fraction": 2.5}


def closing(
    symbol: str, closes: Sequence[float], labels: Sequence[int], entries: Any = (ENTRY,), **c: Any
) -> AssetPlan:
    """Return an asset whose bars open at 1.0 unless the close says otherwise, and end there."""
    rows = [(min(1.0, x), max(1.0, x), min(1.0, x), x) for x in closes]
    rows = [(1.0, high, low, x) for (_, high, low, x) in rows]
    bars = make_bars(symbol, rows, labels=labels)
    return asset(unit(symbol, margin_rate=0.2, **c), bars, entries)


def three(back_at: float) -> RunPlan:
    """Return C falling at step 2 while A and B are shut; B is back at step 3, A at step 4."""
    first = closing("AUDUSD", [1.0, 1.0, 1.0, 1.0], [0, 1, 4, 5])
    rows = [(1.0, 1.0, 1.0, 1.0)] * 2 + [(back_at,) * 4] * 2
    second = asset(
        unit("EURUSD", margin_rate=0.2), make_bars("EURUSD", rows, labels=[0, 1, 3, 5]), [ENTRY]
    )
    third = closing("GBPUSD", [1.0, 1.0, 0.58, 1.0], [0, 1, 2, 5])
    return plan_of(first, second, third, **TERMS)


def test_shut_positions_are_flagged_and_leave_at_their_own_next_open():
    # step 2: equity 9,000 on 20,000 + 5,800; without C still 9,000 on 20,000: A and B are flagged.
    # step 3: B leaves at 0.9, equity 4,000 on 10,000: A stays flagged. step 4: A leaves.
    played = play_checked(three(back_at=0.9))
    assert [(t.asset, t.exit_bar, reason(t)) for t in played.trades] == [
        (2, 2, "stop_out"),
        (1, 2, "stop_out"),
        (0, 2, "stop_out"),
    ]
    assert [t.exit_price for t in played.trades] == [0.58, 0.9, 1.0]
    assert decided(played) == [
        (2, "D", 0, "stop_out_flag"),
        (2, "D", 1, "stop_out_flag"),
        (2, "D", 2, "stop_out"),
    ]
    assert numbers(played, "stop_out") == [(pytest.approx(9_000 / 25_800), pytest.approx(0.45))]


def test_flags_are_cleared_when_the_level_recovers_before_they_fill():
    # step 3: B leaves at 1.0, equity 9,000 on 10,000: A may stay
    played = play_checked(three(back_at=1.0))
    assert [(t.asset, reason(t)) for t in played.trades] == [
        (2, "stop_out"),
        (1, "stop_out"),
        (0, "data_end"),
    ]
    assert decided(played)[-1] == (3, "D", 0, "stop_out_clear")
    assert numbers(played, "stop_out_clear")[0][1] == pytest.approx(0.9)


def test_the_smallest_open_profit_goes_first_and_no_more_than_needed():
    # equity 30,000 - 14,000 - 6,000 = 10,000 on 10,000 + 7,200 + 8,800; without B 10,000 on
    # 18,800: enough. A and C are left alone, although C loses too.
    plan = plan_of(
        closing("AUDUSD", [1.0, 1.0, 1.0], [0, 1, 2]),
        closing("EURUSD", [1.0, 0.7, 1.0], [0, 1, 2]),
        closing("GBPUSD", [1.0, 0.85, 1.0], [0, 1, 2]),
        capital=30_000.0,
        risk_fraction=2.5,
    )
    played = play_checked(plan)
    # 30,000 - 15,000 - 7,500 = 7,500 on 10,000 + 7,000 + 8,500 (0.294); without B 7,500 on
    # 18,500 (0.405); without C 7,500 on 10,000 (0.75)
    assert [(t.asset, t.exit_bar, reason(t)) for t in played.trades] == [
        (1, 1, "stop_out"),
        (2, 1, "stop_out"),
        (0, 2, "data_end"),
    ]
    assert numbers(played, "stop_out") == [
        (pytest.approx(7_500 / 25_500), pytest.approx(7_500 / 18_500)),
        (pytest.approx(7_500 / 18_500), pytest.approx(0.75)),
    ]


def test_of_equal_losses_the_first_symbol_goes_first():
    plan = plan_of(
        closing("AUDUSD", [1.0, 0.75, 1.0], [0, 1, 2]),
        closing("EURUSD", [1.0, 0.75, 1.0], [0, 1, 2]),
        capital=20_000.0,
        risk_fraction=2.5,
    )
    # 20,000 - 25,000 = -5,000: both go, A first
    played = play_checked(plan)
    assert [(d.asset, d.before) for d in played.decisions if d.code == CODE["stop_out"]] == [
        (0, pytest.approx(-5_000 / 15_000)),
        (1, pytest.approx(-5_000 / 7_500)),
    ]


def test_a_stop_out_cancels_queued_entries_of_every_asset():
    # B decides at step 1 and is shut at step 2, where C takes the account down
    plan = plan_of(
        closing("AUDUSD", [1.0, 1.0, 1.0], [0, 1, 4]),
        closing("EURUSD", [1.0, 1.0, 1.0], [0, 1, 3], [{**ENTRY, "bar": 1}]),
        closing("GBPUSD", [1.0, 1.0, 0.52, 1.0], [0, 1, 2, 5]),
        **TERMS,
    )
    played = play_checked(plan)
    assert (2, "D", 1, "cancelled_stop_out") in decided(played)
    assert [t.asset for t in played.trades] == [2, 0]


def test_nothing_is_sized_while_a_stop_out_waits_for_shut_positions():
    # step 2: C loses 73,000 * 0.34, equity 5,180 on A's 14,600: A is flagged. At step 3 only the
    # flat N is live, and the level is still below one half
    plan = plan_of(
        closing("AUDUSD", [1.0, 1.0, 1.0], [0, 1, 5]),
        closing("GBPUSD", [1.0, 1.0, 0.66, 1.0], [0, 1, 2, 5]),
        closing("NZDUSD", [1.0] * 5, [0, 1, 2, 3, 5], [{**ENTRY, "bar": 3}]),
        weights=[0.49, 0.49, 0.02],
        capital=30_000.0,
        risk_fraction=2.5,
    )
    played = play_checked(plan)
    assert (2, "D", 0, "stop_out_flag") in decided(played)
    assert (3, "E", 2, "blocked_stop_out") in decided(played)
    assert {t.asset for t in played.trades} == {0, 1}


def test_segregated_sleeves_are_stopped_out_one_by_one():
    # B: 10,000 - 13,000 ... 0.74: equity -3,000 of its own; A's 10,000 are not touched
    plan = plan_of(
        closing("AUDUSD", [1.0, 1.0, 1.0], [0, 1, 2]),
        closing("EURUSD", [1.0, 0.86, 1.0], [0, 1, 2], [ENTRY, {**ENTRY, "bar": 1}]),
        capital=20_000.0,
        risk_fraction=2.5,
        pooled=False,
    )
    played = play_checked(plan)  # B at 0.86: equity 3,000 on 8,600
    assert [(t.asset, reason(t)) for t in played.trades] == [(1, "stop_out"), (0, "data_end")]
    assert decided(played) == [(1, "D", 1, "stop_out"), (1, "E", 1, "blocked_stop_out")]
    assert played.equity[-1] == pytest.approx([10_000.0, 3_000.0])


def test_a_segregated_sleeve_that_is_ruined_leaves_the_others_trading():
    plan = plan_of(
        closing("AUDUSD", [1.0] * 4, [0, 1, 2, 3], [{**ENTRY, "bar": 1}]),
        closing("EURUSD", [1.0, 0.74, 1.0, 1.0], [0, 1, 2, 3], [ENTRY, {**ENTRY, "bar": 2}]),
        capital=20_000.0,
        risk_fraction=2.5,
        pooled=False,
    )
    played = play_checked(plan)  # B at 0.74: -13,000 on 10,000
    assert numbers(played, "broker_loss") == [(pytest.approx(-3_000.0), 0.0)]
    assert (2, "E", 1, "blocked_ruined") in decided(played)
    assert played.equity[-1] == pytest.approx([10_000.0, 0.0])
    assert [t.asset for t in played.trades] == [1, 0]
    losses = played.terms[:, :, LEDGER_TERMS.index("broker_loss")].sum(axis=0)
    assert losses == pytest.approx([0.0, 3_000.0, 0.0])


def test_in_a_pool_one_sleeve_may_be_negative_while_the_account_is_not():
    plan = plan_of(
        closing("AUDUSD", [1.0] * 4, [0, 1, 2, 3], [{**ENTRY, "bar": 2}]),
        closing("EURUSD", [1.0, 0.74, 1.0, 1.0], [0, 1, 2, 3]),
        capital=20_000.0,
        risk_fraction=2.5,
    )
    played = play_checked(plan)  # 20,000 - 13,000 = 7,000 on 7,400: no stop-out
    assert played.equity[1] == pytest.approx([10_000.0, -3_000.0])
    assert numbers(played, "broker_loss") == []
    assert np.nanmin(played.margin_level) == pytest.approx(7_000 / 7_400)
