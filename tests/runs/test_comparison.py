from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.result import RunResult
from lockstep.runs.comparison import COMPARED, first_difference
from lockstep.runs.store import save
from tests.runs.results import CLOCK, decisions, result


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(result(), tmp_path / "saved")
    return tmp_path / "saved"


def again(place: Path, **tables: Any) -> Path:
    save(dataclasses.replace(result(), **tables), place / "again")
    return place / "again"


def changed(name: str, column: str, row: int, value: Any) -> dict[str, pd.DataFrame]:
    """Return one table of the result with one other value."""
    table = getattr(result(), name).copy()
    table.iloc[row, table.columns.get_loc(column)] = value
    return {name: table}


def test_every_table_of_a_run_is_compared() -> None:
    assert set(COMPARED) == {
        *("trades.csv", "decisions.csv", "weights.csv"),
        *("equity.parquet", "ledger.parquet", "account.parquet"),
        *("solo/trades.csv", "solo/equity.parquet"),
    }


def test_the_same_result_saved_twice_is_the_same(saved: Path, tmp_path: Path) -> None:
    assert first_difference(saved, again(tmp_path)) is None


def test_a_value_of_a_csv_is_named_as_the_file_has_it(saved: Path, tmp_path: Path) -> None:
    other = again(tmp_path, **changed("trades", "net_pnl", 1, 1e-323))
    assert str(first_difference(saved, other)) == (
        "trades.csv, row 2 (trade_id 2), column net_pnl: saved 5e-324, now 1e-323"
    )


def test_an_empty_cell_is_not_a_number(saved: Path, tmp_path: Path) -> None:
    other = again(tmp_path, **changed("trades", "target_price", 0, 0.0))
    assert str(first_difference(saved, other)) == (
        "trades.csv, row 1 (trade_id 1), column target_price: saved an empty cell, now 0.0"
    )


def test_the_earliest_row_is_named_whichever_column_it_is_in(saved: Path, tmp_path: Path) -> None:
    trades = result().trades.copy()
    trades.loc[1, "lots"], trades.loc[0, "net_pnl"] = 7.0, -7.0
    found = first_difference(saved, again(tmp_path, trades=trades))
    assert found is not None
    assert (found.row, found.column) == ("row 1 (trade_id 1)", "column net_pnl")


def test_one_bit_of_a_parquet_number_is_seen_with_its_time(saved: Path, tmp_path: Path) -> None:
    value = float(result().equity["total"].iloc[2])
    beside = float(np.nextafter(value, 0.0))
    found = first_difference(saved, again(tmp_path, **changed("equity", "total", 2, beside)))
    assert str(found) == (
        f"equity.parquet, row 3 (time {CLOCK[2].isoformat()}), column total: "
        f"saved {value!r}, now {beside!r}"
    )


def test_minus_zero_is_not_zero_and_nan_is_nan(saved: Path, tmp_path: Path) -> None:
    level = result().account["margin_level"]
    assert level.isna().any()
    assert first_difference(saved, again(tmp_path)) is None
    zeros = {"ledger": result().ledger.assign(swap=0.0)}
    save(dataclasses.replace(result(), **zeros), saved)
    other = again(tmp_path, ledger=result().ledger.assign(swap=-0.0))
    assert str(first_difference(saved, other)).endswith("column swap: saved 0.0, now -0.0")


def test_more_rows_or_other_columns_are_differences(saved: Path, tmp_path: Path) -> None:
    other = again(tmp_path, trades=result().trades.iloc[:1])
    assert str(first_difference(saved, other)) == "trades.csv, number of rows: saved 2, now 1"
    other = again(tmp_path, trades=result().trades.drop(columns="lots"))
    assert str(first_difference(saved, other)) == (
        "trades.csv, columns, number 4: saved lots, now signal_time"
    )
    wide = result().equity.assign(further=1.0)
    assert str(first_difference(saved, again(tmp_path, equity=wide))).endswith(
        "saved nothing, now further"
    )


def test_a_sentence_may_be_worded_anew(saved: Path, tmp_path: Path) -> None:
    assert first_difference(saved, again(tmp_path, decisions=decisions("In other words."))) is None
    moved = {"decisions": decisions().assign(before=7.0)}
    assert str(first_difference(saved, again(tmp_path, **moved))).startswith("decisions.csv, row 1")


def test_a_run_without_a_portfolio_is_compared_by_its_solo_runs(tmp_path: Path) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("trades", "decisions", "ledger"), pd.DataFrame())
    partial: RunResult = dataclasses.replace(result(), **nothing)
    save(partial, tmp_path / "one")
    save(partial, tmp_path / "two")
    assert first_difference(tmp_path / "one", tmp_path / "two") is None
    save(result(), tmp_path / "two")
    assert "saved nothing, now trade_id" in str(
        first_difference(tmp_path / "one", tmp_path / "two")
    )
