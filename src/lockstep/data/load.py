"""Names to bars: find the files, read them, pass them through the quality gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import TIMEFRAMES, Bars, Ints
from lockstep.core.errors import DataError, UsageError
from lockstep.core.files import sha256_of
from lockstep.core.instrument import Instrument
from lockstep.core.parameters import nearest
from lockstep.core.protocols import Progress, Silent
from lockstep.data.files import data_files, find_file, format_of
from lockstep.data.quality import Origin, gate, trades_weekends
from lockstep.data.sample import SAMPLE_SYMBOLS, is_sample, sample_bars
from lockstep.data.zones import clock_of, stamp

_COLUMNS = ("open", "high", "low", "close", "volume")
_TASK = "reading data"


def load_bars(
    symbols: Iterable[str],
    timeframe: str,
    folder: str | Path | None,
    *,
    zone: str = "UTC",
    start: int | None = None,
    end: int | None = None,
    instruments: Mapping[str, Instrument] | None = None,
    session_filter: str = "note",
    seed: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Bars]:
    """Return the checked bars of each symbol, sorted by symbol.

    Parameters
    ----------
    symbols, timeframe : iterable of str, str
        The assets, and a key of `TIMEFRAMES`.
    folder : str or Path or None
        Holds ``{symbol}_{timeframe}`` or ``{symbol}`` files of any known format. None: the
        built-in sample, for its symbols only.
    zone : str
        Zone of times that state none, as `lockstep.data.zones.clock_of` reads it.
    start, end : int or None
        Keep labels in [start, end), ns UTC; the gate looks at these alone.
    instruments : mapping of str to Instrument or None
        Says which markets are open around the clock; those it lacks are told by their weekends.
    session_filter : str
        What becomes of stray weekend bars: ``note`` or ``drop``.
    seed : int or None
        Seed of the sample; None is its own default.
    progress : Progress or None
        Receives one unit a symbol.

    Returns
    -------
    dict of str to Bars
        `Bars.source` holds ``file`` (within the folder), ``sha256``, ``format``, ``zone``,
        ``rows``, ``first`` and ``last`` of the file; of the sample ``sample`` and ``seed``.

    Raises
    ------
    DataError
        Listing, for every symbol that failed, what is missing or refused.
    UsageError
        If the timeframe is unknown.
    """
    names = sorted(set(symbols))
    length = _length(timeframe)
    clock_of(zone)
    shower = progress or Silent()
    shower.start(_TASK, len(names))
    source = _Folder(Path(folder), timeframe, zone) if folder is not None else None
    drawn = {} if source else _sample(names, timeframe, seed)
    bars: dict[str, Bars] = {}
    failures: list[str] = []
    for name in names:
        try:
            raw = source.read(name, length) if source else _from_sample(drawn[name])
            one, origin = _between(*raw, start, end)
            always = _always_open(one, instruments)
            bars[name] = gate(one, origin, always_open=always, session_filter=session_filter)
        except DataError as failure:
            failures.append(str(failure))
        shower.advance(_TASK)
    if failures:
        raise DataError("\n".join(failures))
    one_grid(bars)
    return bars


def _always_open(bars: Bars, instruments: Mapping[str, Instrument] | None) -> bool:
    instrument = (instruments or {}).get(bars.symbol)
    return instrument.always_open if instrument else trades_weekends(bars.time)


def source_paths(symbols: Iterable[str], timeframe: str, folder: str | Path) -> dict[str, Path]:
    """Return the file each symbol is read from.

    Raises
    ------
    DataError
        As `load_bars`.
    """
    source = _Folder(Path(folder), timeframe, "UTC")
    return {name: source.path(name) for name in sorted(set(symbols))}


def ranges(bars: Mapping[str, Bars]) -> dict[str, tuple[int, int]]:
    """Return each asset's first and last label, ns UTC."""
    return {name: (int(one.time[0]), int(one.time[-1])) for name, one in bars.items()}


def common_range(bars: Mapping[str, Bars]) -> tuple[int, int]:
    """Return the [start, end) in which every asset has data, ns UTC, for `Bars.between`.

    Raises
    ------
    DataError
        If there is none, naming the two assets that do not meet.
    """
    if not bars:
        raise DataError("There are no assets to find a common range of.")
    spans = ranges(bars)
    late = max(spans, key=lambda name: spans[name][0])
    early = min(spans, key=lambda name: spans[name][1])
    start, end = spans[late][0], spans[early][1] + bars[early].timeframe
    if start >= end:
        raise DataError(
            f"The assets have no common range: {early} ends at {stamp(spans[early][1])}, before "
            f"{late} begins at {stamp(start)}. Leave one of them out, or use --range union."
        )
    return start, end


def one_grid(bars: Mapping[str, Bars]) -> None:
    """Refuse assets whose labels do not lie on one grid of their timeframe.

    Raises
    ------
    DataError
        Naming two assets that disagree.
    """
    first: Bars | None = None
    for one in bars.values():
        first = first or one
        if one.timeframe != first.timeframe:
            raise DataError(
                f"{first.symbol} and {one.symbol} have bars of different length; "
                "expected one timeframe a run."
            )
        if (one.time[0] - first.time[0]) % one.timeframe:
            raise DataError(
                f"The labels of {first.symbol} ({stamp(first.time[0])}) and {one.symbol} "
                f"({stamp(one.time[0])}) do not lie on one grid of {one.timeframe / 60e9:g} "
                "minutes; expected bars that begin at the same moments."
            )


class _Folder:
    """A data folder, listed once."""

    def __init__(self, folder: Path, timeframe: str, zone: str) -> None:
        self.folder = folder
        self._timeframe = timeframe
        self._zone = zone
        self._files = data_files(folder)

    def path(self, symbol: str) -> Path:
        stems = (f"{symbol}_{self._timeframe}", symbol)
        return find_file(symbol, stems, self._files, self.folder)

    def read(self, symbol: str, length: int) -> tuple[Bars, Origin]:
        bars, origin = read_file(symbol, self.path(symbol), self._zone)
        return replace(bars, timeframe=length), origin


def _version(path: Path) -> tuple[int, int, int]:
    """Return what tells one state of a file from another, as far as the file system knows."""
    known = path.stat()
    return known.st_ino, known.st_size, known.st_mtime_ns


def read_file(symbol: str, path: Path, zone: str) -> tuple[Bars, Origin]:
    """Return a file's bars, unchecked and of timeframe 0, and where they stand in it.

    Raises
    ------
    DataError
        If no format knows the file, or cells of it cannot be read; or it changed meanwhile, so
        that its hash would not be that of the bars.
    """
    before = _version(path)
    name, reader = format_of(path)
    table = reader.read(path, zone)
    sha256 = sha256_of(path)
    if _version(path) != before:
        raise DataError(
            f"{symbol}: {path.name} changed while it was read; begin again when nobody writes it."
        )
    if table.empty:
        raise DataError(f"{symbol}: {path.name} holds no bars.")
    stated = bool(table.attrs["zone_stated"])
    time = np.require(table.pop("time").to_numpy(), np.int64, "W")
    source = {
        "file": path.name,
        "sha256": sha256,
        "format": name,
        "zone": "stated by the file" if stated else zone,
        "rows": len(time),
        "first": stamp(int(time.min())),
        "last": stamp(int(time.max())),
    }
    columns = {column: _taken(table, column) for column in _COLUMNS}
    notes = () if stated else (f"The file states no time zone; its times were read as {zone}.",)
    bars = Bars(symbol=symbol, timeframe=0, time=time, **columns, source=source, notes=notes)
    places = np.asarray(table.index.to_numpy(), dtype=np.int64)
    return bars, Origin(path.name, str(table.index.name), places)


def _taken(table: pd.DataFrame, column: str) -> Any:
    # pandas hands out read-only views, which compiled code takes for another type
    return np.require(table.pop(column).to_numpy(), np.float64, "W")


def _sample(names: list[str], timeframe: str, seed: int | None) -> dict[str, Bars]:
    foreign = [name for name in names if not is_sample(name)]
    if foreign:
        raise DataError(
            f"{', '.join(foreign)}: not in the built-in sample; give the folder of its files with "
            f"--data. The sample has {', '.join(SAMPLE_SYMBOLS)}."
        )
    return sample_bars(names, timeframe) if seed is None else sample_bars(names, timeframe, seed)


def _from_sample(bars: Bars) -> tuple[Bars, Origin]:
    return bars, Origin("the sample", "row", np.arange(1, len(bars) + 1, dtype=np.int64))


def _between(bars: Bars, origin: Origin, start: int | None, end: int | None) -> tuple[Bars, Origin]:
    if start is None and end is None:
        return bars, origin
    keep = np.ones(len(bars), dtype=np.bool_)
    if start is not None:
        keep &= bars.time >= start
    if end is not None:
        keep &= bars.time < end
    if not keep.any():
        raise DataError(
            f"{bars.symbol}: no bars {_span(start, end)}; {origin.file} covers "
            f"{stamp(int(bars.time.min()))} to {stamp(int(bars.time.max()))}."
        )
    columns: dict[str, Any] = {name: getattr(bars, name)[keep] for name in ("time", *_COLUMNS)}
    places: Ints = origin.places[keep]
    return replace(bars, **columns), replace(origin, places=places)


def _span(start: int | None, end: int | None) -> str:
    words = [] if start is None else [f"from {stamp(start)}"]
    return " ".join([*words, *([] if end is None else [f"before {stamp(end)}"])])


def _length(timeframe: str) -> int:
    if timeframe not in TIMEFRAMES:
        raise UsageError(f"timeframe {timeframe!r} is unknown{nearest(timeframe, [*TIMEFRAMES])}")
    return TIMEFRAMES[timeframe]
