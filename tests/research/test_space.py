import dataclasses

import pytest

from lockstep.core.errors import ConfigError
from lockstep.core.parameters import parameters
from lockstep.research.space import NAMED, Dimension, Space
from tests.research.worlds import small_evaluator

CONFIGURED = {
    "bollinger_period": 30,
    "bollinger_deviations": 2.0,
    "vwap_period": 70,
    "vwap_deviations": 1.5,
    "atr_period": 14,
    "stop_multiplier": 4.0,
    "reward_risk": 1.0,
}


@pytest.fixture(scope="module")
def evaluator():
    return small_evaluator(**CONFIGURED)


def test_the_focused_grid_takes_every_step_within_a_fifth_and_at_least_one_to_either_side(
    evaluator,
):
    space = Space.named("focused", evaluator)
    assert space.to_plain() == {
        "bollinger_period": [25, 30, 35],
        "vwap_period": [60, 70, 80],
        "atr_period": [12, 14, 16],
        "bollinger_deviations": [1.75, 2.0, 2.25],
        "vwap_deviations": [1.25, 1.5, 1.75],
        "stop_multiplier": [3.25, 3.5, 3.75, 4.0, 4.25, 4.5, 4.75],
        "reward_risk": [0.75, 1.0, 1.25],
    }
    assert space.size == 3**6 * 7


def test_the_quick_grid_has_three_levels_of_four_parameters_that_need_no_new_indicators(evaluator):
    space = Space.named("quick", evaluator)
    assert space.shape == (3, 3, 3, 3)
    declared = parameters(evaluator.strategy({}))
    assert not any(declared[name].indicator for name in space.names)
    assert space.to_plain()["stop_multiplier"] == [3.0, 4.0, 5.0]
    assert any("leaves bollinger_period, vwap_period, atr_period" in one for one in space.notices)


@pytest.mark.parametrize("name", NAMED)
def test_every_level_of_a_named_grid_lies_within_bounds_and_the_configured_one_is_there(
    name, evaluator
):
    strategy = evaluator.strategy({})
    declared = parameters(strategy)
    for one in Space.named(name, evaluator).dimensions:
        spec = declared[one.name]
        assert all(spec.low < level < spec.high for level in one.levels)
        assert getattr(strategy, one.name) in one.levels
        assert list(one.levels) == sorted(set(one.levels))


def test_balanced_goes_from_half_to_twice_and_wide_from_a_quarter_to_four_times(evaluator):
    half = Space.named("balanced", evaluator).to_plain()["stop_multiplier"]
    quarter = Space.named("wide", evaluator).to_plain()["stop_multiplier"]
    assert (half[0], half[-1]) == (2.0, 8.0)
    assert (quarter[0], quarter[-1]) == (1.0, 16.0)


def test_a_parameter_of_a_filter_that_is_off_is_left_out_with_a_notice(evaluator):
    space = Space.named("focused", evaluator)
    assert "adx_period" not in space.names
    assert any("adx_period is not varied: it changes nothing" in one for one in space.notices)
    on = Space.named("focused", small_evaluator(**CONFIGURED, adx_max=30.0))
    assert {"adx_period", "adx_max"} <= set(on.names)


def test_written_ranges_are_a_list_or_low_high_step_and_the_declared_step_is_taken(evaluator):
    space = Space.of(
        evaluator.asset,
        {
            "hour_zone": ["UTC", "Europe/London"],
            "stop_multiplier": "1:2",
            "bollinger_period": {"low": 10, "high": 20, "step": 4},
            "max_minutes": [60, 0, 60],
        },
    )
    assert space.to_plain() == {
        "bollinger_period": [10, 14, 18],
        "stop_multiplier": [1.0, 1.25, 1.5, 1.75, 2.0],
        "max_minutes": [0, 60],
        "hour_zone": ["UTC", "Europe/London"],
    }
    assert [one.is_number for one in space.dimensions] == [True, True, True, False]


def test_steps_do_not_gather_rounding(evaluator):
    space = Space.of(evaluator.asset, {"be_offset_r": "0.1:0.8:0.1"})
    assert space.dimensions[0].levels == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        (
            {"stop": "1:2"},
            r"stop is no parameter of mean_reversion\. Declared are bollinger_period",
        ),
        ({"stop_multiplier": "3:2"}, "the range 3 to 2 by 0.25 is empty"),
        ({"stop_multiplier": "2:2"}, "the range 2 to 2 by 0.25 is empty"),
        ({"stop_multiplier": "1:2:0"}, "the range 1 to 2 by 0 is empty"),
        ({"stop_multiplier": "1:2:5"}, "stop_multiplier has 1 values to try"),
        ({"stop_multiplier": []}, "stop_multiplier has 0 values to try"),
        ({"stop_multiplier": "1:50:1"}, "21 is out of its declared bounds, 0.1 to 20"),
        ({"stop_multiplier": "a:b"}, "expected low:high or low:high:step"),
        ({"stop_multiplier": 3}, "expected low:high:step"),
        ({"stop_multiplier": {"from": 1}}, r"\['from'\]; expected low, high"),
        ({"stop_multiplier": {"low": 1, "high": float("nan")}}, "expected numbers"),
        ({"stop_multiplier": "1:2:0.00001"}, "expected at most 10000"),
        ({"bollinger_period": [10, 10.5]}, "10.5 cannot be tried; expected whole numbers"),
        ({"hour_zone": [1, 2]}, "1 cannot be tried; expected values like 'UTC'"),
        ({"hour_zone": "1:2"}, "hour_zone is no number; list its values"),
        ({"hour_zone": ["UTC", "Mars/Olympus"]}, "'Mars/Olympus' cannot be tried: hour_zone is"),
        ({}, "there is nothing to vary"),
    ],
)
def test_a_range_that_cannot_be_searched_is_refused_by_name(evaluator, ranges, words):
    with pytest.raises(ConfigError, match=words):
        Space.of(evaluator.asset, ranges)


def test_all_wrong_ranges_are_named_at_once(evaluator):
    with pytest.raises(ConfigError, match=r"(?s)stop is no.*atr_period: the range"):
        Space.of(evaluator.asset, {"stop": "1:2", "atr_period": "9:3"})


def test_an_unknown_grid_lists_the_choices(evaluator):
    with pytest.raises(ConfigError, match=r"space 'focussed' is unknown.*focused"):
        Space.named("focussed", evaluator)


def test_the_last_dimension_of_a_grid_changes_fastest():
    space = Space((Dimension("a", (1, 2)), Dimension("b", ("x", "y"), is_number=False)))
    points = [tuple(point.values()) for point in space.points()]
    assert points == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert space.point((1, 0)) == {"a": 2, "b": "x"}
    assert dataclasses.asdict(space)["name"] == "ranges"
