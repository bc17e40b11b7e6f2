import json

import pytest

from lockstep.cli.door import main
from lockstep.core.files import write_json
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.runs.directory import RunDirectory

FLAGS = [
    "walkforward", "--assets", "EURUSDX", "BTCUSDX", "--in-sample", "2", "--out-of-sample", "2",
    "--vary", "stop_multiplier=2:3:1", "--vary", "reward_risk=1,1.5", "--method", "grid",
    "--min-trades", "5", "--jobs", "1", "--quiet",
]  # fmt: skip


def only_numbers(result, directory, bars):
    """Write of a report what other commands read; its pages have tests of their own."""
    write_json(directory / "metrics.json", summarise(result))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    place = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lockstep.cli.walkforward.write", only_numbers)
        patch.setattr("lockstep.cli.walkforward.source_hash", lambda: "this code")
        assert main([*FLAGS, "--cpcv", "4:2", "--results", str(place)]) == 0
    return place


@pytest.fixture(scope="module")
def study(results):
    (found,) = (results / "walkforward").iterdir()
    return found


@pytest.fixture(scope="module")
def told(study):
    return json.loads((study / "walkforward.json").read_text(encoding="utf-8"))


def test_a_study_has_its_numbers_its_page_and_its_figures(study, told):
    files = {path.relative_to(study).as_posix() for path in study.rglob("*") if path.is_file()}
    assert files == {
        "walkforward.json", "walkforward.txt",
        "figures/windows.png", "figures/equity.png", "figures/parameters.png",
    }  # fmt: skip
    assert told["id"] == study.name
    assert [len(window["assets"]) for window in told["windows"]] == [2, 2]
    assert told["trials"] == 2 * 2 * 4
    assert told["cross_validation"]["splits"] == 6


def test_the_first_thing_said_is_how_likely_it_is_luck(study, told):
    text = (study / "walkforward.txt").read_text(encoding="utf-8")
    head = " ".join(line.strip("|+-= ") for line in text.splitlines()[:22])
    assert "OUT-OF-SAMPLE (WALK-FORWARD) - parameters, assets and weights were chosen" in head
    assert "24 trials (about" in head
    assert "out of sample" in head
    assert "PBO" in head
    assert max(map(len, text.splitlines())) <= 100


def test_the_account_is_kept_as_a_run_that_other_commands_read(results, told, capsys):
    run = results / told["run_id"]
    result = RunResult.load(run)
    assert "OUT-OF-SAMPLE (walk-forward)" in result.facts["labels"]
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["portfolio"]["net_pnl"] == pytest.approx(told["out_of_sample"]["net_pnl"])
    assert main(["montecarlo", str(run), "--paths", "50", "--quiet"]) == 0
    assert "OUT-OF-SAMPLE (walk-forward)" in capsys.readouterr().out


def test_the_account_cannot_be_verified_as_if_its_parameters_never_changed(results, told, capsys):
    assert main(["verify", told["run_id"], "--results", str(results), "--quiet"]) == 2
    assert "is the account of a walk-forward" in capsys.readouterr().err


def test_luck_finds_every_trial_of_the_study_again(results, told, capsys):
    assert main(["luck", told["id"], "--results", str(results), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["labels"] == ["SYNTHETIC", "THE TRIALS OF A WALK-FORWARD: IN-SAMPLE"]
    assert again["verdict"]["trials"] == told["luck"]["verdict"]["trials"] == 24
    expected = told["luck"]["verdict"]["out_of_sample_sharpe"]
    assert again["verdict"]["out_of_sample_sharpe"] == pytest.approx(expected)
    assert again["by_asset"] == told["luck"]["by_asset"]
    for name in ("level", "in_sample_sharpe", "in_sample_of", "deflated_sharpe", "pbo"):
        assert again["verdict"][name] == told["luck"]["verdict"][name], name
    assert told["luck"]["verdict"]["in_sample_sharpe"] == told["in_sample"]["median_sharpe"]


def test_the_same_flags_pay_for_no_trial_twice(results, told, monkeypatch, capsys):
    monkeypatch.setattr("lockstep.research.evaluation.Evaluator.evaluate", None)
    monkeypatch.setattr("lockstep.cli.walkforward.write", only_numbers)
    monkeypatch.setattr("lockstep.cli.walkforward.source_hash", lambda: "this code")
    assert main([*FLAGS, "--results", str(results), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["windows"] == told["windows"]
    assert again["out_of_sample"] == told["out_of_sample"]


@pytest.mark.parametrize(("flags", "code", "said"), [
    (["--in-sample", "6"], 4, "Two whole ones need bars from 2025-01-01 up to the end of 2025-10"),
    (["--symbol", "EURUSDX"], 2, "--symbol EURUSDX and --assets both say what to run"),
    (["--player", "cerebro"], 2, "--player cerebro: a walk-forward is played by the compiled"),
    (["--on-asset-error", "drop"], 2, "--on-asset-error: strategies of signals cannot fail"),
    (["--cpcv", "3:3"], 3, "3 of 3 groups cannot be tested"),
    (["--vary", "stop_multiplier"], 2, "--vary stop_multiplier: expected NAME="),
    (["--vary", "stop_multiplyer=1:2:1"], 3, "stop_multiplyer is no parameter of mean_reversion"),
])  # fmt: skip
def test_what_cannot_be_done_is_said_before_any_search(flags, code, said, tmp_path, capsys):
    assert main([*FLAGS, *flags, "--results", str(tmp_path)]) == code
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_same_walk_is_not_made_twice_at_once(results, capsys, monkeypatch):
    flags = [*FLAGS, "--results", str(results)]
    again = []

    def second(analyzer):
        again.append(main(flags))
        raise KeyboardInterrupt

    monkeypatch.setattr("lockstep.cli.walkforward.WalkForwardAnalyzer.run", second)
    assert main([flag for flag in flags if flag != "--quiet"]) == 130
    assert again == [75]
    said = capsys.readouterr().err
    assert "is being run on the same data by process" in said
    assert "its trials are kept: give the same command again" in said
    assert not list((results / "walkforward").glob(".*"))


def test_a_common_range_is_what_windows_are_cut_from(tmp_path, capsys, monkeypatch):
    limits = (1_735_689_600_000_000_000, 1_743_465_600_000_000_000)  # 2025-01-01 to 2025-04-01
    monkeypatch.setattr("lockstep.cli.walkforward.common_range", lambda bars: limits)
    assert main([*FLAGS, "--range", "common", "--results", str(tmp_path)]) == 4
    assert "the data (2025-01-01 to 2025-03-31) are too short" in capsys.readouterr().err


def test_what_happened_is_in_the_log_of_its_run(results, told):
    lines = (results / told["run_id"] / "run.log").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert {one["run_id"] for one in events} == {told["run_id"]}
    stages = [one["event"] for one in events if one["event"].startswith(("data.s", "search", "sa"))]
    assert stages[0] == "data.started"
    assert [name for name in stages if name.startswith("sa")] == ["save.started", "save.finished"]
    assert "search.finished" in stages


def test_a_stopped_walk_is_a_run_that_was_interrupted(tmp_path, monkeypatch):
    def stopped(analyzer):
        raise KeyboardInterrupt

    monkeypatch.setattr("lockstep.cli.walkforward.WalkForwardAnalyzer.run", stopped)
    assert main([*FLAGS, "--results", str(tmp_path)]) == 130
    (run,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert RunDirectory(run).standing == "interrupted"
    events = [json.loads(line)["event"] for line in (run / "run.log").read_text().splitlines()]
    assert "search.failed" in events


def test_best_configs_that_cannot_be_read_are_told_before_any_search(tmp_path, capsys):
    (tmp_path / "best_configs_pnl.json").write_text("{", encoding="utf-8")
    assert main([*FLAGS, "--results", str(tmp_path)]) == 3
    assert "best_configs_pnl.json" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["best_configs_pnl.json"]
