"""best_configs_<preference>.json: the tuned parameters a portfolio starts from, asset by asset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

#: What two performances must share to be compared by their scores.
_MEASURED_ON = ("start", "end", "data_sha256", "terms_sha256")
#: What is told of a block that was replaced.
_TOLD_OF = ("optimization_id", "score", "trials", "select", "start", "end")

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

    The last search is kept, whatever the one before had scored; ``performance.replaced`` tells
    what it replaced (see `replaced_by`).

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

    def laid_over(own: Mapping[str, Any]) -> dict[str, Any]:
        new = {
            key: {**one, "performance": {**one["performance"], "replaced": replaced_by(
                one, own.get(key))}}
            for key, one in entries.items()
        }  # fmt: skip
        return {**own, **new}

    path, _ = _changed(results, preference, laid_over)
    return path


def replaced_by(new: Entry, old: Any) -> dict[str, Any] | None:
    """Return what a block replaces, as its ``performance.replaced`` tells it; None if nothing.

    Returns
    -------
    dict or None
        Of the block before: ``optimization_id``, ``score``, ``trials``, ``select``, ``start``,
        ``end``; and ``comparable``: whether both were measured on the same bars, days, costs and
        account, by the same number. Where the same parameters were measured on the same, what
        they had replaced is still told.
    """
    if not isinstance(old, Mapping):
        return None
    was, now = old.get("performance") or {}, new["performance"]
    comparable = all(was.get(key) and was.get(key) == now.get(key) for key in _MEASURED_ON)
    alike = all(old.get(key) == new.get(key) for key in ("strategy", "parameters"))
    if comparable and alike:
        kept = was.get("replaced")
        return dict(kept) if isinstance(kept, Mapping) else None
    return {**{key: was.get(key) for key in _TOLD_OF}, "comparable": comparable}


def tell_walks(
    results: str | Path, preference: str, walks: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Tell the blocks of the file, in one step, what a walk-forward made of their assets.

    Parameters
    ----------
    results : path
        Where the file stands.
    preference : str
        balanced, pnl or drawdown.
    walks : mapping
        By key, as `runs.walks.SavedWalks.newest` gives them, with ``strategy``. Blocks of another
        strategy, and those that no search wrote, are left alone.

    Returns
    -------
    list of str
        The keys that were told. Without a file, or for none of them, nothing is written.
    """
    if not path_of(results, preference).exists():
        return []

    def told(own: Mapping[str, Any]) -> dict[str, Any]:
        return {key: _with_walk(block, walks.get(key)) for key, block in own.items()}

    _, found = _changed(results, preference, told)
    return found


def _with_walk(block: Any, walk: Mapping[str, Any] | None) -> Any:
    if walk is None or not isinstance(block, Mapping):
        return block
    performance = block.get("performance") or {}
    if block.get("strategy") != walk["strategy"] or not performance.get("optimization_id"):
        return block
    return {**block, "performance": {**performance, "walk_forward": dict(walk)}}


def _changed(
    results: str | Path, preference: str, change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> tuple[Path, list[str]]:
    """Change the blocks of a file while nobody else does; return it and the keys that differ."""
    path = path_of(results, preference)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.parent):
        found = read(path) if path.exists() else {"assets": {}}
        nested = "assets" in found or "portfolio" in found
        own: Any = (found.get("assets") or {}) if nested else found
        new = dict(sorted(change(own).items()))
        differing = [key for key, block in new.items() if block != own.get(key)]
        if differing or not path.exists():
            write_json(path, {**found, "assets": new} if nested else new)
    return path, differing


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
