"""best_configs_<preference>.json: the tuned parameters a portfolio starts from, asset by asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from lockstep.config.presets import PREFERENCES
from lockstep.config.reading import read
from lockstep.core.errors import LockedError
from lockstep.core.files import write_json
from lockstep.runs.lock import locked

_LOCK = "best_configs"
#: Times another writer is waited for, and the pause before the next time.
_TRIES, _PAUSE_SECONDS = 120, 0.05

Entry = Mapping[str, Any]


def path_of(results: str | Path, preference: str) -> Path:
    """Return the file that ``--preference`` reads.

    Raises
    ------
    ValueError
        If there is no such preference.
    """
    if preference not in PREFERENCES:
        raise ValueError(f"preference {preference!r} is unknown; expected {list(PREFERENCES)}.")
    return Path(results) / f"best_configs_{preference}.json"


def entry(
    strategy: str, parameters: Mapping[str, Any], performance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return an asset's block, in the form of a config file.

    Parameters
    ----------
    strategy : str
        The strategy that was tuned.
    parameters : mapping
        All of its parameters, those that were not searched included: the block then means the
        same whatever the configuration says.
    performance : mapping
        What was measured. ``start`` and ``end`` (ISO, UTC) are the data it was measured on: a run
        on these dates is labelled in-sample.

    Raises
    ------
    ValueError
        If the dates are missing: nobody could then tell that a run is in-sample.
    """
    if not all(isinstance(performance.get(key), str) for key in ("start", "end")):
        raise ValueError("performance has no start and end; a run could not be told in-sample.")
    return {
        "strategy": strategy,
        "parameters": dict(parameters),
        "performance": dict(performance),
    }


def merge(results: str | Path, preference: str, entries: Mapping[str, Entry]) -> Path:
    """Lay the blocks of some assets over the file, in one step; others stay as they are.

    Parameters
    ----------
    results : path
        Where the file stands; made if need be.
    preference : str
        balanced, pnl or drawdown.
    entries : mapping
        By key (``EURUSD_5m``), see `entry`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        If the file that is there cannot be read: it is left alone.
    LockedError
        If other writers hold it for half a minute.
    OSError
        If it cannot be written.
    """
    path = path_of(results, preference)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.parent):
        found = read(path) if path.exists() else {"assets": {}}
        nested = "assets" in found or "portfolio" in found
        own: Any = (found.get("assets") or {}) if nested else found
        merged = dict(sorted({**own, **entries}.items()))
        write_json(path, {**found, "assets": merged} if nested else merged)
    return path


def performances(results: str | Path, preference: str) -> dict[str, dict[str, Any]]:
    """Return the stored blocks by key; empty if there is no file.

    Raises
    ------
    ConfigError
        If the file cannot be read.
    """
    path = path_of(results, preference)
    if not path.exists():
        return {}
    found = read(path)
    nested = "assets" in found or "portfolio" in found
    own: Any = (found.get("assets") or {}) if nested else found
    return {str(key): dict(block) for key, block in own.items() if isinstance(block, dict)}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the one lock of all three files, and wait for who has it."""
    with ExitStack() as held:
        for left in reversed(range(_TRIES)):
            try:
                held.enter_context(locked(folder, _LOCK))
                break
            except LockedError as error:
                if not left:
                    raise LockedError(
                        f"other processes hold best_configs in {folder}. Try again, or look for a "
                        "search that hangs."
                    ) from error
                Event().wait(_PAUSE_SECONDS)
        yield
