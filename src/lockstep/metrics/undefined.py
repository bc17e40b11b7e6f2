"""A number that does not exist, and why: never 0, never NaN."""

from __future__ import annotations

from dataclasses import dataclass

#: Daily returns that vary by less than this are rounding of the equity, not risk (fraction).
ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class Undefined:
    """Stands where a metric has no value.

    Parameters
    ----------
    reason : str
        Why, in words that end a sentence: "no losing trade".
    """

    reason: str


#: Every number of a portfolio that was not played.
NOT_PLAYED = Undefined("the portfolio was not played")
#: Every number of a fall that never was.
NO_DRAWDOWN = Undefined("no drawdown")
#: What a metric answers.
Measure = float | Undefined
