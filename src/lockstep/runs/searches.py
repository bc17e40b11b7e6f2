"""Saved searches: where they are, and which trials led to what they chose."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.core.errors import DataError, UsageError
from lockstep.core.protocols import TrialStore
from lockstep.core.trial import Trial
from lockstep.runs.directory import is_plain
from lockstep.runs.listing import LATEST, is_folder
from lockstep.runs.manifest import folder_of

#: Folders of the results that hold searches, and what a search leaves there.
FOLDERS = ("optimization", "walkforward")
RESULT_FILES = ("result.json", "walkforward.json")
#: Folder of the trials: of one search, or of all beside each other.
TRIALS = "trials"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """One search as it was saved.

    Parameters
    ----------
    path : Path
        Its directory.
    result : mapping
        Content of its result file.
    """

    path: Path
    result: Mapping[str, Any]

    @classmethod
    def of(cls, path: Path) -> SavedSearch:
        """Read a search.

        Raises
        ------
        DataError
            If its result file is missing or cannot be read.
        """
        for name in RESULT_FILES:
            if (path / name).is_file():
                return cls(path, _object(path / name))
        raise DataError(
            f"{path} holds no {' or '.join(RESULT_FILES)}: it is no finished search."
        )  # fmt: skip

    @property
    def blocks(self) -> dict[str, Mapping[str, Any]]:
        """What is told of each asset, by its name: under ``assets``, or of one asset at the top."""
        several = self.result.get("assets")
        if isinstance(several, Mapping):
            return {str(k): one for k, one in several.items() if isinstance(one, Mapping)}
        listed = several if isinstance(several, list) else [self.result]
        told = [one for one in listed if isinstance(one, Mapping)]
        return {str(one["asset"]): one for one in told if isinstance(one.get("asset"), str)}

    @property
    def looks(self) -> dict[str, Mapping[str, Any]]:
        """What it tried of each asset on which days: ``looks`` of a walk-forward, else its blocks.

        One that does not say how many trials on which days is not among them.
        """
        told = self.result.get("looks")
        found = told if isinstance(told, Mapping) else self.blocks
        return {
            str(asset): one
            for asset, one in found.items()
            if isinstance(one, Mapping)
            and isinstance(one.get("trials"), Mapping)
            and _is_span(one.get("data"))
        }

    @property
    def studies(self) -> tuple[str, ...]:
        """The names of its studies: ``studies`` of the result, and ``study`` of its blocks."""
        listed = self.result.get("studies")
        named = list(listed) if isinstance(listed, list) else []
        named += [one.get("study") for one in (self.result, *self.blocks.values())]
        return tuple(dict.fromkeys(one for one in named if isinstance(one, str) and one))

    @property
    def place(self) -> str:
        """Where its trials are: what the result says, else ``trials`` of the search or the results.

        A folder that is not there any more, for the results were moved, is looked for beside them.
        """
        said = self.result.get("trials_in")
        if isinstance(said, str) and said:
            if "://" in said:
                return said
            kept = (folder_of(self.path) or Path()) / said
            if is_folder(kept):
                return str(kept)
        own = self.path / TRIALS
        return str(own if own.is_dir() else self.path.parent.parent / TRIALS)

    def trials(self, store: TrialStore) -> list[Trial]:
        """Return every trial of its studies.

        Raises
        ------
        DataError
            If the result names no study, or one of them is not kept there.
        """
        if not self.studies:
            raise DataError(f"{self.path} names no study of trials; it cannot be judged.")
        found: list[Trial] = []
        for study in self.studies:
            kept = store.load(study)
            if not kept:
                raise DataError(
                    f"{self.path.name}: no trial of study {study} is kept in {self.place}. Name "
                    "the folder or database that holds them with --trials."
                )
            found += [*kept, *store.load(f"{study}-beside")]
        return found

    @property
    def labels(self) -> tuple[str, ...]:
        """What a reader must know before any number: SYNTHETIC, IN-SAMPLE, ..."""
        found = self.result.get("labels")
        return tuple(str(label) for label in found) if isinstance(found, list) else ()

    @property
    def goal(self) -> str | None:
        """The objective that chose; the first of several."""
        found = self._setting("objective")
        if isinstance(found, list):
            return str(found[0]) if found else None
        return None if found is None else str(found)

    def limit(self, name: str) -> float | None:
        """Return a limit of the search: ``min_trades`` or ``max_drawdown``."""
        found = self._setting(name)
        return found if isinstance(found, int | float) and not isinstance(found, bool) else None

    def chosen(self, trials: list[Trial]) -> dict[str, Trial]:
        """Return the trial that was chosen, by asset: ``best_trial`` of its block's ``study``.

        A walk-forward, which chooses many times, says under ``judged`` which choice is meant.
        Assets without such a block, or for which nothing could be chosen, are not among them.

        Raises
        ------
        DataError
            If that trial is not there, or has other parameters than the result says.
        """
        known = {(one.study, one.number): one for one in trials}
        found: dict[str, Trial] = {}
        judged = self.result.get("judged")
        for asset, block in (judged if isinstance(judged, Mapping) else self.blocks).items():
            if block.get("best_trial") is None:
                continue
            one = known.get((str(block.get("study")), block["best_trial"]))
            if one is None or dict(one.parameters) != block.get("best_params"):
                raise DataError(
                    f"{self.path.name}: trial {block['best_trial']} of {asset} is not kept in "
                    f"{self.place} as the result tells it. Name the folder or database of its "
                    "trials with --trials."
                )
            found[asset] = one
        return found

    @property
    def run(self) -> Path | None:
        """The run whose days no choice had seen, of a walk-forward; None without one."""
        name = self.result.get("run_id")
        if not isinstance(name, str) or not is_plain(name):
            return None
        return self.path.parent.parent / name

    def _setting(self, name: str) -> Any:
        """Return a setting, wherever the result keeps its settings."""
        for told in (self.result, *self.blocks.values()):
            for block in (told, told.get("settings"), told.get("constraints")):
                if isinstance(block, Mapping) and block.get(name) is not None:
                    return block[name]
        return None


#: Id of a search, and by asset what it tried on which days.
Looks = tuple[str, Mapping[str, Mapping[str, Any]]]


def saved_looks(results: str | Path) -> list[Looks]:
    """Return what every finished search and walk-forward of some results looked at, read once.

    A result that cannot be read is left out.
    """
    found: list[Looks] = []
    for folder, file in zip(FOLDERS, RESULT_FILES):
        for path in sorted(Path(results).glob(f"{folder}/*/{file}")):
            with suppress(DataError):
                looks = SavedSearch(path.parent, _object(path)).looks
                found.append((path.parent.name, looks))
    return found


def earlier_looks(saved: Sequence[Looks], asset: str, block: Mapping[str, Any]) -> dict[str, int]:
    """Return the trials of other searches and walk-forwards that looked at an asset's same days.

    Parameters
    ----------
    saved : sequence of (str, mapping)
        What others looked at, see `saved_looks`.
    asset : str
        Symbol.
    block : mapping
        What this search tells of it: ``study``, ``data``, ``trials`` and, if it is no
        walk-forward, ``method``, ``seed`` and ``space``.

    Returns
    -------
    dict
        Trials by the id of the search. Of the same study it is what another search made beyond
        this one, for a longer search begins with a shorter one; the same points by other code are
        no other look. Of several searches with the same study the longest counts.
    """
    looks: dict[str, tuple[int, str]] = {}
    for name, tried in saved:
        other = tried.get(asset)
        if other is None or not _overlap(other["data"], block["data"]):
            continue
        study = str(other.get("study"))
        made = int(other["trials"]["made"])
        if study == block.get("study"):
            made -= int(block["trials"]["made"])
        elif _points(other) == _points(block):
            continue
        looks[study] = max(looks.get(study, (0, "")), (made, name))
    return dict(sorted((name, made) for made, name in looks.values() if made > 0))


def _points(block: Mapping[str, Any]) -> list[Any]:
    """Return what makes the points of a search.

    One that learns heeds what it looks for, and on which data; the study of a walk-forward is
    named by its points.
    """
    if "method" not in block:
        return [block.get("study")]
    learns = block["method"] == "bayesian"
    heeded = [block.get("objective"), block.get("constraints"), block["data"].get("sha256")]
    named = [block.get(name) for name in ("method", "seed", "space")]
    return [*named, *(heeded if learns else ())]


def _is_span(data: Any) -> bool:
    return isinstance(data, Mapping) and all(isinstance(data.get(k), str) for k in ("start", "end"))


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two spans of data, ISO and UTC, share a moment."""
    return bool(one["start"] < other["end"] and other["start"] < one["end"])


def find_search(name: str, results: str | Path) -> Path:
    """Return the directory of the search that a user means.

    Parameters
    ----------
    name : str
        An id, a beginning of one that no other search shares, ``latest``, or a directory.
    results : path
        The results; searches are in their folders `FOLDERS`.

    Raises
    ------
    UsageError
        If no search or several answer to it.
    """
    root = Path(results)
    known = sorted(
        (path for folder in FOLDERS for path in (root / folder).glob("*") if path.is_dir()),
        key=lambda path: (path.name, path.parent.name),
    )
    known = [path for path in known if not path.name.startswith(".")]
    if name == LATEST and known:
        return known[-1]
    exact = [path for path in known if path.name == name]
    if name and not exact and Path(name).is_dir():
        return Path(name)
    found = exact or [path for path in known if is_plain(name) and path.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    places = " or ".join(str(root / folder) for folder in FOLDERS)
    if not found:
        newest = ", ".join(path.name for path in known[: -_MOST_NAMED - 1 : -1])
        there = f"The newest: {newest}." if newest else "There is none."
        raise UsageError(f"{name!r} is no search in {places}. {there}")
    raise UsageError(f"{name!r} means {len(found)} searches in {places}. Write more of it.")


def _object(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}.") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is damaged: it holds no JSON object.")
    return found
