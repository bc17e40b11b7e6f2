"""Parquet as other tools write it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lockstep.core.errors import DataError
from lockstep.data.formats.parquet import Parquet
from tests.data.making import ns

PRICES = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
TWO = ["2024-03-08 17:00", "2024-03-11 17:00"]


def read(tmp_path, columns, zone="UTC"):
    path = tmp_path / "X.parquet"
    pq.write_table(pa.table(columns), path)
    return Parquet().read(path, zone)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_unit_of_time_becomes_nanoseconds(tmp_path, unit):
    stamps = pa.array(np.array(TWO, "datetime64[s]")).cast(pa.timestamp(unit, tz="UTC"))
    table = read(tmp_path, {"timestamp": stamps, **PRICES})
    assert table["time"].tolist() == [ns("2024-03-08T17:00"), ns("2024-03-11T17:00")]


def test_a_zone_in_the_file_names_instants_whatever_is_declared(tmp_path):
    stamps = pa.array(np.array(TWO, "datetime64[ns]")).cast(pa.timestamp("ns", tz="Asia/Tokyo"))
    table = read(tmp_path, {"timestamp": stamps, **PRICES}, zone="America/New_York")
    assert table["time"].tolist() == [ns("2024-03-08T17:00"), ns("2024-03-11T17:00")]


def test_times_without_a_zone_are_on_the_declared_clock(tmp_path):
    stamps = np.array(TWO, "datetime64[ns]")
    table = read(tmp_path, {"Timestamp": stamps, **PRICES}, zone="America/New_York")
    assert table["time"].tolist() == [ns("2024-03-08T22:00"), ns("2024-03-11T21:00")]


def test_a_nameless_pandas_index_is_the_time(tmp_path):
    frame = pd.DataFrame(
        {"Open": 1, "High": 2, "Low": 1, "Close": 2, "Volume": 3},
        index=pd.DatetimeIndex(TWO, tz="UTC"),
    )
    frame.to_parquet(tmp_path / "X.parquet")
    table = Parquet().read(tmp_path / "X.parquet", "UTC")
    assert table["time"].tolist() == [ns("2024-03-08T17:00"), ns("2024-03-11T17:00")]
    assert table["volume"].tolist() == [3.0, 3.0]
    assert table["high"].dtype == np.float64


def test_a_local_time_that_never_was_is_refused_with_its_row(tmp_path):
    stamps = np.array(["2024-03-10 01:00", "2024-03-10 02:30"], "datetime64[ns]")
    with pytest.raises(DataError, match="row 2: 2024-03-10 02:30 does not exist in America/New"):
        read(tmp_path, {"timestamp": stamps, **PRICES}, zone="America/New_York")


@pytest.mark.parametrize("times", [[1709561100, 1709561400], TWO])
def test_epochs_and_text_are_refused(tmp_path, times):
    with pytest.raises(DataError, match="stands where its times should; expected timestamps"):
        read(tmp_path, {"timestamp": times, **PRICES})


def test_an_empty_time_is_refused_with_its_row(tmp_path):
    stamps = pa.array([0, None], pa.timestamp("ns", tz="UTC"))
    with pytest.raises(DataError, match=r"X\.parquet row 2: the time is empty"):
        read(tmp_path, {"timestamp": stamps, **PRICES})


def test_prices_of_text_are_refused(tmp_path):
    columns = {"timestamp": np.array(TWO, "datetime64[ns]"), **PRICES, "close": ["1.0", "1.1"]}
    with pytest.raises(DataError, match="close holds string; expected numbers"):
        read(tmp_path, columns)


def test_missing_columns_are_named_with_what_is_there(tmp_path):
    with pytest.raises(DataError, match=r"lacks a time column .*, high; its columns are when, low"):
        read(tmp_path, {"when": [1], "low": [1.0], "open": [1.0], "close": [1.0]})


def test_a_date_beside_a_time_is_refused(tmp_path):
    stamps = np.array(TWO, "datetime64[ns]")
    with pytest.raises(DataError, match="has a date and a time column; expected one of timest"):
        read(tmp_path, {"date": stamps, "time": stamps, **PRICES})


def test_columns_that_differ_in_case_alone_are_refused(tmp_path):
    stamps = np.array(TWO, "datetime64[ns]")
    with pytest.raises(DataError, match="names differ in case alone"):
        read(tmp_path, {"timestamp": stamps, **PRICES, "Close": [2.0, 2.0]})
