import importlib
import json
import os

import pytest

from lockstep import report
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.report.canvas import pictures
from lockstep.runs.store import save
from tests.report.results import facts_of, made, names, partial

writing = importlib.import_module("lockstep.report.write")
PAGES = {"metrics.json", "report.txt", "report.html", "report.pdf", "solo/ledger.csv"}


@pytest.fixture
def one_figure(monkeypatch):
    """Draw only the first figure: the others have tests of their own."""
    monkeypatch.setattr(writing, "pictures", lambda: pictures()[:1])


def files_of(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_report_is_its_numbers_its_pages_and_its_figures_and_returns_the_numbers(tmp_path):
    result = made(2, 5)
    metrics = report.write(result, tmp_path)
    files = files_of(tmp_path)
    drawn = {name for name in files if name.startswith("figures/")}
    assert files.keys() - drawn == PAGES
    assert "figures/equity.png" in drawn
    assert json.loads(files["metrics.json"]) == metrics == summarise(result)
    # every figure stands in the page, and the PDF has a page for it behind those of the text
    assert files["report.html"].count(b"<figure ") == len(drawn)


def test_the_same_result_makes_the_same_bytes(tmp_path, one_figure):
    for name in ("one", "two"):
        report.write(made(3, 10), tmp_path / name)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_a_saved_result_is_redrawn_to_the_same_bytes(tmp_path, one_figure):
    facts = facts_of(names(3), 10, labels=["SYNTHETIC"], notes={"ASSET00": ["A \u2028 gap."]})
    result = made(3, 10, facts=facts)
    save(result, tmp_path / "run")
    report.write(result, tmp_path / "run")
    report.write(RunResult.load(tmp_path / "run"), tmp_path / "again")
    again = files_of(tmp_path / "again")
    saved = files_of(tmp_path / "run")
    assert {name: saved[name] for name in again} == again


def test_numbers_on_the_page_are_those_of_metrics_json(tmp_path, one_figure):
    metrics = report.write(made(4, 15), tmp_path)
    text = " ".join((tmp_path / "report.txt").read_text(encoding="utf-8").split())
    portfolio = metrics["portfolio"]
    for number in (portfolio["net_pnl"], portfolio["weighted_solo_pnl"]):
        assert f" {number:+,.2f} " in text
    assert f"Sharpe / Sortino {portfolio['sharpe']:.2f} / {portfolio['sortino']:.2f}" in text
    assert f"{portfolio['max_drawdown']:.2%}" in text


def test_a_partial_run_is_reported_too(tmp_path):
    metrics = report.write(partial(), tmp_path)
    assert metrics["portfolio"] == {}
    assert (tmp_path / "figures" / "equity.png").read_bytes().startswith(b"\x89PNG")
    assert b"NO PORTFOLIO NUMBER" in (tmp_path / "report.html").read_bytes()


def test_a_figure_with_nothing_to_show_leaves_no_older_one_behind(tmp_path, monkeypatch):
    (tmp_path / "figures").mkdir()
    shown, gone, prices = (
        tmp_path / "figures" / name for name in ("equity.png", "weights.png", "price_ASSET00.png")
    )
    for file in (shown, gone, prices):
        file.write_bytes(b"of another version")
    monkeypatch.setattr(writing, "pictures", lambda: [pictures()[0], ("weights", _Nothing())])
    report.write(made(2, 5), tmp_path)
    assert shown.read_bytes().startswith(b"\x89PNG")
    assert not gone.exists()
    assert prices.exists()  # asked for, and no part of every report


class _Nothing:
    title = "Nothing to show"

    def draw(self, reading):
        return None


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch, one_figure):
    report.write(made(2, 5), tmp_path)
    before = files_of(tmp_path)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        report.write(made(2, 6), tmp_path)
    assert files_of(tmp_path) == before
