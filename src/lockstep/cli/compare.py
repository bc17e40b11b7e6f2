"""Runs side by side: find them or make them, compare them, write what was found."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockstep.cli.compare_flags import MOST_RUNS, compare_parser
from lockstep.cli.flags import portfolio_parser
from lockstep.cli.portfolio import made, selection_of, tell
from lockstep.cli.show import storing
from lockstep.config.loading import load
from lockstep.core.errors import AssetError, UsageError
from lockstep.core.files import write_bytes, write_json, write_text
from lockstep.core.registry import strategies
from lockstep.core.result import RunResult
from lockstep.metrics.panel import panel
from lockstep.metrics.sharpe_difference import RESAMPLES
from lockstep.metrics.side_by_side import SideBySide, drawdowns
from lockstep.report import comparison as pages
from lockstep.report.sides import PairTest, Side, compared
from lockstep.report.studies.comparison import written
from lockstep.report.studies.overlay import Overlay
from lockstep.report.wording import counted, listed
from lockstep.runs.directory import COMPLETE, RunDirectory, digest, run_id
from lockstep.runs.listing import find

FOLDER = "comparison"
#: Seed of the bootstrap unless --seed gives one.
_SEED = 20250101
_CONFIG_FILES = (".json", ".yaml", ".yml")
#: Flags that a comparison of finished runs makes use of.
_OWN = ("what", "resamples", "block_days", "seed", "results", "json", "quiet", "debug")


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Compare runs; return the exit code."""
    started = datetime.now(UTC)
    _check(arguments)
    named = {"what": arguments.what, "argv": list(argv[1:])}
    place = Path(arguments.results) / FOLDER / run_id(started, digest(named, {}))
    # What is there already is looked at first: a slip of the pen must not cost a run.
    found = {w: _finished(w, arguments.results) for w in arguments.what if _kind(w) == "run"}
    sides = [found.get(w) or _made(w, arguments, argv, place) for w in arguments.what]
    _check_apart(sides)
    numbers, common = compared(sides, _test(arguments), place.name)
    numbers = {**numbers, "argv": list(argv)}
    with storing(place):
        _write(numbers, common, place)
    if arguments.json:
        sys.stdout.write((place / "comparison.json").read_text(encoding="utf-8"))
    else:
        print("\n".join([*pages.verdict(numbers), "", f"report: {place / 'comparison.txt'}"]))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.results.strip():
        raise UsageError("--results is empty; expected a folder, for example: results")
    count = len(arguments.what)
    if not 2 <= count <= MOST_RUNS:
        raise UsageError(
            f"{counted(count, 'run')} to compare; expected two to {MOST_RUNS}: name another run, "
            "config file or strategy."
        )
    if all(_kind(word) == "run" for word in arguments.what):
        usual = vars(compare_parser("").parse_args(["a", "b"]))
        idle = [
            f"--{name.replace('_', '-')}"
            for name, value in vars(arguments).items()
            if name in usual and name not in _OWN and value != usual[name]
        ]
        if idle:
            raise UsageError(
                f"{listed(sorted(idle))}: of use only for what is run first, and all that is named "
                "are runs. Leave it out."
            )
    twice = sorted({word for word in arguments.what if arguments.what.count(word) > 1})
    if twice:  # told before anything is run
        raise UsageError(f"{listed(twice)} named twice; a run does not differ from itself.")


def _test(arguments: argparse.Namespace) -> PairTest:
    return PairTest(
        seed=_SEED if arguments.seed is None else arguments.seed,
        block_days=arguments.block_days,
        resamples=arguments.resamples or RESAMPLES,
    )


def _kind(word: str) -> str:
    """Return what a word names: ``file``, ``strategy`` or ``run``."""
    if word.lower().endswith(_CONFIG_FILES):
        return "file"
    is_class = ":" in word and not Path(word).exists()
    return "strategy" if is_class or word in strategies.names() else "run"


def _made(word: str, arguments: argparse.Namespace, argv: Sequence[str], place: Path) -> Side:
    """Run a config file, or the configuration with a strategy for all assets."""
    is_file = _kind(word) == "file"
    config = Path(word) if is_file else _with_strategy(word, arguments, place)
    usual = vars(portfolio_parser("").parse_args([]))
    flags = {name: value for name, value in vars(arguments).items() if name in usual}
    given = argparse.Namespace(**{**usual, **flags, "config": str(config)})
    tell([f"{word} is run first"] if not arguments.quiet else [])
    result, where = made(given, argv, selection_of(given), jobs=given.jobs, resumable=False)
    if result.facts["status"] != COMPLETE:
        failed = ", ".join(result.facts.get("failed") or {})
        raise AssetError(
            f"{word}: {failed} failed, so run {where.run_id} has no portfolio to compare."
        )
    return _read(word, result, where.path, is_made=True)


def _finished(word: str, results: str) -> Side:
    try:
        path = find(word, results)
    except UsageError as error:
        known = ", ".join(strategies.names())
        raise UsageError(
            f"{error} It is no config file and no strategy ({known}) either."
        ) from None
    standing = RunDirectory(path).standing
    if standing != COMPLETE:
        raise UsageError(f"run {path.name} is {standing}; only complete runs can be compared.")
    return _read(word, RunResult.load(path), path, is_made=False)


def _read(word: str, result: RunResult, path: Path, *, is_made: bool) -> Side:
    try:
        metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"run {path.name}: metrics.json cannot be read; write it again by: report {path.name}"
        ) from error
    config = result.config.get("portfolio") or {}
    return Side(word, is_made, panel(result).account, result.facts, config, metrics)


def _with_strategy(name: str, arguments: argparse.Namespace, place: Path) -> Path:
    """Write the configuration with one strategy for all assets; return its path."""
    plain = load(arguments.config, results_dir=arguments.results).config.to_plain()
    for block in plain["assets"].values():
        if block["strategy"] != name:
            block.update(strategy=name, parameters={}, performance={})
    path = place / "configs" / f"{name.replace(':', '.')}.json"
    with storing(place):
        write_json(path, {**plain, "labels": []})
    return path


def _check_apart(sides: Sequence[Side]) -> None:
    names = [side.run_id for side in sides]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{listed(twice)} named twice; a run does not differ from itself.")


def _write(numbers: Mapping[str, Any], common: SideBySide | None, place: Path) -> None:
    """Write figures and pages; comparison.json comes last."""
    overlay = (
        None if common is None else Overlay(numbers, common.days, common.index, drawdowns(common))
    )
    for name, content in written(numbers, overlay).items():
        write_bytes(place / name, content)
    text = "\n".join([*pages.verdict(numbers), "", *pages.body(numbers), ""])
    write_text(place / "comparison.txt", text)
    write_json(place / "comparison.json", numbers)
