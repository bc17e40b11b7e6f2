"""What the text formats share: cells, line numbers, strict numbers and strict times."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from lockstep.core.bars import Array, Ints
from lockstep.core.errors import DataError
from lockstep.data.zones import localise

_DAY = r"^\d{4}[-./]\d{2}[-./]\d{2}"
_CLOCK = r"[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_NAIVE = f"{_DAY}({_CLOCK})?$"
_ZONED = f"{_DAY}{_CLOCK} ?(Z|[+-]\\d{{2}}(:?\\d{{2}})?)$"
_SHOWN = 3


class Table(NamedTuple):
    """A text file's cells as text, and where they stand in it.

    Parameters
    ----------
    path : Path
        The file.
    cells : pyarrow.Table
        One text column per name of the header.
    lines : ndarray of int64, shape (n_rows,)
        Line number of each row, the first line of the file being 1.
    """

    path: Path
    cells: Any
    lines: Ints


def first_line(path: Path) -> str:
    """Return the first line of a text file, or nothing if it is no text."""
    with path.open("rb") as file:
        head = file.read(4096)
    try:
        text = _utf8(head, path).decode("utf-8", errors="ignore")
    except DataError:
        return ""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    return lines[0] if lines and "\x00" not in lines[0] else ""


def header(line: str, delimiter: str) -> list[str]:
    """Return the column names of a header line, in lower case, bare of quotes and brackets."""
    return [cell.strip().strip('"').strip().strip("<>").lower() for cell in line.split(delimiter)]


def read_table(path: Path, delimiter: str) -> Table:
    """Read every cell of a delimited file with a header as text.

    Raises
    ------
    DataError
        Naming the line, if the file is not UTF-8 (or marked UTF-16) or rows differ in length.
    """
    data = _checked(path)
    names = header(first_line(path), delimiter)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"{path.name} line 1: the header names {', '.join(twice)} twice.")
    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "skip"

    unique = [name or f"unnamed {index}" for index, name in enumerate(names)]
    cells = pacsv.read_csv(
        pa.BufferReader(data),
        read_options=pacsv.ReadOptions(column_names=unique, skip_rows=0, use_threads=False),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, invalid_row_handler=refuse),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in unique}, strings_can_be_null=False
        ),
    )
    lines = _line_numbers(path, data, cells.num_rows + len(ragged))
    if ragged:
        raise DataError(_ragged(path, ragged, lines, len(names)))
    return Table(path, cells.slice(1), lines[1:])


def _ragged(path: Path, rows: Sequence[Any], lines: Ints, expected: int) -> str:
    found = [
        f"{path.name} line {lines[row.number - 1]}: {row.actual_columns} cells where the header "
        f"names {expected}: {row.text[:80]!r}."
        for row in rows[:_SHOWN]
    ]
    return "\n".join([*found, *([f"... {len(rows)} such lines."] if len(rows) > _SHOWN else [])])


def _utf8(data: bytes, path: Path) -> bytes:
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data[: len(data) // 2 * 2].decode("utf-16").encode("utf-8")
    except UnicodeDecodeError as broken:
        raise DataError(f"{path.name}: not readable as UTF-16 text.") from broken


def _checked(path: Path) -> bytes:
    data = _utf8(path.read_bytes(), path)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = data.count(b"\n", 0, broken.start) + 1
        raise DataError(
            f"{path.name} line {line}: byte {data[broken.start : broken.start + 1]!r} is not "
            "UTF-8 text; save the file as UTF-8."
        ) from broken
    return data


def _line_numbers(path: Path, data: bytes, rows: int) -> Ints:
    total = data.count(b"\n") + (not data.endswith(b"\n"))
    if total == rows:
        return np.arange(1, rows + 1, dtype=np.int64)
    filled = [number for number, line in enumerate(io.BytesIO(data), 1) if line.strip(b"\r\n")]
    if len(filled) != rows:
        raise DataError(
            f"{path.name}: {rows} rows stand on {len(filled)} lines; expected one row a line, "
            "without line breaks inside quotes."
        )
    return np.asarray(filled, dtype=np.int64)


def numbers(table: Table, name: str) -> Array:
    """Return a column as floats.

    Raises
    ------
    DataError
        Naming file, line and text of the first cells that are no numbers.
    """

    def convert(cells: Any) -> Any:
        return pc.cast(pc.utf8_trim_whitespace(cells), pa.float64())

    def expected(text: str) -> str:
        if "," in text:
            return "a number with a decimal point, and no comma in it"
        return "a number"

    values = _converted(table, name, table.cells.column(name), convert, expected)
    return np.array(values.to_numpy(), dtype=np.float64)


def moments(table: Table, columns: Sequence[str], zone: str) -> tuple[Ints, bool]:
    """Return UTC times in ns, and whether the file itself states their zone.

    Parameters
    ----------
    columns : sequence of str
        One column of full times, or a date and a time column.
    zone : str
        The zone of times that state none.

    Raises
    ------
    DataError
        Naming file, line and text of times that are unreadable, or that the zone skips or
        repeats when its clocks change.
    """
    cells = _joined([table.cells.column(name) for name in columns])
    name = " ".join(columns)
    stated = bool(len(cells)) and pc.match_substring_regex(cells[0], _ZONED).as_py()
    kind = pa.timestamp("ns", tz="UTC") if stated else pa.timestamp("ns")
    pattern = _ZONED if stated else _NAIVE

    def convert(some: Any) -> Any:
        if not pc.all(pc.match_substring_regex(some, pattern)).as_py() and len(some):
            raise pa.ArrowInvalid("a time is not written as expected")
        dashed = pc.replace_substring_regex(some, r"^(\d{4})[./](\d{2})[./](\d{2})", r"\1-\2-\3")
        return pc.cast(pc.replace_substring_regex(dashed, r" (Z|[+-][\d:]+)$", r"\1"), kind)

    def expected(text: str) -> str:
        return _expected_time(text, stated)

    values = _converted(table, name, cells, convert, expected)
    local = np.array(pc.cast(values, pa.int64()).to_numpy(), dtype=np.int64)
    return (local, True) if stated else (_utc(table, name, cells, local, zone), False)


def _joined(columns: Sequence[Any]) -> Any:
    trimmed = [pc.utf8_trim_whitespace(column) for column in columns]
    return trimmed[0] if len(trimmed) == 1 else pc.binary_join_element_wise(*trimmed, " ")


def _expected_time(text: str, stated: bool) -> str:
    if text.replace(".", "", 1).isdigit():
        return "a written time such as 2024-03-08 14:05; epoch numbers are not read"
    if stated:
        return "a time with its offset or Z, as the first row has"
    return "a time such as 2024-03-08 14:05 or 2024.03.08 14:05:00 (year first)"


def _utc(table: Table, name: str, cells: Any, local: Ints, zone: str) -> Ints:
    found = localise(local, zone)
    refused = np.flatnonzero(found.missing | found.ambiguous)
    if not len(refused):
        return found.time
    messages = [
        f"{table.path.name} line {table.lines[row]}: {name} is {cells[int(row)].as_py()!r}, which "
        f"{'does not exist' if found.missing[row] else 'happens twice'} in {zone} where clocks "
        "change; export the file in UTC."
        for row in refused[:_SHOWN]
    ]
    more = [f"... {len(refused)} such times."] if len(refused) > _SHOWN else []
    raise DataError("\n".join([*messages, *more]))


def _converted(
    table: Table,
    name: str,
    cells: Any,
    convert: Callable[[Any], Any],
    expected: Callable[[str], str],
) -> Any:
    try:
        return convert(cells)
    except pa.ArrowInvalid as refusal:
        rows = _refused(cells, convert)
        messages = [
            f"{table.path.name} line {table.lines[row]}: {name} is {(text := cells[row].as_py())!r}"
            f"; expected {expected(text)}."
            for row in rows
        ]
        more = ["... and perhaps more."] if len(rows) == _SHOWN else []
        raise DataError("\n".join([*messages, *more])) from refusal


def _refused(cells: Any, convert: Callable[[Any], Any]) -> list[int]:
    """Return the first few rows that do not convert, by bisection."""
    found: list[int] = []
    start = 0
    while len(found) < _SHOWN and not _converts(cells.slice(start), convert):
        low, high = start, len(cells)
        while high - low > 1:
            middle = (low + high) // 2
            if _converts(cells.slice(low, middle - low), convert):
                low = middle
            else:
                high = middle
        found.append(low)
        start = low + 1
    return found


def _converts(cells: Any, convert: Callable[[Any], Any]) -> bool:
    try:
        convert(cells)
    except pa.ArrowInvalid:
        return False
    return True
