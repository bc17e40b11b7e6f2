from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lockstep.cli import door, portfolio
from lockstep.config.loading import load
from lockstep.core.errors import AssetError, IdentityError, StrategyError
from lockstep.core.files import write_json, write_text
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.runs.directory import RunDirectory

SHORT = ["--start", "2025-02-03", "--end", "2025-02-07", "--jobs", "1"]
EURUSD = {
    "instrument": {"class": "fx", "spread": 0.0001},
    "strategy": "mean_reversion",
    "parameters": {"reward_risk": 2.0},
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, with a report that only holds the numbers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))

    def report(result: RunResult, directory: Path, bars: object = None) -> None:
        write_json(directory / "metrics.json", summarise(result))
        write_text(directory / "report.txt", "the report\n")

    monkeypatch.setattr(portfolio, "report", SimpleNamespace(write=report))
    monkeypatch.setattr(portfolio, "is_cold", lambda: False)
    return tmp_path


def config(folder: Path, text: str | None = None, **blocks: Any) -> str:
    path = folder / "assets.json"
    data = {"assets": {"EURUSD_5m": EURUSD | blocks}}
    path.write_text(json.dumps(data) if text is None else text, encoding="utf-8")
    return str(path)


def only_run(folder: Path) -> Path:
    (found,) = (path for path in (folder / "results").iterdir() if path.is_dir())
    return found


def test_a_run_leaves_its_files_and_tells_where_the_report_is(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--assets", "NZDUSDX,EURGBPX", "--max-drawdown-pct", "20", "--capital", "50000"]
    assert door.portfolio_main([*words, *SHORT]) == 0
    captured = capsys.readouterr()
    run = only_run(place)
    assert captured.out.splitlines()[0] == "[SYNTHETIC]"
    assert captured.out.splitlines()[-1] == f"report: results/{run.name}/report.txt"
    assert captured.err == ""
    assert RunDirectory(run).status == "complete"
    result = RunResult.load(run)
    assert result.symbols == ["EURGBPX", "NZDUSDX"]
    assert result.facts["run_id"] == run.name
    assert result.config["portfolio"]["risk"]["breaker"]["limit"] == 0.2
    assert result.equity["total"].iloc[0] == pytest.approx(50_000, rel=0.01)
    # the fifth trading day ends with the last label before the Saturday that follows it
    assert result.equity.index[0] == pd.Timestamp("2025-02-03T00:00")
    assert result.equity.index[-1] < pd.Timestamp("2025-02-08")


def test_the_saved_config_runs_again_to_the_same_bytes(place: Path) -> None:
    words = ["--assets", "EURGBPX", "GBPUSDX", *SHORT, "--quiet"]
    assert door.portfolio_main([*words, "--results", "one"]) == 0
    (first,) = (path for path in (place / "one").iterdir() if path.is_dir())
    again = ["--config", str(first / "config.json"), "--jobs", "1", "--quiet", "--results", "two"]
    assert door.portfolio_main(again) == 0
    (second,) = (path for path in (place / "two").iterdir() if path.is_dir())
    assert load(first / "config.json").config == load(second / "config.json").config
    same = "trades.csv decisions.csv weights.csv config.json equity.parquet ledger.parquet"
    for name in [*same.split(), "account.parquet", "solo/trades.csv", "solo/equity.parquet"]:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert first.name.rpartition("-")[2] == second.name.rpartition("-")[2]


def test_the_manifest_says_how_the_run_was_made(place: Path) -> None:
    door.portfolio_main(["--assets", "EURGBPX", *SHORT, "--seed", "7", "--quiet"])
    manifest = json.loads((only_run(place) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["argv"][1:3] == ["--assets", "EURGBPX"]
    assert (manifest["seed"], manifest["data"]["EURGBPX"]["seed"]) == (7, 7)
    assert len(next(iter(manifest["config_files"].values()))) == 64


def test_json_prints_the_metrics_and_nothing_else_on_stdout(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["--symbol", "EURGBPX", "--json", *SHORT[:4], "--preference", "pnl"]) == 0
    captured = capsys.readouterr()
    saved = (only_run(place) / "metrics.json").read_text(encoding="utf-8")
    assert captured.out == saved
    assert set(json.loads(saved)["assets"]) == {"EURGBPX"}
    assert captured.err.startswith("notice: results/best_configs_pnl.json does not exist")


def test_one_asset_is_a_portfolio_of_one_and_solo_drops_its_rules(place: Path) -> None:
    dates = SHORT[:4]
    assert door.main(["--symbol", "EURGBPX", *dates, "--quiet", "--results", "one"]) == 0
    assert door.main(["--symbol", "EURGBPX", *dates, "--quiet", "--results", "two", "--solo"]) == 0
    words = ["--assets", "EURGBPX", *SHORT, "--quiet", "--results", "three"]
    assert door.portfolio_main(words) == 0
    rules, trades = {}, {}
    for name in ("one", "two", "three"):
        (run,) = (path for path in (place / name).iterdir() if path.is_dir())
        rules[name] = RunResult.load(run).facts["rules"]
        trades[name] = (run / "trades.csv").read_text(encoding="utf-8")
    assert rules["one"] == rules["three"] != rules["two"] == []
    assert trades["one"] == trades["three"]


def test_assets_tuned_on_dates_of_the_run_are_labelled(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned = {"sharpe": 2.0, "start": "2025-02-05", "end": "2025-03-01"}
    path = place / "a.json"
    path.write_text(
        json.dumps({"assets": {"EURUSDX_5m": EURUSD | {"performance": tuned}}}), encoding="utf-8"
    )
    assert door.portfolio_main(["--config", str(path), *SHORT]) == 0
    assert "[in-sample selection: EURUSDX]" in capsys.readouterr().out
    facts = RunResult.load(only_run(place)).facts
    assert facts["labels"] == ["SYNTHETIC", "in-sample selection: EURUSDX"]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('{"assets": {}, "assets": {}}', "assets: is given twice (lines 1 and 1)"),
        ('{"assets": NaN}', "assets: is NaN; expected a finite number."),
        ('{"portfolio": {"capital": "1"}}', 'portfolio.capital: is "1"; expected a number'),
        ('{"portfolo": {}}', "portfolo: is unknown; did you mean 'portfolio'?"),
        ("{", "line 1, column 2:"),
    ],
)
def test_a_bad_config_leaves_with_3_and_names_file_and_path(
    place: Path, capsys: pytest.CaptureFixture[str], text: str, finding: str
) -> None:
    assert door.portfolio_main(["--config", config(place, text)]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("configuration error")
    assert f"assets.json: {finding}" in captured.err
    assert captured.out == ""
    assert not (place / "results").exists()


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        (["--config", "nowhere.json"], "nowhere.json: does not exist; expected a config file."),
        (["--assets", "EURUSX"], "EURUSX, asked for by --assets, is unknown; did you mean"),
        (["--timeframe", "1h"], "assets: none is at 1h"),
        (["--start", "2025-02-02", "--end", "2025-02-01"], "is not before end 2025-02-01"),
    ],
)
def test_choices_the_config_cannot_meet_leave_with_3(
    capsys: pytest.CaptureFixture[str], words: list[str], finding: str
) -> None:
    assert door.portfolio_main(words) == 3
    assert finding in capsys.readouterr().err


def test_symbols_outside_the_sample_without_data_leave_with_4(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.portfolio_main(["--config", config(place)]) == 4
    assert "EURUSD: not in the built-in sample; give the folder" in capsys.readouterr().err


def test_a_missing_data_folder_or_file_leaves_with_4(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.portfolio_main(["--config", config(place), "--data", "nowhere"]) == 4
    assert "nowhere" in capsys.readouterr().err
    (place / "data").mkdir()
    assert door.portfolio_main(["--config", config(place), "--data", "data"]) == 4
    assert "EURUSD" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        (
            [("00:00", 1.1), ("00:05", float("nan"))],
            "open is not a number: line 3 (2025-02-03 00:05) nan",
        ),
        ([("00:00", 1.1), ("00:05", -1.0)], "open is not above zero: line 3 (2025-02-03 00:05) -1"),
        ([("00:05", 1.1), ("00:00", 1.1)], "out of time order: line 3"),
        ([("00:00", 1.1), ("00:00", 1.2)], "two different bars of one time: line 3"),
        (
            [("00:00", 1.1), ("00:01", 1.1), ("00:02", 1.1)],
            "wrong timeframe: bars are typically 1m apart, not 5m",
        ),
    ],
)
def test_bars_the_quality_gate_refuses_leave_with_4(
    place: Path, capsys: pytest.CaptureFixture[str], rows: list[tuple[str, float]], finding: str
) -> None:
    (place / "data").mkdir()
    with (place / "data" / "EURUSD_5m.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "open", "high", "low", "close", "volume"])
        for minute, price in rows:
            writer.writerow([f"2025-02-03T{minute}:00Z", price, price, price, price, 1])
    assert door.portfolio_main(["--config", config(place), "--data", "data"]) == 4
    assert finding in capsys.readouterr().err


def test_a_results_folder_that_cannot_be_made_leaves_with_2(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "file").write_text("", encoding="utf-8")
    assert door.portfolio_main(["--assets", "EURGBPX", *SHORT, "--results", "file/x"]) == 2
    assert "give another one with --results" in capsys.readouterr().err


class Partial:
    """A backtester whose second asset fails."""

    def __init__(self, assets: Any, terms: Any, **more: Any) -> None:
        self.symbols = [asset.symbol for asset in assets]

    def run(self, bars: Any, pairs: Any, **how: Any) -> RunResult:
        none, empty = pd.DataFrame(index=pd.DatetimeIndex([], name="time")), pd.DataFrame()
        facts = {
            "status": "partial",
            "failed": {self.symbols[1]: "no memory left"},
            "symbols": [],
            "currency": "USD",
            "capital": 1e5,
        }
        return RunResult(facts, {}, none, empty, empty, none, empty, none)


def test_a_partial_run_leaves_with_5_and_names_the_culprit(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio, "PortfolioBacktester", Partial)
    assert door.portfolio_main(["--assets", "EURGBPX", "NZDUSDX", *SHORT]) == 5
    captured = capsys.readouterr()
    assert "notice: NZDUSDX failed: no memory left" in captured.err
    assert "partial: NZDUSDX failed, so no portfolio number is given" in captured.err
    assert "net P&L" not in captured.out
    assert RunDirectory(only_run(place)).status == "partial"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (StrategyError("a limit order is not supported."), 3, None),
        (IdentityError("off by 1."), 1, "failed"),
        (AssetError("EURGBPX: 1 / 0."), 5, "failed"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_run_that_breaks_says_how_and_one_that_was_asked_wrongly_leaves_no_directory(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    status: str | None,
) -> None:
    def broken(self: Any, bars: Any, pairs: Any, **how: Any) -> RunResult:
        raise error

    monkeypatch.setattr(Partial, "run", broken)
    monkeypatch.setattr(portfolio, "PortfolioBacktester", Partial)
    assert door.portfolio_main(["--assets", "EURGBPX", "NZDUSDX", *SHORT]) == code
    assert str(error) in capsys.readouterr().err
    if status is None:
        assert list((place / "results").iterdir()) == []
    else:
        assert RunDirectory(only_run(place)).standing == status


def test_the_first_run_says_that_it_compiles(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio, "is_cold", lambda: True)
    assert door.portfolio_main(["--assets", "NZDUSDX", *SHORT]) == 0
    assert "notice: first run: compiling the player" in capsys.readouterr().err
    assert door.portfolio_main(["--assets", "NZDUSDX", "--player", "cerebro", *SHORT]) == 0
    assert "compiling" not in capsys.readouterr().err
