"""A run that is looked at, or gone on with, from another folder than the one it was begun in."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lockstep.cli import door, portfolio
from lockstep.cli.bars_of import bars_of
from lockstep.cli.begun import where_begun
from lockstep.core.bars import Bars
from lockstep.core.files import write_json, write_text
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.runs import manifest
from lockstep.runs.directory import RunDirectory
from tests.cli.test_bars_of import asset_block, write_bars
from tests.engine.markets import random_bars

SYMBOLS = ("EURUSD", "GBPUSD")
WORDS = ["--config", "assets.json", "--data", "bars", "--jobs", "1", "--player", "kernel"]


def whole(result: RunResult, directory: Path, bars: Any = None) -> None:
    write_json(directory / "metrics.json", summarise(result))
    write_text(directory / "report.txt", "the report\n")


def stops(result: RunResult, directory: Path, bars: Any = None) -> None:
    raise KeyboardInterrupt


def refused(*_: object) -> bool:
    raise PermissionError(13, "Permission denied")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder beside ``home``, the working directory, which holds data."""
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setattr(portfolio, "report", SimpleNamespace(write=whole))
    monkeypatch.setattr(manifest, "source_hash", lambda: "5")  # edited meanwhile or not
    for symbol in SYMBOLS:
        write_bars(home / "bars", random_bars(symbol, 3, 40))
    assets = {f"{symbol}_1h": asset_block() for symbol in SYMBOLS}
    plain = {"portfolio": {"timeframe": "1h"}, "assets": assets}
    (home / "assets.json").write_text(json.dumps(plain), encoding="utf-8")
    return other


def only_run(home: Path) -> Path:
    (run,) = (path for path in (home / "results").iterdir() if path.is_dir())
    return run


def test_a_run_is_verified_and_its_prices_are_read_where_its_data_were(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.portfolio_main(WORDS) == 0
    run = only_run(Path.cwd()).absolute()
    monkeypatch.chdir(elsewhere)
    for symbol in SYMBOLS:  # not these
        write_bars(elsewhere / "bars", random_bars(symbol, 9, 40))
    assert door.main(["verify", str(run), "--player", "kernel"]) == 0
    said = capsys.readouterr().err
    assert f"{run.name} was begun in {run.parent.parent}: relative paths count from there" in said
    assert isinstance(bars_of(run, ["EURUSD"])["EURUSD"], Bars)
    assert Path.cwd() == elsewhere
    assert sorted(path.name for path in run.parent.glob(".*")) == []


def test_data_named_now_count_from_here_and_are_held_to_their_hash(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.portfolio_main(WORDS) == 0
    run = only_run(Path.cwd()).absolute()
    shutil.move("bars", elsewhere / "moved")
    monkeypatch.chdir(elsewhere)
    write_bars(elsewhere / "others", random_bars("EURUSD", 9, 40))
    write_bars(elsewhere / "others", random_bars("GBPUSD", 9, 40))
    assert door.main(["verify", str(run), "--player", "kernel", "--data", "moved"]) == 0
    assert door.main(["verify", str(run), "--player", "kernel", "--data", "others"]) == 4
    assert "has changed since the run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "broken",
    [(Path, "samefile", refused), (os, "access", lambda *_: False)],
    ids=["looked", "entered"],
)
def test_a_folder_that_may_not_be_looked_at_or_entered_is_as_good_as_gone(
    broken: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    write_json(run / "manifest.json", {"folder": str(home), "argv": ["portfolio"]})
    monkeypatch.chdir(tmp_path)
    with where_begun(run):
        assert Path.cwd() == home
    monkeypatch.setattr(*broken)
    with where_begun(run):
        assert Path.cwd() == tmp_path


def test_a_stopped_run_goes_on_from_another_folder(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(portfolio, "report", SimpleNamespace(write=stops))
        assert door.portfolio_main(WORDS) == 130
    run = only_run(Path.cwd()).absolute()
    monkeypatch.chdir(elsewhere)
    words = ["--resume", run.name, "--results", "../home/results", "--quiet"]
    assert door.portfolio_main(words) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {run / 'report.txt'}"
    assert RunDirectory(run).standing == "complete"
    assert list(elsewhere.iterdir()) == []
