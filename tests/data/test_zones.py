"""Clocks and the FX week."""

import numpy as np
import pytest

from lockstep.core.calendar import HOUR_NS
from lockstep.core.errors import ConfigError
from lockstep.data.zones import clock_of, localise, open_time, stamp, stray
from tests.data.making import ns


def at(*texts):
    return np.array([ns(text) for text in texts], dtype=np.int64)


def test_a_zone_may_carry_hours():
    assert clock_of("America/New_York+7h") == ("America/New_York", 7 * HOUR_NS)
    assert clock_of("UTC-3h") == ("UTC", -3 * HOUR_NS)
    assert localise(at("2024-03-04T00:00"), "UTC-3h").time.tolist() == [ns("2024-03-04T03:00")]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "+7h", "EST+7"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(ConfigError, match="expected an IANA time zone"):
        clock_of(zone)


@pytest.mark.parametrize(
    ("friday", "sunday"),
    [
        ("2024-03-01T22:00", "2024-03-03T22:00"),  # winter on both sides
        ("2024-03-08T22:00", "2024-03-10T21:00"),  # New York springs forward on the 10th
        ("2024-07-12T21:00", "2024-07-14T21:00"),  # summer
        ("2024-11-01T21:00", "2024-11-03T22:00"),  # falls back on the 3rd
    ],
)
def test_the_weekend_runs_from_friday_to_sunday_seventeen_new_york(friday, sunday):
    step = 300_000_000_000
    labels = at(friday, sunday)
    edges = np.array([labels[0] - step, labels[0], labels[1] - step, labels[1]])
    assert stray(edges, step).tolist() == [False, True, True, False]
    assert open_time(labels)[0] == open_time(labels)[1]


def test_a_week_has_a_hundred_and_twenty_open_hours_in_every_season():
    labels = at("2024-03-06T12:00", "2024-03-13T11:00", "2024-03-20T11:00")
    assert (np.diff(open_time(labels)) / HOUR_NS).tolist() == [120.0, 120.0]


def test_times_are_written_as_people_read_them():
    assert stamp(ns("2019-01-02T22:35")) == "2019-01-02 22:35"
    assert stamp(ns("2019-01-02T22:35:07")) == "2019-01-02 22:35:07"
