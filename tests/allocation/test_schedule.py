from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.allocation._schedule import allocate, project
from lockstep.allocation.equal_weight import EqualWeight
from lockstep.allocation.fixed import Fixed
from lockstep.allocation.inverse_volatility import InverseVolatility
from lockstep.core.codes import CODE
from lockstep.core.market import Weights

ALL = np.array([True, True, True, True])


@dataclass(frozen=True)
class Says:
    """A model that answers what the test tells it."""

    values: tuple[float, ...]
    fallback: str = ""
    needs_history: ClassVar[bool] = True

    def weights(self, view):
        return Weights(np.array(self.values), self.fallback)


def waves(days, count):
    return np.tile([[0.01], [-0.01]], (days // 2, count)) * (1.0 + np.arange(count))


def test_an_asset_that_is_not_eligible_gets_nothing_and_is_not_shown_to_the_model():
    weights, notes = allocate(
        Says((0.6, 0.4)), ["A", "B", "C"], waves(20, 3), np.array([True, False, True]),
        min_history=20, cap=1.0,
    )  # fmt: skip
    assert weights.tolist() == [0.6, 0.0, 0.4]
    assert notes == []


def test_assets_without_history_or_movement_get_one_over_n_and_the_model_shares_the_rest():
    returns = waves(20, 4)
    returns[:1, 1] = np.nan
    returns[:, 2] = 0.003
    weights, notes = allocate(
        Says((0.75, 0.25)), ["A", "B", "C", "D"], returns, ALL, min_history=20, cap=1.0
    )
    assert weights.tolist() == [0.375, 0.25, 0.25, 0.125]
    assert [(note[0], note[1], note[3]) for note in notes] == [
        (1, "no_history", 0.25),
        (2, "no_history", 0.25),
    ]
    assert notes[0][4] == (
        "B has 19 of the 20 daily returns a model needs; an equal share stands instead: 25.00%."
    )
    assert notes[1][4].startswith("C returned the same on each of its 20 days;")


def test_a_start_without_any_return_is_equal_and_every_asset_is_noted():
    weights, notes = allocate(
        InverseVolatility(), ["B", "A"], np.empty((0, 2)), ALL[:2], min_history=20, cap=1.0
    )
    assert weights.tolist() == [0.5, 0.5]
    assert [note[:2] for note in notes] == [(0, "no_history"), (1, "no_history")]


def test_a_model_that_needs_no_history_gets_every_eligible_asset():
    weights, notes = allocate(
        Fixed({"A": 0.8, "B": 0.0}), ["A", "B"], np.empty((0, 2)), ALL[:2], min_history=20, cap=1.0
    )
    assert weights.tolist() == [0.8, 0.0]
    assert notes == []


def test_nobody_eligible_leaves_everything_in_reserve():
    weights, _ = allocate(
        EqualWeight(),
        ["A", "B"],
        np.empty((0, 2)),
        np.array([False, False]),
        min_history=20,
        cap=1.0,
    )
    assert weights.tolist() == [0.0, 0.0]


def test_the_cap_sends_the_excess_to_the_reserve_and_never_to_another_asset():
    weights, _ = allocate(
        Says((0.8, 0.2)), ["A", "B"], waves(20, 2), ALL[:2], min_history=20, cap=0.4
    )
    assert weights.tolist() == [0.4, 0.2]


def test_the_cap_binds_a_fixed_schedule_too():
    weights, _ = allocate(
        Fixed({"A": 0.8, "B": 0.1}), ["A", "B"], np.empty((0, 2)), ALL[:2], min_history=20, cap=0.3
    )
    assert weights.tolist() == [0.3, 0.1]


def test_a_run_of_one_asset_ignores_the_cap():
    weights, _ = allocate(
        EqualWeight(), ["A"], np.empty((0, 1)), np.array([True]), min_history=20, cap=0.3
    )
    assert weights.tolist() == [1.0]


def test_one_eligible_asset_of_many_obeys_the_cap():
    weights, _ = allocate(
        EqualWeight(),
        ["A", "B"],
        np.empty((0, 2)),
        np.array([True, False]),
        min_history=20,
        cap=0.3,
    )
    assert weights.tolist() == [0.3, 0.0]


def test_a_fallback_of_the_model_becomes_a_note_of_the_account():
    _, notes = allocate(
        Says((0.5, 0.5), "It could not."),
        ["A", "B"],
        waves(20, 2),
        ALL[:2],
        min_history=20,
        cap=1.0,
    )
    ((asset, code, before, after, sentence),) = notes
    assert (asset, code, sentence) == (-1, "allocation_fallback", "It could not.")
    assert np.isnan(before) and np.isnan(after)
    assert {"no_history", "allocation_fallback"} <= set(CODE)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.5,), r"Says answered weights of shape \(1,\); expected one for each of 2 assets"),
        ((0.5, -0.1), "Says gave B the weight -0.1; expected 0 or more"),
        ((0.5, float("nan")), "Says gave B the weight nan"),
        ((0.7, 0.4), "Says gave weights that sum to 1.1; expected at most 1"),
    ],
)
def test_a_model_that_breaks_its_contract_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        allocate(Says(values), ["A", "B"], waves(20, 2), ALL[:2], min_history=20, cap=1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"symbols": ["A", "A"]}, "expected each one once"),
        ({"symbols": ["A"]}, "expected a column and a flag for each symbol"),
        ({"cap": 30.0}, "cap is 30; expected a fraction"),
        ({"returns": np.array([[np.inf, 0.0]])}, "returns hold an infinite value"),
    ],
)
def test_malformed_questions_are_refused(change, words):
    asked = {"symbols": ["A", "B"], "returns": np.empty((0, 2)), "cap": 1.0} | change
    with pytest.raises(ValueError, match=words):
        allocate(
            EqualWeight(),
            asked["symbols"],
            asked["returns"],
            ALL[:2],
            min_history=20,
            cap=asked["cap"],
        )


def test_projection_lowers_equally_what_asks_for_more_than_there_is():
    # 0.9 + 0.7 + 0.1 = 1.7; the third is cut to 0, the others lose 0.3 each.
    assert project(np.array([0.9, 0.7, 0.1]), 1.0) == pytest.approx([0.6, 0.4, 0.0], abs=1e-15)
    # With a cap of 0.5 the first stays at it and the others lose 0.15: 0.5 + 0.45 + 0.05.
    assert project(np.array([0.9, 0.6, 0.2]), 0.5) == pytest.approx([0.5, 0.45, 0.05], abs=1e-15)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-2, 3), min_size=1, max_size=8), st.floats(0.05, 1.0), st.integers(0, 999)
)
def test_no_other_allowed_point_is_nearer_than_the_projection(values, cap, seed):
    weights = np.array(values)
    nearest = project(weights, cap)
    assert np.all((nearest >= 0.0) & (nearest <= cap))
    assert nearest.sum() <= 1.0 + 1e-12
    rivals = np.random.default_rng(seed).dirichlet(np.ones(len(values) + 1), 50)[:, :-1]
    for rival in np.minimum(rivals, cap):
        # The variational inequality of a projection onto a convex set.
        assert (weights - nearest) @ (rival - nearest) <= 1e-9
