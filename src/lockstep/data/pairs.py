"""Conversion pairs that a run's assets do not give, from the data folder or the sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from lockstep.core.bars import TIMEFRAMES, Bars
from lockstep.core.errors import DataError
from lockstep.data.files import data_files
from lockstep.data.load import read_file
from lockstep.data.quality import gate, trades_weekends
from lockstep.data.rates import Pair, no_rate, pair_from_bars
from lockstep.data.sample import is_sample, sample_bars


def load_pairs(
    wanted: Iterable[tuple[str, str]],
    timeframe: str,
    folder: str | Path | None,
    *,
    zone: str = "UTC",
    seed: int | None = None,
) -> tuple[Pair, ...]:
    """Return a pair for each conversion, its closes taken as mids.

    A pair of any timeframe will do; its timeframe is the usual distance of its bars. The direct
    pair goes before its inverse, then ``{pair}_{timeframe}`` of the run, ``{pair}``, and other
    timeframes from the shortest. The pairs pass the quality gate.

    Parameters
    ----------
    wanted : iterable of (str, str)
        Conversions (from, to), as `required_pairs` names them.
    timeframe : str
        The run's.
    folder : str or Path or None
        Where to look; None is the built-in sample.
    zone : str
        Zone of times that state none.
    seed : int or None
        Seed of the sample; None is its own default.

    Raises
    ------
    DataError
        Naming every pair that is not there, or what is wrong with one.
    """
    legs = sorted(set(wanted))
    if not legs:
        return ()
    files = data_files(Path(folder)) if folder is not None else []
    found: list[Pair] = []
    missing: list[tuple[str, str]] = []
    for leg in legs:
        if folder is None:
            pair = _from_sample(leg, timeframe, seed)
        else:
            pair = _from_folder(leg, timeframe, files, zone)
        if pair is None:
            missing.append(leg)
        else:
            found.append(pair)
    if missing:
        raise no_rate(missing)
    return tuple(found)


def _directions(leg: tuple[str, str]) -> tuple[tuple[str, str], tuple[str, str]]:
    return leg, (leg[1], leg[0])


def _from_sample(leg: tuple[str, str], timeframe: str, seed: int | None) -> Pair | None:
    for base, quote in _directions(leg):
        symbol = f"{base}{quote}X"
        if is_sample(symbol):
            seeded = {} if seed is None else {"seed": seed}
            return pair_from_bars(base, quote, sample_bars([symbol], timeframe, **seeded)[symbol])
    return None


def _from_folder(leg: tuple[str, str], timeframe: str, files: list[Path], zone: str) -> Pair | None:
    for base, quote in _directions(leg):
        path = _best(base + quote, timeframe, files)
        if path is not None:
            return pair_from_bars(base, quote, _read(base + quote, path, zone))
    return None


def _best(name: str, timeframe: str, files: list[Path]) -> Path | None:
    for stem in (f"{name}_{timeframe}", name, *(f"{name}_{other}" for other in TIMEFRAMES)):
        found = [path for path in files if path.stem == stem]
        if len(found) > 1:
            raise DataError(
                f"{name}: {' and '.join(path.name for path in found)} both hold this conversion "
                "pair; keep one of them in the data folder."
            )
        if found:
            return found[0]
    return None


def _read(name: str, path: Path, zone: str) -> Bars:
    bars, origin = read_file(name, path, zone)
    step = np.diff(bars.time)
    forward = step[step > 0]
    if not len(forward):
        raise DataError(f"{path.name} has fewer than two bars; its timeframe cannot be told.")
    timed = replace(bars, timeframe=int(np.median(forward)))
    return gate(timed, origin, always_open=trades_weekends(bars.time))
