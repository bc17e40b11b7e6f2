import dataclasses
import json
import logging
import multiprocessing
import os
import time
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.core.errors import DataError, StorageError
from lockstep.core.trial import FAILED, Trial
from lockstep.runs.trial_records import distribution
from lockstep.runs.trials import TrialLedger

DAYS = np.arange(17_000, 17_005)
ABOUT = {
    "asset": "A",
    "objectives": ["sharpe"],
    "levels": {"period": [10, 20, 30], "width": [1.0, 1.5, 2.0], "zone": ["UTC", "CET"]},
}


def trial(number, **changes):
    base = Trial(
        number,
        "A",
        {"period": 20, "width": 1.5, "zone": "CET"},
        metrics={"sharpe": 0.1 + number, "sqn": None},
        reasons={"sqn": "no trade"},
        days=DAYS,
        daily=np.array([0.1, -0.0, 1e-300, np.pi, 0.0]) * (number + 1),
        seconds=0.25,
        study="s",
        scores=(0.1 + number,),
    )
    return dataclasses.replace(base, **changes)


def plain(one):
    return {**dataclasses.asdict(one), "days": one.days.tolist(), "daily": one.daily.tobytes()}


def same(found, expected):
    return [plain(one) for one in found] == [plain(one) for one in expected]


def test_what_was_kept_is_loaded_to_the_bit_by_another_process(tmp_path):
    kept = [
        trial(0),
        trial(1, state=FAILED, error="no", metrics={}, reasons={}, scores=(), daily=np.empty(0),
              days=np.empty(0, dtype=np.int64)),
        trial(2, duplicate_of=0, seconds=0.0),
        trial(3, days=DAYS[:2], daily=np.ones(2)),
        trial(4, scores=(), metrics={"sharpe": None}),
    ]  # fmt: skip
    ledger = TrialLedger(tmp_path)
    ledger.begin("s", ABOUT)
    ledger.keep("s", kept[:2])
    ledger.keep("s", kept[2:])
    other = TrialLedger(tmp_path)
    assert same(other.load("s"), kept)
    assert other.about("s") == ABOUT
    assert other.studies() == ["s"]
    other.keep("s", [trial(5)])
    assert same(ledger.load("s"), [*kept, trial(5)])


def test_a_study_that_is_not_kept_has_no_trials_and_leaves_no_file(tmp_path):
    ledger = TrialLedger(tmp_path / "there")
    assert ledger.load("nothing") == []
    assert not (tmp_path / "there").exists()


def test_the_days_of_a_study_are_written_once(tmp_path):
    ledger = TrialLedger(tmp_path)
    ledger.keep("s", [trial(0)])
    TrialLedger(tmp_path).keep("s", [trial(1)])
    text = ledger.path_of("s").read_text()
    assert text.count('"days":[') == 1
    assert text.count('"days":null') == 2


def test_of_two_trials_with_one_number_the_first_stands(tmp_path):
    ledger = TrialLedger(tmp_path)
    ledger.keep("s", [trial(0), trial(0, seconds=9.0), trial(1)])
    assert [one.seconds for one in ledger.load("s")] == [0.25, 0.25]


def test_a_torn_tail_is_cut_off_and_the_log_says_so(tmp_path, caplog):
    ledger = TrialLedger(tmp_path)
    ledger.keep("s", [trial(0), trial(1)])
    path = ledger.path_of("s")
    whole = path.read_bytes()
    for torn in (whole[-10_000:-1], b'{"op', b"\x00" * 9_000):
        path.write_bytes(whole + torn.replace(b"\n", b" "))
        with caplog.at_level(logging.WARNING):
            assert same(ledger.load("s"), [trial(0), trial(1)])
        assert "a torn last line" in caplog.text
        assert path.read_bytes() == whole
        caplog.clear()
    path.write_bytes(whole + b"{")
    ledger.keep("s", [trial(2)])
    assert [one.number for one in ledger.load("s")] == [0, 1, 2]


def test_a_file_that_holds_only_a_torn_line_begins_anew(tmp_path):
    ledger = TrialLedger(tmp_path)
    ledger.path_of("s").write_bytes(b'{"op_code":0,')
    ledger.begin("s", ABOUT)
    ledger.keep("s", [trial(0)])
    assert same(TrialLedger(tmp_path).load("s"), [trial(0)])


def test_a_broken_line_in_the_middle_is_an_error_with_its_number(tmp_path):
    ledger = TrialLedger(tmp_path)
    ledger.keep("s", [trial(0), trial(1)])
    path = ledger.path_of("s")
    lines = path.read_bytes().splitlines()
    lines[3] = lines[3][:-30]
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(DataError, match=r"s\.journal, line 4 is no line of a trial ledger"):
        ledger.load("s")


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    ledger = TrialLedger(tmp_path)
    ledger.keep("s", [trial(0)])
    before = ledger.path_of("s").read_bytes()
    real = os.write

    calls = []

    def full(descriptor, content):
        calls.append(len(content))
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(descriptor, content[:10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match="No space left on device"):
        ledger.keep("s", [trial(1)])
    monkeypatch.undo()
    assert ledger.path_of("s").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="trials cannot be kept in"):
        TrialLedger(tmp_path / "file").keep("s", [trial(0)])


def _write(folder, first):
    ledger = TrialLedger(folder)
    for number in range(first, first + 20):
        ledger.begin("s", ABOUT)
        ledger.keep("s", [trial(number)])


def test_processes_that_share_a_study_tear_no_line_and_lose_no_trial(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(tmp_path, k * 20)) for k in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    found = TrialLedger(tmp_path).load("s")
    assert [one.number for one in found] == list(range(60))
    assert all(len(one.days) == 5 for one in found)


def test_optuna_reads_the_file_as_its_own_journal(tmp_path):
    optuna = pytest.importorskip("optuna")
    ledger = TrialLedger(tmp_path, dated=lambda: datetime(2026, 1, 5, tzinfo=UTC))
    ledger.begin("s", ABOUT)
    ledger.keep("s", [trial(0), trial(1, state=FAILED, scores=()), trial(2, scores=())])
    backend = optuna.storages.journal.JournalFileBackend(str(ledger.path_of("s")))
    study = optuna.load_study(study_name="s", storage=optuna.storages.JournalStorage(backend))
    assert [one.state.name for one in study.trials] == ["COMPLETE", "FAIL", "PRUNED"]
    first = study.best_trial
    assert (first.value, first.params) == (0.1, {"period": 20, "width": 1.5, "zone": "CET"})
    assert first.user_attrs["sharpe"] == 0.1
    assert first.datetime_complete is not None
    assert study.direction.name == "MAXIMIZE"
    assert study.user_attrs["about"]["asset"] == "A"


def test_optuna_reads_a_study_of_two_objectives(tmp_path):
    optuna = pytest.importorskip("optuna")
    ledger = TrialLedger(tmp_path)
    ledger.begin("s", {**ABOUT, "objectives": ["pnl", "drawdown"]})
    ledger.keep("s", [trial(0, scores=(2.0, -0.1)), trial(1, scores=(1.0, -0.2))])
    backend = optuna.storages.journal.JournalFileBackend(str(ledger.path_of("s")))
    study = optuna.load_study(study_name="s", storage=optuna.storages.JournalStorage(backend))
    assert [one.values for one in study.best_trials] == [[2.0, -0.1]]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_any_daily_returns_come_back_to_the_bit(tmp_path_factory, values):
    ledger = TrialLedger(tmp_path_factory.mktemp("ledger"))
    one = trial(0, daily=np.array(values), days=np.arange(len(values)))
    ledger.keep("s", [one])
    assert same(ledger.load("s"), [one])


@pytest.mark.parametrize(
    ("levels", "value", "name", "attributes"),
    [
        ([10, 20, 30], 20, "IntDistribution", {"low": 10, "high": 30, "step": 10, "log": False}),
        ([0.1, 0.2, 0.3], 0.1, "FloatDistribution",
         {"low": 0.1, "high": 0.3, "step": 0.1, "log": False}),
        ([1, 2, 4], 4, "CategoricalDistribution", {"choices": [1, 2, 4]}),
        (["UTC", "CET"], "CET", "CategoricalDistribution", {"choices": ["UTC", "CET"]}),
        ([7], 7, "CategoricalDistribution", {"choices": [7]}),
    ],
)  # fmt: skip
def test_levels_are_told_to_optuna_as_numbers_of_one_step_or_as_choices(
    levels, value, name, attributes
):
    assert distribution(levels, value) == {"name": name, "attributes": attributes}


def test_a_trial_costs_less_than_two_milliseconds_of_cpu_in_batches(tmp_path):
    ledger = TrialLedger(tmp_path)
    ledger.begin("s", ABOUT)
    year = np.arange(365)
    begun = time.process_time()
    for batch in range(25):
        ledger.keep("s", [trial(8 * batch + k, days=year, daily=np.ones(365)) for k in range(8)])
    assert (time.process_time() - begun) / 200 < 0.002
    lines = ledger.path_of("s").read_text().splitlines()
    assert len(lines) == 203
    assert json.loads(lines[-1])["op_code"] == 4


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"number":0', '"number":"0"', "number is '0'"),
        ('"metrics":{', '"metrics":[],"more":{', r"metrics is '\[\]'"),
        ('"scores":[', '"scores":["high",', "scores are no numbers"),
    ],
)
def test_a_line_whose_values_are_of_another_kind_is_an_error_too(tmp_path, right, wrong, said):
    ledger = TrialLedger(tmp_path)
    ledger.keep("s", [trial(0)])
    path = ledger.path_of("s")
    text = path.read_text(encoding="utf-8")
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(DataError, match=rf"is no line of a trial ledger \({said}\)"):
        ledger.load("s")
