"""Trading days and rollovers: the New York clock of docs/account.md, sections 1 and 6."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lockstep.core.bars import Ints

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
NEW_YORK = "America/New_York"
MONDAY, SATURDAY, SUNDAY = 0, 5, 6


def trading_days(labels: Ints, weekend_days: bool) -> Ints:
    """Return the trading day of each label, as days since 1970-01-01.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Bar open times, ns UTC.
    weekend_days : bool
        True if a 24/7 asset is in the run: Saturday and Sunday are then days of their own;
        otherwise they join the Monday that follows.

    Notes
    -----
    The trading day is the New York date of label + 7 h, so that a day ends at 17:00 New York.
    """
    shifted = pd.DatetimeIndex(labels + 7 * HOUR_NS).as_unit("ns").tz_localize("UTC")
    local = shifted.tz_convert(NEW_YORK).tz_localize(None)
    days = np.asarray(local.as_unit("ns").asi8, dtype=np.int64) // DAY_NS
    if weekend_days:
        return days
    weekday = weekdays(days)
    days += np.where(weekday == SATURDAY, 2, np.where(weekday == SUNDAY, 1, 0))
    return days


def weekdays(days: Ints) -> Ints:
    """Return the weekday (Monday 0) of days since 1970-01-01, which was a Thursday."""
    return (days + 3) % 7


def rollovers(start: int, end: int) -> tuple[Ints, Ints]:
    """Return every 17:00 New York instant in (start, end], ns UTC, and its New York weekday."""
    first, last = (pd.Timestamp(t, unit="ns", tz="UTC").tz_convert(NEW_YORK) for t in (start, end))
    dates = pd.date_range(first.date(), last.date(), freq="D")
    instants = (dates + pd.Timedelta(hours=17)).tz_localize(NEW_YORK).tz_convert("UTC")
    ns = np.asarray(instants.tz_localize(None).as_unit("ns").asi8, dtype=np.int64)
    inside = (ns > start) & (ns <= end)
    return ns[inside], np.asarray(dates.day_of_week, dtype=np.int64)[inside]


def local_hours(labels: Ints, zone: str) -> Ints:
    """Return the hour of day of each label in an IANA zone, shape (n,)."""
    index = pd.DatetimeIndex(labels).tz_localize("UTC").tz_convert(zone)
    return np.asarray(index.hour, dtype=np.int64)


def periods(days: Ints, frequency: str) -> Ints:
    """Return a number that changes when a new week, month or quarter of trading days begins."""
    if frequency == "weekly":
        return (days + 3) // 7
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    if frequency == "monthly":
        return np.asarray(months, dtype=np.int64)
    if frequency == "quarterly":
        return np.asarray(months // 3, dtype=np.int64)
    raise ValueError(f"frequency is {frequency!r}; expected weekly, monthly or quarterly.")
