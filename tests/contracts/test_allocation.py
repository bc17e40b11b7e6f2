"""The contract of an allocation model; the presence of its file is enough to be tested by it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockstep.allocation._schedule import allocate
from lockstep.core.errors import ConfigError
from lockstep.core.market import MarketView
from lockstep.core.parameters import parameters
from lockstep.core.registry import allocation

NAMES = allocation.names()
LAW = settings(
    deadline=None,
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def histories(draw):
    """Daily returns as bad as strategies get: still, identical, late, and far apart in scale."""
    days = draw(st.one_of(st.integers(30, 80), st.integers(0, 30)))
    count = draw(st.integers(1, 7))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    returns = random.normal(size=(days, count))
    returns *= 10.0 ** random.uniform(*draw(st.sampled_from([(-2, -2), (-8, 4)])), count)
    for asset in range(count):
        shape = draw(
            st.sampled_from(
                ["plain", "plain", "still", "constant", "twin", "hedge", "late", "once"]
            )
        )
        if shape == "still":
            returns[:, asset] = 0.0
        elif shape == "constant":
            returns[:, asset] = 0.001
        elif shape == "twin":
            returns[:, asset] = returns[:, 0]
        elif shape == "hedge":
            returns[:, asset] = -returns[:, 0]
        elif shape == "late":
            returns[: draw(st.integers(0, days)), asset] = np.nan
        elif shape == "once" and days:
            returns[:, asset] = 0.0
            returns[draw(st.integers(0, days - 1)), asset] = 0.01
    shut = draw(st.sets(st.integers(0, count - 1), max_size=2))
    eligible = np.array([asset not in shut for asset in range(count)])
    return returns, eligible, draw(st.sampled_from([0.05, 0.3, 0.5, 1.0]))


def symbols_of(count):
    return [f"S{i}" for i in range(count)]


@pytest.mark.parametrize("name", NAMES)
@LAW
@given(case=histories())
def test_weights_are_finite_not_negative_within_the_cap_and_sum_to_at_most_one(name, case):
    returns, eligible, cap = case
    symbols = symbols_of(len(eligible))
    weights, notes = allocate(
        allocation.get(name)(), symbols, returns, eligible, min_history=20, cap=cap
    )
    assert weights.shape == eligible.shape
    assert np.all(np.isfinite(weights)) and np.all(weights >= 0.0)
    assert weights.sum() <= 1.0 + 1e-12
    assert np.all(weights[~eligible] == 0.0)
    if len(symbols) > 1:
        assert np.all(weights <= cap)
    for asset, code, _, after, sentence in notes:
        assert code in ("no_history", "allocation_fallback") and sentence.endswith(".")
        assert asset == -1 or after == weights[asset]


@pytest.mark.parametrize("name", NAMES)
@LAW
@given(case=histories(), seed=st.integers(0, 9999))
def test_the_order_of_assets_changes_no_bit(name, case, seed):
    returns, eligible, cap = case
    symbols = symbols_of(len(eligible))
    order = np.random.default_rng(seed).permutation(len(symbols))
    model = allocation.get(name)()
    straight, said = allocate(model, symbols, returns, eligible, min_history=20, cap=cap)
    shuffled, said_shuffled = allocate(
        model,
        [symbols[i] for i in order],
        returns[:, order],
        eligible[order],
        min_history=20,
        cap=cap,
    )
    assert np.array_equal(shuffled, straight[order])
    assert sorted(note[4] for note in said) == sorted(note[4] for note in said_shuffled)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_itself_does_not_depend_on_the_order_of_assets(name):
    random = np.random.default_rng(11)
    returns = random.normal(0.0005, 0.01, size=(90, 6)) * random.uniform(0.5, 3.0, 6)
    symbols = tuple(symbols_of(6))
    order = random.permutation(6)
    model = allocation.get(name)()
    straight = model.weights(MarketView(symbols, returns)).values
    shuffled = model.weights(MarketView(tuple(symbols[i] for i in order), returns[:, order])).values
    assert shuffled == pytest.approx(straight[order], abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_neither_changes_nor_keeps_what_it_was_shown(name):
    returns = np.random.default_rng(12).normal(0.0, 0.01, size=(60, 4))
    before = returns.copy()
    returns.setflags(write=False)
    model = allocation.get(name)()
    view = MarketView(tuple(symbols_of(4)), returns)
    first, second = model.weights(view), model.weights(view)
    assert np.array_equal(first.values, second.values)
    assert np.array_equal(returns, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_states_whether_it_needs_history_and_documents_each_parameter(name):
    component = allocation.get(name)
    assert isinstance(component.needs_history, bool)
    assert component.__doc__
    for key, spec in parameters(component).items():
        assert spec.doc, f"{name}.{key} says nothing about itself"


def test_an_unknown_model_is_refused_with_the_nearest_name():
    with pytest.raises(
        ConfigError, match="allocation model 'risk_party' is unknown; did you mean 'risk_parity'"
    ):
        allocation.get("risk_party")
