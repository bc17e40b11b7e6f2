"""Saved runs whose files were cut, changed, removed or swapped: named, never a bug."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lockstep.cli import door
from lockstep.core.files import write_json
from lockstep.core.result import FILES
from lockstep.metrics.summary import summarise
from lockstep.runs.comparison import first_difference
from lockstep.runs.directory import RunDirectory
from lockstep.runs.listing import listing
from lockstep.runs.store import save
from tests.report import results

RUN = "20250301-120000-1a2b3c4d"
COMMANDS = (
    ["show", RUN],
    ["show", RUN, "--json"],
    ["show", RUN, "--section", "costs"],
    ["montecarlo", RUN, "--paths", "20", "--block-days", "3", "--quiet"],
    ["runs"],
)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def removed(path: Path) -> None:
    path.unlink()


def swapped(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_other_content(path: Path) -> None:
    path.write_text('["nothing", "of the kind"]\n', encoding="utf-8")


def without_keys(path: Path) -> None:
    path.write_text('{"a": 1}\n', encoding="utf-8")


def bottomless(path: Path) -> None:
    path.write_text("[" * 100_000, encoding="utf-8")


HARMS = (cut, emptied, removed, swapped, of_other_content, without_keys, bottomless)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("finished") / RUN
    result = results.made(2, 12)
    save(result, path)
    write_json(path / "metrics.json", summarise(result))
    write_json(path / "manifest.json", {"data": {}, "argv": ["main.py"], "options": {}})
    place = RunDirectory(path)
    place.mark("running")
    place.finish("complete")
    return path


@pytest.fixture
def saved(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return Path(shutil.copytree(finished, tmp_path / "results" / RUN))


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("name", [*FILES, "metrics.json", "manifest.json", "status.json"])
def test_a_damaged_file_is_named_or_told_of_and_never_a_bug(
    saved: Path, capsys: pytest.CaptureFixture[str], name: str, harm: Callable[[Path], None]
) -> None:
    harm(saved / name)
    for words in COMMANDS:
        code = door.main(words)
        said = capsys.readouterr()
        assert code in (0, 2, 3, 4, 6), (words, said)
        if words[0] == "montecarlo" and code == 0 and name in FILES:
            assert f"{name} is " in said.err


def test_numbers_that_were_changed_by_hand_make_a_run_damaged_in_every_list(saved: Path) -> None:
    text = (saved / "metrics.json").read_text(encoding="utf-8")
    (saved / "metrics.json").write_text(text.replace("1", "2"), encoding="utf-8")
    (one,) = listing("results")
    assert (one.status, one.wrong) == ("damaged", "metrics.json is changed")


def test_showing_numbers_that_were_changed_by_hand_says_so(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (saved / "metrics.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert door.main(["show", RUN]) == 0
    assert "notice: metrics.json is changed: what you see is of what is there now" in (
        capsys.readouterr().err
    )


def test_nothing_is_simulated_from_a_run_that_was_not_finished(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RunDirectory(saved).mark("interrupted")
    assert door.main(["montecarlo", RUN, "--quiet"]) == 4
    assert f"{RUN} is interrupted: it holds no result" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("harm", "said"),
    [(cut, "a file that cannot be read ("), (removed, "no file,"), (swapped, "no file,")],
)
def test_a_table_that_cannot_be_read_is_the_first_difference(
    saved: Path, finished: Path, harm: Callable[[Path], None], said: str
) -> None:
    harm(saved / "equity.parquet")
    found = first_difference(saved, finished)
    assert found is not None
    assert str(found).startswith(f"equity.parquet: saved {said}")


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("name", ["config.json", "facts.json", "manifest.json"])
def test_what_a_run_would_be_made_from_is_never_trusted_once_it_was_touched(
    saved: Path, capsys: pytest.CaptureFixture[str], name: str, harm: Callable[[Path], None]
) -> None:
    harm(saved / name)
    assert door.main(["verify", RUN, "--quiet"]) == 6
    assert f"It cannot be made again: {name} is what it was made from." in capsys.readouterr().out


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("name", ["config.json", "facts.json", "manifest.json"])
def test_a_run_that_kept_no_hashes_is_refused_by_the_file_that_is_damaged(
    saved: Path, capsys: pytest.CaptureFixture[str], name: str, harm: Callable[[Path], None]
) -> None:
    RunDirectory(saved).mark("complete")
    harm(saved / name)
    assert door.main(["verify", RUN, "--quiet"]) in (3, 4)
    said = capsys.readouterr().err
    assert ".json does not say how the run was made: it gives no " in said or name in said


@pytest.mark.parametrize("words", [["verify", RUN], ["show", RUN], ["montecarlo", RUN], ["runs"]])
def test_a_run_that_may_not_be_looked_at_is_no_bug(
    saved: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    of_paths = Path.stat

    def refused(path: Path, **more: bool) -> os.stat_result:
        if path.parent.name == RUN:
            raise PermissionError(13, "Permission denied", str(path))
        return of_paths(path, **more)

    def unread(path: Path, *_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refused)
    monkeypatch.setattr(Path, "read_text", unread)
    assert door.main(words) in (0, 4)
    said = capsys.readouterr()
    assert "damaged" in said.out + said.err or "Permission denied" in said.err


def test_a_data_folder_that_may_not_be_read_is_a_data_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    (tmp_path / "bars").mkdir()
    monkeypatch.setattr(Path, "iterdir", refused)
    assert door.portfolio_main(["--data", "bars", "--quiet"]) == 4
    assert "The data folder bars cannot be read (Permission denied)." in capsys.readouterr().err
