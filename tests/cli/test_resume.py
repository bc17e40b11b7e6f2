"""Runs that were stopped, and gone on with by ``--resume``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lockstep.cli import door, portfolio
from lockstep.core.files import write_json, write_text
from lockstep.core.result import RunResult
from lockstep.data import load as loading
from lockstep.engine import solo
from lockstep.metrics.summary import summarise
from lockstep.runs import manifest
from lockstep.runs.directory import RunDirectory
from tests.cli.test_verify import asset_block, write_bars
from tests.engine.markets import random_bars

DAYS = ["--start", "2025-02-03", "--end", "2025-02-05", "--quiet"]
TWO = ["--assets", "EURGBPX,GBPUSDX", "--jobs", "1", *DAYS]


def whole(result: RunResult, directory: Path, bars: Any = None) -> None:
    write_json(directory / "metrics.json", summarise(result))
    write_text(directory / "report.txt", "the report\n")


def stops(result: RunResult, directory: Path, bars: Any = None) -> None:
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, with a report that only holds the numbers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setattr(portfolio, "report", SimpleNamespace(write=whole))
    monkeypatch.setattr(manifest, "source_hash", lambda: "5")  # edited meanwhile or not
    return tmp_path


def stopped(monkeypatch: pytest.MonkeyPatch, *words: str, by: Any = door.portfolio_main) -> Path:
    """Return the directory of a run that the user stopped just before its report."""
    with monkeypatch.context() as patch:
        patch.setattr(portfolio, "report", SimpleNamespace(write=stops))
        assert by(list(words)) == 130
    (run,) = (path for path in Path("results").iterdir() if path.is_dir())
    assert RunDirectory(run).status == "interrupted"
    return run


def test_a_stopped_run_goes_on_with_its_solo_runs_and_its_own_flags(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = stopped(monkeypatch, *TWO)
    with monkeypatch.context() as patch:
        patch.setattr(solo, "_solo", None)  # nothing is played alone again
        assert door.portfolio_main(["--resume", run.name, "--quiet"]) == 0
    assert RunDirectory(run).standing == "complete"
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {run / 'report.txt'}"
    facts = json.loads((run / "facts.json").read_text(encoding="utf-8"))
    assert facts["argv"][1:] == TWO


def test_the_latest_run_of_the_same_flags_is_found_without_its_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = stopped(monkeypatch, *TWO)
    assert door.portfolio_main([*TWO, "--resume"]) == 0
    assert RunDirectory(run).standing == "complete"


def test_a_user_is_told_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = stopped(monkeypatch, *TWO[:-1])
    said = capsys.readouterr().err
    assert f"{run.name} is interrupted; what it finished is kept: go on by --resume {run.name}" in (
        said
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--capital", "5"], "portfolio.capital was 100000.0, is 5.0"),
        (["--player", "cerebro"], 'options.player was "auto", is "cerebro"'),
        (["--assets", "EURGBPX"], "assets.GBPUSDX_5m was "),
        (["--seed", "3"], "data.EURGBPX.seed was "),
    ],
)
def test_another_setting_is_refused_and_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    run = stopped(monkeypatch, *TWO)
    assert door.portfolio_main(["--resume", run.name, *words]) == 2
    told = capsys.readouterr().err
    assert f"{run.name} cannot be gone on with: it was begun with something else." in told
    assert said in told
    assert RunDirectory(run).standing == "interrupted"


def test_edited_sources_are_refused_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = stopped(monkeypatch, *TWO)
    monkeypatch.setattr(manifest, "source_hash", lambda: "6")
    assert door.portfolio_main(["--resume", run.name]) == 2
    assert 'code.sha256 was "5", is "6"' in capsys.readouterr().err


def test_a_run_of_one_asset_is_gone_on_with_by_its_own_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--symbol", "EURGBPX", *DAYS]
    run = stopped(monkeypatch, *words, by=door.main)
    assert door.portfolio_main(["--resume", run.name]) == 2
    assert f"{run.name} was begun by another command: " in capsys.readouterr().err
    assert door.main(["--symbol", "EURGBPX", "--resume", run.name, "--quiet"]) == 0
    assert RunDirectory(run).standing == "complete"


def test_nothing_to_go_on_with_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.portfolio_main([*TWO, "--resume"]) == 2
    assert "results holds no unfinished run" in capsys.readouterr().err
    assert door.portfolio_main(["--resume", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.fixture
def data(place: Path) -> list[str]:
    """Return the flags of a run from two files."""
    for symbol in ("EURUSD", "GBPUSD"):
        write_bars(place / "bars", random_bars(symbol, 3, 10))
    assets = {f"{symbol}_1h": asset_block() for symbol in ("EURUSD", "GBPUSD")}
    (place / "a.json").write_text(json.dumps({"assets": assets}), encoding="utf-8")
    return ["--config", "a.json", "--data", "bars", "--jobs", "1", "--quiet"]


def test_changed_data_are_refused_and_the_file_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: list[str]
) -> None:
    run = stopped(monkeypatch, *data)
    write_bars(Path("bars"), random_bars("GBPUSD", 4, 10))
    assert door.portfolio_main(["--resume", run.name]) == 2
    assert "data.GBPUSD.sha256 was " in capsys.readouterr().err


def test_a_file_that_vanishes_while_it_is_read_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: list[str]
) -> None:
    real = loading.format_of

    def vanishing(path: Path) -> Any:
        found = real(path)
        if path.name.startswith("GBPUSD"):
            path.unlink()
        return found

    monkeypatch.setattr(loading, "format_of", vanishing)
    assert door.portfolio_main(data) == 4
    told = capsys.readouterr().err
    assert told.startswith("data error:\n")
    assert "GBPUSD_1h.csv" in told
    assert not Path("results").exists()
