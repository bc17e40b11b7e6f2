"""Comma-, semicolon- or tab-separated text with a header, year-first times and decimal points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lockstep.core.bars import Bars
from lockstep.core.registry import formats
from lockstep.data.formats._frame import (
    PRICES,
    frame_of_text,
    time_columns,
    volume_column,
    written_times,
)
from lockstep.data.formats._text import first_line, header, read_table

_DELIMITERS = (",", ";", "\t")


@formats("csv")
@dataclass(frozen=True, slots=True)
class Csv:
    """Delimited text: a time (one column, or date and time), open, high, low, close, volume.

    Times are UTC where they carry an offset or ``Z``, else on the declared zone's clock.
    Columns of other names are left out. A missing volume is zero.
    """

    suffixes: tuple[str, ...] = (".csv", ".txt", ".tsv")
    expects: str = (
        "a header with a time (timestamp, datetime, date, time), open, high, low and close"
    )

    def recognises(self, path: Path) -> bool:
        """Return True if the first line is a header that names a time and the four prices."""
        line = first_line(path)
        names = header(line, _delimiter(line))
        bracketed = line.lstrip().startswith("<")
        return not bracketed and bool(time_columns(names)) and set(PRICES) <= set(names)

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
            ``time`` (int64 ns UTC), ``open, high, low, close, volume``; the index counts lines.

        Raises
        ------
        DataError
            Naming file, line and text of every kind of unreadable cell.
        """
        table = read_table(path, _delimiter(first_line(path)))
        return frame_of_text(table, zone, volume_column(table.cells.column_names))

    def write(self, path: Path, bars: Bars) -> None:
        """Write bars so that `read` returns them bit by bit."""
        times = [f"{text}Z" for text in written_times(bars)]
        prices = {name: getattr(bars, name) for name in PRICES}
        table = pd.DataFrame({"timestamp": times, **prices, "volume": bars.volume})
        table.to_csv(path, index=False, na_rep="nan", lineterminator="\n")


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)
