"""New York stands at UTC-5 in winter and UTC-4 in summer: 17:00 there is 22:00 or 21:00 UTC.

In 2025 New York's summer begins on 9 March and ends on 2 November; Europe's begins on 30 March
and ends on 26 October. In between, the two shift apart.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lockstep.core.calendar import (
    local_hours,
    periods,
    rollovers,
    trading_days,
    weekdays,
)
from tests.moments import day, ns


def labels(*texts: str) -> np.ndarray:
    return np.array([ns(text) for text in texts], dtype=np.int64)


def dates(*texts: str) -> list[int]:
    return [day(text) for text in texts]


def test_a_trading_day_ends_at_five_in_new_york_in_winter() -> None:
    found = trading_days(labels("2025-01-15T21:55", "2025-01-15T22:00"), weekend_days=False)
    assert found.tolist() == dates("2025-01-15", "2025-01-16")


def test_a_trading_day_ends_at_five_in_new_york_in_summer() -> None:
    found = trading_days(labels("2025-07-15T20:55", "2025-07-15T21:00"), weekend_days=True)
    assert found.tolist() == dates("2025-07-15", "2025-07-16")


def test_the_day_follows_new_york_while_europe_has_not_changed_its_clocks_yet() -> None:
    spring = labels("2025-03-07T21:55", "2025-03-11T20:55", "2025-03-11T21:00")
    assert trading_days(spring, False).tolist() == dates("2025-03-07", "2025-03-11", "2025-03-12")
    autumn = labels("2025-10-29T20:55", "2025-10-29T21:00", "2025-11-05T21:55", "2025-11-05T22:00")
    assert trading_days(autumn, False).tolist() == dates(
        "2025-10-29", "2025-10-30", "2025-11-05", "2025-11-06"
    )


def test_weekend_bars_join_monday_where_nothing_trades_around_the_clock() -> None:
    # 2025-01-17 is a Friday. Its 17:00 New York opens Saturday, Sunday's opens Monday.
    around = labels("2025-01-17T21:55", "2025-01-17T22:00", "2025-01-19T12:00", "2025-01-19T22:00")
    assert trading_days(around, weekend_days=False).tolist() == dates(
        "2025-01-17", "2025-01-20", "2025-01-20", "2025-01-20"
    )


def test_saturday_and_sunday_are_days_beside_an_asset_that_never_closes() -> None:
    around = labels("2025-01-17T21:55", "2025-01-17T22:00", "2025-01-19T12:00", "2025-01-19T22:00")
    assert trading_days(around, weekend_days=True).tolist() == dates(
        "2025-01-17", "2025-01-18", "2025-01-19", "2025-01-20"
    )


def test_weekdays_count_from_monday() -> None:
    days = np.array(dates("1970-01-01", "2025-01-13", "2025-01-19", "2025-01-20"))
    assert weekdays(days).tolist() == [3, 0, 6, 0]


def test_rollovers_keep_to_new_york_when_its_summer_begins() -> None:
    instants, weekday = rollovers(ns("2025-03-06T12:00"), ns("2025-03-11T12:00"))
    expected = ["2025-03-06T22:00", "2025-03-07T22:00", "2025-03-08T22:00"]
    expected += ["2025-03-09T21:00", "2025-03-10T21:00"]
    assert instants.tolist() == [ns(text) for text in expected]
    assert weekday.tolist() == [3, 4, 5, 6, 0]


def test_rollovers_keep_to_new_york_when_its_summer_ends_a_week_after_europes() -> None:
    instants, weekday = rollovers(ns("2025-10-25T00:00"), ns("2025-10-28T00:00"))
    assert instants.tolist() == [
        ns("2025-10-25T21:00"),
        ns("2025-10-26T21:00"),
        ns("2025-10-27T21:00"),
    ]
    assert weekday.tolist() == [5, 6, 0]
    instants, weekday = rollovers(ns("2025-11-01T00:00"), ns("2025-11-04T00:00"))
    assert instants.tolist() == [
        ns("2025-11-01T21:00"),
        ns("2025-11-02T22:00"),
        ns("2025-11-03T22:00"),
    ]
    assert weekday.tolist() == [5, 6, 0]


def test_a_rollover_at_the_start_is_left_out_and_one_at_the_end_is_kept() -> None:
    instants, _ = rollovers(ns("2025-01-14T22:00"), ns("2025-01-15T22:00"))
    assert instants.tolist() == [ns("2025-01-15T22:00")]
    instants, weekday = rollovers(ns("2025-01-14T22:00"), ns("2025-01-15T21:59"))
    assert len(instants) == len(weekday) == 0


def test_hours_are_those_of_the_zone_in_winter_and_summer() -> None:
    moments = labels("2025-01-15T14:30", "2025-07-15T14:30")
    assert local_hours(moments, "America/New_York").tolist() == [9, 10]
    assert local_hours(moments, "UTC").tolist() == [14, 14]


def test_a_week_begins_on_monday_a_month_and_a_quarter_on_their_first() -> None:
    def changes(frequency: str, *texts: str) -> list[bool]:
        found = periods(np.array(dates(*texts), dtype=np.int64), frequency)
        return [bool(a != b) for a, b in pairwise(found)]

    assert changes("weekly", "2025-01-17", "2025-01-19", "2025-01-20", "2025-01-24") == [
        False,
        True,
        False,
    ]
    assert changes("monthly", "2025-01-01", "2025-01-31", "2025-02-03", "2026-02-03") == [
        False,
        True,
        True,
    ]
    assert changes("quarterly", "2025-01-02", "2025-03-31", "2025-04-01", "2025-12-31") == [
        False,
        True,
        True,
    ]


def test_an_unknown_frequency_is_refused() -> None:
    with pytest.raises(ValueError, match=r"frequency is 'daily'; expected weekly, monthly or qua"):
        periods(np.array([0], dtype=np.int64), "daily")
