import dataclasses
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from lockstep.cli import door
from lockstep.metrics.panel import panel
from lockstep.runs.store import save
from lockstep.runs.trials import TrialLedger
from tests.report import results
from tests.research.trials import noise

ID, OTHER = "20260105-101500-1a2b3c4d", "20260106-101500-99999999"


@pytest.fixture(autouse=True)
def untouched(monkeypatch):
    """Put back what a door changes in its process."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a working folder with a search of one asset."""
    monkeypatch.chdir(tmp_path)
    search(ID, noise(7, edge=0.004), chosen=2)
    return tmp_path


def search(name, trials, *, folder="optimization", chosen=None, **more):
    """Keep trials in the ledger, and a search that names them."""
    study = f"{trials[0].asset}-{name[-8:]}"
    TrialLedger(Path("results/trials")).keep(
        study, [dataclasses.replace(one, study=study) for one in trials]
    )
    block = {"asset": trials[0].asset, "study": study, "objective": ["sharpe"],
             "constraints": {"min_trades": 30, "max_drawdown": 1.0}, "best_trial": chosen,
             "best_params": None if chosen is None else {"stop": chosen}}  # fmt: skip
    path = Path("results") / folder / name
    path.mkdir(parents=True)
    file = "result.json" if folder == "optimization" else "walkforward.json"
    (path / file).write_text(json.dumps({**block, **more}), encoding="utf-8")
    return path


def luck(*words):
    return door.main(["luck", *words, "--resamples", "99"])


def test_a_search_gets_a_line_a_page_a_picture_and_numbers(place, capsys):
    assert luck("latest") == 0
    line, page, picture = capsys.readouterr().out.splitlines()
    assert line.startswith("20 trials (about ")
    assert " | out of sample not measured | deflated Sharpe " in line
    assert " | UNLIKELY TO BE LUCK: " in line
    folder = Path("results/optimization") / ID
    assert page == f"page: {folder / 'luck.txt'}"
    assert picture == f"picture: {folder / 'luck.png'}"
    assert (folder / "luck.png").read_bytes().startswith(b"\x89PNG")
    assert ID in (folder / "luck.txt").read_text(encoding="utf-8")
    told = json.loads((folder / "luck.json").read_text(encoding="utf-8"))
    assert told["searches"] == [ID]
    assert told["by_asset"]["A"]["chosen"]["number"] == 2


def test_labels_of_a_search_stand_above_its_verdict(place, capsys):
    path = search(OTHER, noise(8), labels=["SYNTHETIC", "IN-SAMPLE"])
    assert luck(OTHER) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["[SYNTHETIC]", "[IN-SAMPLE]"]
    lines = (path / "luck.txt").read_text(encoding="utf-8").splitlines()
    assert [line.strip("| ") for line in lines[2:5]] == [OTHER, "[SYNTHETIC]", "[IN-SAMPLE]"]
    told = json.loads((path / "luck.json").read_text(encoding="utf-8"))
    assert told["labels"] == ["SYNTHETIC", "IN-SAMPLE"]


def test_what_was_chosen_is_judged_and_not_the_best(place):
    path = search(OTHER, noise(8), chosen=11)
    assert luck(OTHER) == 0
    told = json.loads((path / "luck.json").read_text(encoding="utf-8"))
    assert told["by_asset"]["A"]["chosen"]["parameters"] == {"stop": 11}


def test_trials_of_other_searches_count_as_looks(place, capsys):
    search(OTHER, noise(9, count=30))
    found = []
    for words in ([ID], [ID, OTHER], [ID, OTHER, ID]):
        assert luck(*words, "--json") == 0
        found.append(json.loads(capsys.readouterr().out))
    alone, both, again = found
    assert (alone["trials"]["made"], both["trials"]["made"]) == (20, 50)
    assert again == both
    assert both["by_asset"]["A"]["chosen"] == alone["by_asset"]["A"]["chosen"]
    assert both["verdict"]["deflated_sharpe"] < alone["verdict"]["deflated_sharpe"]
    assert both["searches"] == [ID, OTHER]


def test_a_walk_forward_is_judged_by_the_days_of_its_account(place, capsys):
    run = results.made(3, 40)
    save(run, place / "results" / "account")
    search(OTHER, noise(9), folder="walkforward", run_id="account")
    assert luck(OTHER, "--json") == 0
    outside = json.loads(capsys.readouterr().out)["out_of_sample"]
    account = panel(run).account
    assert outside["days"] == len(account.days)
    growth = np.diff(account.marks, prepend=account.initial) / np.append(
        account.initial, account.marks[:-1]
    )
    assert np.sign(outside["sharpe"]) == np.sign(growth.mean())


def test_the_same_search_is_judged_the_same_to_the_byte(place):
    folder = Path("results/optimization") / ID
    names = ("luck.json", "luck.txt", "luck.png")
    luck(ID)
    first = [(folder / name).read_bytes() for name in names]
    luck(ID)
    assert [(folder / name).read_bytes() for name in names] == first


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nothing"], 2, "'nothing' is no search in"),
        ([ID, "--trials", "elsewhere"], 4, "is kept in"),
        ([ID, "--seed", "-1"], 2, "-1 is no seed"),
        ([ID, "--resamples", "0"], 2, "0 is not at least 1"),
    ],
)
def test_what_cannot_be_judged_is_one_clear_error(place, capsys, words, code, said):
    assert door.main(["luck", *words]) == code
    assert said in capsys.readouterr().err
    assert not (Path("results/optimization") / ID / "luck.json").exists()


def test_a_search_that_is_not_finished_is_refused(place, capsys):
    (Path("results/optimization") / ID / "result.json").unlink()
    assert luck(ID) == 4
    assert "it is no finished search" in capsys.readouterr().err


def test_a_point_that_was_proposed_again_is_no_trial_as_in_the_search_itself(place, capsys):
    trials = noise(8, count=10)
    again = [dataclasses.replace(trials[1], number=at, duplicate_of=1) for at in (10, 11)]
    search(OTHER, [*trials, *again])
    assert luck(OTHER, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"]["trials"] == 10
    assert told["trials"]["repeated"] == 0
