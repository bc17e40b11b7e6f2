"""Audit: what was asked of a run, what was found, and the tables that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Units of a column, and so the form its numbers take on a page.
UNITS = ("text", "count", "money", "pnl", "fraction", "ratio", "multiple", "percent")


@dataclass(frozen=True, slots=True)
class AuditColumn:
    """One column of a table.

    Parameters
    ----------
    key : str
        Its name in JSON.
    head : str
        Its title on a page; ``|`` parts lines.
    unit : str
        One of `UNITS`: money and P&L in account currency, a fraction (shown in %), a ratio or
        multiple without unit, a percent that may be far below one.
    """

    key: str
    head: str
    unit: str = "text"


@dataclass(frozen=True, slots=True)
class AuditTable:
    """A table of an audit.

    Parameters
    ----------
    key, title : str
        Its name in JSON, and its heading on a page.
    columns : tuple of AuditColumn
        From left to right.
    rows : tuple of tuple
        Text, numbers, or None where there is no number; the notes say why.
    notes : tuple of str
        Sentences below the table.
    """

    key: str
    title: str
    columns: tuple[AuditColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()

    def to_plain(self) -> list[dict[str, Any]]:
        """Return a dict for each row."""
        return [{c.key: cell for c, cell in zip(self.columns, row)} for row in self.rows]


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome of one audit.

    Parameters
    ----------
    name : str
        As on the command line.
    verdict : str
        One sentence: what was found.
    violations : tuple of str
        A sentence for each law that was found broken; empty if the audit passes.
    tables : tuple of AuditTable
        What was measured.
    notes : tuple of str
        What a reader must know beside the tables.
    records : tuple of dict
        Each violation as data.
    judges : bool
        False if the audit measures and leaves the judgement to the reader.
    """

    name: str
    verdict: str
    violations: tuple[str, ...] = ()
    tables: tuple[AuditTable, ...] = ()
    notes: tuple[str, ...] = ()
    records: tuple[dict[str, Any], ...] = ()
    judges: bool = True

    @property
    def passed(self) -> bool:
        """True if nothing was violated."""
        return not self.violations

    def to_plain(self) -> dict[str, Any]:
        """Return the audit ready for JSON."""
        return {
            "audit": self.name,
            "judges": self.judges,
            "passed": self.passed,
            "verdict": self.verdict,
            "violations": list(self.records) or list(self.violations),
            "notes": list(self.notes),
            "tables": {table.key: table.to_plain() for table in self.tables},
            "table_notes": {t.key: list(t.notes) for t in self.tables if t.notes},
        }
