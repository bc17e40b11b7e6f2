"""portfolio_summary.txt: written from what is saved, so that a walk-forward can write it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep.cli import earlier
from lockstep.config.presets import PREFERENCES
from lockstep.core.errors import DataError
from lockstep.core.files import write_text
from lockstep.report import summary_page
from lockstep.report.wording import score
from lockstep.runs import best_configs
from lockstep.runs.searches import FOLDERS, RESULT_FILES, SavedSearch
from lockstep.runs.walks import SavedWalks

SUMMARY = "portfolio_summary.txt"
#: Most assets whose replaced blocks the terminal names.
_MOST_NAMED = 5

Told = Mapping[str, Any]


def write(told: Told, results: str | Path) -> Path:
    """Write the summary of a search and of what best_configs hold; return its path.

    Parameters
    ----------
    told : mapping
        The content of the search's result.json, ``together`` included.
    results : path
        Where best_configs are.
    """
    together = told["together"]
    preference = together["preference"]
    stored = best_configs.performances(results, preference)
    assets = {key: block.get("performance") or {} for key, block in sorted(stored.items())}
    numbers = {
        **together,
        "file": best_configs.path_of(results, preference).name,
        "optimization_id": told["id"],
        "currency": told["currency"],
        "capital": told["capital"],
        "labels": [label for label in told["labels"] if label != "IN-SAMPLE"],
        "luck": told["luck"],
        "not_counted": earlier.line(told["id"], earlier.of_blocks(told["assets"])),
        "assets": {
            key: {"performance": one, "now": one.get("optimization_id") == told["id"]}
            for key, one in assets.items()
        },
        "replaced": {one: replaced(results, one, told["id"]) for one in PREFERENCES},
    }
    path = Path(results) / SUMMARY
    write_text(path, summary_page.page(numbers))
    return path


def replaced(results: str | Path, preference: str, name: str) -> dict[str, Told]:
    """Return the performances of a search that replaced another's, by key."""
    stored = best_configs.performances(results, preference)
    found = {key: block.get("performance") or {} for key, block in stored.items()}
    return {
        key: one
        for key, one in found.items()
        if one.get("optimization_id") == name and one.get("replaced")
    }


def shortly(found: Mapping[str, Told]) -> str:
    """Return in brackets what was replaced, for the terminal; empty if nothing was."""
    if not found:
        return ""
    said = [_replaced(key, one) for key, one in list(found.items())[:_MOST_NAMED]]
    more = len(found) - len(said)
    rest = [f"and {more} more, in {SUMMARY}"] if more else []
    return f" (replaced: {'; '.join([*said, *rest])})"


def _replaced(key: str, one: Told) -> str:
    was = one["replaced"]
    scores = [
        "unknown" if value is None else score(value) for value in (was["score"], one["score"])
    ]
    same = "the same data and costs" if was["comparable"] else "not comparable"
    return f"{key} {scores[0]} -> {scores[1]}, {same}"


def tell_of_walk(keys: Sequence[str], results: str | Path) -> list[str]:
    """Tell best_configs and the summary of the newest walk-forward of some assets.

    Returns
    -------
    list of str
        What was written, a line each.
    """
    said, saved = [], SavedWalks.of(results)
    for preference in PREFERENCES:
        stored = best_configs.performances(results, preference)
        walks = {
            key: walk
            for key in keys
            if key in stored and (walk := saved.newest(key, str(stored[key].get("strategy"))))
        }
        if told := best_configs.tell_walks(results, preference, walks):
            path = best_configs.path_of(results, preference)
            said.append(f"wrote: {path} (walk-forward of {', '.join(told)})")
    newest = _newest(results) if said else None
    return [*said, *([f"wrote: {write(newest, results)}"] if newest else [])]


def _newest(results: str | Path) -> Told | None:
    """Return the result of the newest search that a summary can be written of."""
    paths = sorted(Path(results).glob(f"{FOLDERS[0]}/*/{RESULT_FILES[0]}"), reverse=True)
    for path in paths:
        try:
            result = SavedSearch.of(path.parent).result
        except DataError:
            continue
        if isinstance(result.get("together"), Mapping):
            return result
    return None
