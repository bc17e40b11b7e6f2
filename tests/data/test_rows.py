from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.core.errors import DataError
from lockstep.data.formats.csv import Csv
from lockstep.data.formats.parquet import Parquet
from lockstep.data.rows import rows_of
from tests.strategies.markets import random_bars


def test_parquet_states_its_rows_and_text_is_measured(tmp_path: Path) -> None:
    bars = random_bars(1, 4000)
    Parquet().write(tmp_path / "EURUSD_5m.parquet", bars)
    Csv().write(tmp_path / "GBPUSD.csv", bars)
    found = rows_of(["EURUSD", "GBPUSD"], "5m", tmp_path)
    assert found["EURUSD"] == 4000
    assert found["GBPUSD"] == pytest.approx(4000, rel=0.05)


def test_a_file_without_a_line_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "EURUSD.csv").write_text("")
    assert rows_of(["EURUSD"], "5m", tmp_path) == {"EURUSD": 0}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "EURUSD.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"EURUSD\.parquet cannot be read"):
        rows_of(["EURUSD"], "5m", tmp_path)
