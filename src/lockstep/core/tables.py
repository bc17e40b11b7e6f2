"""Tables as CSV files: the same table makes the same bytes, and no cell is a formula."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lockstep.core.files import atomic

_ISO = "%Y-%m-%dT%H:%M:%SZ"
#: Cells that a spreadsheet would run as a formula.
_FORMULA = r"^[=+\-@\t\r]"


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index; text that a spreadsheet would run is made inert.

    Such text (a first character of = + - @, tab or carriage return) gets an apostrophe before it.
    """
    safe = table.copy()
    for column in table.select_dtypes(include=["object", "string"]).columns:
        text = table[column].astype("string")
        risky = text.str.match(_FORMULA).fillna(False).astype(bool)
        safe[column] = text.where(~risky, "'" + text)
    with atomic(path) as part:
        safe.to_csv(part, index=False, date_format=_ISO, lineterminator="\n", encoding="utf-8")
