"""The laws of every file format: a file in the room is tested by its mere presence."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as draw

from lockstep.core.errors import ConfigError, DataError
from lockstep.core.registry import formats
from lockstep.data.files import format_of
from lockstep.data.load import load_bars, read_file
from tests.data.making import make_bars

NAMES = formats.names()
COLUMNS = ("open", "high", "low", "close", "volume")
LAW = settings(
    deadline=None,
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def written(name, folder, bars, stem="EURUSD"):
    reader = formats.get(name)()
    path = folder / f"{stem}{reader.suffixes[0]}"
    reader.write(path, bars)
    return path


def spoilt(bars, column, row, value):
    values = getattr(bars, column).copy()
    values[row] = value
    return dataclasses.replace(bars, **{column: values})


@pytest.mark.parametrize("name", NAMES)
@LAW
@given(
    seed=draw.integers(0, 1000),
    count=draw.integers(1, 60),
    timeframe=draw.sampled_from(["1m", "5m", "1h", "1d"]),
    exponent=draw.integers(-6, 6),
)
def test_what_is_written_is_read_back_bit_by_bit(name, tmp_path, seed, count, timeframe, exponent):
    bars = make_bars(count, timeframe=timeframe, seed=seed)
    scaled = {column: getattr(bars, column) * 10.0**exponent for column in COLUMNS[:4]}
    bars = dataclasses.replace(bars, **scaled)
    table = formats.get(name)().read(written(name, tmp_path, bars), "UTC")
    assert table["time"].dtype == np.int64
    assert table["time"].to_numpy().tobytes() == bars.time.tobytes()
    for column in COLUMNS:
        assert table[column].to_numpy().tobytes() == getattr(bars, column).tobytes(), column


@pytest.mark.parametrize("name", NAMES)
def test_times_are_read_as_sorted_utc_nanoseconds(name, tmp_path):
    path = written(name, tmp_path, make_bars(3, start="2024-03-04T07:35"))
    time = formats.get(name)().read(path, "UTC")["time"]
    assert [str(pd.Timestamp(t)) for t in time] == [
        "2024-03-04 07:35:00",
        "2024-03-04 07:40:00",
        "2024-03-04 07:45:00",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_counted_as_a_reader_of_the_file_would(name, tmp_path):
    index = formats.get(name)().read(written(name, tmp_path, make_bars(3)), "UTC").index
    assert (index.name, list(index)) in [("line", [2, 3, 4]), ("row", [1, 2, 3])]


@pytest.mark.parametrize("name", NAMES)
def test_a_format_recognises_its_own_files_and_no_other_format_does(name, tmp_path):
    path = written(name, tmp_path, make_bars(5))
    assert [other for other in NAMES if formats.get(other)().recognises(path)] == [name]
    assert format_of(path)[0] == name


@pytest.mark.parametrize("name", NAMES)
def test_a_format_recognises_neither_an_empty_nor_a_foreign_file(name, tmp_path):
    reader = formats.get(name)()
    for content in (b"", b"\x00\x01\x02\xff", b"hello\nworld\n", b"1514764800000,1,1,1,1\n"):
        path = tmp_path / f"X{reader.suffixes[0]}"
        path.write_bytes(content)
        assert not reader.recognises(path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("column", "value", "finding"),
    [
        ("close", float("nan"), "close is not a number"),
        ("open", float("inf"), "open is not a number"),
        ("low", 0.0, "low is not above zero"),
        ("close", -1.5, "close is not above zero"),
        ("high", 0.9, "high is below low"),
        ("volume", -3.0, "volume is not a number of zero or more"),
    ],
)
def test_a_bad_row_is_refused_with_file_place_time_and_value(
    name, tmp_path, column, value, finding
):
    path = written(name, tmp_path, spoilt(make_bars(), column, 4, value))
    place = rf"{finding}.*(line 6|row 5) \(2024-03-04 00:20\)"
    with pytest.raises(DataError, match=place) as refusal:
        load_bars(["EURUSD"], "5m", tmp_path)
    assert path.name in str(refusal.value)
    assert f"{value:g}" in str(refusal.value)


@pytest.mark.parametrize("name", NAMES)
def test_unsorted_rows_are_refused_with_their_place(name, tmp_path):
    bars = make_bars()
    time = bars.time.copy()
    time[[3, 4]] = time[[4, 3]]
    written(name, tmp_path, dataclasses.replace(bars, time=time))
    expected = r"out of time order: (line 6|row 5) \(2024-03-04 00:15\) after 2024-03-04 00:20"
    with pytest.raises(DataError, match=expected):
        load_bars(["EURUSD"], "5m", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_short_is_refused_and_named(name, tmp_path):
    path = written(name, tmp_path, make_bars(100))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3 - 5])
    with pytest.raises(DataError, match=path.name):
        load_bars(["EURUSD"], "5m", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_zone_is_refused(name, tmp_path):
    written(name, tmp_path, make_bars(5))
    with pytest.raises(ConfigError, match="zone is 'Mars/Olympus'; expected an IANA time zone"):
        load_bars(["EURUSD"], "5m", tmp_path, zone="Mars/Olympus")


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_writable_and_their_own(name, tmp_path):
    bars, _ = read_file("EURUSD", written(name, tmp_path, make_bars(5)), "UTC")
    for column in ("time", *COLUMNS):
        assert getattr(bars, column).flags.writeable
        assert getattr(bars, column).flags.c_contiguous
