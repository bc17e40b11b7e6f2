from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.cli import bars_of as module
from lockstep.cli.bars_of import bars_of
from lockstep.config.loading import load
from lockstep.core.bars import Bars
from lockstep.data.load import load_bars
from lockstep.runs.store import save
from tests.engine.markets import random_bars
from tests.report.results import made

SYMBOLS = ("EURUSD", "GBPUSD")


def asset_block() -> dict[str, Any]:
    return {
        "instrument": {"class": "fx", "spread": 0.0001},
        "strategy": "breakout",
        "parameters": {"entry_period": 12, "exit_period": 6, "atr_period": 10},
    }


def write_bars(folder: Path, bars: Bars) -> None:
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    time = pd.DatetimeIndex(bars.time.astype("datetime64[ns]")).strftime("%Y-%m-%dT%H:%M:%SZ")
    folder.mkdir(exist_ok=True)
    pd.DataFrame({"time": time, **columns}).to_csv(folder / f"{bars.symbol}_1h.csv", index=False)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a finished run of two files, made from the working directory."""
    monkeypatch.chdir(tmp_path)
    for symbol in SYMBOLS:
        write_bars(tmp_path / "bars", random_bars(symbol, 3, 40))
    assets = {f"{symbol}_1h": asset_block() for symbol in SYMBOLS}
    (tmp_path / "assets.json").write_text(json.dumps({"assets": assets}), encoding="utf-8")
    plain = load(tmp_path / "assets.json").config.to_plain()
    read = load_bars(SYMBOLS, "1h", "bars")
    root = tmp_path / "results" / "a run"
    save(dataclasses.replace(made(), config=plain), root)
    manifest = {
        "argv": ["portfolio_main.py", "--data", "bars"],
        "data": {symbol: one.source for symbol, one in read.items()},
    }
    (root / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return root


def test_the_bars_of_a_run_come_back_as_they_were(run: Path) -> None:
    read = load_bars(SYMBOLS, "1h", "bars")
    found = bars_of(run, SYMBOLS)
    for symbol in SYMBOLS:
        again = found[symbol]
        assert isinstance(again, Bars)
        for name in ("time", "open", "high", "low", "close"):
            assert np.array_equal(getattr(again, name), getattr(read[symbol], name))


def test_a_file_that_has_changed_is_not_shown_and_the_other_is(run: Path) -> None:
    file = Path("bars/EURUSD_1h.csv")
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    found = bars_of(run, SYMBOLS)
    assert str(found["EURUSD"]).startswith("EURUSD_1h.csv has changed since the run (SHA-256 was")
    assert isinstance(found["GBPUSD"], Bars)


def test_a_file_that_is_gone_is_named(run: Path) -> None:
    Path("bars/EURUSD_1h.csv").unlink()
    found = bars_of(run, ["EURUSD"])["EURUSD"]
    assert isinstance(found, str)
    assert "EURUSD" in found
    assert "\n" not in found


def test_a_folder_that_has_moved_can_be_named(run: Path) -> None:
    Path("bars").rename("elsewhere")
    assert isinstance(bars_of(run, ["EURUSD"])["EURUSD"], str)
    assert isinstance(bars_of(run, ["EURUSD"], "elsewhere")["EURUSD"], Bars)


def test_an_asset_the_manifest_does_not_know_says_so(run: Path) -> None:
    assert "manifest does not say" in str(bars_of(run, ["USDJPY"])["USDJPY"])


def test_a_directory_that_holds_no_run_says_so_for_every_asset(tmp_path: Path) -> None:
    found = bars_of(tmp_path, SYMBOLS)
    assert set(found) == set(SYMBOLS)
    assert all("holds no finished run" in str(why) for why in found.values())


@pytest.mark.parametrize(("digest", "is_same"), [("abc", True), ("another", False)])
def test_a_sample_of_another_generator_is_not_the_runs(
    run: Path, monkeypatch: pytest.MonkeyPatch, digest: str, is_same: bool
) -> None:
    manifest = {"argv": [], "data": {"EURUSD": {"sample": "abc", "seed": 7}}}
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    drawn = dataclasses.replace(random_bars("EURUSD", 3, 40), source={"sample": digest, "seed": 7})
    monkeypatch.setattr(module, "load_bars", lambda *_, **__: {"EURUSD": drawn})
    found = bars_of(run, ["EURUSD"])["EURUSD"]
    assert found is drawn if is_same else "no longer those" in str(found)
