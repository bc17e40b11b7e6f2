"""Reading: a result with its metrics, ready to be put into words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Bars
from lockstep.core.calendar import DAY_NS
from lockstep.core.result import RunResult
from lockstep.metrics.blocks import metric_at, rows_of
from lockstep.metrics.drawdown import deepest, moved
from lockstep.metrics.panel import Panel, panel
from lockstep.metrics.returns import daily_returns
from lockstep.metrics.undefined import Undefined
from lockstep.report.layout import paragraph


class Footnotes:
    """Reasons for numbers that do not exist, numbered within one section."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def missing(self, reason: str) -> str:
        """Return the mark that stands where a number is undefined."""
        return f"n/a[{self._numbers.setdefault(reason, len(self._numbers) + 1)}]"

    def lines(self) -> list[str]:
        """Return the reasons, a line each."""
        return [
            line
            for reason, number in self._numbers.items()
            for line in paragraph(reason, f"  [{number}] ")
        ]


@dataclass(frozen=True, slots=True)
class Fall:
    """The deepest fall of the account's equity below its peak.

    Parameters
    ----------
    start, bottom : int
        ns of the last step at the peak (of the first step, if the peak was the capital) and of
        the deepest step.
    recovered : int or None
        ns of the first step back at the peak; None if there was none.
    depth : float
        Fraction of the peak.
    money : float
        Account currency, from peak to bottom; negative.
    parts : dict
        Each asset's P&L from peak to bottom, account currency.
    """

    start: int
    bottom: int
    recovered: int | None
    depth: float
    money: float
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class WorstDay:
    """The trading day that lost the largest fraction of its opening equity."""

    day: str
    fraction: float
    money: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What every section of a report may look at.

    Parameters
    ----------
    result : RunResult
        What the run left behind.
    metrics : dict
        `lockstep.metrics.summary.summarise` of the same result.
    fall : Fall or None
        None if the portfolio was not played or never fell.
    worst_day : WorstDay or None
        None if the portfolio was not played or no day lost.
    panel : Panel or None
        The result as aligned arrays; None if the portfolio was not played.
    bars : mapping of str to Bars or str
        Bars by symbol, for figures of prices, or why there are none.
    notes : Footnotes
        Of the section at work.
    """

    result: RunResult
    metrics: Mapping[str, Any]
    fall: Fall | None = None
    worst_day: WorstDay | None = None
    panel: Panel | None = None
    bars: Mapping[str, Bars | str] = field(default_factory=dict)
    notes: Footnotes = field(default_factory=Footnotes)

    def renewed(self) -> Reading:
        """Return the same reading with footnotes of its own."""
        return dataclasses.replace(self, notes=Footnotes())

    @property
    def facts(self) -> Mapping[str, Any]:
        """Facts of the run."""
        return self.result.facts

    @property
    def settings(self) -> Mapping[str, Any]:
        """The ``portfolio`` block of the configuration; may be empty."""
        return dict(self.result.config.get("portfolio", {}))

    @property
    def currency(self) -> str:
        """Account currency."""
        return str(self.facts.get("currency", ""))

    @property
    def is_played(self) -> bool:
        """True if there is a portfolio to speak of."""
        return bool(self.metrics.get("portfolio"))

    @property
    def symbols(self) -> list[str]:
        """Assets of the portfolio, sorted."""
        return sorted(self.metrics.get("assets", {}))

    def value(self, *path: str) -> Any:
        """Return a metric by its path; None if undefined or absent."""
        return metric_at(self.metrics, *path)

    def cell(self, show: Callable[[float], str], *path: str) -> str:
        """Return a metric in words, or a mark with the reason for its absence."""
        number = self.value(*path)
        if number is not None:
            return show(number)
        reasons = self.metrics.get("undefined", {})
        # What a number is part of may be undefined as a whole: a share of a fall that never was.
        within = (".".join(path[:depth]) for depth in range(len(path), 0, -1))
        known = (reasons[name] for name in within if name in reasons)
        return self.notes.missing(next(known, "it was not measured"))

    def number(self, *path: str) -> float:
        """Return a metric that every played portfolio has."""
        return float(self.value(*path))

    def count(self, *path: str) -> int:
        """Return a count; 0 if nothing was counted under that name."""
        return int(self.value(*path) or 0)

    def trades_of(self, symbol: str) -> pd.DataFrame:
        """Return the trades of one asset."""
        return rows_of(self.result.trades, symbol)

    def decided(self, *codes: str) -> pd.DataFrame:
        """Return the decisions with any of these codes, in order."""
        table = self.result.decisions
        return table[table["code"].isin(codes)] if len(table) else table


def read(
    result: RunResult,
    metrics: Mapping[str, Any],
    bars: Mapping[str, Bars | str] | None = None,
) -> Reading:
    """Return the reading of a result: its metrics, and when its worst moments were."""
    if len(result.equity) == 0:
        return Reading(result, metrics)
    aligned = panel(result)
    fall, worst = _fall(aligned), _worst_day(aligned)
    return Reading(result, metrics, fall, worst, aligned, dict(bars or {}))


def _fall(aligned: Panel) -> Fall | None:
    account = aligned.account
    found = deepest(account.equity, account.initial)
    if found is None:
        return None
    start, bottom, depth = found
    peak = float(account.equity[start]) if start >= 0 else account.initial
    back = np.flatnonzero(account.equity[bottom:] >= peak)
    return Fall(
        start=int(account.time[max(start, 0)]),
        bottom=int(account.time[bottom]),
        recovered=int(account.time[bottom + back[0]]) if len(back) else None,
        depth=depth,
        money=moved(account.equity, account.initial, start, bottom),
        parts={
            symbol: moved(aligned.contribution(asset).equity, account.initial, start, bottom)
            for asset, symbol in enumerate(aligned.symbols)
        },
    )


def _worst_day(aligned: Panel) -> WorstDay | None:
    account = aligned.account
    returns = daily_returns(account.marks, account.initial)
    if isinstance(returns, Undefined) or not len(returns) or returns.min() >= 0.0:
        return None
    at = int(np.argmin(returns))
    before = account.marks[at - 1] if at else account.initial
    return WorstDay(
        day=str(np.datetime64(int(account.days[at]) * DAY_NS, "ns").astype("datetime64[D]")),
        fraction=float(returns[at]),
        money=float(account.marks[at] - before),
    )
