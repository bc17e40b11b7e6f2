"""Hold the files of a saved run against those of the same run made again, value by value."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from lockstep.core.files import is_missing, reason
from lockstep.core.result import FILES

#: The tables of a run, those that tell most first.
COMPARED = tuple(
    sorted((n for n in FILES if not n.endswith(".json")), key=lambda n: not n.endswith(".csv"))
)
#: Numbers and tables that are derived from them, and saved too.
NUMBERS, MATCHES = "metrics.json", "solo/ledger.csv"
#: How far apart statistics may be that were made on another machine.
TOLERANCE = 1e-9
#: Columns whose wording may change between versions; the numbers beside them are compared.
WORDING = ("sentence",)
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first value in which two tables of a run differ.

    Parameters
    ----------
    file : str
        Name within the run's directory.
    row : str
        Number of the row, from 1, and what stands in its first column.
    column : str
        The column.
    saved, again : str
        Both values, as exactly as they are known.
    """

    file: str
    row: str
    column: str
    saved: str
    again: str

    def __str__(self) -> str:
        """Return the difference in one line."""
        place = ", ".join(part for part in (self.row, self.column) if part)
        where = f"{self.file}, {place}" if place else self.file
        return f"{where}: saved {self.saved}, now {self.again}"


def first_difference(
    saved: Path, again: Path, files: Sequence[str] = COMPARED
) -> Difference | None:
    """Return the first difference between two run directories, or None.

    Equal bytes are equal. Otherwise CSV files are compared as the text they hold, parquet files by
    the bits of their numbers, JSON value by value. Rows are compared in order: of all columns, the
    one that differs in the earliest row is named.

    Parameters
    ----------
    saved, again : Path
        Directories that hold every file of `files`.
    files : sequence of str
        What is compared, in this order.
    """
    for file in files:
        found = _in_file(file, saved / file, again / file)
        if found is not None:
            return found
    return None


def rewritten(saved: Path, again: Path, files: Sequence[str] = COMPARED) -> list[str]:
    """Return the files whose bytes differ: between equal values, in how they were written."""
    return [name for name in files if (saved / name).read_bytes() != (again / name).read_bytes()]


def statistics_apart(saved: Mapping[str, Any], again: Mapping[str, Any]) -> Difference | None:
    """Return the first number of two ``metrics.json`` that is not the same to 1e-9.

    Parameters
    ----------
    saved, again : mapping
        Their content; differences up to `TOLERANCE`, relative or absolute, are none.
    """
    one, other = dict(_leaves("", saved)), dict(_leaves("", again))
    return _first_leaf(one, other, _close)


def _close(first: Any, second: Any) -> bool:
    numbers = (int, float)
    if isinstance(first, numbers) and isinstance(second, numbers):
        return math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(first == second)


def _in_file(file: str, saved: Path, again: Path) -> Difference | None:
    if is_missing(saved):
        return Difference(file, "", "", "no file", "a table")
    try:
        if saved.read_bytes() == again.read_bytes():
            return None
        return _in_content(file, saved, again)
    except (OSError, ValueError, RecursionError, ArrowException) as error:
        return Difference(file, "", "", f"a file that cannot be read ({reason(error)})", "a table")


def _in_content(file: str, saved: Path, again: Path) -> Difference | None:
    if file.endswith(".json"):
        one, other = (
            dict(_leaves("", json.loads(path.read_text(encoding="utf-8"))))
            for path in (saved, again)
        )
        return _first_leaf(one, other, lambda a, b: json.dumps(a) == json.dumps(b))
    read = _read_text if file.endswith(".csv") else _read_numbers
    return _in_table(file, read(saved), read(again))


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every value of a JSON document with its path, in the document's order."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(f"{place}.{key}" if place else str(key), inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(f"{place}[{index}]", inner)
    else:
        yield place, value


def _first_leaf(
    saved: Mapping[str, Any], again: Mapping[str, Any], same: Callable[[Any, Any], bool]
) -> Difference | None:
    for place in dict.fromkeys([*saved, *again]):
        one, other = (_text(leaves, place) for leaves in (saved, again))
        if place not in saved or place not in again or not same(saved[place], again[place]):
            return Difference(NUMBERS, place, "", one, other)
    return None


def _text(leaves: Mapping[str, Any], place: str) -> str:
    return json.dumps(leaves[place]) if place in leaves else _NOTHING


def _read_text(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False, na_filter=False)
    except pd.errors.EmptyDataError:  # a table without columns: the portfolio was not played
        return pd.DataFrame()
    return table.drop(columns=[name for name in WORDING if name in table])


def _read_numbers(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table.reset_index() if table.index.name else table


def _in_table(file: str, saved: pd.DataFrame, again: pd.DataFrame) -> Difference | None:
    columns = [str(name) for name in saved.columns], [str(name) for name in again.columns]
    if columns[0] != columns[1]:
        return _in_lists(file, "columns", *columns)
    rows = min(len(saved), len(again))
    places = list(_first_rows(saved.iloc[:rows], again.iloc[:rows]))
    if places:
        row, column = min(places)
        first, second = saved.iat[row, column], again.iat[row, column]
        return Difference(
            file,
            f"row {row + 1} ({saved.columns[0]} {_shown(saved.iat[row, 0])})",
            f"column {columns[0][column]}",
            _shown(first),
            _shown(second),
        )
    if len(saved) != len(again):
        return Difference(file, "number of rows", "", str(len(saved)), str(len(again)))
    return None


def _in_lists(file: str, what: str, saved: list[str], again: list[str]) -> Difference:
    """Return the difference of two unequal lists of names: the first that is not the same."""
    length = max(len(saved), len(again))
    one, other = (names + [_NOTHING] * (length - len(names)) for names in (saved, again))
    at = next(i for i, (a, b) in enumerate(zip(one, other)) if a != b)
    return Difference(file, f"{what}, number {at + 1}", "", one[at], other[at])


def _first_rows(saved: pd.DataFrame, again: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """Yield, for every column that differs, its first row that does."""
    for column in range(saved.shape[1]):
        one, other = saved.iloc[:, column], again.iloc[:, column]
        apart = np.flatnonzero(~_same(one, other))
        if len(apart):
            yield int(apart[0]), column


def _same(one: pd.Series, other: pd.Series) -> np.ndarray:
    first, second = one.to_numpy(), other.to_numpy()
    if first.dtype != second.dtype:
        return np.zeros(len(first), dtype=bool)
    if first.dtype.kind == "f":
        bits = [np.ascontiguousarray(values).view(np.int64) for values in (first, second)]
        return np.asarray((bits[0] == bits[1]) | (np.isnan(first) & np.isnan(second)))
    return np.asarray(first == second)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value or "an empty cell"
    return value.isoformat() if isinstance(value, pd.Timestamp) else repr(_plain(value))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
