from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from lockstep.cli import door, montecarlo_flags
from lockstep.core.result import RunResult
from lockstep.metrics.resampling import SCHEMES
from lockstep.research.montecarlo import VARIANTS
from lockstep.runs.store import save
from tests.report import results


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what a door changes in its process."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with one saved run of forty days."""
    monkeypatch.chdir(tmp_path)
    run = results.made(3, 40)
    facts = {**run.facts, "run_id": "one", "labels": ["SYNTHETIC"]}
    run = dataclasses.replace(run, equity=run.equity.iloc[:-3], facts=facts)
    save(run, tmp_path / "results" / "one")
    return tmp_path


def test_a_simulation_leaves_table_chart_and_numbers_in_the_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["montecarlo", "results/one", "--paths", "300", "--block-days", "4"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == ["[BOOTSTRAP OF A BACKTEST]", "[IN-SAMPLE]", "[SYNTHETIC]"]
    assert said[3] == "300 paths of 40 days"
    folder = Path("results/one/montecarlo")
    assert said[-2:] == [f"table: {folder}/blocks.txt", f"chart: {folder}/blocks.png"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "blocks.json",
        "blocks.png",
        "blocks.txt",
    ]
    numbers = json.loads((folder / "blocks.json").read_text(encoding="utf-8"))
    assert (numbers["run_id"], numbers["settings"]["seed"]) == ("one", 7)
    assert numbers["settings"]["block_days"] == 4.0
    assert "variant blocks | 300 paths" in (folder / "blocks.txt").read_text(encoding="utf-8")
    # what the simulation read is as it was
    assert RunResult.load(place / "results" / "one").facts["run_id"] == "one"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_run_is_found_by_its_id_and_a_repetition_makes_the_same_bytes(
    place: Path, variant: str
) -> None:
    words = ["montecarlo", "one", "--variant", variant, "--quiet"]
    words += [] if variant == "starts" else ["--paths", "150"]
    folder = place / "results" / "one" / "montecarlo"
    assert door.main(words) == 0
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(first) == [f"{variant}.json", f"{variant}.png", f"{variant}.txt"]
    assert door.main(words) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_json_is_all_there_is_on_stdout(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--json", "--paths", "100", "--breaker-pct", "3", "--ruin-pct", "1", "--seed", "9"]
    assert door.main(["montecarlo", "one", *words]) == 0
    numbers = json.loads(capsys.readouterr().out)
    settings = numbers["settings"]
    assert (settings["breaker"], settings["ruin"], settings["seed"]) == (0.03, 0.01, 9)
    assert settings["breaker_is_the_runs"] is False
    assert numbers["probability"]["ruin"]["value"] > 0.0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["two"], 2, "'two' is no run in results"),
        (["one", "--wrap"], 2, "--variant blocks makes no use of --wrap"),
        (
            ["one", "--variant", "starts", "--paths", "9", "--seed", "1"],
            2,
            "--variant starts makes no use of --paths, --seed",
        ),
        (["one", "--variant", "order", "--horizon-days", "9"], 2, "no use of --horizon-days"),
        (["one", "--block-days", "0.5"], 3, "block_days is 0.5; expected a number at least 1"),
        (["one", "--block-days", "99"], 3, "block_days is 99; expected at most the 40 rows"),
        (["results"], 4, "results holds no complete run: facts.json is missing"),
        (["one", "--paths", "0"], 2, "argument --paths: 0 is not at least 1"),
        (["one", "--variant", "luck"], 2, "invalid choice: 'luck'"),
        ([], 2, "the following arguments are required: RUN"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_cannot_be_done_is_refused_with_its_exit_code(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert door.main(["montecarlo", *words, "--quiet"]) == code
    assert message in capsys.readouterr().err


def test_a_short_run_is_refused_as_data(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(results.made(2, 10), place / "results" / "short")
    assert door.main(["montecarlo", "short"]) == 4
    assert "expected at least 30. Run over more dates." in capsys.readouterr().err
    assert not (place / "results" / "short" / "montecarlo").exists()


@pytest.mark.usefixtures("place")
def test_more_paths_begin_with_the_same_ones(capsys: pytest.CaptureFixture[str]) -> None:
    def final(paths: int) -> float:
        assert door.main(["montecarlo", "one", "--json", "--paths", str(paths)]) == 0
        return float(json.loads(capsys.readouterr().out)["final_equity"]["mean"])

    few, many = final(2000), final(4000)
    assert few != many
    assert np.isclose(few, many, rtol=0.002)


def test_the_choices_of_the_flags_are_those_of_the_research() -> None:
    assert montecarlo_flags.VARIANTS == VARIANTS
    assert montecarlo_flags.SCHEMES == SCHEMES
