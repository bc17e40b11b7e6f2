"""Parts of a run that are finished, kept until all of it is: a `Sink` in a directory."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.ipc

from lockstep.core.files import atomic

#: Within the directory of a run.
FOLDER = "solo/parts"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """One archive of tables in Arrow's own layout for each part: there as a whole, or not there.

    Parameters
    ----------
    path : Path
        Where they are kept; made with the first.
    """

    path: Path

    def keep(self, kind: str, name: str, tables: Mapping[str, pd.DataFrame]) -> None:
        """Keep the tables of one finished part.

        Parameters
        ----------
        kind, name : str
            What it is, for example ``solo`` and the asset.
        tables : mapping of str to DataFrame
            Tables with any index; types and bits are kept.
        """
        with atomic(self._place(kind, name)) as part, zipfile.ZipFile(part, "w") as archive:
            for title, table in tables.items():
                archive.writestr(f"{title}.arrow", memoryview(_packed(table)))

    def kept(self, kind: str, name: str) -> dict[str, pd.DataFrame] | None:
        """Return the tables of a part; None if it is not there, or not whole.

        A part that cannot be read (a bad disk: it was written in one step) is made again, to the
        same bytes, and the log tells of it.
        """
        place = self._place(kind, name)
        if not place.is_file():
            return None
        try:
            with zipfile.ZipFile(place) as archive:
                return {
                    Path(title).stem: _unpacked(archive.read(title)) for title in archive.namelist()
                }
        except (OSError, zipfile.BadZipFile, pa.ArrowException) as error:
            fields = {"event": "parts.unreadable", "asset": name}
            _log.warning("%s %s was kept, but cannot be read: %s", kind, name, error, extra=fields)
            return None

    @property
    def count(self) -> int:
        """The number of parts."""
        return sum(1 for _ in self.path.glob("*.zip"))

    def _place(self, kind: str, name: str) -> Path:
        """Return the file of a part: a hash, since a name may be anything."""
        words = hashlib.sha256(f"{kind}\n{name}".encode()).hexdigest()[:20]
        return self.path / f"{words}.zip"


def _packed(table: pd.DataFrame) -> pa.Buffer:
    """Return a table as bytes: as it lies in memory, since it is read once, if at all."""
    arrow = pa.Table.from_pandas(table)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    return sink.getvalue()


def _unpacked(content: bytes) -> pd.DataFrame:
    with pa.ipc.open_file(content) as reader:
        table: pd.DataFrame = reader.read_all().to_pandas()
    return table
