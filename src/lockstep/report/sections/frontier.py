"""The run's weights beside the mixes that hindsight would have chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, listed, percent, points, ratio, words


@report_sections("frontier")
@dataclass(frozen=True, slots=True)
class Frontier:
    """A column of weights for each mix, its return and risk below."""

    order: ClassVar[int] = 53
    title: ClassVar[str] = "EFFICIENT FRONTIER OF THE SOLO RUNS"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the table of mixes, or why there is none."""
        if not reading.value("frontier"):
            missing = reading.metrics.get("undefined", {}).get("frontier", "it was not measured")
            return paragraph(f"There is none: {missing}.")
        symbols = reading.value("frontier", "symbols")
        if len(symbols) < 2:
            return [*paragraph("There is none: one asset has no mix."), *_left_out(reading)]
        marks = list(reading.value("frontier", "marks"))
        rows = [*symbols, "cash", "return % a year", "volatility % a year", "Sharpe"]
        columns = [
            Column(words(mark).replace(" ", "|", 1), _mix(reading, mark, symbols)) for mark in marks
        ]
        first = Column("weights in %|", rows, left=True)
        label = str(reading.value("frontier", "label")).upper()
        return [
            *paragraph(f"{label}. {_scope(reading)}"),
            "",
            *table([first, *columns], below=4),
            *paragraph(_ends(reading)),
            *_left_out(reading),
        ]


def _mix(reading: Reading, mark: str, symbols: list[str]) -> list[str]:
    path = ("frontier", "marks", mark)
    if reading.value(*path) is None:
        missing = reading.cell(points, *path)
        return [*([""] * (len(symbols) + 1)), missing, missing, missing]

    def cell(show: Callable[[float], str], *key: str) -> str:
        return reading.cell(show, *path, *key)

    return [
        *(cell(points, "weights", symbol) for symbol in symbols),
        points(1.0 - reading.number(*path, "invested")),
        cell(points, "return"),
        cell(points, "volatility"),
        cell(ratio, "sharpe"),
    ]


def _scope(reading: Reading) -> str:
    cap = reading.number("frontier", "cap")
    held = f"no weight above {percent(cap)}" if cap < 1.0 else "any weight from 0 to 100%"
    return (
        f"Daily returns of the solo runs on their {reading.cell(count, 'frontier', 'days')} common "
        f"days, {held}; arithmetic, rebalanced daily, without shared margin and portfolio rules."
        f"{_cash(reading)}"
    )


def _cash(reading: Reading) -> str:
    held = 1.0 - reading.number("frontier", "marks", "run_weights", "invested")
    if held < 0.00005:
        return ""
    return " The cash among the run's weights can take them left of the frontier, which has none."


def _ends(reading: Reading) -> str:
    points_of = reading.value("frontier", "points")
    first, last = points_of[0], points_of[-1]
    if len(points_of) == 1:
        return f"There is one mix: {percent(first['return'])} a year."
    return (
        f"The frontier runs from {percent(first['return'])} a year at "
        f"{percent(first['volatility'])} volatility to {percent(last['return'])} at "
        f"{percent(last['volatility'])}. Means of the past hardly repeat themselves; the mix that "
        "was best is the one most flattered by chance."
    )


def _left_out(reading: Reading) -> list[str]:
    left_out = reading.value("frontier", "left_out") or {}
    if not left_out:
        return []
    return paragraph(f"Left out: {listed([f'{name} ({why})' for name, why in left_out.items()])}.")
