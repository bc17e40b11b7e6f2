"""EURUSD at 1.25, 100,000 a lot; basis 100,000 dollars, 1 % at risk, leverage cap 10."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as draw

from lockstep.core.codes import CODE
from lockstep.core.plan import AccountTerms
from lockstep.risk.rule import UNLIMITED, Verdict
from lockstep.risk.sizing import RiskManager, Sized
from tests.kit import unit

GROSS, NET = CODE["gross_exposure"], CODE["net_exposure"]


def size(
    stop: float = 0.0050,
    *,
    basis: float = 100_000.0,
    factor: float = 1.0,
    mid: float = 1.25,
    rate: float = 1.0,
    rooms: tuple[tuple[int, float], ...] = (),
    **changes: Any,
) -> Sized:
    return RiskManager(unit(**changes), AccountTerms()).size(basis, factor, stop, mid, rate, rooms)


def test_risk_alone_sizes_an_entry_that_nothing_binds() -> None:
    # 1,000 dollars over 50 pips of 10 dollars: 2 lots, worth 250,000.
    sized = size(0.0050)
    assert sized.lots == pytest.approx(2.0)
    assert sized.asked == pytest.approx(2.0)
    assert sized.cuts == ()


def test_factors_shrink_what_is_asked() -> None:
    assert size(0.0050, factor=0.625).lots == pytest.approx(1.25)


def test_a_yen_pair_is_sized_at_the_rate_of_the_decision() -> None:
    # 1,000 dollars over half a yen on 100,000: 333.33 dollars a lot at 150.
    sized = size(0.5, mid=150.0, rate=1 / 150, symbol="USDJPY")
    assert sized.lots == pytest.approx(3.0)


def test_a_tight_stop_meets_the_leverage_cap() -> None:
    # 5 pips ask for 20 lots, 2,500,000 dollars; 10 x 100,000 dollars are 8 lots.
    sized = size(0.0005)
    assert sized.lots == 8.0
    assert sized.asked == pytest.approx(20.0)
    assert sized.cuts == (Verdict(CODE["leverage_cap"], sized.asked, 8.0),)


def test_a_room_cuts_to_the_notional_left() -> None:
    # 150,000 dollars left are 1.2 lots.
    sized = size(0.0050, rooms=((GROSS, 150_000.0),))
    assert sized.lots == pytest.approx(1.2)
    assert [(v.code, v.before) for v in sized.cuts] == [(GROSS, pytest.approx(2.0))]
    assert sized.cuts[0].after == pytest.approx(1.2)


def test_every_link_that_bound_is_recorded_with_what_it_left() -> None:
    # 20 asked, 8 by leverage, 6 by gross, the wider net room binds nothing, 5 at most a trade.
    sized = size(0.0005, rooms=((GROSS, 750_000.0), (NET, 900_000.0)), max_lot=5.0)
    assert [(v.code, v.before, v.after) for v in sized.cuts] == [
        (CODE["leverage_cap"], sized.asked, 8.0),
        (GROSS, 8.0, 6.0),
        (CODE["max_lot"], 6.0, 5.0),
    ]
    assert sized.lots == 5.0


def test_of_two_rooms_the_smaller_counts_whatever_their_order() -> None:
    for rooms in (((GROSS, 150_000.0), (NET, 100_000.0)), ((NET, 100_000.0), (GROSS, 150_000.0))):
        assert size(0.0050, rooms=rooms).lots == pytest.approx(0.8)


def test_lots_are_floored_to_whole_steps() -> None:
    # 1,000 / 70 pips = 1.42857 lots
    assert size(0.0070).lots == pytest.approx(1.42)
    assert size(0.0070, lot_step=0.1, min_lot=0.1).lots == pytest.approx(1.4)
    assert size(0.0070, lot_step=1.0, min_lot=1.0).lots == 1.0


def test_a_hair_below_a_step_is_the_step() -> None:
    # 0.3 lots over a step of 0.1 are 2.9999999999999996 steps in binary: three, not two.
    sized = size(0.0050, factor=0.3 / 2, lot_step=0.1, min_lot=0.3)
    assert sized.lots == pytest.approx(0.3)


def test_below_the_minimum_nothing_is_traded_and_the_number_is_recorded() -> None:
    # 1 % of 400 dollars is 4: over 50 pips 0.008 lots, below 0.01.
    sized = size(0.0050, basis=400.0)
    assert sized.lots == 0.0
    assert sized.cuts == (Verdict(CODE["min_lot"], sized.asked, 0.0),)
    assert sized.asked == pytest.approx(0.008)


def test_a_minimum_above_the_step_refuses_what_the_step_would_allow() -> None:
    sized = size(0.0050, factor=0.2, min_lot=0.5)
    assert sized.lots == 0.0
    assert [v.code for v in sized.cuts] == [CODE["min_lot"]]
    assert sized.cuts[0].before == pytest.approx(0.4)


def test_a_limit_already_passed_leaves_nothing() -> None:
    sized = size(0.0050, rooms=((GROSS, -50_000.0),))
    assert sized.lots == 0.0
    assert [(v.code, v.after) for v in sized.cuts] == [(GROSS, 0.0), (CODE["min_lot"], 0.0)]
    assert sized.cuts[1].before == 0.0


def test_a_factor_of_zero_trades_nothing() -> None:
    sized = size(0.0050, factor=0.0)
    assert sized.lots == 0.0
    assert sized.cuts == (Verdict(CODE["min_lot"], 0.0, 0.0),)


def test_an_unlimited_room_is_no_link() -> None:
    assert size(0.0050, rooms=((GROSS, UNLIMITED),)) == size(0.0050)


@given(
    stop=draw.floats(1e-5, 0.1),
    basis=draw.floats(100.0, 1e7),
    factor=draw.floats(0.0, 1.0),
    rooms=draw.lists(draw.tuples(draw.just(GROSS), draw.floats(-1e6, 1e7)), max_size=3),
)
def test_no_link_enlarges_a_position(
    stop: float, basis: float, factor: float, rooms: list[tuple[int, float]]
) -> None:
    sized = size(stop, basis=basis, factor=factor, rooms=tuple(rooms))
    whole = size(stop, basis=basis)
    assert sized.asked <= whole.asked
    assert sized.lots <= whole.lots
    assert sized.lots == 0.0 or 0.01 <= sized.lots <= 1000.0
    assert all(cut.after <= cut.before for cut in sized.cuts)
    for _, room in rooms:
        assert sized.lots * 125_000.0 <= max(room, 0.0) * (1 + 1e-9) + 1e-4
    assert sized.lots * 125_000.0 <= 10.0 * basis * (1 + 1e-9) + 1e-4


def test_a_link_that_leaves_all_that_was_asked_did_not_bind() -> None:
    # 1,000 dollars over 0.125 on 1,000 units are 8 lots, exactly the most allowed.
    sized = size(0.125, basis=100_000.0, factor=1.0, contract_size=1000.0, max_lot=8.0)
    assert (sized.asked, sized.lots, sized.cuts) == (8.0, 8.0, ())
