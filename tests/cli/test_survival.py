"""A command with assets that go wrong: what is kept, what is said, and where the details are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lockstep.cli import door, memory, portfolio
from lockstep.core.files import write_json, write_text
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.runs.directory import RunDirectory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals of processes")
STRATEGIES = """
import os, signal
from lockstep.engine.cerebro.strategy import LockstepStrategy

class Killed(LockstepStrategy):
    def next(self):
        os.kill(os.getpid(), signal.SIGKILL)

class Wrong(LockstepStrategy):
    def next(self):
        self.deeper()

    def deeper(self):
        raise LookupError("no such level")
"""
SHORT = ["--start", "2025-02-03", "--end", "2025-02-07", "--config", "assets.json"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")

    def report(result: RunResult, directory: Path, *_: object) -> None:
        write_json(directory / "metrics.json", summarise(result))
        write_text(directory / "report.txt", "the report\n")

    monkeypatch.setattr(portfolio, "report", SimpleNamespace(write=report))
    (tmp_path / "ideas").mkdir()
    (tmp_path / "ideas" / "ideas_gone_wrong.py").write_text(STRATEGIES)
    return tmp_path


def assets(**strategies: str) -> None:
    blocks = {
        f"{symbol}_5m": {
            "instrument": {"class": "fx", "spread": 0.0001},
            "strategy": strategies.get(symbol, "mean_reversion"),
        }
        for symbol in ("EURGBPX", "EURUSDX", "NZDUSDX")
    }
    Path("assets.json").write_text(json.dumps({"assets": blocks}))


def only_run() -> Path:
    (found,) = (path for path in Path("results").iterdir() if path.is_dir())
    return found


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "run.log").read_text().splitlines()]


def test_a_killed_and_a_wrong_asset_leave_the_third_with_its_portfolio(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assets(EURUSDX="ideas_gone_wrong:Killed", NZDUSDX="ideas_gone_wrong:Wrong")
    words = ["--jobs", "2", "--allow-import", "ideas", "--on-asset-error", "drop", "--debug"]
    assert door.portfolio_main([*SHORT, *words]) == 0
    said, run = capsys.readouterr().err, only_run()
    assert "EURUSDX: its strategy lost its process to SIGKILL" in said
    assert "in deeper" in said  # --debug shows the whole traceback
    assert RunDirectory(run).status == "complete"
    assert RunResult.load(run).symbols == ["EURGBPX"]
    failed = {one["asset"]: one for one in events(run) if one["event"] == "solo.failed"}
    assert sorted(failed) == ["EURUSDX", "NZDUSDX"]
    assert failed["NZDUSDX"]["fields"]["seconds"] >= 0.0
    assert 'raise LookupError("no such level")' in failed["NZDUSDX"]["traceback"]
    finished = [one["asset"] for one in events(run) if one["event"] == "solo.finished"]
    assert finished == ["EURGBPX"]
    assert {one["run_id"] for one in events(run)} == {run.name}


def test_a_strategy_outside_the_named_folders_stops_the_run_with_3(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assets(EURUSDX="ideas_gone_wrong:Wrong")
    assert door.portfolio_main([*SHORT, "--jobs", "1"]) == 3
    said = capsys.readouterr().err
    assert "EURUSDX.strategy: strategy 'ideas_gone_wrong:Wrong' cannot be imported" in said
    assert "in a folder named with --allow-import" in said


def test_too_little_memory_leaves_with_2_before_a_directory_is_made_and_force_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assets()
    monkeypatch.setattr(memory, "available_bytes", lambda: 100_000_000)
    assert door.portfolio_main([*SHORT, "--jobs", "1"]) == 2
    said = capsys.readouterr().err
    assert "usage error" in said
    assert "the run needs about 0.4 GB of memory (3 assets, " in said
    assert "0.1 GB are available" in said
    assert not Path("results").exists()
    assert door.portfolio_main([*SHORT, "--jobs", "1", "--force"]) == 0
    noted = [one for one in events(only_run()) if one["event"] == "memory"]
    assert noted[0]["fields"]["available"] == 100_000_000


def test_the_log_holds_no_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "do-not-tell-4711")
    assets()
    assert door.portfolio_main([*SHORT, "--jobs", "1", "--quiet"]) == 0
    for path in only_run().rglob("*"):
        assert not path.is_file() or b"do-not-tell-4711" not in path.read_bytes()
