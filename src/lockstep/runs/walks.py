"""What saved walk-forwards made of an asset on days that their choices had not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lockstep.core.errors import DataError
from lockstep.runs.searches import FOLDERS, RESULT_FILES, SavedSearch

#: How the windows chose, of the settings of a walk-forward.
_HOW = ("objective", "method", "trials_a_window", "in_sample_months", "out_of_sample_months")

#: What two walk-forwards made; alike in all of it, they are the same one.
_MADE = ("start", "end", "days", "net_pnl", "sharpe", "trades")


def newest_walk(results: str | Path, key: str, strategy: str) -> dict[str, Any] | None:
    """Return what the newest walk-forward made of an asset alone; None if none traded it.

    Parameters
    ----------
    results : path
        The results; walk-forwards are in their folder ``walkforward``.
    key : str
        Of the asset, ``EURUSD_5m``.
    strategy : str
        That it must have traded.

    Returns
    -------
    dict or None
        The block of ``alone`` in walkforward.json: ``strategy``, ``start``, ``end``, ``days``,
        ``net_pnl``, ``sharpe``, ``trades``, ``windows``, ``windows_traded``; with ``id``, how the
        windows chose, and ``others``: how many other walk-forwards traded it on days of this one.
        One that cannot be read is left out.
    """
    walks = [one for one in _walks(results, key) if one["strategy"] == strategy]
    if not walks:
        return None
    return {**walks[-1], "others": len(other_walks(results, key, walks[-1]))}


def other_walks(results: str | Path, key: str, walk: Mapping[str, Any]) -> list[str]:
    """Return the ids of other walk-forwards that traded an asset by the same strategy and days.

    Parameters
    ----------
    results : path
        The results.
    key : str
        Of the asset.
    walk : mapping
        A block of ``alone`` in walkforward.json. The same walk-forward made again, which made the
        same to the last bit, is no other one.
    """
    return [
        str(one["id"])
        for one in _walks(results, key)
        if one["strategy"] == walk["strategy"]
        and one["start"] <= walk["end"]
        and walk["start"] <= one["end"]
        and any(one[name] != walk[name] for name in _MADE)
    ]


def _walks(results: str | Path, key: str) -> Iterator[dict[str, Any]]:
    """Yield what each walk-forward made of an asset, by id: by the time it was begun."""
    for path in sorted(Path(results).glob(f"{FOLDERS[1]}/*/{RESULT_FILES[1]}")):
        try:
            result = SavedSearch.of(path.parent).result
        except DataError:
            continue
        made = result.get("alone")
        block = made.get(key) if isinstance(made, Mapping) else None
        if isinstance(block, Mapping):
            told = {name: value for name, value in block.items() if name != "undefined"}
            settings = result.get("settings") or {}
            yield {"id": path.parent.name, **told, **{name: settings.get(name) for name in _HOW}}
