import argparse

import pytest

from lockstep.cli.spaces import ranges_of, space_of
from lockstep.core.errors import ConfigError, UsageError
from tests.research.worlds import small_evaluator


@pytest.fixture(scope="module")
def evaluator():
    return small_evaluator(3_000)


def flags(space=None, vary=None, method="bayesian"):
    return argparse.Namespace(space=space, vary=vary, method=method)


def test_ranges_are_numbers_with_a_step_or_a_list_of_any_values():
    words = ["a=1:4:0.5", "b=1,2.5", "c=UTC,Europe/London", "d=true,false"]
    assert ranges_of(words) == {
        "a": "1:4:0.5",
        "b": [1, 2.5],
        "c": ["UTC", "Europe/London"],
        "d": [True, False],
    }


@pytest.mark.parametrize("word", ["a", "a=", "=1:2"])
def test_a_word_that_is_no_range_is_refused(word):
    with pytest.raises(UsageError, match="expected NAME=LOW:HIGH"):
        ranges_of([word])


def test_a_parameter_is_given_once():
    with pytest.raises(UsageError, match="--vary a is given twice"):
        ranges_of(["a=1:2", "a=2:3"])


def test_without_flags_a_grid_is_quick_and_other_searches_are_balanced(evaluator):
    assert space_of(flags(method="grid"), evaluator).name == "quick"
    assert space_of(flags(), evaluator).name == "balanced"


def test_vary_alone_is_all_and_beside_a_space_it_adds_and_replaces(evaluator):
    vary = ["stop_multiplier=1:3:1", "max_minutes=60,120"]
    assert space_of(flags(vary=vary), evaluator).to_plain() == {
        "stop_multiplier": [1.0, 2.0, 3.0],
        "max_minutes": [60, 120],
    }
    space = space_of(flags("quick", vary), evaluator)
    assert set(space.names) == {
        "bollinger_deviations", "vwap_deviations", "stop_multiplier", "reward_risk", "max_minutes",
    }  # fmt: skip
    assert space.to_plain()["stop_multiplier"] == [1.0, 2.0, 3.0]


def test_a_file_names_parameters_or_strategies(evaluator, tmp_path):
    flat, deep = tmp_path / "flat.yaml", tmp_path / "deep.json"
    flat.write_text("stop_multiplier: '1:3:1'\nbollinger_period: {low: 10, high: 30, step: 10}\n")
    deep.write_text('{"mean_reversion": {"reward_risk": [1, 2]}, "breakout": {"exit_period": [1]}}')
    assert space_of(flags(str(flat)), evaluator).to_plain() == {
        "bollinger_period": [10, 20, 30],
        "stop_multiplier": [1.0, 2.0, 3.0],
    }
    assert space_of(flags(str(deep)), evaluator).to_plain() == {"reward_risk": [1.0, 2.0]}


def test_a_file_without_the_strategy_says_which_it_has(evaluator, tmp_path):
    path = tmp_path / "space.json"
    path.write_text('{"breakout": {"exit_period": [1, 2]}}')
    with pytest.raises(ConfigError, match="no ranges for mean_reversion; it has some for breakout"):
        space_of(flags(str(path)), evaluator)
