"""List the runs of a results directory."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from lockstep.cli import index
from lockstep.core.errors import StorageError
from lockstep.report.layout import Column, table
from lockstep.report.wording import count, plain, points, ratio
from lockstep.runs.listing import Listed, listing

#: Wide enough that a list never breaks in two.
_WIDTH = 200
#: Beginning of a label, lower case -> its letter in the list.
_MARKS = {"synthetic": "S", "in-sample": "I", "degraded": "D"}
_LEGEND = "labels: S synthetic prices, I parameters tuned on dates of the run, D degraded"


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Print the list; return the exit code."""
    runs = listing(arguments.results)
    if arguments.index:
        written(arguments.results)
    if arguments.json:
        print(json.dumps([one.plain() for one in runs], indent=2))
    else:
        print("\n".join(lines(runs, arguments.results)))
    return 0


def written(results: str) -> Path:
    """Write the index of a results directory; return its path.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    try:
        return index.refresh(results)
    except OSError as error:
        raise StorageError(
            f"{Path(results) / index.INDEX_FILE} cannot be written ({error.strerror})."
        ) from error


def lines(runs: Sequence[Listed], results: str) -> list[str]:
    """Return the list as a table, then what is wrong with damaged runs."""
    if not runs:
        return [f"{results} holds no run."]
    columns = [
        Column("|run", [plain(one.run_id) for one in runs], left=True),
        Column("date,|UTC", [(one.date or "-")[:16].replace("T", " ") for one in runs], left=True),
        Column("|assets", ["-" if one.assets is None else count(one.assets) for one in runs]),
        Column("|allocation", [plain(one.allocation or "-") for one in runs], left=True),
        _numbers("return|%", runs, "total_return", points),
        _numbers("|Sharpe", runs, "sharpe", ratio),
        _numbers("max DD|%", runs, "max_drawdown", points),
        Column("|status", [one.status for one in runs], left=True),
        Column("|labels", [marks(one) for one in runs], left=True),
    ]
    wrong = [f"  {plain(one.run_id)}: {plain(one.wrong)}" for one in runs if one.wrong]
    legend = [f"  {_LEGEND}"] if any(marks(one) for one in runs) else []
    return [*table(columns, width=_WIDTH), *legend, *wrong]


def marks(one: Listed) -> str:
    """Return a letter for each label that a reader must know before any number."""
    said = [label.lower() for label in one.labels]
    return "".join(
        mark for start, mark in _MARKS.items() if any(label.startswith(start) for label in said)
    )


def _numbers(head: str, runs: Sequence[Listed], key: str, show: Callable[[float], str]) -> Column:
    cells = [
        "-" if not one.numbers else "n/a" if (value := one.numbers[key]) is None else show(value)
        for one in runs
    ]
    return Column(head, cells)
