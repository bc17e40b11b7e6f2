"""Names to bars: which file is found, what its source says, what is refused."""

import dataclasses
import hashlib

import numpy as np
import pandas as pd
import pytest

from lockstep.core.errors import DataError, UsageError
from lockstep.core.instrument import Instrument
from lockstep.core.registry import formats
from lockstep.data.load import common_range, load_bars, one_grid, ranges, source_paths
from tests.data.making import make_bars, ns


@pytest.fixture
def folder(tmp_path):
    """A folder of EURUSD (any timeframe), GBPUSD_5m and GBPUSD_1h."""
    parquet, csv = formats.get("parquet")(), formats.get("csv")()
    parquet.write(tmp_path / "EURUSD.parquet", make_bars(20))
    csv.write(tmp_path / "GBPUSD_5m.csv", make_bars(30, start="2024-03-04T01:00"))
    csv.write(tmp_path / "GBPUSD_1h.csv", make_bars(30, timeframe="1h"))
    return tmp_path


def test_symbols_are_found_with_and_without_their_timeframe_and_sorted(folder):
    bars = load_bars(["GBPUSD", "EURUSD", "EURUSD"], "5m", folder)
    assert list(bars) == ["EURUSD", "GBPUSD"]
    assert [len(one) for one in bars.values()] == [20, 30]
    assert {one.timeframe for one in bars.values()} == {300_000_000_000}


def test_the_source_says_which_bytes_were_read(folder):
    source = load_bars(["GBPUSD"], "5m", folder)["GBPUSD"].source
    digest = hashlib.sha256((folder / "GBPUSD_5m.csv").read_bytes()).hexdigest()
    assert source == {
        "file": "GBPUSD_5m.csv",
        "sha256": digest,
        "format": "csv",
        "zone": "stated by the file",
        "rows": 30,
        "first": "2024-03-04 01:00",
        "last": "2024-03-04 03:25",
    }
    assert source_paths(["GBPUSD"], "5m", folder) == {"GBPUSD": folder / "GBPUSD_5m.csv"}


@pytest.mark.parametrize("how", ["appended", "replaced"])
def test_a_file_that_changes_while_it_is_read_is_refused(folder, monkeypatch, how):
    csv = formats.get("csv")
    read = csv.read

    def slow(self, path, zone):
        table = read(self, path, zone)
        if how == "appended":
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")
        else:
            (folder / "new").write_bytes(path.read_bytes())
            (folder / "new").replace(path)
        return table

    monkeypatch.setattr(csv, "read", slow)
    with pytest.raises(DataError, match=r"GBPUSD: GBPUSD_5m\.csv changed while it was read; begin"):
        load_bars(["GBPUSD"], "5m", folder)


def test_a_zone_that_was_assumed_is_noted(tmp_path):
    text = "time,open,high,low,close,volume\n2024-03-04 00:00,1,1,1,1,1\n"
    (tmp_path / "X.csv").write_text(text, encoding="utf-8")
    bars = load_bars(["X"], "5m", tmp_path, zone="Europe/Berlin")["X"]
    assert bars.notes == ("The file states no time zone; its times were read as Europe/Berlin.",)
    assert bars.source["zone"] == "Europe/Berlin"


def test_two_files_that_answer_to_one_name_are_refused(folder):
    formats.get("csv")().write(folder / "EURUSD_5m.csv", make_bars(20))
    expected = r"EURUSD: EURUSD\.parquet and EURUSD_5m\.csv both answer to its name"
    with pytest.raises(DataError, match=expected):
        load_bars(["EURUSD"], "5m", folder)


def test_a_missing_symbol_names_what_was_looked_for_and_the_nearest(folder):
    with pytest.raises(DataError, match=r"no file EURUSX_5m\.\(csv\|.*nearest: EURUSD\.parquet"):
        load_bars(["EURUSX"], "5m", folder)


def test_a_missing_symbol_without_a_near_one_lists_what_is_there(folder):
    with pytest.raises(DataError, match=r"there are EURUSD\.parquet, GBPUSD_1h\.csv, GBPUSD_5m"):
        load_bars(["XYZ"], "5m", folder)


def test_all_failing_symbols_are_named_at_once(folder):
    with pytest.raises(DataError, match=r"(?s)AAA: no file.*EURUSD: .*wrong timeframe.*ZZZ: no"):
        load_bars(["ZZZ", "EURUSD", "AAA"], "1h", folder)


def test_a_file_without_rows_is_refused(tmp_path):
    (tmp_path / "X.csv").write_text("time,open,high,low,close\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"X: X\.csv holds no bars"):
        load_bars(["X"], "5m", tmp_path)


def test_a_file_of_no_known_format_shows_its_first_line_and_what_is_expected(tmp_path):
    (tmp_path / "X.csv").write_text("2017.10.16,20:15,1,1,1,1,5\n", encoding="utf-8")
    expected = r"X\.csv is in no known format: it begins with '2017\.10\.16,.*csv expects a header"
    with pytest.raises(DataError, match=expected):
        load_bars(["X"], "5m", tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere does not exist or is no folder"):
        load_bars(["X"], "5m", tmp_path / "nowhere")


def test_an_unknown_timeframe_is_a_usage_error(folder):
    with pytest.raises(UsageError, match="timeframe '5min' is unknown"):
        load_bars(["EURUSD"], "5min", folder)


def test_a_foreign_symbol_without_a_folder_asks_for_one():
    with pytest.raises(DataError, match=r"EURUSD: not in the built-in sample.*--data") as refusal:
        load_bars(["EURUSD", "EURUSDX"], "5m", None)
    assert refusal.value.exit_code == 4


def test_a_symbol_of_the_sample_is_not_mixed_into_a_folder(folder):
    with pytest.raises(DataError, match="EURUSDX: no file"):
        load_bars(["EURUSDX", "GBPUSD"], "5m", folder)


def test_without_a_folder_the_sample_answers():
    bars = load_bars(["EURUSDX", "BTCUSDX"], "1h", None, start=ns("2025-02-01"))
    assert list(bars) == ["BTCUSDX", "EURUSDX"]
    assert ranges(bars)["BTCUSDX"] == (ns("2025-02-01"), ns("2025-06-30T23:00"))


def test_start_is_inclusive_and_end_exclusive(folder):
    start, end = ns("2024-03-04T00:10"), ns("2024-03-04T00:30")
    bars = load_bars(["EURUSD"], "5m", folder, start=start, end=end)["EURUSD"]
    assert (bars.time[0], bars.time[-1]) == (start, ns("2024-03-04T00:25"))


def test_a_range_without_bars_is_refused_with_what_there_is(folder):
    expected = "EURUSD: no bars from 2025-01-01 00:00; EURUSD.parquet covers 2024-03-04 00:00 to"
    with pytest.raises(DataError, match=expected):
        load_bars(["EURUSD"], "5m", folder, start=ns("2025-01-01"))


def test_bad_bars_outside_the_range_do_not_matter_and_inside_keep_their_row(tmp_path):
    bars = make_bars(40)
    low = bars.low.copy()
    low[30] = -1.0
    formats.get("parquet")().write(tmp_path / "X.parquet", dataclasses.replace(bars, low=low))
    assert len(load_bars(["X"], "5m", tmp_path, end=int(bars.time[30]))["X"]) == 30
    with pytest.raises(DataError, match="low is not above zero: row 31"):
        load_bars(["X"], "5m", tmp_path, start=int(bars.time[10]))


def test_the_instrument_says_whether_weekends_are_open(tmp_path):
    # Saturday: a few bars look like a market without closing time unless the instrument denies it
    formats.get("parquet")().write(tmp_path / "X.parquet", make_bars(5, "2024-07-13T10:00"))
    assert load_bars(["X"], "5m", tmp_path)["X"].notes == ()
    fx = Instrument("X", "fx", "EUR", "USD", 100_000.0, 0.03)
    notes = load_bars(["X"], "5m", tmp_path, instruments={"X": fx})["X"].notes
    assert notes[0].startswith("5 weekend bars lie between Friday 17:00")


def test_progress_counts_every_symbol(folder):
    seen = []

    class Listener:
        def start(self, task, total):
            seen.append((task, total))

        def advance(self, task, units=1):
            seen.append((task, units))

    load_bars(["EURUSD", "GBPUSD"], "5m", folder, progress=Listener())
    assert seen == [("reading data", 2), ("reading data", 1), ("reading data", 1)]


def test_the_common_range_holds_every_assets_first_and_last_bar(folder):
    bars = load_bars(["GBPUSD", "EURUSD"], "5m", folder)
    start, end = common_range(bars)
    assert (start, end) == (ns("2024-03-04T01:00"), ns("2024-03-04T01:40"))
    assert bars["EURUSD"].between(start, end).time[-1] == bars["EURUSD"].time[-1]


def test_assets_that_never_meet_have_no_common_range():
    bars = {"A": make_bars(5, symbol="A"), "B": make_bars(5, "2024-03-05T00:00", symbol="B")}
    with pytest.raises(DataError, match="A ends at 2024-03-04 00:20, before B begins"):
        common_range(bars)


def test_labels_of_two_assets_must_lie_on_one_grid():
    bars = {"A": make_bars(5, symbol="A"), "B": make_bars(5, "2024-03-04T00:02", symbol="B")}
    with pytest.raises(DataError, match=r"labels of A \(.*\) and B \(2024-03-04 00:02\) do not"):
        one_grid(bars)


def test_bars_of_two_lengths_are_refused():
    bars = {"A": make_bars(5, symbol="A"), "B": make_bars(5, timeframe="1h", symbol="B")}
    with pytest.raises(DataError, match="A and B have bars of different length"):
        one_grid(bars)


def test_real_parquet_is_read_as_pandas_reads_it(real_data):
    bars = load_bars(["EURGBP"], "5m", real_data / "5m")["EURGBP"]
    frame = pd.read_parquet(real_data / "5m" / "EURGBP.parquet")
    index = frame.index.tz_localize(None).as_unit("ns")
    assert bars.time.tobytes() == index.asi8.tobytes()
    for column in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, column), frame[column].to_numpy())
