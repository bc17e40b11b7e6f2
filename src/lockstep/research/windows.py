"""Windows: calendar months to choose in, and the months after them to be judged by."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lockstep.core.bars import Bars, Ints
from lockstep.core.calendar import DAY_NS, HOUR_NS, NEW_YORK, SUNDAY, weekdays
from lockstep.core.errors import ConfigError, DataError

KINDS = ("rolling", "anchored")
#: A month counts as covered if the data lack its first or last days only: a weekend, a New Year.
_LATE_DAYS = 3
#: What is left behind the last whole window is a window of its own from this many days on.
FEWEST_LEFT_DAYS = 5


@dataclass(frozen=True, slots=True)
class Window:
    """One step of a walk-forward. Times are labels, ns UTC, at which trading days begin.

    Parameters
    ----------
    number : int
        1, 2, ...
    in_sample : int
        Parameters are chosen on bars from here on ...
    until : int
        ... up to here (exclusive), the embargo taken off; each asset's purge comes off as well.
    begin, end : int
        What was chosen trades on bars with begin <= label < end: out of sample.
    whole : bool
        False for the last window, if the data end before its months do.
    """

    number: int
    in_sample: int
    until: int
    begin: int
    end: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Plot:
    """How a history is cut into windows.

    Parameters
    ----------
    in_sample_months, out_of_sample_months : int
        Calendar months of trading days. An anchored plot begins with as many, and keeps them all.
    kind : str
        ``rolling`` (the in-sample months move along) or ``anchored`` (they grow).
    embargo_days : int
        Calendar days between in-sample and out-of-sample, beside the purge.

    Raises
    ------
    ConfigError
        If a number is out of range.
    """

    in_sample_months: int = 3
    out_of_sample_months: int = 1
    kind: str = "rolling"
    embargo_days: int = 1

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.kind not in KINDS:
            raise ConfigError(f"windows are {self.kind!r}; expected {' or '.join(KINDS)}.")
        for name in ("in_sample_months", "out_of_sample_months"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected 1 or more.")
        if not 0 <= self.embargo_days <= 27:
            raise ConfigError(f"embargo_days is {self.embargo_days}; expected 0 to 27.")

    def windows(self, first: int, last: int, weekend_days: bool) -> tuple[Window, ...]:
        """Return the windows of a history.

        Parameters
        ----------
        first, last : int
            First and last label of the data, ns UTC.
        weekend_days : bool
            Whether Saturday and Sunday are trading days of their own.

        Raises
        ------
        DataError
            If there are fewer than two, with the dates that two need.
        """
        month = _first_month(first)
        found: list[Window] = []
        while True:
            begin = month + self.in_sample_months + len(found) * self.out_of_sample_months
            fitted = month if self.kind == "anchored" else begin - self.in_sample_months
            window = self._window(len(found) + 1, fitted, begin, weekend_days)
            if window.end - last > _LATE_DAYS * DAY_NS:
                break
            found.append(window)
        if last - window.begin >= FEWEST_LEFT_DAYS * DAY_NS:
            found.append(dataclasses.replace(window, end=last + 1, whole=False))
        if len(found) < 2:
            raise self._too_short(month, first, last)
        return tuple(found)

    def _window(self, number: int, fitted: int, begin: int, weekend_days: bool) -> Window:
        end = begin + self.out_of_sample_months
        start, opens, ends = (month_start(m, weekend_days) for m in (fitted, begin, end))
        return Window(number, start, opens - self.embargo_days * DAY_NS, opens, ends)

    def _too_short(self, month: int, first: int, last: int) -> DataError:
        needed = month + self.in_sample_months + 2 * self.out_of_sample_months
        have = f"{pd.Timestamp(first):%Y-%m-%d} to {pd.Timestamp(last):%Y-%m-%d}"
        return DataError(
            f"the data ({have}) are too short for two windows of {self.in_sample_months} "
            f"in-sample and {self.out_of_sample_months} out-of-sample months. Two whole ones need "
            f"bars from {np.datetime64(month, 'M')}-01 up to the end of "
            f"{np.datetime64(needed - 1, 'M')}; give more data, or shorter windows."
        )


def month_start(month: int, weekend_days: bool) -> int:
    """Return the first label (ns UTC) that belongs to a trading day of a month or of a later one.

    Parameters
    ----------
    month : int
        Months since 1970-01.
    weekend_days : bool
        False lets Saturday and Sunday join the Monday that follows.
    """
    day = int(np.datetime64(month, "M").astype("datetime64[D]").astype(np.int64))
    if not weekend_days:
        weekday = int(weekdays(np.array([day]))[0])
        day -= {0: 2, SUNDAY: 1}.get(weekday, 0)
    return day_start(day)


def day_start(day: int) -> int:
    """Return the first label (ns UTC) of a New York date, less 7 h: where a trading day begins."""
    midnight = pd.Timestamp(day * DAY_NS, unit="ns").tz_localize(NEW_YORK)
    return int(midnight.tz_convert("UTC").tz_localize(None).as_unit("ns").value) - 7 * HOUR_NS


def _first_month(first: int) -> int:
    """Return the first month (since 1970-01) that data from a label on cover."""
    day = np.datetime64(first + 7 * HOUR_NS, "ns").astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    late = int((day - month.astype("datetime64[D]")).astype(np.int64))
    return int(month.astype(np.int64)) + (1 if late > _LATE_DAYS else 0)


def last_bars_off(bars: Bars, until: int, count: int) -> int:
    """Return the label from which on the last `count` bars before `until` lie; `until` for none.

    An asset without so many bars before `until` keeps none.
    """
    before = int(np.searchsorted(bars.time, until))
    if count == 0:
        return until
    if before <= count:
        return int(bars.time[0]) if before else until
    return int(bars.time[before - count])


def span(bars: dict[str, Bars]) -> tuple[int, int]:
    """Return the first and the last label of several assets' bars, ns UTC."""
    times: list[Ints] = [one.time for one in bars.values()]
    return min(int(t[0]) for t in times), max(int(t[-1]) for t in times)
