"""The bars of a saved run, read again, or why they cannot be shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lockstep.cli.begun import where_begun
from lockstep.cli.verify import Saved, data_folder
from lockstep.core.bars import Bars
from lockstep.core.errors import ConfigError, DataError, UsageError
from lockstep.core.files import sha256_of
from lockstep.data.load import load_bars, source_paths

_REFUSED = (ConfigError, DataError, UsageError)


def bars_of(
    directory: str | Path, symbols: Sequence[str], folder: str | None = None
) -> dict[str, Bars | str]:
    """Return the bars a run was played on, for figures of prices.

    Parameters
    ----------
    directory : path
        The directory of a finished run. Its manifest names the files and their SHA-256; its
        configuration says how they were read.
    symbols : sequence of str
        Assets of the run.
    folder : str or None
        Holds the data now; None is the folder that the run was given (relative folders count from
        where it was begun), or the built-in sample.

    Returns
    -------
    dict of str to Bars or str
        By symbol: the very bars of the run, or a sentence that says why they are not to be had -
        the file is gone, its content has changed, or it can no longer be read. Nothing is shown
        that is not what was traded.
    """
    run = Path(directory).absolute()
    given = None if folder is None else str(Path(folder).absolute())
    try:
        saved = Saved.read(run)
        place = data_folder(saved, given)
    except _REFUSED as refusal:
        return dict.fromkeys(symbols, _sentence(refusal))
    with where_begun(run):
        return {symbol: _read(saved, symbol, place) for symbol in symbols}


def _read(saved: Saved, symbol: str, folder: str | None) -> Bars | str:
    known = saved.manifest["data"].get(symbol)
    if not known:
        return f"the manifest does not say where the bars of {symbol} came from."
    timeframe = saved.config.portfolio.timeframe
    try:
        if folder is not None:
            changed = _changed(source_paths([symbol], timeframe, folder)[symbol], known)
            if changed:
                return changed
        bars = _load(saved, symbol, folder)
    except _REFUSED as refusal:
        return _sentence(refusal)
    except OSError as error:  # between finding the file and reading it
        return f"the file of {symbol} cannot be read ({error.strerror or error})."
    same = all(bars.source.get(key) == known.get(key) for key in ("sha256", "sample", "seed"))
    return bars if same else f"the bars of {symbol} are no longer those the run was made from."


def _changed(path: Path, known: dict[str, Any]) -> str:
    """Return a sentence if a file is not the one the run was made from, else nothing."""
    now = sha256_of(path)
    if now == known.get("sha256"):
        return ""
    was = str(known.get("sha256"))[:12]
    return f"{path.name} has changed since the run (SHA-256 was {was}, is {now[:12]})."


def _load(saved: Saved, symbol: str, folder: str | None) -> Bars:
    """Read the bars of one asset as the run did."""
    portfolio = saved.config.portfolio
    instruments = {asset.symbol: asset.instrument for asset in saved.config.assets}
    return load_bars(
        [symbol],
        portfolio.timeframe,
        folder,
        start=portfolio.start_ns,
        end=portfolio.end_ns,
        instruments=instruments,
        session_filter=portfolio.session_filter,
        zone=portfolio.zone,
        seed=portfolio.seed,
    )[symbol]


def _sentence(refusal: Exception) -> str:
    return " ".join(str(refusal).split())
