"""What saved walk-forwards made of an asset on days that their choices had not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.core.errors import DataError
from lockstep.runs.searches import FOLDERS, RESULT_FILES, SavedSearch

#: How the windows chose and in which account they traded, of the settings of a walk-forward.
_HOW = (
    "objective", "method", "trials_a_window", "in_sample_months", "out_of_sample_months",
    "capital", "currency",
)  # fmt: skip
#: What two walk-forwards made; alike in all of it, they are the same one.
_MADE = ("start", "end", "days", "net_pnl", "sharpe", "trades")


@dataclass(frozen=True, slots=True)
class SavedWalks:
    """What every walk-forward of some results made of each asset, read once.

    Parameters
    ----------
    made : mapping of str to tuple of dict
        By key of the asset, ``EURUSD_5m``: the block of ``alone`` in each walkforward.json
        (``strategy``, ``start``, ``end``, ``days``, ``net_pnl``, ``sharpe``, ``trades``,
        ``windows``, ``windows_traded``) with its ``id`` and how its windows chose, by id: by the
        time it was begun.
    """

    made: Mapping[str, tuple[dict[str, Any], ...]]

    @classmethod
    def of(cls, results: str | Path) -> SavedWalks:
        """Read the walk-forwards of some results; what cannot be read is left out."""
        made: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(Path(results).glob(f"{FOLDERS[1]}/*/{RESULT_FILES[1]}")):
            try:
                result = SavedSearch.of(path.parent).result
            except DataError:
                continue
            for key, block in _alone(path.parent.name, result):
                made.setdefault(key, []).append(block)
        return cls({key: tuple(blocks) for key, blocks in made.items()})

    def newest(self, key: str, strategy: str) -> dict[str, Any] | None:
        """Return what the newest walk-forward made of an asset by a strategy; None if none did.

        Returns
        -------
        dict or None
            Its block, with ``others``: how many other walk-forwards traded it on days of this one.
        """
        walks = [one for one in self.made.get(key, ()) if one["strategy"] == strategy]
        return {**walks[-1], "others": len(self.others(key, walks[-1]))} if walks else None

    def others(self, key: str, walk: Mapping[str, Any]) -> list[str]:
        """Return the ids of other walk-forwards of an asset, by the same strategy and days.

        The same walk-forward made again, which made the same to the last bit, is no other one.
        """
        return [
            str(one["id"])
            for one in self.made.get(key, ())
            if one["strategy"] == walk["strategy"]
            and one["start"] <= walk["end"]
            and walk["start"] <= one["end"]
            and any(one[name] != walk[name] for name in _MADE)
        ]


def _alone(name: str, result: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield key and block of each asset that a walk-forward tells of."""
    made, settings = result.get("alone"), result.get("settings") or {}
    for key, block in made.items() if isinstance(made, Mapping) else ():
        told = {what: value for what, value in block.items() if what != "undefined"}
        yield str(key), {"id": name, **told, **{how: settings.get(how) for how in _HOW}}
