from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from lockstep.core.errors import DataError
from lockstep.core.result import RunResult
from lockstep.runs.store import save
from tests.runs.results import decisions, result, trades

FILES = {
    "account.parquet",
    "config.json",
    "decisions.csv",
    "equity.parquet",
    "facts.json",
    "ledger.parquet",
    "solo/equity.parquet",
    "solo/trades.csv",
    "trades.csv",
    "weights.csv",
}


def same(one: RunResult, other: RunResult) -> None:
    """Assert that two results are equal to the bit, types included."""
    for item in dataclasses.fields(RunResult):
        left, right = getattr(one, item.name), getattr(other, item.name)
        if isinstance(left, pd.DataFrame):
            pd.testing.assert_frame_equal(left, right, check_exact=True, obj=item.name)
        else:
            assert left == right, item.name


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_saved_result_is_loaded_equal_to_the_bit(tmp_path: Path) -> None:
    save(result(), tmp_path)
    same(RunResult.load(tmp_path), result())


def test_exactly_the_data_files_are_written_and_nothing_temporary_stays(tmp_path: Path) -> None:
    save(result(), tmp_path)
    assert set(content(tmp_path)) == FILES


def test_the_same_result_makes_the_same_bytes(tmp_path: Path) -> None:
    save(result(), tmp_path / "one")
    changed = result()
    changed.equity.attrs["made"] = "later"
    save(changed, tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_times_are_iso_with_z_and_floats_round_trip_in_csv(tmp_path: Path) -> None:
    save(result(), tmp_path)
    first = (tmp_path / "trades.csv").read_text(encoding="utf-8").splitlines()[1]
    assert first == (
        "1,AUDUSD,long,0.30000000000000004,2025-01-02T10:00:00Z,2025-01-02T10:05:00Z,,"
        "2025-01-02T10:05:00Z,stop,True,1,-100.0,,1.0"
    )


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_text_that_a_spreadsheet_would_run_is_made_inert(tmp_path: Path, first: str) -> None:
    evil = f"{first}cmd|' /C calc'!A0"
    save(result(decisions=decisions(evil)), tmp_path)
    rows = (tmp_path / "decisions.csv").read_text(encoding="utf-8").splitlines()
    assert f",'{evil}" in rows[1]
    assert RunResult.load(tmp_path).decisions["sentence"][0] == "'" + evil


def test_negative_numbers_are_no_formulas(tmp_path: Path) -> None:
    save(result(), tmp_path)
    assert RunResult.load(tmp_path).trades["net_pnl"].tolist() == [-100.0, 5e-324]


def test_a_run_without_trades_or_decisions_reads_back_empty(tmp_path: Path) -> None:
    save(result(trades=trades().iloc[:0], decisions=decisions().iloc[:0]), tmp_path)
    loaded = RunResult.load(tmp_path)
    assert (len(loaded.trades), len(loaded.decisions)) == (0, 0)
    assert list(loaded.trades.columns) == list(trades().columns)
    assert loaded.trades["exit_time"].dtype == "datetime64[ns]"


def test_a_partial_run_without_portfolio_tables_reads_back(tmp_path: Path) -> None:
    none = pd.DataFrame(index=pd.DatetimeIndex([], name="time"))
    empty = pd.DataFrame()
    partial = result(
        equity=none, trades=empty, decisions=empty, weights=none, ledger=empty, account=none
    )
    save(partial, tmp_path)
    loaded = RunResult.load(tmp_path)
    assert len(loaded.equity) == len(loaded.trades) == len(loaded.weights) == 0
    pd.testing.assert_frame_equal(loaded.solo_equity, partial.solo_equity)


def test_a_directory_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    save(result(), tmp_path)
    (tmp_path / "facts.json").unlink()
    with pytest.raises(DataError, match=r"holds no complete run: facts.json is missing"):
        RunResult.load(tmp_path)


def test_nan_in_the_facts_is_a_bug_that_shows(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        save(result(facts={"x": float("nan")}), tmp_path)
