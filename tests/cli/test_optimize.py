"""optimize: flags to trials, a result that can be trusted, and errors a person understands."""

import json
import logging

import pandas as pd
import pytest

from lockstep.cli import door, optimize, portfolio
from lockstep.core.files import write_json
from lockstep.metrics.summary import summarise
from lockstep.runs.searches import SavedSearch, find_search
from lockstep.runs.trials import TrialLedger

SHORT = ["--start", "2025-01-01", "--end", "2025-02-14", "--quiet", "--jobs", "1"]
ONE = ["--assets", "EURGBPX"]
FEW = ["--min-trades", "1"]


def optimise(results, *words):
    return door.main(["optimize", *words, *SHORT, "--results", str(results)])


def newest(results):
    """Return the search that was written last: two of one second do not sort by their names."""
    made = [p for p in (results / "optimization").iterdir() if not p.name.startswith(".")]
    return max(made, key=lambda path: (path / "status.json").stat().st_mtime_ns)


def result_of(results):
    return json.loads((newest(results) / "result.json").read_text())


@pytest.fixture(scope="module", autouse=True)
def code():
    """Name the code once: a file that is edited meanwhile would begin other searches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimize, "source_hash", lambda: "code")
        yield


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    assert optimise(folder, *ONE, *FEW, "--trials", "24", "--select", "plateau") == 0
    return folder


def test_the_result_says_what_was_searched_and_what_was_chosen(results):
    told = result_of(results)
    assert told["id"] == newest(results).name
    assert told["labels"] == ["SYNTHETIC", "IN-SAMPLE"]
    one = told["assets"]["EURGBPX"]
    assert (one["strategy"], one["method"], one["select"]) == (
        "mean_reversion", "bayesian", "plateau",
    )  # fmt: skip
    assert one["trials"]["proposed"] == 24
    assert one["trials"]["made"] == 24 + one["trials"]["beside"] == told["trials"]
    assert {**one["parameters"], **one["best_params"]} == one["parameters"]
    assert len(one["top_10"]) == 10
    assert len(one["robustness"]) == 5
    assert one["best_trial"] in [around["trial"] for around in one["robustness"]]
    assert one["plateau"]["score"] == max(around["plateau"] for around in one["robustness"])
    assert one["data"]["start"] == "2025-01-01T00:00:00"
    assert len(one["data"]["sha256"]) == 64
    assert told["luck"]["verdict"]["trials"] == told["trials"]


def test_the_chosen_parameters_make_the_same_run(results, tmp_path, monkeypatch):
    def only_numbers(result, directory, bars):
        write_json(directory / "metrics.json", summarise(result))

    monkeypatch.setattr(portfolio.report, "write", only_numbers)  # figures are not looked at here
    told = result_of(results)
    one = told["assets"]["EURGBPX"]
    config = json.loads((newest(results) / "config.json").read_text())
    config["assets"]["EURGBPX_5m"]["parameters"] = one["parameters"]
    del config["search"]
    (tmp_path / "tuned.json").write_text(json.dumps(config))
    words = ["asset", "--symbol", "EURGBPX", "--solo", "--config", str(tmp_path / "tuned.json")]
    words += ["--start", "2025-01-01", "--end", "2025-02-14", "--quiet"]
    assert door.main([*words, "--results", str(tmp_path)]) == 0
    run = max(p for p in tmp_path.iterdir() if p.name.startswith("20"))
    solo = json.loads((run / "metrics.json").read_text())["solo"]["EURGBPX"]
    assert {name: solo[name] for name in one["best_metrics"]} == one["best_metrics"]


def test_every_trial_is_in_the_table_and_in_the_ledger(results):
    told = result_of(results)
    frame = pd.read_parquet(newest(results) / "trials.parquet")
    assert len(frame) == told["trials"]
    assert (~frame["beside"]).sum() == 24
    ledger = TrialLedger(results / "trials")
    study = told["assets"]["EURGBPX"]["study"]
    assert len(ledger.load(study)) == 24
    assert len(ledger.load(f"{study}-beside")) == told["assets"]["EURGBPX"]["trials"]["beside"]
    saved = SavedSearch.of(find_search("latest", results))
    trials = saved.trials(ledger)
    assert len(trials) == told["trials"]
    assert saved.chosen(trials)["EURGBPX"].number == told["assets"]["EURGBPX"]["best_trial"]


def test_the_same_search_again_pays_for_nothing_and_finds_the_same(results, monkeypatch, capsys):
    first = result_of(results)

    def never(*given):
        raise AssertionError(given)

    monkeypatch.setattr("lockstep.research.optimizer.tried", never)
    words = [*ONE, *FEW, "--trials", "24", "--select", "plateau", "--json"]
    assert optimise(results, *words) == 0
    again = json.loads(capsys.readouterr().out)
    assert {**again, "id": ""} == {**first, "id": ""}


def test_the_first_line_on_the_terminal_is_the_verdict(tmp_path, capsys):
    grid = ["--method", "grid", "--vary", "stop_multiplier=2:4:1", "--vary", "reward_risk=1,2"]
    assert optimise(tmp_path, *ONE, *FEW, *grid, "--objective", "pnl", "drawdown") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["[SYNTHETIC]", "[IN-SAMPLE]"]
    assert "out of sample not measured | deflated Sharpe" in said[2]
    assert said[3].startswith("EURGBPX: pnl ")
    one = result_of(tmp_path)["assets"]["EURGBPX"]
    assert one["space"]["levels"] == {"stop_multiplier": [2.0, 3.0, 4.0], "reward_risk": [1.0, 2.0]}
    assert one["pareto"]
    assert one["best_params"] == one["pareto"][0]["params"]


def test_what_other_searches_looked_at_on_these_days_is_told(tmp_path, capsys):
    grid = ["--method", "grid", "--min-trades", "1", "--vary"]
    assert optimise(tmp_path, *ONE, *grid, "stop_multiplier=2,3", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["assets"]["EURGBPX"]["earlier"] == {}
    made = first["trials"]
    assert optimise(tmp_path, *ONE, *grid, "reward_risk=1,2") == 0
    said = capsys.readouterr().out.splitlines()
    second = result_of(tmp_path)
    assert second["assets"]["EURGBPX"]["earlier"] == {first["id"]: made}
    assert said[3] == (
        f"not counted: {made} further trials on these days by 1 other search or walk-forward; all "
        f"together: luck {second['id']} {first['id']}"
    )
    page = (newest(tmp_path) / "optimization.txt").read_text(encoding="utf-8")
    box = page.index("NOT COUNTED above: "), page.index(f"{made} further trials of EURGBPX")
    assert max(box) < page.index("WHAT WAS CHOSEN")
    summary = (tmp_path / "portfolio_summary.txt").read_text(encoding="utf-8")
    assert f"| not counted: {made} further trials on these days by 1 other search or" in summary


def test_limits_that_nothing_keeps_leave_a_partial_result_with_all_trials(tmp_path, capsys):
    words = ["--method", "random", "--trials", "5", "--min-trades", "100000"]
    assert optimise(tmp_path, *ONE, *words) == 5
    assert "partial: no trial of EURGBPX keeps the limits" in capsys.readouterr().err
    told = result_of(tmp_path)
    assert told["assets"]["EURGBPX"]["best_params"] is None
    assert len(pd.read_parquet(newest(tmp_path) / "trials.parquet")) == 5
    status = json.loads((newest(tmp_path) / "status.json").read_text())
    assert status["status"] == "partial"


def test_two_jobs_find_what_one_finds(tmp_path):
    words = ["--assets", "EURUSDX", "GBPUSDX", *FEW, "--trials", "16"]
    assert optimise(tmp_path / "one", *words) == 0
    assert optimise(tmp_path / "two", *words, "--jobs", "2") == 0
    one, two = result_of(tmp_path / "one"), result_of(tmp_path / "two")
    assert one["assets"] == two["assets"]
    assert list(one["assets"]) == ["EURUSDX", "GBPUSDX"]


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on_with_it(tmp_path, monkeypatch, capsys):
    calls = []
    real = optimize.search_many

    def interrupted(optimizers, jobs, *, progress):
        from lockstep.research.trying import tried

        def once(*given):
            calls.append(given)
            if len(calls) == 12:
                raise KeyboardInterrupt
            return tried(*given)

        with monkeypatch.context() as patch:
            patch.setattr("lockstep.research.optimizer.tried", once)
            yield from real(optimizers, jobs, progress=progress)

    words = [*ONE, *FEW, "--method", "random", "--trials", "20"]
    with monkeypatch.context() as patch:
        patch.setattr(optimize, "search_many", interrupted)
        assert optimise(tmp_path, *words) == 130
    name = newest(tmp_path).name
    assert json.loads((newest(tmp_path) / "status.json").read_text())["status"] == "interrupted"
    assert not (newest(tmp_path) / "result.json").exists()
    ledger = TrialLedger(tmp_path / "trials")
    assert [len(ledger.load(study)) for study in ledger.studies()] == [11]
    assert door.main(["optimize", "--resume", name[:15], "--results", str(tmp_path), *ONE]) == 0
    assert newest(tmp_path).name == name
    told = result_of(tmp_path)
    assert told["assets"]["EURGBPX"]["trials"]["proposed"] == 20
    assert optimise(tmp_path / "straight", *words) == 0
    straight = result_of(tmp_path / "straight")
    assert straight["assets"] == told["assets"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([*ONE, "--vary", "stop=1:2"], 3, "stop is no parameter of mean_reversion"),
        ([*ONE, "--vary", "stop_multiplier=3:2"], 3, "the range 3 to 2 by 0.25 is empty"),
        ([*ONE, "--vary", "stop_multiplier"], 2, "expected NAME=LOW:HIGH"),
        ([*ONE, "--space", "tiny"], 2, "no such file, and no such grid; expected quick, focused"),
        ([*ONE, "--space", "wide", "--method", "grid"], 3, "Cap it by --trials"),
        ([*ONE, "--max-drawdown-pct", "0"], 2, "no percentage above 0"),
        ([*ONE, "--ledger", "mongodb://x"], 3, "of the kind 'mongodb'"),
        ([*ONE, "--results", " "], 2, "--results is empty"),
        (["--assets", "EURGBPY"], 3, "EURGBPY"),
        ([*ONE, "--resume", "nothing"], 2, "nothing"),
    ],
)
def test_what_cannot_be_is_one_clear_error(tmp_path, capsys, words, code, said):
    assert door.main(["optimize", *SHORT, "--results", str(tmp_path), *words]) == code
    assert said in capsys.readouterr().err


def test_too_little_data_names_the_date_until_which_there_should_be_bars(tmp_path, capsys):
    words = ["optimize", *ONE, "--start", "2025-01-01", "--end", "2025-01-10", "--quiet"]
    assert door.main([*words, "--results", str(tmp_path)]) == 4
    said = capsys.readouterr().err
    assert "trading days between 2025-01-01 and 2025-01-10 after the longest look-back" in said
    assert "a search needs 20: bars until about 2025-01-" in said
    assert not any(p.is_dir() for p in (tmp_path / "optimization").iterdir())


def test_a_password_is_in_no_file_of_the_result(tmp_path):
    pytest.importorskip("optuna")
    url = f"sqlite:///{tmp_path}/trials.db"
    assert optimise(tmp_path, *ONE, *FEW, "--method", "random", "--trials", "3",
                    "--ledger", url) == 0  # fmt: skip
    assert result_of(tmp_path)["trials_in"] == url
    assert not (tmp_path / "trials").exists()
    logging.getLogger("optuna").setLevel(logging.WARNING)
