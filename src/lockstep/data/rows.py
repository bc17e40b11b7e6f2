"""How many bars the files of a run hold, without reading them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lockstep.core.errors import DataError
from lockstep.data.load import source_paths

_SAMPLED = 1 << 16


def rows_of(symbols: Iterable[str], timeframe: str, folder: str | Path) -> dict[str, int]:
    """Return about how many rows the file of each symbol holds.

    Parquet files state it; of text files the first lines are measured.

    Raises
    ------
    DataError
        As `lockstep.data.load.load_bars`, or if a file cannot be opened.
    """
    return {name: _rows(path) for name, path in source_paths(symbols, timeframe, folder).items()}


def _rows(path: Path) -> int:
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return int(pq.read_metadata(path).num_rows)
        with path.open("rb") as file:
            begin = file.read(_SAMPLED)
        lines = begin.count(b"\n")
        return round(path.stat().st_size / len(begin) * lines) if lines else 0
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path.name} cannot be read ({error}).") from None
