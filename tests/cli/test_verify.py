from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
from lockstep.core.tables import write_csv
from lockstep.metrics.matching import solo_ledger
from lockstep.metrics.summary import summarise
from lockstep.runs.directory import RunDirectory
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


def report(result: RunResult, directory: Path, bars: Any = None) -> None:
    """Write what of a report is compared, and a page."""
    write_json(directory / "metrics.json", summarise(result))
    write_csv(solo_ledger(result), directory / "solo" / "ledger.csv")
    write_text(directory / "report.txt", "the report\n")


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
    made_by = verify.Saved.read(found).manifest["code"]["sha256"]
    monkeypatch.setattr(verify, "source_hash", lambda: made_by)  # edited meanwhile or not
    return found


def test_a_run_is_verified_by_its_id_with_both_players(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(RunResult.load(run).trades) > 20
    assert door.main(["verify", run.name, "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{run.name}, played by kernel:",
        "  kernel: the same in all 10 files, byte for byte",
        "  cerebro: the same in all 9 files, byte for byte",
    ]


def test_a_table_that_is_gone_is_told_and_the_run_is_made_again(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Path(shutil.copytree(run, tmp_path / run.name))
    (lost / "trades.csv").unlink()
    words = ["--data", "bars", "--player", "kernel", "--jobs", "1", "--quiet"]
    assert door.main(["verify", str(lost), *words]) == 6
    assert capsys.readouterr().out.splitlines() == [
        f"{run.name}: trades.csv is missing since the run.",
        f"{run.name}, played by kernel:",
        "  kernel: DIFFERENT: trades.csv: saved no file, now a table",
    ]


def test_one_player_verifies_a_run_named_by_its_path(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["verify", str(run), "--player", "cerebro", "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  cerebro: the same in all 9 files, byte for byte"
    ]


@contextmanager
def touched(file: Path, text: str) -> Iterator[None]:
    """Put other text in the place of a file for a while."""
    before = file.read_bytes()
    file.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        file.write_bytes(before)


def test_a_saved_value_that_was_touched_is_named_and_leaves_with_6(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = run / "trades.csv"
    text = file.read_text(encoding="utf-8")
    lots = RunResult.load(run).trades["lots"].iloc[0]
    with touched(file, text.replace(f",{lots},", ",7.77,", 1)):
        assert door.main(["verify", run.name, "--jobs", "1", "--quiet"]) == 6
    said = f"trades.csv, row 1 (trade_id 1), column lots: saved 7.77, now {lots}"
    assert capsys.readouterr().out.splitlines() == [
        f"{run.name}: trades.csv is changed since the run.",
        f"{run.name}, played by kernel:",
        f"  kernel: DIFFERENT: {said}",
        f"  cerebro: DIFFERENT: {said}",
        "  the two players agree with each other",
    ]


def test_a_derived_number_that_was_touched_is_named_by_its_path(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    sharpe = metrics["portfolio"]["sharpe"]
    metrics["portfolio"]["sharpe"] = 9.5
    words = ["verify", run.name, "--player", "kernel", "--jobs", "1", "--quiet"]
    with touched(run / "metrics.json", json.dumps(metrics)):
        assert door.main(words) == 6
    assert capsys.readouterr().out.splitlines()[2] == (
        f"  kernel: DIFFERENT: metrics.json, portfolio.sharpe: saved 9.5, now {sharpe!r}"
    )


def test_a_report_that_was_touched_or_lost_is_damage_and_the_run_the_same(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["verify", run.name, "--player", "kernel", "--jobs", "1", "--quiet"]
    with touched(run / "report.txt", "a better report\n"):
        assert door.main(words) == 6
    assert capsys.readouterr().out.splitlines() == [
        f"{run.name}: report.txt is changed since the run.",
        f"{run.name}, played by kernel:",
        "  kernel: the same in all 10 files, byte for byte",
    ]


@pytest.mark.parametrize("name", ["config.json", "manifest.json", "facts.json"])
def test_a_run_is_not_made_again_from_what_was_touched(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(verify, "read_data", None)
    plain = json.loads((run / name).read_text(encoding="utf-8"))
    with touched(run / name, json.dumps(plain)):
        assert door.main(["verify", run.name, "--quiet"]) == 6
    assert capsys.readouterr().out.splitlines() == [
        f"{run.name}: {name} is changed since the run.",
        f"It cannot be made again: {name} is what it was made from.",
    ]


def test_values_that_were_written_otherwise_are_the_same(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = run / "equity.parquet"
    before, marked = file.read_bytes(), (run / "status.json").read_bytes()
    try:
        pd.read_parquet(file).to_parquet(file, compression="gzip")
        RunDirectory(run).renew(["equity.parquet"])
        words = ["verify", run.name, "--player", "kernel", "--jobs", "1", "--quiet"]
        assert door.main(words) == 0
    finally:
        file.write_bytes(before)
        (run / "status.json").write_bytes(marked)
    assert capsys.readouterr().out.splitlines()[1] == (
        "  kernel: the same values in all 10 files; written otherwise: equity.parquet"
    )


def elsewhere(monkeypatch: pytest.MonkeyPatch, table: str, column: str, factor: float) -> None:
    """Make runs again as another machine would, one column of a table multiplied."""
    real = verify.save

    def other(result: RunResult, place: Path) -> None:
        changed = getattr(result, table).copy()
        changed[column] = changed[column] * factor
        real(dataclasses.replace(result, **{table: changed}), place)

    monkeypatch.setattr(verify, "save", other)
    monkeypatch.setattr(verify, "machine", lambda: {"processor": "another"})


def test_the_last_bits_of_another_machine_are_told_and_forgiven(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch, "equity", "total", 1 + 1e-15)
    words = ["verify", run.name, "--player", "kernel", "--jobs", "1", "--quiet"]
    assert door.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("  kernel: DIFFERENT: equity.parquet, row ")
    assert any(line.startswith("  processor was ") for line in lines)
    assert lines[-1] == (
        "  kernel: as far as another machine can tell, the same: the trades by their hash, "
        "statistics to 1e-09"
    )


def test_other_trades_are_forgiven_on_no_machine(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch, "trades", "lots", 2.0)
    words = ["verify", run.name, "--player", "kernel", "--jobs", "1", "--quiet"]
    assert door.main(words) == 6
    assert "  kernel: other trades: their hash was " in capsys.readouterr().out


def test_a_difference_on_the_same_machine_is_never_forgiven_and_other_sources_are_named(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch, "equity", "total", 1 + 1e-15)
    saved = verify.Saved.read(run)
    monkeypatch.setattr(verify, "machine", lambda: saved.manifest["machine"])
    monkeypatch.setattr(verify, "source_hash", lambda: "0")
    words = ["verify", run.name, "--player", "kernel", "--jobs", "1", "--quiet"]
    assert door.main(words) == 6
    made_by = saved.manifest["code"]["sha256"][:12]
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"  the sources of Lockstep are not those it was made by ({made_by})"
    )


def test_statistics_may_be_apart_by_their_last_bits_and_no_more(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = verify.Saved.read(run)
    again = tmp_path / "again"
    shutil.copytree(run, again)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    sharpe = metrics["portfolio"]["sharpe"]
    for factor, said in ((1 + 1e-12, ""), (1 + 1e-6, "portfolio.sharpe")):
        metrics["portfolio"]["sharpe"] = sharpe * factor
        write_json(again / "metrics.json", metrics)
        found = verify.statistics_of(saved, again, "kernel")
        assert (said in found) if said else found == ""


def test_a_run_whose_configuration_no_longer_names_it_is_told(run: Path) -> None:
    saved = verify.Saved.read(run)
    assert list(verify._reasons(saved)) == []
    other = dataclasses.replace(saved, plain={})
    (line,) = verify._reasons(other)
    assert line.startswith("  config.json is not the one the run was made from: ")


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
    assert "holds no finished run: config.json is missing" in capsys.readouterr().err


def test_a_run_that_was_stopped_is_not_compared(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = tmp_path / run.name
    shutil.copytree(run, stopped)
    RunDirectory(stopped).mark("interrupted")
    assert door.main(["verify", str(stopped)]) == 4
    assert "is interrupted; only a finished run can be compared" in capsys.readouterr().err


def test_a_run_that_is_nowhere_is_a_usage_error(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["verify", "20260101-000000-00000000"]) == 2
    assert "'20260101-000000-00000000' is no run in results" in capsys.readouterr().err


def test_a_run_of_the_sample_is_verified_from_the_sample(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--start", "2025-02-03", "--end", "2025-02-04", "--quiet", "--results", "solo"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portfolio, "_conclude", lambda *_: 0)
        patch.setattr(portfolio, "report", SimpleNamespace(write=report))
        assert door.main(["--symbol", "EURGBPX", "--solo", *days]) == 0
    (made,) = (path for path in Path("solo").iterdir() if path.is_dir())
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
        patch.setattr(portfolio, "report", SimpleNamespace(write=report))
        assert door.main([*words, "--quiet", "--results", "converted"]) == 0
    return max(path for path in Path("converted").iterdir() if path.is_dir())


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
