"""The quality gate: what it refuses, what it notes, what it leaves alone."""

import dataclasses

import numpy as np
import pytest

from lockstep.core.bars import TIMEFRAMES
from lockstep.core.errors import DataError
from lockstep.data.load import load_bars
from lockstep.data.oddities import gaps
from lockstep.data.quality import Origin, gate, trades_weekends
from tests.data.making import make_bars, ns


def passed(bars, always_open=True, session_filter="note"):
    origin = Origin("X.csv", "line", np.arange(2, len(bars) + 2, dtype=np.int64))
    return gate(bars, origin, always_open=always_open, session_filter=session_filter)


def changed(bars, **cells):
    columns = {}
    for column, (row, value) in cells.items():
        values = getattr(bars, column).copy()
        values[row] = value
        columns[column] = values
    return dataclasses.replace(bars, **columns)


def inserted(bars, row, **values):
    """Return bars in which `row` is repeated, with other values."""
    columns = {}
    for name in ("time", "open", "high", "low", "close", "volume"):
        old = getattr(bars, name)
        columns[name] = np.insert(old, row + 1, values.get(name, old[row]))
    return dataclasses.replace(bars, **columns)


def without(bars, rows):
    columns = {
        name: np.delete(getattr(bars, name), rows)
        for name in ("time", "open", "high", "low", "close", "volume")
    }
    return dataclasses.replace(bars, **columns)


def test_sound_bars_pass_unchanged_and_without_notes():
    bars = make_bars()
    assert passed(bars).notes == ()
    assert passed(bars).close is bars.close


def test_an_exact_duplicate_is_used_once_and_noted():
    bars = make_bars()
    kept = passed(inserted(bars, 3))
    assert kept.notes == ("1 bar was in the file twice, alike; used once (2024-03-04 00:15).",)
    assert kept.time.tolist() == bars.time.tolist()


def test_a_conflicting_duplicate_is_refused_with_both_values():
    bars = changed(make_bars(), close=(3, 1.5), high=(3, 1.6))
    expected = (
        r"1 x two different bars of one time: line 6 \(2024-03-04 00:15\) "
        r"close 1\.25, not 1\.5, against line 5\."
    )
    with pytest.raises(DataError, match=expected):
        passed(inserted(bars, 3, close=1.25))


def test_a_duplicate_that_differs_in_volume_alone_conflicts():
    with pytest.raises(DataError, match="volume 9999, not"):
        passed(inserted(make_bars(), 3, volume=9999.0))


def test_every_kind_of_finding_is_listed_and_the_first_three_of_each():
    bars = make_bars()
    for row in (3, 9, 20, 30):
        bars = changed(bars, open=(row, -1.0))
    bars = changed(bars, high=(40, 0.5), volume=(41, np.nan))
    with pytest.raises(DataError) as refusal:
        passed(bars)
    text = str(refusal.value)
    assert "EURUSD: X.csv is refused." in text
    assert "4 x open is not above zero: line 5 (2024-03-04 00:15) -1; line 11 " in text
    assert "line 22 (2024-03-04 01:40) -1; ...." in text
    assert "1 x high is below low: line 42 (2024-03-04 03:20) high 0.5 low 1." in text
    assert "1 x volume is not a number of zero or more: line 43 (2024-03-04 03:25) nan." in text


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("open", 9.0, "open is above high"),
        ("open", 0.1, "open is below low"),
        ("close", 9.0, "close is above high"),
        ("close", 0.1, "close is below low"),
    ],
)
def test_open_and_close_must_lie_between_low_and_high(column, value, words):
    with pytest.raises(DataError, match=rf"{words}: line 7 .* {value:g}"):
        passed(changed(make_bars(), **{column: (5, value)}))


def test_rounding_noise_around_high_and_low_is_no_finding():
    bars = make_bars()
    assert passed(changed(bars, open=(5, bars.high[5] * (1 + 1e-13)))).notes == ()


def test_bars_of_another_timeframe_are_refused():
    bars = dataclasses.replace(make_bars(timeframe="15m"), timeframe=TIMEFRAMES["5m"])
    with pytest.raises(DataError, match="wrong timeframe: bars are typically 15m apart, not 5m"):
        passed(bars)


def test_a_label_off_the_grid_is_refused():
    bars = make_bars()
    with pytest.raises(DataError, match=r"off the 5m grid.*: line 9 \(2024-03-04 00:36\)"):
        passed(changed(bars, time=(7, bars.time[7] + 60_000_000_000)))


def test_a_stretch_of_another_timeframe_is_refused_even_when_the_median_is_right():
    daily = make_bars(60, start="2024-01-01", timeframe="1d")
    fine = make_bars(500, start="2024-03-01", timeframe="30m")
    columns = {
        name: np.concatenate([getattr(daily, name), getattr(fine, name)])
        for name in ("time", "open", "high", "low", "close", "volume")
    }
    mixed = dataclasses.replace(fine, **columns)
    expected = r"mixed timeframes: from line 2 \(2024-01-01 00:00\) on, 60 bars stand 1d or so"
    with pytest.raises(DataError, match=expected):
        passed(mixed)


def test_a_gap_of_a_market_without_closing_time_is_noted_above_one_hour():
    bars = make_bars(100)
    assert passed(without(bars, slice(10, 22))).notes == ()
    assert passed(without(bars, slice(10, 23))).notes == (
        (
            "1 gap longer than 1 h: 1.083 h missing in all; the longest, 1.083 h, "
            "after 2024-03-04 00:45."
        ),
    )


def test_a_weekend_is_no_gap_and_a_day_without_bars_is():
    # Wednesday 2024-03-06 to Tuesday 2024-03-12, across the New York switch of the 10th
    bars = make_bars(6 * 288, start="2024-03-06T00:00")
    friday = (ns("2024-03-08T22:00") - bars.time[0]) // bars.timeframe
    sunday = (ns("2024-03-10T21:00") - bars.time[0]) // bars.timeframe
    week = without(bars, slice(int(friday), int(sunday)))
    assert gaps(week, always_open=False) == []
    thursday = slice(288, 2 * 288)
    assert gaps(without(week, thursday), always_open=False) == [
        (
            "1 gap longer than 3 h of market hours: 24 h missing in all; the longest, 24 h, "
            "after 2024-03-06 23:55."
        ),
    ]


def test_a_daily_break_of_a_market_is_named_and_not_counted_day_by_day():
    bars = make_bars(5 * 288, start="2024-03-04T00:00")
    hour = bars.time % (24 * 3_600_000_000_000) // 3_600_000_000_000
    friday_evening = bars.time >= ns("2024-03-08T22:00")
    cash = without(bars, np.flatnonzero((hour < 12) | friday_evening))
    assert gaps(cash, always_open=False) == []
    wednesday = (cash.time >= ns("2024-03-06")) & (cash.time < ns("2024-03-07"))
    assert gaps(without(cash, np.flatnonzero(wednesday)), always_open=False) == [
        (
            "1 gap longer than 18 h of market hours, besides a daily break of 12 h: "
            "36 h missing in all; the longest, 36 h, after 2024-03-05 23:55."
        ),
    ]


def test_identical_bars_in_a_row_are_noted_from_twelve_on():
    bars = make_bars(60)
    for count, notes in ((11, 0), (12, 1)):
        stale = {
            name: np.concatenate([v[:20], np.full(count, v[20]), v[20 + count :]])
            for name in ("open", "high", "low", "close")
            for v in [getattr(bars, name)]
        }
        found = passed(dataclasses.replace(bars, **stale)).notes
        assert len(found) == notes
    assert found == (
        "1 stale run of 12 or more identical bars; the longest, 12 bars, from 2024-03-04 01:40.",
    )


def test_a_spike_is_noted_with_its_size_and_that_it_came_back():
    bars = make_bars(500)
    spike = bars.close[100] * 1.05
    found = passed(changed(bars, close=(100, spike), high=(100, spike))).notes
    assert len(found) == 1
    assert found[0].startswith("2 returns beyond 20 robust standard deviations (")
    assert "1 came back within a bar." in found[0]
    assert "at 2024-03-04 08:2" in found[0]


def test_a_wick_without_a_return_is_noted():
    bars = make_bars(500)
    found = passed(changed(bars, low=(100, bars.low[100] * 0.9))).notes
    assert len(found) == 1
    assert found[0].startswith("1 wick longer than ")
    assert "11." in found[0]
    assert found[0].endswith("at 2024-03-04 08:20.")


def test_missing_volume_is_noted():
    bars = make_bars()
    empty = dataclasses.replace(bars, volume=np.zeros(len(bars)))
    assert passed(empty).notes == ("The source has no volume: it is zero throughout.",)


@pytest.fixture
def with_stray_bars():
    """Friday 2024-07-12 20:00 UTC (16:00 New York) to 21:25: six bars at or after 17:00."""
    return make_bars(18, start="2024-07-12T20:00")


def test_weekend_bars_are_noted_and_kept(with_stray_bars):
    kept = passed(with_stray_bars, always_open=False)
    assert len(kept) == 18
    assert kept.notes == (
        (
            "6 weekend bars lie between Friday 17:00 and Sunday 17:00 New York, the first at "
            "2024-07-12 21:00: kept."
        ),
    )


def test_weekend_bars_are_dropped_on_demand_and_noted(with_stray_bars):
    kept = passed(with_stray_bars, always_open=False, session_filter="drop")
    assert kept.time.tolist() == with_stray_bars.time[:12].tolist()
    assert kept.notes[0].endswith("2024-07-12 21:00: dropped.")


def test_weekend_bars_of_a_market_without_closing_time_are_ordinary(with_stray_bars):
    assert passed(with_stray_bars, session_filter="drop").notes == ()


def test_a_long_bar_that_reaches_into_sundays_opening_is_no_stray_bar():
    # 2024-07-14 20:00 UTC is 16:00 New York: the 4h bar covers the opening at 17:00
    bars = make_bars(4, start="2024-07-14T20:00", timeframe="4h")
    assert passed(bars, always_open=False).notes == ()


def test_an_unknown_session_filter_is_refused():
    with pytest.raises(DataError, match="session_filter is 'clip'; expected note or drop"):
        passed(make_bars(), always_open=False, session_filter="clip")


def test_bars_that_are_all_dropped_are_refused():
    bars = make_bars(5, start="2024-07-13T10:00")
    with pytest.raises(DataError, match="holds no bars of an open market"):
        passed(bars, always_open=False, session_filter="drop")


def test_a_market_without_closing_time_is_told_by_its_weekends():
    week = make_bars(7 * 288, start="2024-07-08T00:00")
    assert trades_weekends(week.time)
    assert not trades_weekends(week.time[: 5 * 288])
    days = make_bars(70, start="2024-07-08T00:00", timeframe="1d").time
    saturdays = (days // 86_400_000_000_000 + 3) % 7 == 5
    assert trades_weekends(days)
    assert not trades_weekends(days[~saturdays])


def test_real_bars_pass_and_their_known_warts_are_noted(real_data):
    bars = load_bars(["USDPLN", "BTCUSDT"], "5m", real_data / "5m")
    assert any("58 bars, from 2017-10-08 00:25" in note for note in bars["USDPLN"].notes)
    assert any("33.42 h, after 2018-02-08 00:25" in note for note in bars["BTCUSDT"].notes)
    assert any("+18.43%, at 2020-03-13 02:35" in note for note in bars["BTCUSDT"].notes)


def test_a_real_file_of_mixed_timeframes_is_refused(raw_formats, tmp_path):
    source = raw_formats / "mixed_timeframes_EURUSD_M30.csv"
    (tmp_path / "EURUSD_30m.csv").write_bytes(source.read_bytes())
    with pytest.raises(DataError, match=r"EURUSD: EURUSD_30m\.csv is refused"):
        load_bars(["EURUSD"], "30m", tmp_path)
