"""compare: finds runs, makes what is no run yet, and writes what it found."""

import errno
import json

import pytest

from lockstep.cli import door, portfolio
from lockstep.core.files import write_json
from lockstep.metrics.summary import summarise

SHORT = ["--start", "2025-01-01", "--end", "2025-04-11", "--quiet"]
ONE = ["--assets", "EURGBPX"]


def newest(results):
    return max((results / "comparison").iterdir(), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return a results folder with two strategies run and compared."""
    folder = tmp_path_factory.mktemp("results")

    def only_numbers(result, directory, bars):
        write_json(directory / "metrics.json", summarise(result))

    words = ["compare", "mean_reversion", "breakout", *ONE, *SHORT, "--resamples", "99"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portfolio.report, "write", only_numbers)  # figures are not looked at here
        assert door.main([*words, "--results", str(folder)]) == 0
    return folder


def test_strategies_are_run_first_each_with_its_own_configuration(results):
    place = newest(results)
    assert sorted(path.name for path in place.iterdir()) == [
        "comparison.html", "comparison.json", "comparison.pdf", "comparison.txt", "configs",
        "figures",
    ]  # fmt: skip
    numbers = json.loads((place / "comparison.json").read_text())
    assert [(run["letter"], run["named"], run["made"]) for run in numbers["runs"]] == [
        ("A", "mean_reversion", True),
        ("B", "breakout", True),
    ]
    for run in numbers["runs"]:
        config = json.loads((results / run["run_id"] / "config.json").read_text())
        assert config["assets"]["EURGBPX_5m"]["strategy"] == run["named"]
    own = json.loads((place / "configs" / "mean_reversion.json").read_text())
    assert own["assets"]["EURGBPX_5m"]["parameters"]["bollinger_period"] > 0


def test_finished_runs_are_compared_as_they_are(results, capsys):
    runs = sorted(path.name for path in results.iterdir() if path.name.startswith("20"))
    words = ["compare", runs[0], "latest", "--resamples", "99", "--results", str(results)]
    assert door.main(words) == 0
    said = capsys.readouterr().out
    assert "WHAT CAN BE SAID" in said
    assert "report: " in said
    numbers = json.loads((newest(results) / "comparison.json").read_text())
    assert [run["run_id"] for run in numbers["runs"]] == runs
    assert not any(run["made"] for run in numbers["runs"])


def test_json_alone_goes_to_stdout(results, capsys):
    runs = sorted(path.name for path in results.iterdir() if path.name.startswith("20"))
    words = ["compare", *runs, "--json", "--resamples", "99", "--results", str(results)]
    assert door.main(words) == 0
    assert json.loads(capsys.readouterr().out)["test"]["resamples"] == 99


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["latest", "latest"], "named twice; a run does not differ from itself"),
        (["latest"], "1 run to compare; expected two to 20"),
        (["breakout", "breakout"], "breakout named twice; a run does not differ from itself"),
        (["latest", "mean_reversal"], "It is no config file and no strategy (breakout,"),
        (["latest", "latest", "--capital", "5"], "--capital: of use only for what is run first"),
    ],
)
def test_what_cannot_be_compared_is_refused(results, capsys, words, said):
    assert door.main(["compare", *words, "--results", str(results)]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_slip_of_the_pen_costs_no_run(results, capsys):
    before = sorted(results.iterdir())
    assert door.main(["compare", "breakout", "nothing", *SHORT, "--results", str(results)]) == 2
    assert sorted(results.iterdir()) == before
    assert "'nothing' is no run" in capsys.readouterr().err


def test_an_unfinished_run_is_not_compared(results, capsys, tmp_path):
    (tmp_path / "20260101-101500-1a2b3c4d").mkdir()
    words = ["compare", "20260101-101500-1a2b3c4d", "latest", "--results", str(tmp_path)]
    assert door.main(words) == 2
    assert "is damaged; only complete runs can be compared" in capsys.readouterr().err


def test_a_stopped_comparison_says_that_its_command_is_to_be_given_again(
    tmp_path, monkeypatch, capsys
):
    def stops(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(portfolio.report, "write", stops)
    words = ["compare", "mean_reversion", "breakout", *ONE, *SHORT[:-1]]
    assert door.main([*words, "--results", str(tmp_path)]) == 130
    said = capsys.readouterr().err
    assert "what it finished is kept: give the same command again" in said
    assert "--resume" not in said


def test_a_disk_that_takes_no_more_is_one_clear_error(results, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "comparison.txt")

    runs = sorted(path.name for path in results.iterdir() if path.name.startswith("20"))
    monkeypatch.setattr("lockstep.cli.compare.write_text", full)
    words = ["compare", *runs[:2], "--resamples", "99", "--results", str(results)]
    assert door.main(words) == 74
    monkeypatch.setattr("lockstep.cli.compare.write_json", full)
    words = ["compare", "breakout", runs[0], *ONE, *SHORT, "--results", str(results)]
    assert door.main(words) == 74
    assert capsys.readouterr().err.count("cannot be written (No space left on device)") == 2
