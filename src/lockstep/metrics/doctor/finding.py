"""What a finding is, and what the checks look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.core.result import RunResult
from lockstep.metrics.blocks import metric_at, rows_of
from lockstep.metrics.panel import nanoseconds

HIGH, MEDIUM, LOW = SEVERITIES = ("high", "medium", "low")
HOUR_NS = 3_600_000_000_000
#: Days of returns below which a ratio or a correlation of them is noise, and finds nothing.
ENOUGH_DAYS = 20
#: Part of the capital below which a difference is chance and rounding.
MATERIAL = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to question.

    Parameters
    ----------
    severity : str
        ``high``: do not trust the result before it is settled; ``medium``: it changes what the
        result means; ``low``: worth knowing.
    value, unit
        The number found, and what it counts: ``fraction``, ``days``, ``trades``, ...
    sentence, advice : str
        What was found, and what to do.
    size : float
        How far beyond the threshold, at least 1; orders findings of one severity.
    asset : str
        Symbol, several parted by a comma, or empty for the account.
    """

    severity: str
    value: float
    unit: str
    sentence: str
    advice: str
    size: float = 1.0
    asset: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A result on the doctor's table.

    Parameters
    ----------
    result : RunResult
        What the run left behind.
    metrics : mapping
        The content of metrics.json as far as it is made: plain numbers, None if undefined.
    """

    result: RunResult
    metrics: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """Facts of the run."""
        return self.result.facts

    @property
    def currency(self) -> str:
        """Account currency."""
        return str(self.facts.get("currency", ""))

    @property
    def symbols(self) -> list[str]:
        """Assets of the portfolio, sorted."""
        return sorted(self.metrics.get("assets") or {})

    @property
    def blocks(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The account's numbers under the empty name, then each asset's; one asset is all of it."""
        yield "", self.metrics["portfolio"]
        for symbol in self.symbols if len(self.symbols) > 1 else ():
            yield symbol, self.metrics["assets"][symbol]

    def value(self, *path: str) -> Any:
        """Return a metric by its path; None if undefined or absent."""
        return metric_at(self.metrics, *path)

    def times(self, code: str) -> Ints:
        """Return when a decision of this code was taken, ns."""
        table = self.result.decisions
        if not len(table):
            return np.empty(0, dtype=np.int64)
        return nanoseconds(table.loc[table["code"] == code, "time"])

    @property
    def stopped_for_good(self) -> int | None:
        """When the breaker tripped and trading never began again, ns; None if it did not."""
        trips, resumes = self.times("breaker_trip"), self.times("breaker_resume")
        if not len(trips) or (len(resumes) and resumes[-1] >= trips[-1]):
            return None
        return int(trips[-1])

    def trades_of(self, symbol: str) -> pd.DataFrame:
        """Return the portfolio's trades of one asset."""
        return rows_of(self.result.trades, symbol)

    def bars_of(self, symbol: str) -> Ints:
        """Return the labels of an asset's bars, ns: the steps at which its solo run has equity."""
        equity = self.result.solo_equity
        if symbol not in equity.columns:
            return np.empty(0, dtype=np.int64)
        known = np.isfinite(equity[symbol].to_numpy(dtype=np.float64))
        return np.asarray(nanoseconds(equity.index)[known], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Check:
    """One question put to a result.

    Parameters
    ----------
    code : str
        Name of its findings.
    question : str
        What is looked for, in words that end a sentence.
    look : callable
        Yields the findings.
    needs_portfolio : bool
        True leaves it out where no portfolio was played.
    """

    code: str
    question: str
    look: Callable[[Case], Iterator[Finding]]
    needs_portfolio: bool = True


def numbers(table: pd.DataFrame, column: str) -> Array:
    """Return a column as floats; empty if there is no row or no such column."""
    if not len(table) or column not in table:
        return np.empty(0)
    return table[column].to_numpy(dtype=np.float64)


def whose(symbol: str) -> str:
    """Return the asset's name, or what the account is called."""
    return symbol or "the account"
