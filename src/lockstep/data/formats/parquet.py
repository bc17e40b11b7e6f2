"""Parquet with a timestamp column or index, and open, high, low, close, volume."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.errors import DataError
from lockstep.core.registry import formats
from lockstep.data.formats._frame import PRICES, frame, required, time_columns, volume_column
from lockstep.data.zones import localise, stamp

_INDEX = "__index_level_0__"


@formats("parquet")
@dataclass(frozen=True, slots=True)
class Parquet:
    """Parquet files, as pandas, polars and DuckDB write them.

    Times with a zone are instants; times without one are on the declared zone's clock. Column
    names are read in any case. Columns are read one by one, so that memory holds each once.
    """

    suffixes: tuple[str, ...] = (".parquet", ".pq")
    expects: str = "a timestamp column or index, and columns open, high, low and close"

    def recognises(self, path: Path) -> bool:
        """Return True if the file begins as parquet files do."""
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"

    def read(self, path: Path, zone: str) -> pd.DataFrame:
        """Return the file's bars, unchecked, in the file's order.

        Parameters
        ----------
        path : Path
            The file.
        zone : str
            Zone of times that state none, as `lockstep.data.zones.clock_of` reads it.

        Returns
        -------
        DataFrame
            ``time`` (int64 ns UTC), ``open, high, low, close, volume``; the index counts rows.

        Raises
        ------
        DataError
            If a column is missing or of a wrong type, a time is empty, or the file is broken.
        """
        try:
            with pq.ParquetFile(path) as file:
                return _frame(path, file, zone)
        except (pa.ArrowInvalid, OSError) as broken:
            why = str(broken).rstrip(". ")  # arrow ends some of its sentences, and not others
            raise DataError(f"{path.name} is no readable parquet file: {why}.") from broken

    def write(self, path: Path, bars: Bars) -> None:
        """Write bars so that `read` returns them bit by bit."""
        stamps = pa.array(bars.time).cast(pa.timestamp("ns", tz="UTC"))
        columns = {name: pa.array(getattr(bars, name)) for name in (*PRICES, "volume")}
        pq.write_table(pa.table({"timestamp": stamps, **columns}), path)


def _frame(path: Path, file: Any, zone: str) -> pd.DataFrame:
    names = {name.lower(): name for name in file.schema_arrow.names}
    if len(names) < len(file.schema_arrow.names):
        raise DataError(f"{path.name} has columns whose names differ in case alone.")
    if _INDEX in names and not time_columns(list(names)):
        names["timestamp"] = names.pop(_INDEX)
    required(path, list(names))
    whole, *rest = time_columns(list(names))
    if rest:
        raise DataError(f"{path.name} has a date and a time column; expected one of timestamps.")
    time, stated = _times(path, _column(file, names[whole]), zone)
    columns = {name: _numbers(path, name, _column(file, names[name])) for name in PRICES}
    volume = volume_column(list(names))
    columns["volume"] = (
        _numbers(path, volume, _column(file, names[volume])) if volume else np.zeros(len(time))
    )
    return frame(time, columns, np.arange(1, len(time) + 1, dtype=np.int64), "row", stated)


def _column(file: Any, name: str) -> Any:
    return file.read(columns=[name]).column(0)


def _numbers(path: Path, name: str, column: Any) -> Array:
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise DataError(f"{path.name}: {name} holds {kind}; expected numbers.")
    return np.array(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _times(path: Path, column: Any, zone: str) -> tuple[Ints, bool]:
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise DataError(
            f"{path.name}: {column.type} stands where its times should; expected timestamps "
            "(epoch numbers and text are not read)."
        )
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py() + 1
        raise DataError(f"{path.name} row {row}: the time is empty; expected a timestamp.")
    stated = pa.types.is_timestamp(kind) and kind.tz is not None
    ns = pc.cast(column, pa.timestamp("ns", tz="UTC" if stated else None))
    local = np.array(pc.cast(ns, pa.int64()).to_numpy(), dtype=np.int64)
    if stated:
        return local, True
    found = localise(local, zone)
    refused = np.flatnonzero(found.missing | found.ambiguous)
    if len(refused):
        row = int(refused[0])
        raise DataError(
            f"{path.name} row {row + 1}: {stamp(local[row])} "
            f"{'does not exist' if found.missing[row] else 'happens twice'} in {zone} where "
            f"clocks change ({len(refused)} such times); store UTC."
        )
    return found.time, False
