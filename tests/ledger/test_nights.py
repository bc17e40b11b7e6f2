"""Nights are counted at 17:00 New York: 22:00 UTC in winter, 21:00 UTC in summer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lockstep.core.bars import MINUTE_NS
from lockstep.core.instrument import Instrument
from lockstep.engine.plan import nights_of
from tests.kit import unit
from tests.moments import ns

HOUR = 60 * MINUTE_NS
INDEX: dict[str, Any] = {"asset_class": "index", "base": "US500", "quote": "USD", "triple_day": 4}
CRYPTO: dict[str, Any] = {"asset_class": "crypto", "always_open": True, "swap_basis": 365.0}


def nights(instrument: Instrument, *labels: str) -> list[int]:
    return nights_of(instrument, np.array([ns(text) for text in labels])).tolist()


def week(start: str, instrument: Instrument) -> list[int]:
    """Return the nights of seven days of hourly bars, by day of 24 bars."""
    found = nights_of(instrument, ns(start) + HOUR * np.arange(1 + 7 * 24, dtype=np.int64))
    return found[1:].reshape(7, 24).sum(axis=1).tolist()


def test_the_bar_that_opens_at_the_rollover_is_charged() -> None:
    monday = ("2025-01-13T21:50", "2025-01-13T21:55", "2025-01-13T22:00", "2025-01-13T22:05")
    assert nights(unit(), *monday) == [0, 0, 1, 0]


def test_nothing_is_charged_on_the_first_bar() -> None:
    assert nights(unit(), "2025-01-13T22:00", "2025-01-13T22:05") == [0, 0]
    assert nights(unit(), "2025-01-13T22:00") == [0]


def test_a_week_of_fx_is_seven_nights_of_which_wednesday_has_three() -> None:
    assert week("2025-01-13T00:00", unit()) == [1, 1, 3, 1, 1, 0, 0]


def test_a_week_of_an_index_is_seven_nights_of_which_friday_has_three() -> None:
    assert week("2025-01-13T00:00", unit("US500", **INDEX)) == [1, 1, 1, 1, 3, 0, 0]


def test_a_week_of_crypto_is_seven_nights_one_each() -> None:
    assert week("2025-01-13T00:00", unit("BTCUSD", **CRYPTO)) == [1] * 7


def test_a_weekend_without_bars_charges_friday_only() -> None:
    # (Friday 21:55, Sunday 22:00]: Friday's rollover counts, Saturday's and Sunday's do not.
    weekend = ("2025-01-17T21:55", "2025-01-19T22:00", "2025-01-20T21:55", "2025-01-20T22:00")
    assert nights(unit(), *weekend) == [0, 1, 0, 1]
    assert nights(unit("US500", **INDEX), *weekend) == [0, 3, 0, 1]
    assert nights(unit("BTCUSD", **CRYPTO), *weekend) == [0, 3, 0, 1]


def test_a_gap_of_several_days_charges_all_its_nights_at_once() -> None:
    # Tuesday 12:00 to Friday 12:00 crosses Tuesday (1), Wednesday (3) and Thursday (1).
    assert nights(unit(), "2025-01-14T12:00", "2025-01-17T12:00") == [0, 5]


@pytest.mark.parametrize(
    ("before", "charged"),
    [
        ("2025-03-07T21:00", "2025-03-07T22:00"),  # Friday: both on winter time
        ("2025-03-10T20:00", "2025-03-10T21:00"),  # Monday: New York on summer time, Europe not
        ("2025-03-31T20:00", "2025-03-31T21:00"),  # Monday: both on summer time
        ("2025-10-27T20:00", "2025-10-27T21:00"),  # Monday: Europe on winter time, New York not
        ("2025-11-03T21:00", "2025-11-03T22:00"),  # Monday: both on winter time
    ],
)
def test_the_rollover_follows_the_clocks_of_new_york_not_of_europe(
    before: str, charged: str
) -> None:
    start = ns(before) - 2 * HOUR
    found = nights_of(unit(), start + HOUR * np.arange(6, dtype=np.int64))
    expected = [0] * 6
    expected[(ns(charged) - start) // HOUR] = 1
    assert found.tolist() == expected


def test_weeks_in_which_the_clocks_change_have_seven_nights_too() -> None:
    assert sum(week("2025-03-03T00:00", unit())) == 7
    assert sum(week("2025-03-06T00:00", unit())) == 7
    assert sum(week("2025-10-30T00:00", unit())) == 7
    assert sum(week("2025-10-30T00:00", unit("BTCUSD", **CRYPTO))) == 7
