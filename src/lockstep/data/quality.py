"""The quality gate: what cannot be true is refused, what is strange is noted, nothing is mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lockstep.core.bars import TIMEFRAMES, Array, Bars, Ints
from lockstep.core.errors import DataError
from lockstep.data.oddities import oddities
from lockstep.data.zones import Bools, stamp, stray

#: Relative size of rounding noise in a source's prices: a high this much below the close is a high.
ROUNDING = 1e-9
#: So many steps on end, none of them the timeframe, are a stretch of another timeframe.
STRETCH_BARS = 50
SESSION_FILTERS = ("note", "drop")
_SHOWN = 3
Row = int | np.signedinteger[Any]
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where bars stand in their file.

    Parameters
    ----------
    file : str
        Name of the file, or of the source.
    unit : str
        ``line`` or ``row``.
    places : ndarray of int64, shape (n_bars,)
        Number of each bar's line or row.
    """

    file: str
    unit: str
    places: Ints


def gate(bars: Bars, origin: Origin, *, always_open: bool, session_filter: str = "note") -> Bars:
    """Return the bars with the gate's findings in their notes, or refuse them.

    Refused are bars out of order, conflicting duplicates, prices that are not finite and above
    zero, a high below the low, an open or close outside them, unusable volume, labels off the
    timeframe's grid and another timeframe than asked for. Exact duplicates of a bar are left
    out, and noted. Gaps, stale runs, outliers and stray weekend bars are noted.

    Parameters
    ----------
    bars : Bars
        As read from the source.
    origin : Origin
        Where they stand in it.
    always_open : bool
        True for a 24/7 market: weekends are no gap and no stray bars.
    session_filter : str
        ``note`` keeps bars that lie wholly between Friday 17:00 and Sunday 17:00 New York;
        ``drop`` leaves them out. Either is noted.

    Raises
    ------
    DataError
        Listing every kind of finding with its count, and for the first few file, line or row,
        time and value.
    """
    findings = [*_order(bars, origin), *_prices(bars, origin), *_grid(bars, origin)]
    if findings:
        raise DataError("\n".join([f"{bars.symbol}: {origin.file} is refused.", *findings]))
    kept, repeated = _without_repeats(bars)
    kept, weekend = _sessions(kept, always_open, session_filter)
    if not len(kept):
        raise DataError(f"{bars.symbol}: {origin.file} holds no bars of an open market.")
    notes = [*repeated, *weekend, *oddities(kept, always_open)]
    return replace(kept, notes=(*kept.notes, *notes))


def trades_weekends(labels: Ints) -> bool:
    """Return True if the labels look like a 24/7 market's: a fifth or more lie on the weekend.

    A 24/7 market has two sevenths of its bars there; a sixth are there where daily bars of other
    markets have a Sunday, and stray bars are far fewer.
    """
    return bool(len(labels)) and float(np.mean(stray(labels, 0))) >= 0.2


def _listed(what: str, found: Bools, texts: Iterable[str]) -> list[str]:
    count = int(np.count_nonzero(found))
    if not count:
        return []
    shown = "; ".join(text for _, text in zip(range(_SHOWN), texts))
    more = "; ..." if count > _SHOWN else ""
    return [f"  {count} x {what}: {shown}{more}."]


def _at(bars: Bars, origin: Origin, row: Row) -> str:
    return f"{origin.unit} {origin.places[row]} ({stamp(bars.time[row])})"


def _order(bars: Bars, origin: Origin) -> list[str]:
    step = np.diff(bars.time)
    back, same = step < 0, (step == 0)
    clash = same & ~_equals_previous(bars)
    return [
        *_listed(
            "out of time order",
            back,
            (
                f"{_at(bars, origin, row + 1)} after {stamp(bars.time[row])}"
                for row in np.flatnonzero(back)
            ),
        ),
        *_listed(
            "two different bars of one time",
            clash,
            (
                f"{_at(bars, origin, row + 1)} {_differing(bars, row)} "
                f"against {origin.unit} {origin.places[row]}"
                for row in np.flatnonzero(clash)
            ),
        ),
    ]


def _equals_previous(bars: Bars) -> Bools:
    equal = np.ones(max(len(bars) - 1, 0), dtype=np.bool_)
    for name in (*_PRICES, "volume"):
        values = getattr(bars, name)
        equal &= values[1:] == values[:-1]
    return equal


def _differing(bars: Bars, row: Row) -> str:
    for name in (*_PRICES, "volume"):
        values = getattr(bars, name)
        if values[row] != values[row + 1]:
            return f"{name} {values[row + 1]:.12g}, not {values[row]:.12g},"
    return ""


def _prices(bars: Bars, origin: Origin) -> list[str]:
    findings: list[str] = []
    for name in _PRICES:
        values = getattr(bars, name)
        findings += _bad(bars, origin, f"{name} is not a number", values, ~np.isfinite(values))
        findings += _bad(bars, origin, f"{name} is not above zero", values, values <= 0)
    with np.errstate(invalid="ignore"):  # infinite prices are found above
        findings += _shapes(bars, origin)
    unusable = ~np.isfinite(bars.volume) | (bars.volume < 0)
    findings += _bad(bars, origin, "volume is not a number of zero or more", bars.volume, unusable)
    return findings


def _bad(bars: Bars, origin: Origin, what: str, values: Array, found: Bools) -> list[str]:
    rows = np.flatnonzero(found)
    return _listed(what, found, (f"{_at(bars, origin, row)} {values[row]:.12g}" for row in rows))


def _shapes(bars: Bars, origin: Origin) -> list[str]:
    noise = ROUNDING * np.abs(bars.high)
    findings: list[str] = []
    for what, left, right in (
        ("high is below low", "high", "low"),
        ("open is above high", "high", "open"),
        ("open is below low", "open", "low"),
        ("close is above high", "high", "close"),
        ("close is below low", "close", "low"),
    ):
        upper, lower = getattr(bars, left), getattr(bars, right)
        found = upper < lower - noise
        texts = (
            f"{_at(bars, origin, row)} {left} {upper[row]:.12g} {right} {lower[row]:.12g}"
            for row in np.flatnonzero(found)
        )
        findings += _listed(what, found, texts)
    return findings


def _grid(bars: Bars, origin: Origin) -> list[str]:
    if len(bars) < 2:
        return []
    asked = _length(bars.timeframe)
    step = np.diff(bars.time)
    forward = step[step > 0]
    median = int(np.median(forward)) if len(forward) else bars.timeframe
    if median != bars.timeframe:
        return [f"  wrong timeframe: bars are typically {_length(median)} apart, not {asked}."]
    phase = bars.time % bars.timeframe
    values, counts = np.unique(phase, return_counts=True)
    off = phase != values[int(np.argmax(counts))]
    rows = np.flatnonzero(off)
    findings = _listed(
        f"off the {asked} grid of most bars (labels of a local clock move with summer time)",
        off,
        (_at(bars, origin, row) for row in rows),
    )
    return findings or _stretch(bars, origin, step)


def _stretch(bars: Bars, origin: Origin, step: Ints) -> list[str]:
    matches = np.flatnonzero(np.concatenate(([True], step <= bars.timeframe, [True])))
    lengths = np.diff(matches) - 1
    longest = int(np.argmax(lengths))
    if lengths[longest] < STRETCH_BARS:
        return []
    row = int(matches[longest])
    typical = _length(int(np.median(step[row : row + int(lengths[longest])])))
    sentence = (
        f"  mixed timeframes: from {_at(bars, origin, row)} on, {lengths[longest]} bars stand "
        f"{typical} or so apart, not {_length(bars.timeframe)}."
    )
    return [sentence]


def _length(ns: int) -> str:
    name = next((name for name, length in TIMEFRAMES.items() if length == ns), None)
    return name or f"{ns / 60e9:g} minutes"


def _without_repeats(bars: Bars) -> tuple[Bars, list[str]]:
    repeat = np.concatenate(([False], np.diff(bars.time) == 0))[: len(bars)]
    count = int(np.count_nonzero(repeat))
    if not count:
        return bars, []
    first = stamp(bars.time[int(np.argmax(repeat))])
    verb = "bar was" if count == 1 else "bars were"
    return _where(bars, ~repeat), [f"{count} {verb} in the file twice, alike; used once ({first})."]


def _sessions(bars: Bars, always_open: bool, session_filter: str) -> tuple[Bars, list[str]]:
    if session_filter not in SESSION_FILTERS:
        raise DataError(
            f"session_filter is {session_filter!r}; expected {' or '.join(SESSION_FILTERS)}."
        )
    if always_open:
        return bars, []
    outside = stray(bars.time, bars.timeframe)
    count = int(np.count_nonzero(outside))
    if not count:
        return bars, []
    drop = session_filter == "drop"
    first = stamp(bars.time[int(np.argmax(outside))])
    note = (
        f"{count} weekend {'bar lies' if count == 1 else 'bars lie'} between Friday 17:00 and "
        f"Sunday 17:00 New York, the first at {first}: {'dropped' if drop else 'kept'}."
    )
    return (_where(bars, ~outside) if drop else bars), [note]


def _where(bars: Bars, mask: Bools) -> Bars:
    columns = {name: getattr(bars, name)[mask] for name in ("time", *_PRICES, "volume")}
    return replace(bars, **columns)
