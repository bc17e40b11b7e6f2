"""Write the report of a finished run again, without playing it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from lockstep import report
from lockstep.cli import runs
from lockstep.cli.bars_of import bars_of
from lockstep.cli.logs import notice
from lockstep.cli.show import as_left, finished, storing
from lockstep.core.errors import UsageError
from lockstep.core.files import sha256_of
from lockstep.core.parameters import nearest
from lockstep.core.result import RunResult
from lockstep.report.figures.price import subjects
from lockstep.report.wording import count, counted
from lockstep.runs.directory import RunDirectory
from lockstep.runs.listing import find

ALL = "all"


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Write the report of a run again; return the exit code."""
    path = find(arguments.run, arguments.results)
    finished(path)
    with as_left(path):
        result = RunResult.load(path)
        more = asked(arguments.prices, result)
        wanted = sorted({*subjects(result), *more})
        bars = bars_of(path, wanted, arguments.data) if wanted else {}
        notice([f"no prices of {s}: {why}" for s, why in bars.items() if isinstance(why, str)])
        before = hashes(path)
        with storing(path):
            try:
                metrics = report.write(result, path, bars)
                more_bars = {symbol: bars[symbol] for symbol in more}
                report.write_prices(result, metrics, path, more_bars)
            finally:  # whatever was written is what belongs there
                after = hashes(path)
                RunDirectory(path).renew({*before, *after})
    runs.written(str(path.parent))
    changed = sorted(name for name in after if after[name] != before.get(name))
    print("\n".join(told(path, len(after), changed)))
    return 0


def asked(symbols: Sequence[str] | None, result: RunResult) -> list[str]:
    """Return the assets whose prices are wanted beside those that every report shows.

    Raises
    ------
    UsageError
        If one was not in the run.
    """
    if not symbols:
        return []
    if list(symbols) == [ALL]:
        return result.symbols
    for symbol in symbols:
        if symbol not in result.symbols:
            raise UsageError(f"--prices {symbol}: not in the run{nearest(symbol, result.symbols)}")
    return sorted(set(symbols))


def hashes(path: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that a report consists of."""
    pages = [path / name for name in report.PAGES]
    files = [*pages, *sorted((path / report.FIGURES).glob("*.png"))]
    return {file.relative_to(path).as_posix(): _hash(file) for file in files if file.is_file()}


def _hash(file: Path) -> str:
    try:
        return sha256_of(file)
    except OSError:  # unreadable: whatever is written in its place is new
        return ""


def told(path: Path, files: int, changed: Sequence[str]) -> list[str]:
    """Return what was written, and whether it is what was there before."""
    same = "the same bytes as before" if not changed else f"{count(len(changed))} of them changed"
    listed = [f"  {name}" for name in changed]
    return [f"{counted(files, 'file')} written: {same}", *listed, f"report: {path / 'report.txt'}"]
