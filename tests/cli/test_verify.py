from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lockstep.cli import door, portfolio, verify
from lockstep.core.bars import Bars
from lockstep.core.errors import DataError, UsageError
from lockstep.core.files import write_json, write_text
from lockstep.core.result import RunResult
from tests.engine.markets import random_bars

SYMBOLS = ("EURUSD", "GBPUSD")


def write_bars(folder: Path, bars: Bars) -> None:
    """Write bars as a CSV file that states its zone."""
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    time = pd.DatetimeIndex(bars.time.astype("datetime64[ns]")).strftime("%Y-%m-%dT%H:%M:%SZ")
    folder.mkdir(exist_ok=True)
    pd.DataFrame({"time": time, **columns}).to_csv(folder / f"{bars.symbol}_1h.csv", index=False)


def asset_block(**parameters: Any) -> dict[str, Any]:
    given = {"entry_period": 12, "exit_period": 6, "atr_period": 10} | parameters
    return {
        "instrument": {"class": "fx", "spread": 0.0001},
        "strategy": "breakout",
        "parameters": given,
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with data, a config, and one finished run of it."""
    place = tmp_path_factory.mktemp("finished")
    for symbol in SYMBOLS:
        write_bars(place / "bars", random_bars(symbol, 3, 40))
    assets = {f"{symbol}_1h": asset_block() for symbol in SYMBOLS}
    (place / "assets.json").write_text(
        json.dumps({"portfolio": {"max_asset_weight": 1.0}, "assets": assets}), encoding="utf-8"
    )

    def report(result: RunResult, directory: Path, bars: object = None) -> None:
        write_json(directory / "metrics.json", {"portfolio": {}})
        write_text(directory / "report.txt", "the report\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(sys, "excepthook", sys.excepthook)
        patch.setattr(portfolio, "report", SimpleNamespace(write=report))
        words = ["--config", "assets.json", "--data", "bars", "--jobs", "1", "--quiet"]
        assert door.portfolio_main(words) == 0
    return place


@pytest.fixture
def run(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the finished run, from the folder it was made in."""
    monkeypatch.chdir(finished)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    (found,) = (path for path in (finished / "results").iterdir() if path.is_dir())
    return found


def test_a_run_is_verified_by_its_id_with_both_players(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(RunResult.load(run).trades) > 20
    assert door.main(["verify", run.name, "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{run.name}, played by kernel:",
        "  kernel: the same in all 8 tables",
        "  cerebro: the same in all 8 tables",
    ]


def test_one_player_verifies_a_run_named_by_its_path(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["verify", str(run), "--player", "cerebro", "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["  cerebro: the same in all 8 tables"]


def test_a_saved_value_that_was_touched_is_named_and_leaves_with_5(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = run / "trades.csv"
    text = file.read_text(encoding="utf-8")
    lots = RunResult.load(run).trades["lots"].iloc[0]
    try:
        file.write_text(text.replace(f",{lots},", ",7.77,", 1), encoding="utf-8")
        assert door.main(["verify", run.name, "--jobs", "1", "--quiet"]) == 5
    finally:
        file.write_text(text, encoding="utf-8")
    said = f"trades.csv, row 1 (trade_id 1), column lots: saved 7.77, now {lots}"
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"  kernel: DIFFERENT: {said}",
        f"  cerebro: DIFFERENT: {said}",
        "  the two players agree with each other",
    ]


def test_another_configuration_or_version_is_told_beside_the_difference(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = {name: (run / name).read_text(encoding="utf-8") for name in ("config.json",)}
    kept["manifest.json"] = (run / "manifest.json").read_text(encoding="utf-8")
    config, manifest = (json.loads(text) for text in kept.values())
    config["portfolio"]["risk_per_trade"] = 0.02
    manifest["versions"]["numpy"] = "1.0"
    try:
        write_json(run / "config.json", config)
        write_json(run / "manifest.json", manifest)
        assert door.main(["verify", run.name, "--player", "kernel", "--jobs", "1", "--quiet"]) == 5
    finally:
        for name, text in kept.items():
            (run / name).write_text(text, encoding="utf-8")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("  kernel: DIFFERENT: trades.csv, row 1")
    assert lines[2].startswith("  config.json is not the one the run was made from: ")
    assert lines[3].startswith("  numpy was 1.0, is ")
    assert len(lines) == 4


def test_changed_data_leave_with_4_before_anything_is_played(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for symbol, seed in zip(SYMBOLS, (3, 4)):
        write_bars(tmp_path / "other", random_bars(symbol, seed, 40))
    assert door.main(["verify", run.name, "--data", str(tmp_path / "other")]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    (finding,) = captured.err.splitlines()[1:]
    assert finding.strip().startswith(f"GBPUSD: {tmp_path / 'other' / 'GBPUSD_1h.csv'} has changed")


def test_the_same_data_elsewhere_do(run: Path, tmp_path: Path) -> None:
    for symbol in SYMBOLS:
        write_bars(tmp_path / "copy", random_bars(symbol, 3, 40))
    words = ["verify", run.name, f"--data={tmp_path / 'copy'}", "--player", "kernel", "--quiet"]
    assert door.main([*words, "--jobs", "1"]) == 0


def test_data_that_are_gone_and_runs_that_are_unfinished_leave_with_4(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert door.main(["verify", run.name, "--data", str(tmp_path / "empty")]) == 4
    assert "EURUSD: no file" in capsys.readouterr().err
    assert door.main(["verify", str(tmp_path / "empty")]) == 4
    assert "holds no finished run: facts.json is missing" in capsys.readouterr().err


def test_a_run_that_is_nowhere_is_a_usage_error(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["verify", "20260101-000000-00000000"]) == 2
    assert "are no directories; name a finished run" in capsys.readouterr().err


def test_a_run_of_the_sample_is_verified_from_the_sample(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--start", "2025-02-03", "--end", "2025-02-04", "--quiet", "--results", "solo"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portfolio, "_conclude", lambda *_: 0)
        assert door.main(["--symbol", "EURGBPX", "--solo", *days]) == 0
    (made,) = (Path("solo")).iterdir()
    assert RunResult.load(made).facts["rules"] == []
    assert door.main(["verify", made.name, "--results", "solo", "--quiet"]) == 0
    assert door.main(["verify", str(made), "--data", "bars"]) == 2
    assert "made from the built-in sample" in capsys.readouterr().err


def test_the_data_folder_is_the_one_of_the_command_line_that_made_the_run(run: Path) -> None:
    saved = verify.Saved.read(run)
    assert verify.data_folder(saved, None) == "bars"
    assert verify.data_folder(saved, "elsewhere") == "elsewhere"
    argv = ["portfolio_main.py", "--data=one", "--quiet", "--data=two"]
    later = dataclasses.replace(saved, manifest=saved.manifest | {"argv": argv})
    assert verify.data_folder(later, None) == "two"
    unknown = dataclasses.replace(saved, manifest=saved.manifest | {"argv": ["x", "--data"]})
    with pytest.raises(UsageError, match="does not say where its data came from"):
        verify.data_folder(unknown, None)


def test_what_the_compiled_player_cannot_play_is_played_by_cerebros_alone(run: Path) -> None:
    config = verify.Saved.read(run).config
    assert verify.players_of(config, "both") == (("kernel", "cerebro"), [])
    by_hand = config.assets[0].model_copy(update={"strategy": "mine:Strategy"})
    other = config.model_copy(update={"assets": (by_hand, *config.assets[1:])})
    players, notices = verify.players_of(other, "both")
    assert players == ("cerebro",)
    assert notices == ["only the Cerebro player knows mine:Strategy: it plays alone."]
    assert verify.players_of(other, "kernel") == (("kernel",), [])


@pytest.fixture
def converted(run: Path) -> Path:
    """Return a run in EUR of a market quoted in USD, which needs a conversion pair from a file."""
    assets = {"GBPUSD_1h": asset_block()}
    Path("gbp.json").write_text(json.dumps({"assets": assets}), encoding="utf-8")
    words = ["--config", "gbp.json", "--symbol", "GBPUSD", "--currency", "EUR", "--data", "bars"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portfolio, "_conclude", lambda *_: 0)
        assert door.main([*words, "--quiet", "--results", "converted"]) == 0
    return max(Path("converted").iterdir())


def test_a_conversion_pair_is_kept_by_its_hash_and_checked(
    converted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(RunResult.load(converted).facts["pairs"]) == {"EURUSD"}
    assert door.main(["verify", str(converted), "--player", "kernel", "--quiet"]) == 0
    file = Path("bars") / "EURUSD_1h.csv"
    text = file.read_text(encoding="utf-8")
    try:
        write_bars(Path("bars"), random_bars("EURUSD", 9, 40))
        assert door.main(["verify", str(converted), "--quiet"]) == 4
    finally:
        file.write_text(text, encoding="utf-8")
    assert "EURUSD: EURUSD_1h.csv is not what the run was made from (sha256 was " in (
        capsys.readouterr().err
    )


def test_another_sample_is_other_data(run: Path) -> None:
    saved = verify.Saved.read(run)
    bars = {"EURGBPX": dataclasses.replace(random_bars("EURUSD", 3, 2), source={"sample": "new"})}
    manifest = saved.manifest | {"data": {"EURGBPX": {"sample": "old"}}}
    with pytest.raises(DataError, match=r"EURGBPX: the sample is not .*\(sample was old, is new\)"):
        verify.check_read(dataclasses.replace(saved, manifest=manifest), bars, ())
