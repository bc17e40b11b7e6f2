from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lockstep.core.errors import DataError
from lockstep.core.result import FILES, RunResult, day_marks
from lockstep.runs.store import save
from tests.runs import results


@pytest.mark.parametrize("name", FILES)
def test_a_run_that_lacks_a_file_is_refused_naming_it(name: str, tmp_path: Path) -> None:
    save(results.result(), tmp_path)
    assert RunResult.load(tmp_path).symbols == results.result().symbols
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=rf"holds no complete run: {name} is missing\. Expected"):
        RunResult.load(tmp_path)


def test_a_directory_that_does_not_exist_holds_no_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere holds no complete run: facts\.json is missing"):
        RunResult.load(tmp_path / "nowhere")


def test_a_file_in_place_of_a_directory_holds_no_run(tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("hello", encoding="utf-8")
    with pytest.raises(DataError, match=r"report\.txt holds no complete run"):
        RunResult.load(report)


def test_the_mark_of_a_day_is_the_equity_after_its_last_step() -> None:
    days, marks = day_marks(np.array([5, 5, 6, 8, 8]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert days.tolist() == [5, 6, 8]
    assert marks.tolist() == [2.0, 3.0, 5.0]
    _, many = day_marks(np.array([5, 5, 6]), np.array([[1.0, 9.0], [2.0, 8.0], [3.0, 7.0]]))
    assert many.tolist() == [[2.0, 8.0], [3.0, 7.0]]
