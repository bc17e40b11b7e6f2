"""Print one run: page one, one section, or its numbers."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from lockstep import report
from lockstep.cli.logs import notice
from lockstep.core.errors import DataError, StorageError
from lockstep.core.files import read_object
from lockstep.core.registry import report_sections
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.report.reading import Reading, read
from lockstep.report.text import joined, section_lines, verdict
from lockstep.runs.directory import (
    COMPLETE,
    DAMAGED,
    FAILED,
    INTERRUPTED,
    PARTIAL,
    RUNNING,
    RunDirectory,
)
from lockstep.runs.listing import find

#: What page one is made from.
_NUMBERS = ("metrics.json", "facts.json", "config.json")


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Print one run; return the exit code."""
    path = find(arguments.run, arguments.results)
    finished(path)
    read_from = None if arguments.section else _NUMBERS
    with as_left(path, read_from):
        if arguments.json:
            read_object(path / "metrics.json")
            said = (path / "metrics.json").read_text(encoding="utf-8")
        elif arguments.section:
            said = section(path, arguments.section)
        else:
            said = joined(verdict(from_numbers(path)))
    sys.stdout.write(said)
    return 0


@contextmanager
def as_left(path: Path, names: Sequence[str] | None = None) -> Iterator[None]:
    """Tell of each file of a finished run that is not as the run left it, and read it all the same.

    Parameters
    ----------
    path : Path
        Directory of the run.
    names : sequence of str or None
        The files that the block reads; None is all but the pages and figures of the report.

    Raises
    ------
    DataError
        If the block fails on what a damaged file holds.
    """
    damage = _damage(path, names)
    notice(
        [
            f"{name} is {what}: what you see is of what is there now, not of what the run left"
            for name, what in damage.items()
        ]
    )
    try:
        yield
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        if not damage:
            raise
        what = f"{type(error).__name__}: {error}"
        raise DataError(f"{path.name} is damaged: {', '.join(damage)} ({what}).") from error


def _damage(path: Path, names: Sequence[str] | None) -> dict[str, str]:
    try:
        damage = RunDirectory(path).damage(names)
    except DataError:  # a run without hashes cannot say
        return {}
    if names is not None:
        return damage
    pages = (*report.PAGES, f"{report.FIGURES}/")
    return {name: what for name, what in damage.items() if not name.startswith(pages)}


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn a directory of a run that cannot be written into one clear error.

    Raises
    ------
    StorageError
        Naming it and what is wrong.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror or error}).") from error


def finished(path: Path) -> None:
    """Refuse a run that holds no result.

    Raises
    ------
    DataError
        Saying what became of it.
    """
    stopped_short(path)
    if RunDirectory(path).standing not in (COMPLETE, PARTIAL):
        raise DataError(f"{path.name} is {DAMAGED}: it holds no result.")


def stopped_short(path: Path) -> None:
    """Refuse a run that says of itself that it was not finished.

    Raises
    ------
    DataError
        Saying what became of it.
    """
    standing = RunDirectory(path).standing
    if standing in (RUNNING, FAILED, INTERRUPTED):
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
    metrics, facts, config = (read_object(path / name) for name in _NUMBERS)
    tables: dict[str, Any] = {n.name: pd.DataFrame() for n in dataclasses.fields(RunResult)}
    return Reading(RunResult(**(tables | {"facts": facts, "config": config})), metrics)
