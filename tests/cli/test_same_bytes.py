"""The same inputs make the same bytes: by any number of jobs, in any order, again and again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lockstep.cli import door, portfolio
from lockstep.config.loading import default_path
from lockstep.core.files import write_json
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise

SYMBOLS = ("EURGBPX", "GBPUSDX", "NZDUSDX", "USDCHFX")
SAME = ("trades.csv", "metrics.json", "equity.parquet", "decisions.csv", "solo/trades.csv")
DAYS = ["--start", "2025-02-03", "--end", "2025-03-07", "--allocation", "risk_parity", "--quiet"]


def numbers(result: RunResult, directory: Path, bars: Any = None) -> None:
    write_json(directory / "metrics.json", summarise(result))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, with a report that only holds the numbers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setattr(portfolio, "report", SimpleNamespace(write=numbers))
    return tmp_path


def config(name: str, symbols: tuple[str, ...]) -> str:
    """Write a configuration whose assets stand in a given order; return its name."""
    whole = json.loads(default_path().read_text(encoding="utf-8"))
    blocks = {key.rpartition("_")[0]: (key, block) for key, block in whole["assets"].items()}
    whole["assets"] = dict(blocks[symbol] for symbol in symbols)
    Path(name).write_text(json.dumps(whole), encoding="utf-8")
    return name


def made(results: str, *words: str) -> dict[str, bytes]:
    """Return what a run leaves."""
    assert door.portfolio_main([*DAYS, "--results", results, *words]) == 0
    (run,) = (path for path in Path(results).iterdir() if path.is_dir())
    return {name: (run / name).read_bytes() for name in SAME}


@pytest.mark.parametrize("player", ["kernel", "cerebro"])
def test_jobs_order_and_repetition_change_no_byte(player: str) -> None:
    one = config("one.json", SYMBOLS)
    other = config("other.json", (SYMBOLS[2], SYMBOLS[0], SYMBOLS[3], SYMBOLS[1]))
    words = ["--player", player, "--config"]
    first = made("first", *words, one, "--jobs", "1")
    assert first["trades.csv"].count(b"\n") > 20
    assert made("again", *words, one, "--jobs", "1") == first
    assert made("jobs", *words, one, "--jobs", "2") == first
    assert made("order", *words, other, "--jobs", "3") == first
