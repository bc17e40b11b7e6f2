"""The sleeve targets at the start and after each rebalance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, bullets, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, day, points

#: Rows shown in full at both ends of a long schedule.
MOST_AT_AN_END = 6
MOST_NOTES = 5


@report_sections("weights")
@dataclass(frozen=True, slots=True)
class Weights:
    """A row per date, per cent of account equity."""

    order: ClassVar[int] = 90
    title: ClassVar[str] = "WEIGHTS: SLEEVE TARGETS, % OF ACCOUNT EQUITY"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the table, shortened in the middle, and the fallbacks of the model."""
        weights = reading.result.weights
        if not len(weights):
            return paragraph("No weight was ever set.")
        head, tail = _ends(weights)
        gap = len(weights) - len(head) - len(tail)
        dates = ["start", *(day(time) for time in head.index[1:])]
        dates += [f"... {count(gap)} more"] if gap else []
        dates += [day(time) for time in tail.index]
        columns = [Column("from", dates, left=True)]
        for name in weights.columns:
            cells = [points(value) for value in head[name]] + ["..."] * bool(gap)
            cells += [points(value) for value in tail[name]]
            columns.append(Column(str(name), cells))
        return [*table(columns), *_notes(reading)]


def _ends(weights: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    if len(weights) <= 2 * MOST_AT_AN_END + 1:
        return weights, weights.iloc[:0]
    return weights.iloc[:MOST_AT_AN_END], weights.iloc[-MOST_AT_AN_END:]


def _notes(reading: Reading) -> list[str]:
    notes = [str(note) for note in reading.facts.get("weight_notes") or ()]
    if not notes:
        return []
    more = len(notes) - MOST_NOTES
    said = notes[:MOST_NOTES]
    said += [f"... and {count(more)} more such notes (decisions.csv)"] if more > 0 else []
    return ["", *bullets(said)]
