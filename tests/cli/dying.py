"""A run that is killed at its n-th touch of the disk, and gone on with: a script of the tests.

Everything is imported and compiled once; each death is that of a forked child. The first argument
is an empty folder, the second the number of deaths, the third the seed of their moments. The
result is one line of JSON: the touches of a whole run, and what was found wrong after each death.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from lockstep.cli import door, portfolio
from lockstep.core.files import write_json, write_text
from lockstep.core.registry import report_sections
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.report.reading import read
from lockstep.report.text import page
from lockstep.runs import manifest
from lockstep.runs.directory import RunDirectory

WORDS = ["--assets", "EURGBPX", "GBPUSDX", "--start", "2025-02-03", "--end", "2025-02-05"]
WORDS += ["--jobs", "1", "--quiet", "--player", "kernel"]
SAME = ("trades.csv", "metrics.json", "equity.parquet", "report.txt", "facts.json", "config.json")
#: Calls that touch the disk: killed before any of them, at a moment the seed chooses.
TOUCHES = ("replace", "fsync", "rename", "mkdir", "unlink", "rmdir")


class FixedClock(datetime):
    """One moment, so that all runs have one name."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime(2025, 6, 1, 12, tzinfo=UTC)


def without_pictures(result: RunResult, directory: Path, bars: Any = None) -> None:
    metrics = summarise(result)
    write_json(directory / "metrics.json", metrics)
    write_text(directory / "report.txt", page(read(result, metrics)))


def in_child(place: Path, words: list[str], last: int = 0) -> tuple[int, int]:
    """Run in a forked child, killed before its touch number `last`; return (status, touches)."""
    place.mkdir(exist_ok=True)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.chdir(place)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        count = spied(last)
        code = door.portfolio_main(words)
        os.write(writing, json.dumps(count[0]).encode())
        os._exit(code)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    said = os.read(reading, 100)
    os.close(reading)
    return status, int(said or b"0")


def spied(last: int) -> list[int]:
    """Count the touches of this process; kill it before number `last`."""
    count = [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            count[0] += 1
            if count[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return call

    for name in TOUCHES:
        setattr(os, name, counted(getattr(os, name)))
    return count


def faults(results: Path) -> list[str]:
    """Return what is torn or senseless after a death."""
    found = []
    for path in sorted(results.rglob("*")) if results.is_dir() else ():
        if path.is_file() and not path.name.startswith(".") and path.parent != results:
            try:
                opened(path)
            except (ValueError, OSError, zipfile.BadZipFile) as error:
                found.append(f"{path.name}: {error}")
    for path in visible(results):
        run = RunDirectory(path)
        if run.standing not in {"interrupted", "complete"}:
            found.append(f"standing is {run.standing}")
        if run.standing == "complete" and run.damage():
            found.append(f"complete, but {run.damage()}")
    return found


def opened(path: Path) -> None:
    match path.suffix:
        case ".json":
            json.loads(path.read_text(encoding="utf-8"))
        case ".csv" if path.stat().st_size > 1:
            pd.read_csv(path)
        case ".parquet":
            pd.read_parquet(path)
        case ".zip":
            with zipfile.ZipFile(path) as archive:
                if archive.testzip():
                    raise ValueError("torn")
        case ".log":
            for line in path.read_text(encoding="utf-8").splitlines():
                json.loads(line)


def visible(results: Path) -> list[Path]:
    if not results.is_dir():
        return []
    return [p for p in sorted(results.iterdir()) if p.is_dir() and not p.name.startswith(".")]


def after_death(place: Path, straight: Path) -> list[str]:
    """Go on with what is left, or begin anew where nothing is; return what is wrong."""
    found = faults(place / "results")
    runs = visible(place / "results")
    if runs and RunDirectory(runs[0]).standing == "complete":
        return found + differing(runs[0], straight)
    status, _ = in_child(place, [*WORDS, "--resume"] if runs else WORDS)
    if status:
        return [*found, f"left with {status}: {(place / 'said.txt').read_text()[-300:]}"]
    left = {path.name for path in (place / "results").iterdir()}
    if left - {"index.html"} != {straight.name}:
        found.append(f"results hold {sorted(left)}")
    return (
        found + faults(place / "results") + differing(place / "results" / straight.name, straight)
    )


def differing(run: Path, straight: Path) -> list[str]:
    return [
        f"{name} differs"
        for name in SAME
        if (run / name).read_bytes() != (straight / name).read_bytes()
    ]


def main(root: Path, deaths: int, seed: int) -> None:
    portfolio.datetime = FixedClock  # type: ignore[attr-defined,misc]
    portfolio.report.write = without_pictures  # type: ignore[attr-defined,assignment]
    code = manifest.source_hash()
    manifest.source_hash = lambda: code  # the sources may be edited while the test runs
    for name in report_sections.names():
        report_sections.get(name)
    status, touches = in_child(root / "straight", WORDS)
    assert status == 0, (root / "straight" / "said.txt").read_text()
    straight = visible(root / "straight" / "results")[0]
    moments = sorted(random.Random(seed).sample(range(1, touches + 1), deaths))
    wrong: dict[int, list[str]] = {}
    for moment in moments:
        place = root / str(moment)
        status, _ = in_child(place, WORDS, moment)
        if status != signal.SIGKILL:
            wrong[moment] = [f"was to be killed, left with {status}"]
        elif found := after_death(place, straight):
            wrong[moment] = found
        shutil.rmtree(place)
    print(json.dumps({"touches": touches, "moments": moments, "wrong": wrong}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
