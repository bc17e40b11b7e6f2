from __future__ import annotations

import dataclasses
import errno
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lockstep.core.errors import LockedError, StorageError, UsageError
from lockstep.core.files import write_json
from lockstep.runs.directory import RunDirectory
from lockstep.runs.lock import locked
from lockstep.runs.manifest import Making
from lockstep.runs.session import LATEST, Session, session
from tests.runs.results import result

START = datetime(2025, 1, 1, 12, tzinfo=UTC)


def making(capital: float = 1e5, **changes: Any) -> Making:
    base = Making(
        {"portfolio": {"capital": capital}, "assets": {}},
        {"EURUSD": {"sha256": "ff"}},
        {},
        {"player": "auto", "rules": True},
        argv=("main.py",),
    )
    return dataclasses.replace(base, **changes)


def run(place: Path, after: int = 0, resume: str | None = None, **changes: Any) -> Any:
    moment = START + timedelta(seconds=after)
    return session(place, making(**changes), started=moment, resume=resume)


def finish(one: Session) -> None:
    one.finish(result(), trade_hash="ab", timings={}, at=START + timedelta(seconds=2))


def stopped(place: Path, after: int = 0, **changes: Any) -> Path:
    """Return the directory of a run that was interrupted when its first part was kept."""
    with pytest.raises(KeyboardInterrupt), run(place, after, **changes) as one:
        one.parts.keep("solo", "EURUSD", {"t": pd.DataFrame({"x": [1]})})
        raise KeyboardInterrupt
    return Path(one.path)


def test_a_run_is_born_with_its_configuration_manifest_and_status(tmp_path: Path) -> None:
    with run(tmp_path / "results") as one:
        names = {path.name for path in one.path.iterdir()}
        assert names == {"config.json", "manifest.json", "status.json"}
        assert one.place.standing == "running"
        assert one.manifest["run_id"] == one.path.name == f"20250101-120000-{making().digest}"
        finish(one)
    assert one.place.standing == "complete"
    assert list((tmp_path / "results").iterdir()) == [one.path]


def test_the_end_writes_the_manifest_and_then_the_hashes(tmp_path: Path) -> None:
    with run(tmp_path) as one:
        finish(one)
    manifest = json.loads((one.path / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["status"], manifest["seconds"], manifest["trade_hash"]) == (
        ("complete", 2.0, "ab")
    )
    assert one.place.damage() == {}


def test_a_second_start_of_the_same_configuration_is_refused_another_is_not(
    tmp_path: Path,
) -> None:
    with run(tmp_path) as one:
        said = f"by process {os.getpid()}, as run {one.place.run_id}"
        with pytest.raises(LockedError, match=said), run(tmp_path, 1):
            pass
        with run(tmp_path, 1, capital=5e4) as other:
            finish(other)
        finish(one)
    assert {path.name for path in tmp_path.iterdir()} == {one.path.name, other.path.name}


def test_a_stopped_run_is_gone_on_with_under_its_own_id_and_command_line(tmp_path: Path) -> None:
    path = stopped(tmp_path)
    with run(tmp_path, 60, resume=LATEST, argv=("main.py", "--resume")) as one:
        assert one.path == path
        assert one.place.standing == "running"
        assert one.parts.kept("solo", "EURUSD") is not None
        assert one.facts({}, ())["argv"] == ["main.py"]
        finish(one)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["started"] == "2025-01-01T12:00:00.000Z"
    assert manifest["resumed"] == [["main.py", "--resume"]]
    assert one.place.standing == "complete"


def test_the_latest_unfinished_run_of_the_same_configuration_is_taken(tmp_path: Path) -> None:
    stopped(tmp_path, 0)
    path = stopped(tmp_path, 5)
    stopped(tmp_path, 10, capital=5e4)
    with run(tmp_path, 15) as complete:
        finish(complete)
    with run(tmp_path, 60, resume=LATEST) as one:
        assert one.path == path


def test_a_run_begun_with_something_else_is_refused_and_the_difference_named(
    tmp_path: Path,
) -> None:
    path = stopped(tmp_path, capital=5e4)
    said = r"cannot be gone on with.*\nportfolio.capital was 50000.0, is 100000.0$"
    for resume in (LATEST, path.name, str(path)):
        with pytest.raises(UsageError, match=said), run(tmp_path, 60, resume=resume):
            pass
    assert RunDirectory(path).standing == "interrupted"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": {"EURUSD": {"sha256": "ee"}}}, 'data.EURUSD.sha256 was "ff", is "ee"'),
        ({"pairs": {"USDJPY": {"sha256": "a"}}}, "pairs.USDJPY was not there"),
        ({"options": {"player": "kernel", "rules": True}}, 'options.player was "auto"'),
        ({"strategies": {"mine:S": "1"}}, "code.strategies.mine:S was not there"),
    ],
)
def test_other_data_options_or_code_are_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = stopped(tmp_path)
    with (
        pytest.raises(UsageError, match=said),
        run(tmp_path, 60, resume=path.name, **changes),
    ):
        pass


def test_a_finished_run_or_none_at_all_leaves_nothing_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no unfinished run"), run(tmp_path, resume=LATEST):
        pass
    with run(tmp_path) as one:
        finish(one)
    with (
        pytest.raises(UsageError, match="is complete; there is nothing to go on with"),
        run(tmp_path, resume=one.place.run_id),
    ):
        pass
    with pytest.raises(UsageError, match="'nowhere' is no run in"), run(tmp_path, resume="nowhere"):
        pass


def test_a_run_whose_manifest_is_torn_cannot_be_gone_on_with(tmp_path: Path) -> None:
    path = stopped(tmp_path)
    (path / "config.json").write_text("{", encoding="utf-8")
    with (
        pytest.raises(UsageError, match=r"config\.json cannot be read"),
        run(tmp_path, resume=path.name),
    ):
        pass


def test_what_dead_processes_left_is_swept_at_the_next_start(tmp_path: Path) -> None:
    path = stopped(tmp_path, capital=5e4)
    torn = path / "figures" / ".equity.png.1.part"
    torn.parent.mkdir()
    torn.write_text("half", encoding="utf-8")
    unborn = tmp_path / f".20250101-110000-{making().digest}.part"
    unborn.mkdir()
    (unborn / ".config.json.1.part").write_text("half", encoding="utf-8")
    with run(tmp_path) as one:
        finish(one)
    assert not torn.exists()
    assert not unborn.exists()


def test_a_directory_that_is_not_yet_born_is_swept_once_nobody_holds_its_lock(
    tmp_path: Path,
) -> None:
    unborn = tmp_path / ".20250101-110000-0123abcd-2.part"
    unborn.mkdir()
    with locked(tmp_path, "0123abcd"):
        with run(tmp_path) as one:
            finish(one)
        assert unborn.is_dir()
    with run(tmp_path, 5) as one:
        finish(one)
    assert not unborn.exists()


def test_the_directory_of_a_run_is_there_with_its_files_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 12):
        place, seen = tmp_path / str(number), 0
        real: Callable[..., None] = os.fsync

        def full(descriptor: int, last: int = number, real: Callable[..., None] = real) -> None:
            nonlocal seen
            seen += 1
            if seen == last:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(descriptor)

        with monkeypatch.context() as patch, pytest.raises((UsageError, StorageError)):
            patch.setattr(os, "fsync", full)
            with run(place) as one:
                write_json(one.path / "a.json", {})
                write_json(one.path / "b.json", {})
                finish(one)
        for path in place.iterdir():
            assert {"config.json", "manifest.json", "status.json"} <= {
                file.name for file in path.iterdir()
            }
            assert RunDirectory(path).standing in {"failed", "interrupted"}


def test_a_full_disk_is_one_clear_error_and_earlier_runs_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run(tmp_path) as earlier:
        finish(earlier)
    said = r"cannot be written \(No space left on device\)"
    with pytest.raises(StorageError, match=said), run(tmp_path, 60) as one:
        one.parts.keep("solo", "EURUSD", {"t": pd.DataFrame({"x": [1]})})
        raise OSError(errno.ENOSPC, "Error writing bytes to file")
    assert one.place.standing == "failed"
    assert earlier.place.damage() == {}
    with run(tmp_path, 90, resume=LATEST) as again:
        assert again.path == one.path
        finish(again)
    assert again.place.standing == "complete"


def test_an_error_that_is_not_of_the_disk_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Too many open files"), run(tmp_path):
        raise OSError(errno.EMFILE, "Too many open files")


def test_a_results_directory_that_takes_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", read_only)
    said = r"results directory .* cannot be used \(Read-only file system\); give another one"
    with pytest.raises(UsageError, match=said), run(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
