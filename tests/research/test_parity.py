from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lockstep.core.plan import RunPlan
from lockstep.engine.played import Played
from lockstep.research.parity import first_difference, same_bits
from tests.kit import asset, make_bars, plan_of, play_checked, unit

NAN = float("nan")
ROWS = [(1.1, 1.101, 1.099, 1.1)] * 4 + [(1.1, 1.11, 1.099, 1.1)] * 2


@pytest.fixture(scope="module")
def plan() -> RunPlan:
    """Return a plan of one long that reaches its target, and one signal while it is open."""
    entries = [{"bar": 0, "side": 1, "stop": 0.01, "target": 0.005}, {"bar": 2, "stop": 0.01}]
    return plan_of(asset(unit(), make_bars("EURUSD", ROWS), entries), weights=[1.0])


@pytest.fixture(scope="module")
def played(plan: RunPlan) -> Played:
    return play_checked(plan)


def changed_trade(played: Played, **changes: Any) -> Played:
    trades = [dataclasses.replace(played.trades[0], **changes), *played.trades[1:]]
    return dataclasses.replace(played, trades=trades)


def test_a_run_is_the_same_as_itself(plan: RunPlan, played: Played) -> None:
    assert len(played.trades) == 1
    assert first_difference(plan, played, play_checked(plan)) is None


def test_a_trade_that_differs_is_named_with_its_field_and_both_values(
    plan: RunPlan, played: Played
) -> None:
    price = played.trades[0].exit_price
    said = first_difference(plan, played, changed_trade(played, exit_price=price + 2**-20))
    assert said == (
        "trade 1 (EURUSD, entered 2025-01-15T00:05:00Z): exit_price: cerebro has "
        f"{price!r}, kernel has {price + 2**-20!r} (difference 9.54e-07)"
    )


@pytest.mark.parametrize(
    ("field", "value"), [("ambiguous", True), ("swap", -0.0), ("interval", (1.0, NAN)), ("lots", 2)]
)
def test_no_field_of_a_trade_is_left_out(
    plan: RunPlan, played: Played, field: str, value: Any
) -> None:
    said = first_difference(plan, played, changed_trade(played, **{field: value}))
    assert said is not None
    assert f": {field}: " in said


def test_a_missing_trade_is_counted(plan: RunPlan, played: Played) -> None:
    said = first_difference(plan, played, dataclasses.replace(played, trades=[]))
    assert said == "number of trades: cerebro has 1, kernel has 0"


def test_a_decision_that_differs_is_named_by_its_code_asset_and_time() -> None:
    plan = plan_of(
        asset(unit(), make_bars("EURUSD", ROWS), [{"bar": 1, "stop": NAN}]), weights=[1.0]
    )
    played = play_checked(plan)
    other = [dataclasses.replace(played.decisions[0], after=0.5)]
    said = first_difference(plan, played, dataclasses.replace(played, decisions=other), ("a", "b"))
    assert said == (
        "decision 1 (blocked_no_stop, EURUSD, step 1 at 2025-01-15T00:05:00Z): after: "
        "a has nan, b has 0.5 (difference nan)"
    )
    said = first_difference(plan, dataclasses.replace(played, decisions=[]), played)
    assert said == (
        "number of decisions (the first beyond: blocked_no_stop, EURUSD, step 1 at "
        "2025-01-15T00:05:00Z): cerebro has 0, kernel has 1"
    )


TABLES = [
    item.name
    for item in dataclasses.fields(Played)
    if item.name not in ("trades", "decisions", "factor_names")
]


@pytest.mark.parametrize("table", TABLES)
def test_one_bit_of_any_table_is_seen_and_its_place_is_named(
    plan: RunPlan, played: Played, table: str
) -> None:
    values = np.atleast_1d(np.array(getattr(played, table)))
    last = values.reshape(-1)
    last[-1] = last[-1] + 1 if values.dtype.kind == "i" else np.nextafter(last[-1], 7.0)
    said = first_difference(
        plan,
        played,
        dataclasses.replace(played, **{table: values.reshape(np.shape(getattr(played, table)))}),
    )
    if values.dtype.kind == "f" and np.isnan(last[-1]):
        assert said is None
        return
    assert said is not None
    assert said.startswith((f"{table} (", f"{table}: "))
    assert ("step 5 at 2025-01-15T00:25:00Z" in said) == (values.shape[:1] == plan.clock.shape)


def test_the_term_of_the_ledger_that_differs_is_named(plan: RunPlan, played: Played) -> None:
    terms = played.terms.copy()
    terms[0, 1, 4] = 1.0
    said = first_difference(plan, played, dataclasses.replace(played, terms=terms))
    assert said == (
        "terms (trading day 2025-01-15, reserve, swap): cerebro has 0.0, kernel has 1.0 "
        "(difference 1)"
    )


def test_tables_of_another_shape_differ(plan: RunPlan, played: Played) -> None:
    other = dataclasses.replace(played, reserve=played.reserve[:-1])
    assert first_difference(plan, played, other) == (
        "shape of reserve: cerebro has (6,), kernel has (5,)"
    )
    other = dataclasses.replace(played, factor_names=("drawdown_scaling",))
    assert str(first_difference(plan, played, other)).startswith("factor names: ")


def test_bits_tell_zeros_apart_and_take_every_nan_for_one() -> None:
    one = np.array([0.0, NAN, NAN, 1.0])
    other = np.array([-0.0, np.array([0x7FF8000000000001]).view(float)[0], 0.0, 1.0])
    assert same_bits(one, other).tolist() == [False, True, False, True]
