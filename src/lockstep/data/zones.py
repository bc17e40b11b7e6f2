"""Local clocks to UTC, and the FX week of New York."""

from __future__ import annotations

import re
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from lockstep.core.bars import Ints
from lockstep.core.calendar import DAY_NS, HOUR_NS, NEW_YORK
from lockstep.core.errors import ConfigError

Bools = npt.NDArray[np.bool_]

_SHIFTED = re.compile(r"(?P<zone>.+?)(?P<hours>[+-]\d{1,2})h")
#: No clock on earth is further from another's day.
MOST_HOURS = 14
_WEEK_NS = 7 * DAY_NS
_OPEN_WEEK_NS = 5 * DAY_NS
#: Sunday 1970-01-04 17:00, the first opening of the FX week, on the New York clock.
_FIRST_OPENING = 3 * DAY_NS + 17 * HOUR_NS


class Clock(NamedTuple):
    """A time zone, and by how many ns the clock on the wall is ahead of it."""

    zone: str
    shift: int


class Localised(NamedTuple):
    """UTC times of local ones; where either flag is set, `time` means nothing."""

    time: Ints
    missing: Bools
    ambiguous: Bools


def clock_of(zone: str) -> Clock:
    """Return the clock a zone's name describes.

    Parameters
    ----------
    zone : str
        An IANA name (``Europe/Athens``), or one with whole hours added: ``America/New_York+7h``
        is the clock of most MetaTrader servers, which no IANA zone keeps.

    Raises
    ------
    ConfigError
        If there is no such zone.
    """
    match = _SHIFTED.fullmatch(zone)
    name, hours = (match["zone"], int(match["hours"])) if match else (zone, 0)
    if abs(hours) > MOST_HOURS:
        raise ConfigError(
            f"zone {zone!r} adds {hours} hours; expected at most {MOST_HOURS} either way."
        )
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ConfigError(
            f"zone is {zone!r}; expected an IANA time zone such as UTC, Europe/Berlin, or "
            "America/New_York+7h for a clock seven hours ahead of New York."
        ) from unknown
    return Clock(name, hours * HOUR_NS)


def localise(local: Ints, zone: str) -> Localised:
    """Return the UTC times of local clock times, flagging those that the zone skips or repeats.

    Parameters
    ----------
    local : ndarray of int64, shape (n,)
        Clock times, ns since 1970-01-01 00:00 on that clock.
    zone : str
        As for `clock_of`.
    """
    clock = clock_of(zone)
    nothing = np.zeros(len(local), dtype=np.bool_)
    if clock.zone == "UTC":
        return Localised(local - clock.shift, nothing, nothing)
    index = pd.DatetimeIndex(local - clock.shift).as_unit("ns")
    strict = index.tz_localize(clock.zone, ambiguous="NaT", nonexistent="NaT")
    refused = np.asarray(strict.isna(), dtype=np.bool_)
    time = np.array(strict.tz_convert("UTC").tz_localize(None).asi8, dtype=np.int64)
    if not refused.any():
        return Localised(time, nothing, nothing)
    lenient = index.tz_localize(clock.zone, ambiguous="NaT", nonexistent="shift_forward")
    ambiguous = np.asarray(lenient.isna(), dtype=np.bool_)
    return Localised(time, refused & ~ambiguous, ambiguous)


def new_york(labels: Ints) -> Ints:
    """Return the New York clock times of UTC times, ns since 1970-01-01 00:00 on that clock."""
    index = pd.DatetimeIndex(labels).as_unit("ns").tz_localize("UTC")
    return np.asarray(index.tz_convert(NEW_YORK).tz_localize(None).asi8, dtype=np.int64)


def week_phase(local: Ints) -> Ints:
    """Return the ns since the last Sunday 17:00 of New York clock times."""
    return np.asarray((local - _FIRST_OPENING) % _WEEK_NS, dtype=np.int64)


def in_week(local: Ints) -> Bools:
    """Return True where New York clock times lie from Sunday 17:00 up to Friday 17:00."""
    return np.asarray(week_phase(local) < _OPEN_WEEK_NS, dtype=np.bool_)


def open_time(labels: Ints) -> Ints:
    """Return how long FX markets had been open, weekends left out, at each UTC time.

    The differences are what counts; the origin is arbitrary.
    """
    since = new_york(labels) - _FIRST_OPENING
    weeks, phase = np.divmod(since, _WEEK_NS)
    return np.asarray(weeks * _OPEN_WEEK_NS + np.minimum(phase, _OPEN_WEEK_NS), dtype=np.int64)


def stray(labels: Ints, timeframe: int) -> Bools:
    """Return True for bars that lie wholly between Friday 17:00 and Sunday 17:00 New York."""
    phase = week_phase(new_york(labels))
    shut = (phase >= _OPEN_WEEK_NS) & (phase + timeframe <= _WEEK_NS)
    return np.asarray(shut, dtype=np.bool_)


def stamp(ns: int) -> str:
    """Return a UTC time as people read it, ``2019-01-02 22:35``, with seconds where there are."""
    text = str(np.datetime64(int(ns), "ns").astype("datetime64[s]")).replace("T", " ")
    return text[:16] if text.endswith(":00") else text
