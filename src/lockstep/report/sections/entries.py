"""What became of every entry signal: taken, refused, and how those taken were sized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import CUT, REFUSED, count, multiple, points, words


@report_sections("entries")
@dataclass(frozen=True, slots=True)
class Entries:
    """Two tables: signals refused by reason, trades taken by what cut them."""

    order: ClassVar[int] = 40
    title: ClassVar[str] = "ENTRIES: TAKEN, REFUSED, CUT"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return both tables and how to read them."""
        return [
            *_refusals(reading),
            *paragraph(
                "A condition that lasts is a signal on every bar: each is counted. signals = taken "
                "+ all the others."
            ),
            "",
            *_sizes(reading),
            *paragraph(
                "Trades that each link of the size chain cut, or each factor shrank (mean: of "
                "those shrunk). taken/asked: median of the risk taken over the risk asked after "
                "factors. risk %: loss at the stop over account equity before the entry."
            ),
        ]


def _refusals(reading: Reading) -> list[str]:
    codes = [code for code in REFUSED if reading.count("portfolio", "counts", code)]
    paths = _paths(reading)
    taken = [reading.count(*path, "trades") for path in paths]
    refused = {code: [reading.count(*path, "counts", code) for path in paths] for code in codes}
    signals = [sum(numbers) for numbers in zip(taken, *refused.values())]
    columns = [_names(reading), _counts("|signals", signals), _counts("|taken", taken)]
    columns += [_counts(REFUSED[code], numbers) for code, numbers in refused.items()]
    return table(columns, below=1)


def _sizes(reading: Reading) -> list[str]:
    paths = _paths(reading)
    links = [code for code in CUT if reading.count("portfolio", "links", code)]
    columns = [_names(reading), _counts("|trades", [reading.count(*p, "trades") for p in paths])]
    columns += [_counts(CUT[c], [reading.count(*p, "links", c) for p in paths]) for c in links]
    for name in (n for n in reading.result.trades.columns if n.startswith("factor_")):
        columns += _factor(reading, name)
    medians = {
        "taken/|asked %": "risk_taken_to_asked_median",
        "risk %|median": "effective_risk_median",
        "|max": "effective_risk_max",
    }
    columns += [
        Column(head, [reading.cell(points, *path, key) for path in paths])
        for head, key in medians.items()
    ]
    return table(columns, below=1)


def _factor(reading: Reading, column: str) -> list[Column]:
    numbers, means = [], []
    for trades in [*(reading.trades_of(s) for s in reading.symbols), reading.result.trades]:
        below = trades[column][trades[column] < 1.0]
        numbers.append(len(below))
        means.append(multiple(float(below.mean())) if len(below) else "-")
    if not numbers[-1]:
        return []
    head = words(column.removeprefix("factor_").removesuffix("_scaling"))
    return [_counts(f"{head}|scaled", numbers), Column("mean|factor", means)]


def _paths(reading: Reading) -> list[tuple[str, ...]]:
    return [*(("assets", symbol) for symbol in reading.symbols), ("portfolio",)]


def _names(reading: Reading) -> Column:
    return Column("|asset", [*reading.symbols, "TOTAL"], left=True)


def _counts(head: str, numbers: Sequence[int]) -> Column:
    return Column(head, [count(number) for number in numbers])
