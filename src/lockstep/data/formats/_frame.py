"""The table every format reads into: bars as they stand in the file, unchecked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.errors import DataError
from lockstep.data.formats._text import Table, moments, numbers


class FileFormat(Protocol):
    """What a file of this room registers; `suffixes` are in lower case, with their dot."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of file names the format is tried on."""

    @property
    def expects(self) -> str:
        """What the head of such a file holds, to complete the sentence 'it expects ...'."""

    def recognises(self, path: Path) -> bool:
        """Return True if the head of the file is of this format, and of no other one."""

    def read(self, path: Path, zone: str) -> pd.DataFrame:
        """Return the file's bars as `frame` makes them, unchecked, in the file's order."""

    def write(self, path: Path, bars: Bars) -> None:
        """Write bars so that `read` returns them bit by bit."""


PRICES = ("open", "high", "low", "close")
#: Names of a column that holds whole times, best first; `date` may be completed by `time`.
TIMES = ("timestamp", "datetime", "date", "time")
#: Names of a volume column, best first.
VOLUMES = ("volume", "tick_volume", "tickvol", "real_volume", "vol")


def time_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that make up a row's time, empty if there are none."""
    for name in TIMES[:2]:
        if name in names:
            return [name]
    return [name for name in TIMES[2:] if name in names]


def volume_column(names: Sequence[str]) -> str | None:
    """Return the name of the volume column, if there is one."""
    return next((name for name in VOLUMES if name in names), None)


def required(path: Path, names: Sequence[str]) -> None:
    """Refuse a file that lacks a price or the time.

    Raises
    ------
    DataError
        Naming what is missing and what is there.
    """
    missing = [name for name in PRICES if name not in names]
    if not time_columns(names):
        missing.insert(0, "a time column (timestamp, datetime, date, time)")
    if missing:
        raise DataError(
            f"{path.name} lacks {', '.join(missing)}; its columns are {', '.join(names)}."
        )


def frame(
    time: Ints, columns: dict[str, Array], places: Ints, unit: str, stated: bool
) -> pd.DataFrame:
    """Return the table of a file's bars.

    Parameters
    ----------
    time : ndarray of int64, shape (n_bars,)
        Labels, ns UTC.
    columns : dict of ndarray
        open, high, low, close, volume, shape (n_bars,) each.
    places : ndarray of int64, shape (n_bars,)
        Number of each bar's line or row in the file, from 1.
    unit : str
        ``line`` or ``row``; becomes the name of the index.
    stated : bool
        True if the file states the zone of its times; kept in ``attrs["zone_stated"]``.
    """
    index = pd.Index(places, name=unit)
    table = pd.DataFrame({"time": time, **columns}, index=index, copy=False)
    table.attrs["zone_stated"] = stated
    return table


def frame_of_text(table: Table, zone: str, volume: str | None) -> pd.DataFrame:
    """Return the table of a text file whose columns have their plain names."""
    names = table.cells.column_names
    required(table.path, names)
    time, stated = moments(table, time_columns(names), zone)
    columns = {name: numbers(table, name) for name in PRICES}
    columns["volume"] = numbers(table, volume) if volume else np.zeros(len(time))
    return frame(time, columns, table.lines, "line", stated)


def written_times(bars: Bars) -> list[str]:
    """Return the labels as ``2024-03-08T14:05:00``, with as many decimals as they need."""
    unit: Literal["s", "ns"] = "ns" if np.any(bars.time % 1_000_000_000) else "s"
    stamps = bars.time.astype("datetime64[ns]")
    return [str(text) for text in np.datetime_as_string(stamps, unit=unit)]
