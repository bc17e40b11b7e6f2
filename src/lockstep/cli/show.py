"""Print one run: page one, one section, or its numbers."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lockstep.core.errors import DataError
from lockstep.core.registry import report_sections
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.report.reading import Reading, read
from lockstep.report.text import joined, section_lines, verdict
from lockstep.runs.directory import COMPLETE, PARTIAL, RunDirectory
from lockstep.runs.listing import find


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Print one run; return the exit code."""
    path = find(arguments.run, arguments.results)
    finished(path)
    if arguments.json:
        sys.stdout.write((path / "metrics.json").read_text(encoding="utf-8"))
    elif arguments.section:
        sys.stdout.write(section(path, arguments.section))
    else:
        sys.stdout.write(joined(verdict(from_numbers(path))))
    return 0


def finished(path: Path) -> None:
    """Refuse a run that holds no result.

    Raises
    ------
    DataError
        Saying what became of it.
    """
    standing = RunDirectory(path).standing
    if standing not in (COMPLETE, PARTIAL):
        raise DataError(f"{path.name} is {standing}: it holds no result.")


def section(path: Path, name: str) -> str:
    """Return one section of a run, from its tables."""
    result = RunResult.load(path)
    lines = section_lines(report_sections.get(name)(), read(result, summarise(result)))
    return joined(lines[1:]) if lines else f"{path.name} has nothing to say under {name}.\n"


def from_numbers(path: Path) -> Reading:
    """Return the reading of a run without its tables: enough for page one, and at once.

    Raises
    ------
    DataError
        If one of its files of numbers and facts cannot be read.
    """
    try:
        metrics, facts, config = (
            json.loads((path / f"{name}.json").read_text(encoding="utf-8"))
            for name in ("metrics", "facts", "config")
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name} is damaged: {error}.") from error
    tables = {one.name: pd.DataFrame() for one in dataclasses.fields(RunResult)}
    return Reading(RunResult(**(tables | {"facts": facts, "config": config})), metrics)
