from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lockstep.core.tables import write_csv

_ACTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.tuples(st.sampled_from(_ACTS), st.text("cmd()|!A1,;\"'\r\n", max_size=8)).map("".join),
)


def written(table: pd.DataFrame) -> list[list[str]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        write_csv(table, path)
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file, lineterminator="\n"))


@given(_TEXT, _TEXT)
@example("=cmd|'/c calc'!A1", "@SUM(1)")
@example("\r=1", "a\r\n=2")
def test_no_cell_and_no_header_is_a_formula_and_no_cell_leaves_its_place(
    cell: str, name: str
) -> None:
    rows = written(pd.DataFrame({"first": ["x"], name: [cell], "last": ["y"]}))
    assert len(rows) == 2
    assert [len(row) for row in rows] == [3, 3]
    for given_text, found in ((name, rows[0][1]), (cell, rows[1][1])):
        assert not found.startswith(_ACTS)
        plain = given_text.replace("\r\n", "\n").replace("\r", "\n")
        assert found == (f"'{plain}" if plain.startswith(_ACTS) else plain)


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_every_kind_of_text_column_is_made_inert(kind: str) -> None:
    table = pd.DataFrame({"a": pd.Series(["=1", "b"], dtype=kind)})
    assert written(table)[1:] == [["'=1"], ["b"]]


def test_numbers_stay_numbers_even_among_text() -> None:
    table = pd.DataFrame({"a": [-1.5, np.nan], "b": np.array([-2, "-x"], dtype=object)})
    assert written(table)[1:] == [["-1.5", "-2"], ["", "'-x"]]
