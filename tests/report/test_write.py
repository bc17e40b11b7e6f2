import json
import os

import pytest

from lockstep import report
from lockstep.metrics.summary import summarise
from tests.report.results import made, partial

PAGES = {f"run/{name}" for name in ("metrics.json", "report.txt", "solo/ledger.csv")}


def test_a_report_is_its_numbers_its_pages_and_its_figures_and_returns_the_numbers(tmp_path):
    result = made(2, 5)
    metrics = report.write(result, tmp_path / "run")
    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert {file for file in files if "/figures/" not in file} == PAGES
    assert "run/figures/equity.png" in files
    written = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert written == metrics == summarise(result)


def test_the_same_result_makes_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        report.write(made(3, 10), tmp_path / name)
    for file in ("report.txt", "metrics.json", "figures/equity.png"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_numbers_on_the_page_are_those_of_metrics_json(tmp_path):
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


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    report.write(made(2, 5), tmp_path)
    before = (tmp_path / "metrics.json").read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        report.write(made(2, 6), tmp_path)
    assert (tmp_path / "metrics.json").read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))
