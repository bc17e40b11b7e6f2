"""Strictness of the text formats: what is read, what is refused, and in which words."""

import numpy as np
import pytest

from lockstep.core.errors import DataError
from lockstep.data.formats.csv import Csv
from lockstep.data.formats.mt5_tab import Mt5Tab
from tests.data.making import ns

HEAD = "time,open,high,low,close,volume\n"


def read(tmp_path, text, zone="UTC", reader=Csv, encoding="utf-8"):
    path = tmp_path / "X.csv"
    path.write_bytes(text.encode(encoding))
    assert reader().recognises(path)
    return reader().read(path, zone)


def times(table):
    return [str(np.datetime64(int(t), "ns"))[:19] for t in table["time"]]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-03-04 14:05", "2024-03-04T14:05:00"),
        ("2024-03-04T14:05:30", "2024-03-04T14:05:30"),
        ("2024.03.04 14:05:00", "2024-03-04T14:05:00"),
        ("2024/03/04 14:05", "2024-03-04T14:05:00"),
        ("2024-03-04", "2024-03-04T00:00:00"),
        ("2024-03-04T14:05:00Z", "2024-03-04T14:05:00"),
        ("2024-03-04 14:05:00+02:00", "2024-03-04T12:05:00"),
        ("2024-03-04 14:05:00 -0500", "2024-03-04T19:05:00"),
        ("2024-03-04 14:05:00.000000+00:00", "2024-03-04T14:05:00"),
    ],
)
def test_year_first_times_are_read(tmp_path, written, utc):
    assert times(read(tmp_path, f"{HEAD}{written},1,1,1,1,0\n")) == [utc]


@pytest.mark.parametrize(
    "written",
    [
        "04.03.2024 14:05",
        "03/04/2024 14:05",
        "20240304 140500",
        "2024-03-04 24:00",
        "2024-02-30 10:00",
        "2024-13-01 10:00",
        "2024-03-04 14",
        "2024-03-04 14:05 PM",
        "14:05",
        "yesterday",
        "",
    ],
)
def test_other_times_are_refused_with_line_and_text(tmp_path, written):
    expected = rf"X\.csv line 2: time is '{written}'; expected a time such as 2024-03-08 14:05"
    with pytest.raises(DataError, match=expected):
        read(tmp_path, f"{HEAD}{written},1,1,1,1,0\n")


@pytest.mark.parametrize("epoch", ["1709561100", "1709561100000", "1709561100.5"])
def test_epoch_numbers_are_refused_by_name(tmp_path, epoch):
    with pytest.raises(DataError, match=f"line 2: time is '{epoch}'.*epoch numbers are not read"):
        read(tmp_path, f"{HEAD}{epoch},1,1,1,1,0\n")


def test_a_row_without_offset_among_rows_with_one_is_refused(tmp_path):
    text = f"{HEAD}2024-03-04 14:05Z,1,1,1,1,0\n2024-03-04 14:10,1,1,1,1,0\n"
    with pytest.raises(
        DataError, match=r"line 3: time is '2024-03-04 14:10'; expected a time with its offset"
    ):
        read(tmp_path, text)


def test_date_and_time_columns_make_one_time(tmp_path):
    text = "Date;Time;Open;High;Low;Close\n2024.03.04;14:05;1;2;1;2\n"
    assert times(read(tmp_path, text)) == ["2024-03-04T14:05:00"]


def test_a_declared_zone_is_converted_with_its_summer_time(tmp_path):
    text = f"{HEAD}2024-03-08 17:00,1,1,1,1,0\n2024-03-11 17:00,1,1,1,1,0\n"
    table = read(tmp_path, text, zone="America/New_York")
    assert times(table) == ["2024-03-08T22:00:00", "2024-03-11T21:00:00"]
    assert table.attrs["zone_stated"] is False


def test_an_offset_in_the_file_beats_the_declared_zone(tmp_path):
    table = read(tmp_path, f"{HEAD}2024-03-08 17:00Z,1,1,1,1,0\n", zone="America/New_York")
    assert times(table) == ["2024-03-08T17:00:00"]
    assert table.attrs["zone_stated"] is True


def test_a_server_clock_seven_hours_ahead_of_new_york_is_understood(tmp_path):
    # New York switched on 2024-03-10, Athens on 2024-03-31: midnight of the server is 17:00 there
    text = f"{HEAD}2024-03-08 00:00,1,1,1,1,0\n2024-03-12 00:00,1,1,1,1,0\n"
    table = read(tmp_path, text, zone="America/New_York+7h")
    assert times(table) == ["2024-03-07T22:00:00", "2024-03-11T21:00:00"]


def test_a_local_time_that_never_was_is_refused_with_its_line(tmp_path):
    text = f"{HEAD}2024-03-10 01:55,1,1,1,1,0\n2024-03-10 02:30,1,1,1,1,0\n"
    with pytest.raises(DataError, match="line 3: time is '2024-03-10 02:30', which does not exist"):
        read(tmp_path, text, zone="America/New_York")


def test_a_local_time_that_was_twice_is_refused_with_its_line(tmp_path):
    text = f"{HEAD}2024-11-03 00:55,1,1,1,1,0\n2024-11-03 01:30,1,1,1,1,0\n"
    with pytest.raises(DataError, match="line 3: time is '2024-11-03 01:30', which happens twice"):
        read(tmp_path, text, zone="America/New_York")


@pytest.mark.parametrize("cell", ["abc", "", "1_000", "0x10", "1.2.3", "--"])
def test_a_cell_that_is_no_number_is_refused_with_line_and_text(tmp_path, cell):
    text = f"{HEAD}2024-03-04,1,1,1,1,0\n2024-03-05,1,1,1,{cell},0\n"
    with pytest.raises(DataError, match=f"X.csv line 3: close is '{cell}'; expected a number"):
        read(tmp_path, text)


def test_a_decimal_comma_is_refused_with_a_hint(tmp_path):
    text = "time;open;high;low;close\n2024-03-04;1,1;1,1;1,1;1,1\n"
    with pytest.raises(
        DataError, match="line 2: open is '1,1'; expected a number with a decimal point"
    ):
        read(tmp_path, text)


def test_every_refused_cell_up_to_three_is_listed(tmp_path):
    rows = "".join(
        f"2024-03-04 00:{minute:02}:00,{'x' if minute in (3, 17, 41) else 1},1,1,1,0\n"
        for minute in range(60)
    )
    with pytest.raises(DataError, match=r"(?s)line 5: .*line 19: .*line 43: .*perhaps more"):
        read(tmp_path, HEAD + rows)


def test_blank_lines_do_not_shift_line_numbers(tmp_path):
    text = f"{HEAD}2024-03-04,1,1,1,1,0\n\n\n2024-03-05,1,1,1,1,0\n\n2024-03-06,1,1,1,y,0\n"
    with pytest.raises(DataError, match="line 7: close is 'y'"):
        read(tmp_path, text)
    assert list(read(tmp_path, text.replace("y", "1")).index) == [2, 5, 7]


def test_rows_of_another_length_are_refused_with_line_and_text(tmp_path):
    text = f"{HEAD}2024-03-04,1,1,1,1,0\n\n2024-03-05,1,1,1\n"
    with pytest.raises(
        DataError, match="line 4: 4 cells where the header names 6: '2024-03-05,1,1,1'"
    ):
        read(tmp_path, text)


def test_line_numbers_hold_in_files_of_many_blocks(tmp_path):
    row = "2024-03-04 00:00:00,1.000000000,1.000000000,1.000000000,1.000000000,0\n"
    text = HEAD + row * 40_000 + "broken\n" + row
    with pytest.raises(DataError, match="line 40002: 1 cells where the header names 6: 'broken'"):
        read(tmp_path, text)
    with pytest.raises(DataError, match="line 40002: close is 'x'"):
        read(tmp_path, text.replace("broken", "2024-03-04,1,1,1,x,0"))


def test_windows_line_ends_a_byte_order_mark_and_quotes_are_read(tmp_path):
    text = '\ufeff"Time","Open","High","Low","Close"\r\n"2024-03-04 10:00"," 1.5",2,1,"1.25"\r\n'
    table = read(tmp_path, text)
    assert times(table) == ["2024-03-04T10:00:00"]
    assert table[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == [
        [1.5, 2.0, 1.0, 1.25, 0.0]
    ]


def test_utf_16_with_its_mark_is_read(tmp_path):
    text = f"{HEAD}2024-03-04,1,1,1,1,0\n"
    assert times(read(tmp_path, text, encoding="utf-16")) == ["2024-03-04T00:00:00"]


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path):
    with pytest.raises(DataError, match=r"X.csv line 2: byte b'\\xa3' is not UTF-8 text"):
        read(tmp_path, f"{HEAD}2024-03-04,£1,1,1,1,0\n", encoding="latin-1")


def test_a_column_named_twice_is_refused(tmp_path):
    text = "time,open,high,low,close,close\n2024-03-04,1,1,1,1,2\n"
    with pytest.raises(DataError, match="line 1: the header names close twice"):
        read(tmp_path, text)


def test_mt5_volume_is_ticks_and_real_volume_only_where_there_are_none(tmp_path):
    head = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
    row = "2025.01.02\t01:00:00\t2624.81\t2625.63\t2624.19\t2624.65\t{}\t{}\t43\n"
    ticks = read(tmp_path, head + row.format(460, 7), reader=Mt5Tab)
    real = read(tmp_path, head + row.format(0, 7), reader=Mt5Tab)
    assert (list(ticks["volume"]), list(real["volume"])) == ([460.0], [7.0])
    assert int(ticks["time"].iloc[0]) == ns("2025-01-02T01:00")


def test_mt5_daily_exports_have_no_time_column(tmp_path):
    text = "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n2025.01.02\t1\t1\t1\t1\t5\n"
    assert times(read(tmp_path, text, reader=Mt5Tab)) == ["2025-01-02T00:00:00"]


def test_a_real_metatrader_export_is_read(raw_formats):
    path = raw_formats / "mt5_tab_export_XAUUSD_M15.csv"
    table = Mt5Tab().read(path, "America/New_York+7h")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(table) == len(lines) - 1
    # 2025-01-02 01:00 on the server is 18:00 New York the evening before, 23:00 UTC
    assert times(table)[0] == "2025-01-01T23:00:00"
    assert table.iloc[0, 1:].tolist() == [2624.81, 2625.63, 2624.19, 2624.65, 460.0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("epochsec_index_col_EURCHF_M5.csv", "epoch numbers are not read"),
        ("ms_epoch_plus_datetime_ETH_USDT_1h.csv", "epoch numbers are not read"),
        ("mt4_header_mismatch_eu_daily_1971.csv", "line 2: 7 cells where the header names 6"),
    ],
)
def test_vendor_files_of_unknown_layout_are_refused_clearly(raw_formats, name, words):
    with pytest.raises(DataError, match=words):
        Csv().read(raw_formats / name, "UTC")
