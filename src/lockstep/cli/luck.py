"""How likely it is that a search's best is luck: a line, a page, a picture and the numbers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lockstep.cli.show import storing
from lockstep.core.files import write_bytes, write_json, write_text
from lockstep.core.result import RunResult
from lockstep.core.trial import Trial
from lockstep.metrics.panel import panel
from lockstep.metrics.returns import daily_returns
from lockstep.metrics.undefined import Measure, Undefined
from lockstep.report import luck as pages
from lockstep.report import luck_figure
from lockstep.research.luck import LuckTest, Record, Verdict, verdict
from lockstep.research.luck_numbers import arrays, numbers
from lockstep.research.objectives import Constraints
from lockstep.runs.searches import SavedSearch, find_search
from lockstep.runs.trial_database import trial_store

NAME = "luck"
#: Begins the label of a walk-forward's account, and what holds of its trials instead.
_OUTSIDE = "OUT-OF-SAMPLE"
_IN_SAMPLE = "THE TRIALS OF A WALK-FORWARD: IN-SAMPLE"


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Judge a saved search; return the exit code."""
    paths = dict.fromkeys(find_search(name, arguments.results) for name in arguments.searches)
    searches = [SavedSearch.of(path) for path in paths]
    first = searches[0]
    own, trials = trials_of(searches, arguments.trials)
    found = verdict(
        trials,
        test_of(first, arguments),
        chosen=first.chosen(own),
        unseen=unseen_of(first),
        promised=promised_by(first),
        windows=() if first.run is None else first.studies,
    )
    labels = list(dict.fromkeys(label for one in searches for label in labels_of(one)))
    names = [one.path.name for one in searches]
    told = {"searches": names, "labels": labels, **numbers(found)}
    with storing(first.path):
        write(first.path, told, found)
    if arguments.json:
        sys.stdout.write((first.path / f"{NAME}.json").read_text(encoding="utf-8"))
    else:
        page = first.path / NAME
        lines = [*(f"[{label}]" for label in labels), pages.first_line(told)]
        print("\n".join([*lines, f"page: {page}.txt", f"picture: {page}.png"]))
    return 0


def trials_of(
    searches: Sequence[SavedSearch], where: str | None
) -> tuple[list[Trial], list[Trial]]:
    """Return the trials of the first search, and those of all; a shared study counts once.

    A point that a search proposed again was not played again, and is no trial.
    """
    found: list[Trial] = []
    own: list[Trial] = []
    seen: set[tuple[str, int]] = set()
    for search in searches:
        kept = search.trials(trial_store(where or search.place))
        trials = [one for one in kept if one.duplicate_of is None]
        own = own or trials
        found += [one for one in trials if (one.study, one.number) not in seen]
        seen.update((one.study, one.number) for one in trials)
    return own, found


def test_of(search: SavedSearch, arguments: argparse.Namespace) -> LuckTest:
    """Return how to test: as the search chose, and as the flags say."""
    limits = {
        "min_trades": search.limit("min_trades"),
        "max_drawdown": search.limit("max_drawdown"),
    }
    known: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    given: dict[str, Any] = {"seed": arguments.seed, "constraints": Constraints(**known)}
    if search.goal is not None:
        given["goal"] = search.goal
    if arguments.resamples is not None:
        given["resamples"] = arguments.resamples
    return LuckTest(**given)


def unseen_of(search: SavedSearch) -> Record | None:
    """Return the days of a walk-forward's account, which no choice had seen; None without one."""
    if search.run is None:
        return None
    account = panel(RunResult.load(search.run)).account
    daily = daily_returns(account.marks, account.initial)
    return Record(account.days, np.empty(0) if isinstance(daily, Undefined) else daily)


def labels_of(search: SavedSearch) -> list[str]:
    """Return what a reader must know of a search's trials: those of a walk-forward are in-sample.

    Its account is out of sample, but the page and the picture are of what was chosen from.
    """
    labels = [label for label in search.labels if not label.startswith(_OUTSIDE)]
    return labels if len(labels) == len(search.labels) else [*labels, _IN_SAMPLE]


def promised_by(search: SavedSearch) -> Measure | None:
    """Return the median of the windows' Sharpe ratios in sample; None of any other search."""
    if search.run is None:
        return None
    block = search.result.get("in_sample")
    known = block.get("median_sharpe") if isinstance(block, Mapping) else None
    return Undefined("no window has a value") if known is None else float(known)


def write(place: Path, told: Mapping[str, Any], found: Verdict) -> None:
    """Write page, picture and numbers beside a search."""
    picture = luck_figure.picture(told, arrays(found))
    write_bytes(place / f"{NAME}.png", luck_figure.png(picture))
    write_text(place / f"{NAME}.txt", pages.page(told))
    write_json(place / f"{NAME}.json", told)
