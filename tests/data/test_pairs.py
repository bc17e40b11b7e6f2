"""Conversion pairs that a run lacks: where they are found, and which file is taken."""

import pytest

from lockstep.core.errors import DataError
from lockstep.core.registry import formats
from lockstep.data.pairs import load_pairs
from tests.data.making import make_bars, ns


def put(folder, stem, timeframe, kind="parquet"):
    reader = formats.get(kind)()
    reader.write(folder / f"{stem}{reader.suffixes[0]}", make_bars(4, timeframe=timeframe))


def test_a_pair_of_another_timeframe_is_known_after_its_own_bars(tmp_path):
    put(tmp_path, "USDJPY_1h", "1h")
    (pair,) = load_pairs([("JPY", "USD")], "5m", tmp_path)
    assert (pair.base, pair.quote, pair.name) == ("USD", "JPY", "USDJPY")
    assert pair.known_at[0] == ns("2024-03-04T01:00")
    assert pair.source["file"] == "USDJPY_1h.parquet"


def test_the_timeframe_of_an_unnamed_file_is_told_by_its_bars(tmp_path):
    put(tmp_path, "USDJPY", "15m")
    (pair,) = load_pairs([("JPY", "USD")], "5m", tmp_path)
    assert pair.known_at[0] == ns("2024-03-04T00:15")


@pytest.mark.parametrize(
    ("stems", "taken"),
    [
        (["USDJPY_5m", "USDJPY", "USDJPY_1h"], "USDJPY_5m"),
        (["USDJPY", "USDJPY_1h"], "USDJPY"),
        (["USDJPY_1h", "USDJPY_15m"], "USDJPY_15m"),
        (["USDJPY_5m", "JPYUSD_1h"], "JPYUSD_1h"),
    ],
)
def test_the_nearest_file_is_taken_by_a_stated_order(tmp_path, stems, taken):
    for stem in stems:
        put(tmp_path, stem, stem.partition("_")[2] or "30m")
    (pair,) = load_pairs([("JPY", "USD")], "5m", tmp_path)
    assert pair.source["file"] == f"{taken}.parquet"


def test_two_files_of_one_pair_are_refused(tmp_path):
    put(tmp_path, "USDJPY", "5m")
    put(tmp_path, "USDJPY", "5m", kind="csv")
    with pytest.raises(DataError, match=r"USDJPY: USDJPY\.csv and USDJPY\.parquet both hold"):
        load_pairs([("JPY", "USD")], "5m", tmp_path)


def test_every_pair_that_is_not_there_is_named(tmp_path):
    put(tmp_path, "USDJPY", "5m")
    with pytest.raises(DataError, match=r"(?s)no rate from GBP to USD.*no rate from PLN to USD"):
        load_pairs([("PLN", "USD"), ("JPY", "USD"), ("GBP", "USD")], "5m", tmp_path)


def test_nothing_wanted_touches_no_folder(tmp_path):
    assert load_pairs([], "5m", tmp_path / "nowhere") == ()


def test_the_sample_converts_its_own_crosses():
    francs, yen = load_pairs([("CHF", "USD"), ("JPY", "USD")], "5m", None)
    assert (francs.name, yen.name) == ("USDCHF", "USDJPY")
    assert "sample" in francs.source
    with pytest.raises(DataError, match="no rate from PLN to USD"):
        load_pairs([("PLN", "USD")], "5m", None)


def test_a_pair_of_one_bar_has_no_timeframe(tmp_path):
    formats.get("csv")().write(tmp_path / "USDJPY.csv", make_bars(1))
    with pytest.raises(DataError, match=r"USDJPY\.csv has fewer than two bars"):
        load_pairs([("JPY", "USD")], "5m", tmp_path)


def test_a_pair_passes_the_quality_gate(tmp_path):
    text = "time,open,high,low,close\n2024-03-04 00:00,1,1,1,1\n2024-03-04 00:05,1,1,1,5\n"
    (tmp_path / "USDJPY.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="close is above high: line 3"):
        load_pairs([("JPY", "USD")], "5m", tmp_path)
