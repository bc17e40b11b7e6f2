from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from lockstep.core.errors import ConfigError
from lockstep.core.parameters import Parameter, build, check, nearest, param, parameters


@dataclass(frozen=True, slots=True)
class Widget:
    share: float = param(0.25, "a share", above=0, high=1)
    count: int = param(10, "a count", low=1, high=500, step=5, indicator=True)
    mode: str = param("slow", "how it goes", choices=("slow", "fast"))
    loud: bool = param(False, "whether it rings")
    spans: tuple[Any, ...] = param((), "nested lists")

    def __post_init__(self) -> None:
        check(self)


def test_a_declaration_is_read_back_from_the_class_and_from_an_instance() -> None:
    declared = parameters(Widget)
    assert list(declared) == ["share", "count", "mode", "loud", "spans"]
    assert declared["count"] == Parameter(low=1, high=500, step=5, indicator=True, doc="a count")
    assert parameters(Widget()) == declared


def test_a_field_that_is_not_given_to_the_constructor_is_no_parameter() -> None:
    @dataclass
    class Made:
        size: int = param(1, "size")
        made: int = field(default=0, init=False)

    assert list(parameters(Made)) == ["size"]


def test_plain_data_build_the_component_and_lists_become_tuples() -> None:
    built = build(
        Widget, {"share": 1, "count": 20.0, "mode": "fast", "loud": True, "spans": [["a", 1], []]}
    )
    assert built == Widget(1.0, 20, "fast", True, (("a", 1), ()))
    assert type(built.share) is float
    assert type(built.count) is int


def test_a_key_in_percent_sets_a_hundredth() -> None:
    assert build(Widget, {"share_pct": 30}).share == 0.3
    assert build(Widget, {"share_pct": 12.5}).share == 0.125


def test_both_spellings_of_one_parameter_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"share_pct sets share a second time; keep one of them"):
        build(Widget, {"share": 0.3, "share_pct": 30})
    with pytest.raises(ConfigError, match=r"^share sets share a second time"):
        build(Widget, {"share_pct": 30, "share": 0.3})


@pytest.mark.parametrize("key", ["count_pct", "mode_pct", "loud_pct", "spans_pct"])
def test_only_a_fraction_can_be_given_in_percent(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{key} is unknown; did you mean '{key[:-4]}'\?$"):
        build(Widget, {key: 50})


def test_an_unknown_key_is_answered_with_the_nearest_or_with_all() -> None:
    with pytest.raises(ConfigError, match=r"^cuont is unknown; did you mean 'count'\?$"):
        build(Widget, {"cuont": 3})
    with pytest.raises(
        ConfigError, match=r"^zzz is unknown; expected one of count, loud, mode, share, spans\.$"
    ):
        build(Widget, {"zzz": 3})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"share": "0.3"}, "share is '0.3'; expected a number (without quotes)."),
        ({"share_pct": "30"}, "share_pct is '30'; expected a number (without quotes)."),
        ({"share": True}, "share is True; expected a number."),
        ({"share": None}, "share is None; expected a number."),
        ({"share_pct": None}, "share_pct is None; expected a number."),
        ({"count": None}, "count is None; expected a number."),
        ({"share": math.nan}, "share is nan; expected a number."),
        ({"share": math.inf}, "share is inf; expected a number."),
        ({"share": [0.3]}, "share is [0.3]; expected a number."),
        ({"count": 1.5}, "count is 1.5; expected a whole number."),
        ({"count": False}, "count is False; expected a number."),
        ({"loud": 1}, "loud is 1; expected true or false."),
        ({"loud": None}, "loud is None; expected true or false."),
        ({"mode": 3}, "mode is 3; expected text."),
        ({"mode": None}, "mode is None; expected text."),
        ({"mode": "quick"}, "mode is 'quick'; expected one of slow, fast."),
        ({"share": 0}, "share is 0; expected a number above 0 and at most 1."),
        ({"share": 1.01}, "share is 1.01; expected a number above 0 and at most 1."),
        ({"share_pct": 101}, "share is 1.01; expected a number above 0 and at most 1."),
        ({"count": 0}, "count is 0; expected a number at least 1 and at most 500."),
        ({"count": 501}, "count is 501; expected a number at least 1 and at most 500."),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        build(Widget, given)
    assert str(refused.value) == sentence


def test_a_whole_number_beyond_all_floats_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^share is 1000.*; expected a number\.$"):
        build(Widget, {"share": 10**400})


def test_the_bounds_themselves_are_allowed_unless_exclusive() -> None:
    assert build(Widget, {"share": 1, "count": 1}) == Widget(1.0, 1)
    assert build(Widget, {"count": 500}).count == 500


def test_all_findings_come_together_a_line_each() -> None:
    with pytest.raises(ConfigError) as refused:
        build(Widget, {"share": "x", "cuont": 1, "loud": 0})
    assert str(refused.value).split("\n") == [
        "share is 'x'; expected a number (without quotes).",
        "cuont is unknown; did you mean 'count'?",
        "loud is 0; expected true or false.",
    ]
    with pytest.raises(ConfigError) as refused:
        build(Widget, {"share": 2, "count": 0})
    assert str(refused.value).split("\n") == [
        "share is 2; expected a number above 0 and at most 1.",
        "count is 0; expected a number at least 1 and at most 500.",
    ]


def test_a_component_made_in_python_is_checked_for_nan_too() -> None:
    with pytest.raises(ConfigError, match=r"^share is NaN; expected a number above 0 and at most"):
        Widget(share=math.nan)


def test_a_parameter_without_bounds_expects_a_number_only() -> None:
    @dataclass
    class Free:
        level: float = param(0.0, "a level")

    check(Free(-1e9))
    with pytest.raises(ConfigError, match=r"^level is NaN; expected a number\.$"):
        check(Free(math.nan))


def test_the_nearest_key_must_be_near() -> None:
    assert nearest("limt", ["limit", "effect"]) == "; did you mean 'limit'?"
    assert nearest("xyz", ["limit", "effect"]) == "; expected one of effect, limit."
