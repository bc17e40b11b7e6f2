"""The bars a MetaTrader 5 terminal exports: tab-separated, ``<DATE> <TIME> <OPEN> ...``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Bars
from lockstep.core.registry import formats
from lockstep.data.formats._frame import PRICES, frame_of_text, written_times
from lockstep.data.formats._text import first_line, header, numbers, read_table

_HEADER = ("date", *PRICES)


@formats("mt5_tab")
@dataclass(frozen=True, slots=True)
class Mt5Tab:
    """MetaTrader 5 exports. Prices are bids; times are on the trade server's clock.

    The file does not state that clock: declare it, ``America/New_York+7h`` for most brokers.
    Volume is ``<TICKVOL>``, or ``<VOL>`` where no tick was counted at all. ``<SPREAD>`` is left
    out: costs come from the instrument.
    """

    suffixes: tuple[str, ...] = (".csv", ".txt", ".tsv")
    expects: str = "the tab-separated header <DATE> <TIME> <OPEN> <HIGH> <LOW> <CLOSE>"

    def recognises(self, path: Path) -> bool:
        """Return True if the first line is the header of such an export."""
        line = first_line(path)
        return line.startswith("<DATE>\t") and set(_HEADER) <= set(header(line, "\t"))

    def read(self, path: Path, zone: str) -> pd.DataFrame:
        """Return the file's bars, unchecked, in the file's order.

        Parameters
        ----------
        path : Path
            The file.
        zone : str
            The server's clock, as `lockstep.data.zones.clock_of` reads it.

        Returns
        -------
        DataFrame
            ``time`` (int64 ns UTC), ``open, high, low, close, volume``; the index counts lines.

        Raises
        ------
        DataError
            Naming file, line and text of every kind of unreadable cell.
        """
        table = read_table(path, "\t")
        names = table.cells.column_names
        volume = next((name for name in ("tickvol", "vol") if name in names), None)
        if volume == "tickvol" and "vol" in names and not np.any(numbers(table, volume)):
            volume = "vol"
        return frame_of_text(table, zone, volume)

    def write(self, path: Path, bars: Bars) -> None:
        """Write bars, in UTC, so that `read` with zone UTC returns them bit by bit."""
        times = written_times(bars)
        columns: dict[str, list[str] | Array] = {
            "<DATE>": [text[:10].replace("-", ".") for text in times],
            "<TIME>": [text[11:] for text in times],
        }
        columns.update({f"<{name.upper()}>": getattr(bars, name) for name in PRICES})
        zero = np.zeros(len(bars))
        columns.update({"<TICKVOL>": bars.volume, "<VOL>": zero, "<SPREAD>": zero})
        pd.DataFrame(columns).to_csv(path, sep="\t", index=False, na_rep="nan", lineterminator="\n")
