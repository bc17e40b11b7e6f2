import numpy as np
import pandas as pd
import pytest

from lockstep.core.calendar import HOUR_NS, trading_days
from lockstep.core.errors import ConfigError, DataError
from lockstep.research.windows import Plot, last_bars_off, month_start
from tests.kit import flat_rows, make_bars


def ns(text: str) -> int:
    return pd.Timestamp(text).as_unit("ns").value


def shown(window) -> list[str]:
    moments = (window.in_sample, window.until, window.begin, window.end)
    return [f"{pd.Timestamp(m):%Y-%m-%d %H:%M}" for m in moments]


def month(text: str) -> int:
    return int(np.datetime64(text, "M").astype(np.int64))


@pytest.mark.parametrize("weekend_days", [True, False])
@pytest.mark.parametrize("text", ["2025-01", "2025-02", "2025-03", "2025-06", "2025-09", "2024-12"])
def test_a_month_starts_with_the_first_label_of_its_trading_days(text, weekend_days):
    start = month_start(month(text), weekend_days)
    days = trading_days(np.array([start - 1, start]), weekend_days)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    assert months.tolist() == [month(text) - 1, month(text)]


def test_rolling_windows_are_calendar_months_of_new_york_days():
    plot = Plot(2, 1, embargo_days=1)
    found = plot.windows(ns("2025-01-01"), ns("2025-05-31 20:55"), weekend_days=True)
    # Winter time ends on 9 March: 17:00 in New York is 22:00 UTC before, 21:00 after.
    assert [shown(one) for one in found] == [
        ["2024-12-31 22:00", "2025-02-27 22:00", "2025-02-28 22:00", "2025-03-31 21:00"],
        ["2025-01-31 22:00", "2025-03-30 21:00", "2025-03-31 21:00", "2025-04-30 21:00"],
        ["2025-02-28 22:00", "2025-04-29 21:00", "2025-04-30 21:00", "2025-05-31 21:00"],
    ]
    assert [one.number for one in found] == [1, 2, 3]
    assert all(one.whole for one in found)


def test_anchored_windows_keep_their_first_month():
    found = Plot(2, 1, "anchored").windows(ns("2025-01-01"), ns("2025-05-31"), weekend_days=True)
    assert {one.in_sample for one in found} == {ns("2024-12-31 22:00")}
    assert [one.begin for one in found] == [
        one.begin for one in Plot(2, 1).windows(ns("2025-01-01"), ns("2025-05-31"), True)
    ]


def test_out_of_sample_windows_leave_no_gap_between_them():
    found = Plot(3, 2).windows(ns("2020-01-01"), ns("2022-12-31"), weekend_days=False)
    assert [one.end for one in found[:-1]] == [one.begin for one in found[1:]]


@pytest.mark.parametrize(("last", "count", "whole"), [
    ("2025-05-04", 2, True),  # four days are left out
    ("2025-05-10", 3, False),
    ("2025-05-29 21:00", 3, True),  # only a weekend is missing
])  # fmt: skip
def test_the_last_window_ends_with_the_data_or_is_left_out(last, count, whole):
    found = Plot(2, 1).windows(ns("2025-01-01"), ns(last), weekend_days=True)
    assert len(found) == count
    assert found[-1].whole is whole
    if not whole:
        assert found[-1].end == ns(last) + 1


def test_a_month_that_has_begun_is_not_counted():
    first = Plot(1, 1).windows(ns("2025-01-05"), ns("2025-12-31"), weekend_days=True)[0]
    assert first.in_sample == ns("2025-01-31 22:00")


def test_too_little_data_is_refused_with_the_dates_that_are_needed():
    with pytest.raises(DataError, match="bars from 2025-01-01 up to the end of 2025-05; give more"):
        Plot(3, 1).windows(ns("2025-01-01"), ns("2025-05-03"), weekend_days=True)


@pytest.mark.parametrize(("given", "said"), [
    ({"kind": "expanding"}, "windows are 'expanding'; expected rolling or anchored"),
    ({"in_sample_months": 0}, "in_sample_months is 0; expected 1 or more"),
    ({"embargo_days": -1}, "embargo_days is -1; expected 0 to 27"),
])  # fmt: skip
def test_a_wrong_number_is_named(given, said):
    with pytest.raises(ConfigError, match=said):
        Plot(**given)


def test_the_last_bars_before_a_moment_are_cut_off_and_no_more():
    bars = make_bars("EURUSD", flat_rows(1.0, 10), start=0, timeframe=HOUR_NS)
    assert last_bars_off(bars, 8 * HOUR_NS, 3) == 5 * HOUR_NS
    assert last_bars_off(bars, 8 * HOUR_NS, 0) == 8 * HOUR_NS
    assert last_bars_off(bars, 8 * HOUR_NS, 8) == 0
    assert last_bars_off(bars, 8 * HOUR_NS, 50) == 0
