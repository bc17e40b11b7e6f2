"""docs/results.md names every file, column and code that a real run leaves behind."""

from pathlib import Path

import pytest

from lockstep import report
from lockstep.config.loading import load
from lockstep.config.selection import Selection
from lockstep.core.codes import DECISIONS, EXIT_REASONS
from lockstep.core.result import FILES, LEDGER_TERMS, RunResult
from lockstep.data.sample import SAMPLE_START, sample_bars
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.runs.store import save

ROOT = Path(__file__).parents[2]
TWO_WEEKS = 14 * 86_400_000_000_000


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    symbols = ("BTCUSDX", "EURUSDX", "USDJPYX")
    loaded = load(
        ROOT / "assets_config_highperf.json",
        Selection(symbols=symbols),
        results_dir=tmp_path_factory.mktemp("results"),
    )
    bars = {
        symbol: data.between(SAMPLE_START, SAMPLE_START + TWO_WEEKS)
        for symbol, data in sample_bars(symbols).items()
    }
    return PortfolioBacktester(loaded.config.assets, loaded.config.portfolio).run(bars)


def named(page, name):
    return f"`{name}`" in page


def test_every_file_of_a_run_is_described(page):
    made = ("report.txt", "metrics.json", "figures/equity.png", "manifest.json", "status.json")
    assert [name for name in (*FILES, *made) if not named(page, name)] == []


def test_every_column_of_a_real_run_is_described(page, result):
    columns = [*result.trades, *result.decisions, *result.ledger, *result.account]
    columns += ["reserve", "total", *LEDGER_TERMS]
    expected = [name for name in columns if not name.startswith("exposure_")]
    assert [name for name in expected if not named(page, name)] == []
    assert "exposure_JPY" in columns


def test_every_fact_of_a_real_run_is_described(page, result):
    assert [name for name in result.facts if not named(page, name)] == []


def test_every_code_and_exit_reason_is_described(page):
    assert [code for code in (*DECISIONS, *EXIT_REASONS[1:]) if not named(page, code)] == []


def test_a_saved_run_is_reported_in_the_same_bytes_as_the_run_itself(result, tmp_path):
    report.write(result, tmp_path / "played")
    save(result, tmp_path / "saved")
    report.write(RunResult.load(tmp_path / "saved"), tmp_path / "loaded")
    for name in ("report.txt", "metrics.json", "figures/equity.png"):
        played, loaded = (tmp_path / run / name for run in ("played", "loaded"))
        assert played.read_bytes() == loaded.read_bytes(), name


def test_a_real_run_adds_up_on_the_page(result, tmp_path):
    metrics = report.write(result, tmp_path)
    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    net = metrics["portfolio"]["net_pnl"]
    totals = [line.split() for line in text.split("\n") if line.startswith("  TOTAL")]
    assert totals[0][-1] == totals[1][-1] == f"{net:,.2f}"
    assert net == pytest.approx(result.trades["net_pnl"].sum(), abs=1e-4)
    assert "SYNTHETIC" in text
