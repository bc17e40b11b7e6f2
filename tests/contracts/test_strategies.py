"""The laws of every strategy: a file in the room is tested by its mere presence."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as draw

from lockstep.core.bars import TIMEFRAMES
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import Parameter, build, parameters
from lockstep.core.registry import strategies
from lockstep.core.signals import EXIT_LONG, EXIT_SHORT, Signals
from tests.strategies.markets import random_bars

NAMES = strategies.names()
#: Periods are drawn up to here, so that drawn strategies leave their warm-up within the bars.
LARGEST_PERIOD = 120

laws = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


#: Arguments of `random_bars`: drawn instead of bars, whose text would drown a failure report.
MARKETS = draw.fixed_dictionaries(
    {
        "seed": draw.integers(0, 2**32 - 1),
        "n_bars": draw.just(700),
        "timeframe": draw.sampled_from(sorted(TIMEFRAMES)),
        "volume": draw.sampled_from(["all", "some", "none"]),
    }
)


def value_of(spec: Parameter, default: object) -> draw.SearchStrategy[object]:
    if spec.choices:
        return draw.sampled_from(spec.choices)
    if isinstance(default, bool):
        return draw.booleans()
    if isinstance(default, int):
        return draw.integers(int(spec.low), int(min(spec.high, LARGEST_PERIOD)))
    if isinstance(default, float):
        low = spec.low if spec.low is not None else spec.above
        return draw.floats(low, spec.high, exclude_min=spec.low is None)
    return draw.just(default)


def drawn(data: draw.DataObject, name: str) -> Any:
    """Draw a strategy with up to four parameters off their default."""
    component = strategies.get(name)
    declared, defaults = parameters(component), defaults_of(component)
    chosen = data.draw(draw.tuples(*[draw.sampled_from(sorted(declared))] * 4), "parameters")
    values = {key: data.draw(value_of(declared[key], defaults[key]), key) for key in chosen}
    try:
        return component(**values)
    except ConfigError:
        assume(False)  # a rule between parameters refused the combination
        raise


def defaults_of(component: type) -> dict[str, object]:
    return {field.name: field.default for field in dataclasses.fields(component)}


def arrays_of(signals: Signals) -> dict[str, np.ndarray]:
    return {
        field.name: getattr(signals, field.name)
        for field in dataclasses.fields(signals)
        if getattr(signals, field.name) is not None
    }


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


@pytest.mark.parametrize("name", NAMES)
@laws
@given(data=draw.data(), market=MARKETS)
def test_cutting_the_bars_changes_no_bit_before_the_cut(
    name: str, data: draw.DataObject, market: dict[str, Any]
) -> None:
    strategy, bars = drawn(data, name), random_bars(**market)
    cut = data.draw(draw.integers(0, len(bars)), "cut")
    short = bars.cut(slice(0, cut))
    whole, part = strategy.indicators(bars), strategy.indicators(short)
    assert whole.keys() == part.keys()
    for key, values in part.items():
        assert same_bits(values, whole[key][:cut]), key
    said, heard = arrays_of(strategy.signals(bars, whole)), strategy.signals(short, part)
    assert said.keys() == arrays_of(heard).keys()
    for key, values in arrays_of(heard).items():
        assert same_bits(values, said[key][:cut]), key


@pytest.mark.parametrize("name", NAMES)
@laws
@given(data=draw.data(), market=MARKETS)
def test_signals_are_aligned_typed_and_within_their_ranges(
    name: str, data: draw.DataObject, market: dict[str, Any]
) -> None:
    strategy, bars = drawn(data, name), random_bars(**market)
    indicators = strategy.indicators(bars)
    signals = strategy.signals(bars, indicators)
    assert all(values.shape == (len(bars),) for values in indicators.values())
    assert all(values.dtype == np.float64 for values in indicators.values())
    assert len(signals) == len(bars)
    assert signals.side.dtype == np.int8
    assert set(np.unique(signals.side)) <= {-1, 0, 1}
    for key, values in arrays_of(signals).items():
        kinds = {"side": np.int8, "exit": np.int8, "max_bars": np.int32}
        assert values.dtype == kinds.get(key, np.float64), key
    entries = signals.side != 0
    stop = signals.stop_distance[entries]
    assert np.all(np.isnan(stop) | (np.isfinite(stop) & (stop > 0)))
    for distance in (signals.target_distance, signals.trail_distance, signals.be_trigger):
        if distance is not None:
            values = distance[entries]
            assert np.all(np.isnan(values) | (np.isfinite(values) & (values > 0)))
    if signals.strength is not None:
        assert np.all((signals.strength >= 0) & (signals.strength <= 1))
    if signals.exit is not None:
        assert np.all((signals.exit & ~(EXIT_LONG | EXIT_SHORT)) == 0)
    if signals.max_bars is not None:
        assert np.all(signals.max_bars >= 0)


@pytest.mark.parametrize("name", NAMES)
@laws
@given(data=draw.data(), market=MARKETS)
def test_nothing_is_signalled_before_the_look_back_is_full(
    name: str, data: draw.DataObject, market: dict[str, Any]
) -> None:
    strategy, bars = drawn(data, name), random_bars(**market)
    signals = strategy.signals(bars, strategy.indicators(bars))
    assert strategy.lookback_bars >= 1
    assert not signals.side[: strategy.lookback_bars - 1].any()


@pytest.mark.parametrize("name", NAMES)
def test_too_few_bars_give_no_signal_and_no_error(name: str) -> None:
    strategy = strategies.get(name)()
    for n_bars in (0, 1, 2, strategy.lookback_bars - 1):
        bars = random_bars(seed=3, n_bars=n_bars)
        signals = strategy.signals(bars, strategy.indicators(bars))
        assert signals.side.shape == (n_bars,)
        assert not signals.side.any()
        assert isinstance(strategy.notes(bars), tuple)


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_trade_both_ways_on_an_ordinary_market(name: str) -> None:
    strategy = strategies.get(name)()
    bars = random_bars(seed=1, n_bars=5000, volume="all")
    side = strategy.signals(bars, strategy.indicators(bars)).side
    assert (side > 0).sum() >= 10
    assert (side < 0).sum() >= 10


@pytest.mark.parametrize("name", NAMES)
@laws
@given(data=draw.data())
def test_a_parameter_that_touches_no_indicator_changes_none(
    name: str, data: draw.DataObject
) -> None:
    component = strategies.get(name)
    declared, defaults = parameters(component), defaults_of(component)
    quiet = sorted(key for key, spec in declared.items() if not spec.indicator)
    assume(quiet)
    key = data.draw(draw.sampled_from(quiet), "parameter")
    value = data.draw(value_of(declared[key], defaults[key]), "value")
    try:
        changed = component(**{key: value})
    except ConfigError:
        assume(False)
    bars = random_bars(seed=8, n_bars=300)
    before, after = component().indicators(bars), changed.indicators(bars)
    assert before.keys() == after.keys()
    assert all(same_bits(before[item], after[item]) for item in before)


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_declares_its_meaning_and_its_range(name: str) -> None:
    component = strategies.get(name)
    defaults = defaults_of(component)
    for key, spec in parameters(component).items():
        assert spec.doc.endswith("."), key
        if isinstance(defaults[key], int | float) and not isinstance(defaults[key], bool):
            assert spec.choices or (spec.low is not None or spec.above is not None), key
            assert spec.choices or spec.high is not None, key
        if spec.step is not None:
            assert 0 < spec.step < spec.high, key


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_valid_and_come_back_from_plain_data(name: str) -> None:
    component = strategies.get(name)
    assert build(component, {}) == component()
    assert build(component, dataclasses.asdict(component())) == component()


@pytest.mark.parametrize("name", NAMES)
def test_a_value_beyond_its_range_or_of_a_wrong_type_is_named(name: str) -> None:
    component = strategies.get(name)
    for key, spec in parameters(component).items():
        if spec.high is not None:
            with pytest.raises(ConfigError, match=rf"{key} is .*; expected"):
                component(**{key: type(defaults_of(component)[key])(spec.high + 1)})
        with pytest.raises(ConfigError, match=rf"{key} is None; expected"):
            component(**{key: None})


@pytest.mark.parametrize("name", NAMES)
def test_bars_and_indicators_are_left_as_they_were_given(name: str) -> None:
    strategy = strategies.get(name)()
    bars = random_bars(seed=5, n_bars=600)
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    for column in columns:
        column.flags.writeable = False
    indicators = strategy.indicators(bars)
    for values in indicators.values():
        values.flags.writeable = False
    first = strategy.signals(bars, indicators)
    again = strategy.signals(bars, indicators)
    assert all(same_bits(v, arrays_of(again)[k]) for k, v in arrays_of(first).items())
