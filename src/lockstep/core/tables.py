"""Tables as CSV files: the same table makes the same bytes, and no cell is a formula."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from lockstep.core.files import atomic

_ISO = "%Y-%m-%dT%H:%M:%SZ"
#: Text that a spreadsheet would run as a formula; some read the wide forms of the signs, too.
_FORMULA = r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index; text that a spreadsheet would run is made inert.

    Such text (a first character of = + - @, tab or line end), in a cell or above a column, gets
    an apostrophe before it. Carriage returns become newlines: the csv module leaves them bare,
    and what follows a bare one begins a new row elsewhere.
    """
    safe = table.copy()
    for column in table.select_dtypes(include=["object", "string", "category"]).columns:
        text = table[column].astype("string").str.replace("\r\n?", "\n", regex=True)
        written = table[column].map(lambda value: isinstance(value, str)).astype(bool)
        risky = text.str.match(_FORMULA).fillna(False).astype(bool) & written
        text = text.where(~risky, "'" + text)
        safe[column] = table[column].astype("object").mask(written, text)
    safe.columns = [_inert(str(name)) for name in table.columns]
    with atomic(path) as part:
        safe.to_csv(part, index=False, date_format=_ISO, lineterminator="\n", encoding="utf-8")


def _inert(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if re.match(_FORMULA, text) else text
