"""From a search to a portfolio: pages, best_configs, the summary, and the label IN-SAMPLE."""

import json

import numpy as np
import pytest

from lockstep.cli import door, portfolio
from lockstep.core.files import write_json
from lockstep.metrics.summary import summarise
from lockstep.runs.best_configs import path_of, performances

SPAN = ["--start", "2025-01-01", "--end", "2025-02-14", "--quiet"]
TWO = ["--assets", "EURGBPX", "NZDUSDX"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of a search of two assets."""
    folder = tmp_path_factory.mktemp("results")
    words = ["optimize", *TWO, *SPAN, "--trials", "12", "--method", "random", "--jobs", "1"]
    words += ["--min-trades", "1", "--objective", "pnl", "--results", str(folder)]
    assert door.main(words) == 0
    return folder


def told(results):
    (path,) = (results / "optimization").glob("2*")
    return path, json.loads((path / "result.json").read_text())


def run_with(results, monkeypatch, *words):
    """Run the portfolio with tuned parameters; return the config and the facts of the run."""
    made = {}

    def only_numbers(result, directory, bars):
        made.update(config=result.config, metrics=summarise(result), facts=result.facts)
        write_json(directory / "metrics.json", made["metrics"])

    monkeypatch.setattr(portfolio.report, "write", only_numbers)  # figures are not looked at here
    flags = ["--preference", "pnl", *TWO, "--quiet", "--no-counterfactual"]
    assert door.portfolio_main([*flags, *words, "--results", str(results)]) == 0
    return made


def test_every_asset_has_its_page_and_its_figures(results):
    path, _ = told(results)
    page = (path / "optimization.txt").read_text()
    assert page.count("WHAT WAS CHOSEN") == 2
    assert page.splitlines()[7].startswith("| ")
    assert page.count("  Net P&L, USD ") == 2
    for symbol in ("EURGBPX", "NZDUSDX"):
        names = sorted(one.stem for one in (path / "figures" / symbol).iterdir())
        assert names == ["contour", "history", "importance", "parallel", "slices"]
    assert set(json.loads((path / "status.json").read_text())["files"]) >= {
        "optimization.txt",
        "figures/EURGBPX/history.png",
    }


def test_each_preference_has_the_best_trial_by_its_own_measure(results):
    path, numbers = told(results)
    for preference, key, sign in (("pnl", "net_pnl", 1.0), ("drawdown", "max_drawdown", -1.0)):
        for symbol in ("EURGBPX", "NZDUSDX"):
            stored = performances(results, preference)[f"{symbol}_5m"]["performance"]
            made = [one["metrics"][key] for one in numbers["assets"][symbol]["top_10"]]
            assert sign * stored[key] >= max(sign * value for value in made)
            assert stored["trials"] == numbers["assets"][symbol]["trials"]["made"]
            assert stored["optimization_id"] == path.name


def test_the_stored_block_says_what_it_was_measured_on_and_how_sure_it_is(results):
    _, numbers = told(results)
    stored = performances(results, "pnl")["EURGBPX_5m"]["performance"]
    data = numbers["assets"]["EURGBPX"]["data"]
    assert (stored["start"], stored["end"]) == (data["start"], data["end"])
    luck = numbers["luck"]["by_asset"]["EURGBPX"]
    assert stored["deflated_sharpe"] == pytest.approx(luck["deflated_sharpe"])
    assert stored["probability_of_overfitting"] == luck["pbo"]
    assert stored["terms_sha256"] == data["terms_sha256"]
    assert stored["walk_forward"] is None
    assert stored["replaced"] is None
    low, middle, high = stored["quartiles"]["net_pnl"]
    assert low <= middle <= high <= stored["net_pnl"]


def test_a_portfolio_runs_with_the_tuned_parameters_and_is_labelled_in_sample(results, monkeypatch):
    made = run_with(results, monkeypatch, *SPAN[:4])
    stored = performances(results, "pnl")
    for key, block in made["config"]["assets"].items():
        assert block["parameters"] == stored[key]["parameters"]
    assert "in-sample selection: EURGBPX, NZDUSDX" in made["facts"]["labels"]
    # The summary's account is this one, and its naive sum that of the solo runs.
    page = " ".join((results / "portfolio_summary.txt").read_text().split())
    account = made["metrics"]["portfolio"]
    assert f"Honest P&L {account['net_pnl']:+,.2f} USD" in page
    assert f"Naive sum {account['naive_solo_pnl']:+,.2f} USD" in page


def test_on_later_days_the_label_is_gone(results, monkeypatch):
    made = run_with(results, monkeypatch, "--start", "2025-03-01", "--end", "2025-03-14")
    assert not [one for one in made["facts"]["labels"] if one.startswith("in-sample")]


def test_a_second_search_keeps_the_other_assets(results):
    before = performances(results, "pnl")
    words = ["optimize", "--assets", "EURGBPX", *SPAN, "--trials", "3", "--method", "random"]
    words += ["--jobs", "1", "--min-trades", "1", "--objective", "pnl", "--seed", "5"]
    assert door.main([*words, "--results", str(results)]) == 0
    after = performances(results, "pnl")
    assert after["NZDUSDX_5m"] == before["NZDUSDX_5m"]
    assert (
        after["EURGBPX_5m"]["performance"]["trials"] < before["EURGBPX_5m"]["performance"]["trials"]
    )
    page = " ".join((results / "portfolio_summary.txt").read_text().split())
    assert "NZDUSDX_5m: tuned by an earlier search" in page


def test_a_damaged_file_is_told_before_anything_is_searched(tmp_path, capsys):
    path_of(tmp_path, "drawdown").write_text("{", encoding="utf-8")
    words = ["optimize", *TWO, *SPAN, "--results", str(tmp_path)]
    assert door.main(words) == 3
    assert "best_configs_drawdown.json" in capsys.readouterr().err
    assert not (tmp_path / "optimization").exists()


def test_where_nothing_may_be_chosen_nothing_is_stored(tmp_path):
    words = ["optimize", "--assets", "EURGBPX", *SPAN, "--trials", "2", "--method", "random"]
    words += ["--jobs", "1", "--min-trades", "100000", "--results", str(tmp_path)]
    assert door.main(words) == 5
    assert not list(tmp_path.glob("best_configs_*"))
    page = (tmp_path / "portfolio_summary.txt").read_text()
    assert "Not played: nothing was chosen." in page
    (path,) = (tmp_path / "optimization").glob("2*")
    assert "NOTHING WAS CHOSEN" in (path / "optimization.txt").read_text()
    assert np.size(list((path / "figures").rglob("*.png"))) == 5
