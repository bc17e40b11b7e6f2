"""``report``, ``runs`` and ``show``: a saved run redrawn, listed and printed."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from lockstep import report
from lockstep.cli import door, index
from lockstep.core.registry import report_sections
from lockstep.core.result import RunResult
from lockstep.report.canvas import pictures
from lockstep.runs.directory import RunDirectory
from lockstep.runs.store import save
from tests.report import results

writing = importlib.import_module("lockstep.report.write")
RUN = "20250301-120000-1a2b3c4d"
SHORT = ["--start", "2025-02-03", "--end", "2025-02-12", "--jobs", "1", "--quiet"]


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder, and put back what a door changes in its process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a finished run, drawn with its first figure alone."""
    path = tmp_path_factory.mktemp("finished") / RUN
    result = results.made(3, 12)
    result = dataclasses.replace(result, facts={**result.facts, "labels": ["SYNTHETIC"]})
    save(result, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "pictures", lambda: pictures()[:1])
        report.write(result, path)
    place = RunDirectory(path)
    place.mark("running")
    place.finish("complete")
    return path


@pytest.fixture
def saved(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the finished run among the results of the working folder."""
    monkeypatch.setattr(writing, "pictures", lambda: pictures()[:1])
    return Path(shutil.copytree(finished, tmp_path / "results" / RUN))


def contents(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_a_run_redrawn_is_byte_for_byte_what_the_run_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [(name, picture) for name, picture in pictures() if name in ("equity", "price")]
    monkeypatch.setattr(writing, "pictures", lambda: some)
    assert door.main(["--symbol", "EURGBPX", *SHORT[:4], "--quiet"]) == 0
    (path,) = (one for one in (tmp_path / "results").iterdir() if one.is_dir())
    before = contents(path)
    written = [*(path / name for name in report.PAGES), *(path / "figures").iterdir()]
    assert len(written) == len(report.PAGES) + len(some)
    for file in written:
        file.unlink()
    assert door.main(["report", "latest", "--quiet"]) == 0
    assert contents(path) == before
    # the price figure shows the bars, read again, that the run had at hand
    assert "figures/price.png" in before


def test_redrawing_tells_what_changed_and_takes_the_hashes_anew(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saved / "report.txt").write_text("scribbled over\n", encoding="utf-8")
    assert RunDirectory(saved).damage() == {"report.txt": "changed"}
    assert door.main(["report", RUN, "--quiet"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "6 files written: 1 of them changed",
        "  report.txt",
        f"report: results/{RUN}/report.txt",
    ]
    assert RunDirectory(saved).damage() == {}
    assert door.main(["report", RUN, "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("6 files written: the same bytes as before\n")


def test_a_table_that_was_changed_by_hand_is_pointed_out_and_stays_found(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trades = (saved / "trades.csv").read_text(encoding="utf-8")
    (saved / "trades.csv").write_text(trades.replace("long", "short"), encoding="utf-8")
    assert door.main(["report", RUN]) == 0
    told = capsys.readouterr().err
    assert "trades.csv is changed: what you see is of what is there now" in told
    assert RunDirectory(saved).damage() == {"trades.csv": "changed"}


def test_prices_that_cannot_be_read_again_are_told_and_drawn_as_such(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["report", RUN, "--prices", "ASSET01"]) == 0
    assert "no prices of ASSET01: " in capsys.readouterr().err
    assert (saved / "figures" / "price_ASSET01.png").read_bytes().startswith(b"\x89PNG")
    assert RunDirectory(saved).damage() == {}


def test_prices_of_an_asset_that_was_not_there_are_refused(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["report", RUN, "--prices", "ASSET09"]) == 2
    assert "--prices ASSET09: not in the run; did you mean" in capsys.readouterr().err


@pytest.mark.parametrize("status", ["failed", "interrupted"])
@pytest.mark.parametrize("command", ["report", "show"])
def test_a_run_without_a_result_is_refused_with_what_became_of_it(
    saved: Path, capsys: pytest.CaptureFixture[str], command: str, status: str
) -> None:
    RunDirectory(saved).mark(status)
    assert door.main([command, RUN]) == 4
    assert f"{RUN} is {status}: it holds no result." in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_one_clear_error(
    saved: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(saved)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert door.main(["report", RUN, "--quiet"]) == 74
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert contents(saved) == before


def test_runs_are_listed_with_what_became_of_them(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, status in (("20250302-120000-22222222", "failed"), ("20250303-120000-33333333", "")):
        (saved.parent / name).mkdir()
        if status:
            RunDirectory(saved.parent / name).mark(status)
    (saved.parent / "20250302-120000-22222222" / "config.json").write_text("{}", encoding="utf-8")
    assert door.main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    metrics = json.loads((saved / "metrics.json").read_text(encoding="utf-8"))["portfolio"]
    shown = [
        RUN, "2025-03-01", "12:00", "3", "equal_weight", f"{metrics['total_return'] * 100:.2f}",
        f"{metrics['sharpe']:.2f}", f"{metrics['max_drawdown'] * 100:.2f}", "complete", "S",
    ]  # fmt: skip
    assert [line.split() for line in lines if RUN in line] == [shown]
    assert [line.split()[0] for line in lines[3:6]] == [
        "20250303-120000-33333333", "20250302-120000-22222222", RUN
    ]  # fmt: skip
    assert "  labels: S synthetic prices" in lines[6]
    assert lines[7] == "  20250303-120000-33333333: status.json is missing or unreadable"


def test_a_list_of_no_runs_and_a_list_as_json(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["runs", "--results", "nowhere"]) == 0
    assert capsys.readouterr().out == "nowhere holds no run.\n"
    assert door.main(["runs", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["run_id"], one["status"], one["labels"]) == (RUN, "complete", ["SYNTHETIC"])


def test_the_index_is_written_when_asked_for_and_after_a_report(saved: Path) -> None:
    page = saved.parent / "index.html"
    assert door.main(["runs", "--index"]) == 0
    assert f'<a href="./{RUN}/report.html">{RUN}</a>' in page.read_text(encoding="utf-8")
    page.unlink()
    assert door.main(["report", RUN, "--quiet"]) == 0
    assert page.is_file()


def test_the_index_is_made_again_if_a_run_ends_while_it_is_made(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = saved.parent / "20250302-120000-22222222"
    write, calls = index.write, []

    def slow(runs: list[index.Listed], root: Path) -> None:
        if not calls:
            other.mkdir()
            RunDirectory(other).mark("failed")
        calls.append(len(runs))
        write(runs, root)

    monkeypatch.setattr(index, "write", slow)
    index.refresh(saved.parent)
    assert calls == [1, 2]
    assert other.name in (saved.parent / "index.html").read_text(encoding="utf-8")


def test_show_prints_page_one_from_the_numbers_alone(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (saved / "report.txt").read_text(encoding="utf-8")
    for name in ("trades.csv", "equity.parquet", "ledger.parquet"):
        (saved / name).unlink()
    assert door.main(["show", "2025"]) == 0
    page = capsys.readouterr().out
    assert text.startswith(page)
    assert "WHAT WOULD HAVE HURT" in page
    assert page.count("\n") <= 60


def test_show_prints_any_section_as_it_stands_in_the_report(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (saved / "report.txt").read_text(encoding="utf-8")
    result = RunResult.load(saved)
    assert result.symbols
    assert door.main(["show", RUN, "--section", "costs"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"--- {report_sections.get('costs').title} ")
    assert said in text


def test_show_prints_the_numbers(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["show", RUN, "--json"]) == 0
    assert capsys.readouterr().out == (saved / "metrics.json").read_text(encoding="utf-8")


def test_show_of_an_unknown_section_or_run_names_what_there_is(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["show", RUN, "--section", "nonsense"]) == 2
    assert "costs" in capsys.readouterr().err
    assert door.main(["show", "20250301-120000-1a2b3c4e"]) == 2
    assert f"Nearest: {RUN}." in capsys.readouterr().err


def test_a_damaged_file_of_numbers_is_one_clear_error(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saved / "metrics.json").write_text("{", encoding="utf-8")
    assert door.main(["show", RUN]) == 4
    assert "metrics.json cannot be read (Expecting" in capsys.readouterr().err


def test_a_directory_whose_name_is_no_unicode_is_listed(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = saved.parent / os.fsdecode(b"run\xff")
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    (odd / "status.json").write_text('{"status": "failed"}', encoding="utf-8")
    (odd / "config.json").write_text("{}", encoding="utf-8")
    (odd / "run.log").write_text("", encoding="utf-8")
    assert door.main(["runs", "--index"]) == 0
    assert door.main(["runs", "--json"]) == 0
    assert "run\\udcff" in capsys.readouterr().out
    page = (saved.parent / "index.html").read_text(encoding="utf-8")
    assert 'href="./run%FF/run.log"' in page
