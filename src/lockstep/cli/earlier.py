"""What other searches and walk-forwards of the same results looked at on the same days."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lockstep.report.wording import counted
from lockstep.runs.searches import earlier_looks, saved_looks
from lockstep.runs.walks import SavedWalks

#: Most other searches that the terminal names.
_MOST_NAMED = 5

#: Trials by the id of the search that made them, by asset.
Looks = Mapping[str, Mapping[str, int]]


def looked(blocks: Mapping[str, Mapping[str, Any]], results: str | Path) -> dict[str, Any]:
    """Return what was looked at before, by asset; blocks as `runs.searches.earlier_looks` asks."""
    saved = saved_looks(results)
    return {asset: earlier_looks(saved, asset, block) for asset, block in blocks.items()}


def with_earlier(
    blocks: Mapping[str, Mapping[str, Any]], results: str | Path
) -> dict[str, dict[str, Any]]:
    """Return the blocks of a search with what else looked at their days, and its sentence."""
    looks = looked(blocks, results)
    return {
        asset: {**block, "earlier": looks[asset], "not_counted": sentence({asset: looks[asset]})}
        for asset, block in blocks.items()
    }


def of_blocks(blocks: Mapping[str, Mapping[str, Any]]) -> Looks:
    """Return what the blocks of a saved search say of it."""
    return {asset: block["earlier"] for asset, block in blocks.items()}


def sentence(looks: Looks) -> str:
    """Return a sentence on all assets that were looked at before; empty if none was."""
    seen = [asset for asset, found in looks.items() if found]
    if not seen:
        return ""
    whose = seen[0] if len(seen) == 1 else counted(len(seen), "asset")
    return (
        f"NOT COUNTED above: {_made(looks)} of {whose} on these days by {_others(_names(looks))} "
        "of these results. What was looked at before raises the hurdle too; `luck` counts them "
        "together."
    )


def repeated(made: Mapping[str, Mapping[str, Any]], results: str | Path) -> list[str]:
    """Return a sentence on other walk-forwards of the same days; none if there is no other.

    Parameters
    ----------
    made : mapping
        ``alone`` of walkforward.json.
    results : path
        Where the others are.
    """
    saved = SavedWalks.of(results)
    names = sorted({name for key, one in made.items() for name in saved.others(key, one)})
    if not names:
        return []
    shown = f"{'the last: ' if len(names) > _MOST_NAMED else ''}{', '.join(names[-_MOST_NAMED:])}"
    said = (
        f"THESE DAYS WERE TRADED BEFORE: by {counted(len(names), 'other walk-forward')} of these "
        f"results with the same strategy ({shown}). Of several accounts the one that pleases is "
        "chosen in sample; no figure here allows for it."
    )
    return [said]


def line(name: str, looks: Looks) -> list[str]:
    """Return the line that says how much the first one of a search does not know of, if it is."""
    names = _names(looks)
    if not names:
        return []
    words = " ".join([name, *names[:_MOST_NAMED]])
    more = " ..." if len(names) > _MOST_NAMED else ""
    said = f"not counted: {_made(looks)} on these days by {_others(names)}"
    return [f"{said}; all together: luck {words}{more}"]


def _names(looks: Looks) -> list[str]:
    return sorted({other for one in looks.values() for other in one})


def _made(looks: Looks) -> str:
    return counted(sum(sum(one.values()) for one in looks.values()), "further trial")


def _others(names: Collection[str]) -> str:
    return counted(len(names), "other search or walk-forward", "other searches or walk-forwards")
