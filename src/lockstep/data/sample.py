"""The built-in sample: six months of fifteen synthetic assets, drawn once and kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from lockstep import __version__
from lockstep.core.bars import TIMEFRAMES, Array, Bars
from lockstep.core.errors import DataError, UsageError
from lockstep.core.files import atomic
from lockstep.core.parameters import nearest
from lockstep.data import synthetic, zones
from lockstep.data.resample import resample
from lockstep.data.synthetic import CROSSES, LEGS, TIMEFRAME_NS, Drawn, generate

#: The sample's assets, sorted.
SAMPLE_SYMBOLS = tuple(sorted([leg.symbol for leg in LEGS] + [cross[0] for cross in CROSSES]))
SAMPLE_SEED = 20250101
#: Labels run from the first moment up to the second, ns UTC.
SAMPLE_START = int(np.datetime64("2025-01-01T00:00", "ns").astype(np.int64))
SAMPLE_END = int(np.datetime64("2025-07-01T00:00", "ns").astype(np.int64))
_COLUMNS = ("open", "high", "low", "close", "volume")


def is_sample(symbol: str) -> bool:
    """Return True if the built-in sample has the symbol."""
    return symbol in SAMPLE_SYMBOLS


def sample_bars(
    symbols: Iterable[str] | None = None, timeframe: str = "5m", seed: int = SAMPLE_SEED
) -> dict[str, Bars]:
    """Return synthetic bars, the same bits for the same seed.

    Parameters
    ----------
    symbols : iterable of str or None
        Assets of the sample; None is all of them.
    timeframe : str
        ``5m``, or a longer key of `TIMEFRAMES`, aggregated from it.
    seed : int
        Seed of the generator, zero or more.

    Returns
    -------
    dict of str to Bars
        Sorted by symbol; `Bars.source` holds ``sample`` (a digest of the generator) and ``seed``.

    Raises
    ------
    DataError
        If the sample has no such symbol, or the timeframe is shorter than 5m.
    UsageError
        If there is no such timeframe.
    """
    wanted = sorted(set(SAMPLE_SYMBOLS if symbols is None else symbols))
    for symbol in wanted:
        if not is_sample(symbol):
            raise DataError(f"the sample has no {symbol!r}{nearest(symbol, SAMPLE_SYMBOLS)}")
    if timeframe not in TIMEFRAMES:
        raise UsageError(f"timeframe {timeframe!r} is unknown{nearest(timeframe, [*TIMEFRAMES])}")
    digest = _digest(seed)
    drawn = _cached(wanted, seed, digest)
    return {
        symbol: resample(_as_bars(symbol, drawn[symbol], seed, digest), TIMEFRAMES[timeframe])
        for symbol in wanted
    }


def _as_bars(symbol: str, drawn: Drawn, seed: int, digest: str) -> Bars:
    columns: dict[str, Any] = dict(zip(_COLUMNS, drawn.columns, strict=True))
    source = {"sample": digest, "seed": seed}
    return Bars(symbol=symbol, timeframe=TIMEFRAME_NS, time=drawn.time, **columns, source=source)


def _digest(seed: int) -> str:
    """Return what the sample's bits depend on: generator, calendar, versions, seed."""
    state = hashlib.sha256(f"{__version__} {np.__version__} {seed}".encode())
    for module in (synthetic, zones):
        state.update(Path(str(module.__file__)).read_bytes())
    return state.hexdigest()[:16]


def _cached(wanted: list[str], seed: int, digest: str) -> dict[str, Drawn]:
    folder = cache_folder()
    if folder is None:
        return generate(SAMPLE_START, SAMPLE_END, seed)
    path = folder / f"sample-{digest}.npz"
    try:
        return _read(path, wanted)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # absent, cut short or damaged: what is kept can always be drawn again
        drawn = generate(SAMPLE_START, SAMPLE_END, seed)
        _keep(path, drawn)
        return drawn


def cache_folder() -> Path | None:
    """Return the folder of things that can be made again, by the habits of the platform.

    None if the user has no home.
    """
    try:
        return _cache_base() / "lockstep"
    except RuntimeError:
        return None


def _cache_base() -> Path:
    if sys.platform == "win32":
        given = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        given = str(Path("~/Library/Caches").expanduser())
    else:
        given = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path("~/.cache").expanduser()


def _read(path: Path, wanted: list[str]) -> dict[str, Drawn]:
    # numpy leaves a file open that it opened itself and found damaged
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return {
            symbol: Drawn(kept[f"{symbol}.time"], _five(kept[f"{symbol}.columns"]))
            for symbol in wanted
        }


def _five(stacked: Array) -> tuple[Array, Array, Array, Array, Array]:
    open_, high, low, close, volume = stacked
    return open_, high, low, close, volume


def _keep(path: Path, drawn: dict[str, Drawn]) -> None:
    """Write the sample in one step; a folder that cannot be written is left alone."""
    arrays = {f"{symbol}.time": one.time for symbol, one in drawn.items()}
    arrays |= {f"{symbol}.columns": np.stack(one.columns) for symbol, one in drawn.items()}
    with contextlib.suppress(OSError), atomic(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
