import pytest

from lockstep.core.codes import DECISIONS
from lockstep.report import wording

#: Codes that neither refuse nor cut one entry.
OF_THE_ACCOUNT = {
    "stop_out",
    "stop_out_flag",
    "stop_out_clear",
    "broker_loss",
    "breaker_trip",
    "breaker_resume",
    "daily_loss_trip",
    "daily_loss_reset",
    "rebalance",
    "drawdown_scaling",
    "correlation_scaling",
    "correlation_unknown",
    "no_history",
    "allocation_fallback",
    "rule_factor",
}


@pytest.mark.parametrize(
    ("show", "number", "said"),
    [
        (wording.money, 1234567.891, "1,234,567.89"),
        (wording.money, -0.004, "0.00"),
        (wording.signed, -0.001, "0.00"),
        (wording.signed, 12.5, "+12.50"),
        (wording.signed, -1234.0, "-1,234.00"),
        (wording.percent, 0.12345, "12.35%"),
        (wording.percent, -2.2e-16, "0.00%"),
        (wording.points, 0.5, "50.00"),
        (wording.ratio, -0.0, "0.00"),
        (wording.multiple, -0.0004, "0.000"),
        (wording.days, 91.44, "91.4"),
        (wording.count, 1234.0, "1,234"),
        (wording.as_is, 0.1 + 0.2, "0.3"),
        (wording.as_is, 0.00000012, "0.00000012"),
        (wording.as_is, 138000.0, "138,000"),
        (wording.as_is, 0.857607426903, "0.8576074269"),
        (wording.as_is, -1234.5, "-1,234.5"),
        (wording.as_is, float("nan"), "n/a"),
        (wording.times, 1, "once"),
        (wording.times, 2, "twice"),
        (wording.times, 3, "3 times"),
    ],
)
def test_a_number_is_said_with_its_unit_and_without_negative_zero(show, number, said):
    assert show(number) == said


def test_counted_nouns_agree_with_their_number():
    assert wording.counted(1, "entry", "entries") == "1 entry"
    assert wording.counted(0, "entry", "entries") == "0 entries"
    assert wording.counted(1200, "trade") == "1,200 trades"


def test_moments_are_said_to_the_minute_and_days_as_dates():
    assert wording.moment("2025-01-02T03:04:05Z") == "2025-01-02 03:04"
    assert wording.day(1_736_899_200_000_000_000) == "2025-01-15"


def test_lists_read_as_a_sentence():
    assert [wording.listed(names) for names in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]


def test_text_from_outside_loses_line_breaks_and_what_does_not_print():
    assert wording.plain("boom\n\x1b[31m at\tline 3") == "boom [31m at line 3"


def test_every_decision_code_refuses_or_cuts_an_entry_or_speaks_of_the_account():
    assert wording.REFUSED.keys() - {"in_position"} | wording.CUT.keys() | OF_THE_ACCOUNT == set(
        DECISIONS
    )
    assert not wording.REFUSED.keys() & wording.CUT.keys()


def test_money_is_brief_where_room_is_scarce():
    said = [wording.brief(amount) for amount in (0.0, -0.004, 12.5, 99.0, -1919.6, 1e6, -2.345e9)]
    assert said == ["0", "0", "+12.50", "+99", "-1,920", "+1.00M", "-2,345.00M"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.0, "0"),
        (-0.05504, "-0.05504"),
        (1.14159, "1.142"),
        (999.96, "1000"),
        (-18059.6, "-18,060"),
    ],
)
def test_a_score_is_readable_whatever_its_unit(number, shown):
    assert wording.score(number) == shown


def test_whole_units_of_money_have_no_negative_zero():
    assert [wording.units(one) for one in (-0.3, 1234.6, -1234.6)] == ["0", "1,235", "-1,235"]


@pytest.mark.parametrize(
    ("end", "day"),
    [("2019-01-01T00:00:00", "2018-12-31"), ("2018-12-31T15:35:00", "2018-12-31"),
     ("2018-12-31", "2018-12-31")],
)  # fmt: skip
def test_the_last_day_of_a_span_is_that_of_its_last_bar(end, day):
    assert wording.last_day(end) == day
