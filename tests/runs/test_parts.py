from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lockstep.runs.parts import Parts
from tests.runs.results import CLOCK, trades


def tables() -> dict[str, pd.DataFrame]:
    equity = pd.DataFrame({"equity": [1.0, 1 / 3, np.nan]}, index=CLOCK)
    days = pd.DataFrame({"day": np.array([1, 2], dtype=np.int64), "mark": [0.1 + 0.2, 5e-324]})
    return {"trades": trades(), "equity": equity, "days": days}


def test_a_part_is_given_back_equal_to_the_bit_and_in_type(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "parts")
    parts.keep("solo", "EURUSD", tables())
    found = parts.kept("solo", "EURUSD")
    assert found is not None
    assert list(found) == list(tables())
    for name, table in tables().items():
        pd.testing.assert_frame_equal(found[name], table, check_exact=True, obj=name)


def test_kind_and_name_are_apart_and_may_be_anything(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "parts")
    names = ["../../evil", "C:\\x", "a" * 5000, "\N{SNOWMAN}", "a\nb", ""]
    for number, name in enumerate(names):
        parts.keep("solo", name, {"t": pd.DataFrame({"x": [number]})})
    for number, name in enumerate(names):
        found = parts.kept("solo", name)
        assert found is not None
        assert found["t"]["x"].tolist() == [number]
        assert parts.kept("other", name) is None
    assert parts.count == len(names)
    assert {path.parent for path in tmp_path.rglob("*.zip")} == {tmp_path / "parts"}


def test_nothing_kept_is_none(tmp_path: Path) -> None:
    assert Parts(tmp_path / "parts").kept("solo", "EURUSD") is None
    assert Parts(tmp_path / "parts").count == 0


@pytest.mark.parametrize("at", [10, 200, -30])
def test_a_part_that_a_bad_disk_has_changed_is_none_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, at: int
) -> None:
    parts = Parts(tmp_path)
    parts.keep("solo", "EURUSD", tables())
    (file,) = tmp_path.glob("*.zip")
    file.write_bytes(file.read_bytes()[:at])
    with caplog.at_level(logging.WARNING, "lockstep"):
        assert parts.kept("solo", "EURUSD") is None
    assert "solo EURUSD was kept, but cannot be read" in caplog.text
