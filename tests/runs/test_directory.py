from __future__ import annotations

import errno
import hashlib
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from lockstep.core.errors import ConfigError, DataError, UsageError
from lockstep.core.files import write_text
from lockstep.runs.directory import RunDirectory, digest, run_id
from lockstep.runs.lock import locked
from lockstep.runs.parts import FOLDER, Parts


def test_the_run_id_holds_the_utc_moment_and_the_digest() -> None:
    moment = datetime(2025, 3, 9, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert run_id(moment, "0123abcd") == "20250308-233005-0123abcd"


def test_the_digest_depends_on_config_and_data_and_not_on_the_order_of_keys() -> None:
    one = digest({"a": 1, "b": 2}, {"EURUSD": {"sha256": "x"}})
    assert one == digest({"b": 2, "a": 1}, {"EURUSD": {"sha256": "x"}})
    assert one != digest({"a": 1, "b": 3}, {"EURUSD": {"sha256": "x"}})
    assert one != digest({"a": 1, "b": 2}, {"EURUSD": {"sha256": "y"}})
    assert one != digest({"a": 1, "b": 2}, {"EURUSD": {"sha256": "x"}}, rules=False)
    assert len(one) == 8
    assert int(one, 16) >= 0


def test_a_run_counts_as_running_until_it_is_marked(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "results", "20250101-000000-aaaaaaaa")
    assert (run.run_id, run.status) == ("20250101-000000-aaaaaaaa", "running")
    with run.running():
        run.mark("complete")
    assert run.status == "complete"


def test_a_run_that_ends_in_an_error_is_marked_as_failed(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "x")
    with pytest.raises(ZeroDivisionError), run.running():
        raise ZeroDivisionError
    assert run.status == "failed"


def test_a_run_that_the_user_stops_is_marked_as_interrupted(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "x")
    with pytest.raises(KeyboardInterrupt), run.running():
        raise KeyboardInterrupt
    assert run.status == run.standing == "interrupted"


def test_who_asked_for_what_cannot_be_finds_no_directory(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "x")
    with pytest.raises(ConfigError, match="no such rule"), run.running():
        raise ConfigError("no such rule.")
    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_is_not_thrown_away_for_an_error_of_the_user(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "x")
    Parts(run.path / FOLDER).keep("solo", "EURUSD", {})
    with pytest.raises(UsageError, match="no processes"), run.running():
        raise UsageError("no processes.")
    assert run.status == "failed"


def test_what_was_kept_for_a_configuration_that_cannot_be_played_is_of_no_use(
    tmp_path: Path,
) -> None:
    run = RunDirectory.create(tmp_path, "x")
    Parts(run.path / FOLDER).keep("solo", "EURUSD", {})
    with pytest.raises(ConfigError, match="late"), run.running():
        raise ConfigError("late.")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_status_hides_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDirectory.create(tmp_path, "x")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ZeroDivisionError), run.running():
        raise ZeroDivisionError
    assert (run.status, run.standing) == ("running", "interrupted")


def test_a_run_counts_as_running_only_while_its_lock_is_held_for_it(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "20250101-000000-aaaaaaaa")
    assert run.standing == "interrupted"
    with locked(tmp_path, "aaaaaaaa") as lock:
        assert run.standing == "interrupted"
        lock.tell(run.run_id)
        assert run.standing == "running"
        lock.tell("20250101-000001-aaaaaaaa")
        assert run.standing == "interrupted"
    assert run.standing == "interrupted"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "fine"}'])
def test_a_status_that_cannot_be_read_is_damaged(tmp_path: Path, text: str) -> None:
    run = RunDirectory.create(tmp_path, "x")
    (run.path / "status.json").write_text(text, encoding="utf-8")
    assert run.standing == "damaged"


def finished(place: Path) -> RunDirectory:
    """Return a finished run of two files, with a log and a kept part that are not counted."""
    run = RunDirectory.create(place, "x")
    write_text(run.path / "trades.csv", "trades\n")
    write_text(run.path / "figures" / "equity.png", "figure\n")
    write_text(run.path / "run.log", "log\n")
    Parts(run.path / FOLDER).keep("solo", "EURUSD", {})
    run.finish("complete")
    return run


def test_a_finished_run_holds_the_hash_of_every_file_and_no_parts(tmp_path: Path) -> None:
    run = finished(tmp_path)
    marked = json.loads((run.path / "status.json").read_text(encoding="utf-8"))
    assert marked["status"] == run.standing == "complete"
    hashed = hashlib.sha256(b"trades\n").hexdigest()
    assert marked["files"]["trades.csv"] == hashed
    assert set(marked["files"]) == {"trades.csv", "figures/equity.png"}
    assert not (run.path / FOLDER).exists()
    assert run.damage() == {}


def test_a_partial_run_keeps_its_parts_for_another_try(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "x")
    Parts(run.path / FOLDER).keep("solo", "EURUSD", {})
    run.finish("partial")
    assert Parts(run.path / FOLDER).count == 1
    assert run.damage() == {}


def test_damage_names_what_was_changed_and_what_is_missing(tmp_path: Path) -> None:
    run = finished(tmp_path)
    (run.path / "trades.csv").write_text("trade\n", encoding="utf-8")
    (run.path / "figures" / "equity.png").unlink()
    assert run.damage() == {"figures/equity.png": "missing", "trades.csv": "changed"}


def test_what_is_drawn_again_on_purpose_is_no_damage_and_hides_none(tmp_path: Path) -> None:
    run = finished(tmp_path)
    for name in ("trades.csv", "figures/equity.png"):
        write_text(run.path / name, "anew\n")
    run.renew(["figures/equity.png", "figures/nowhere.png"])
    assert run.damage() == {"trades.csv": "changed"}
    (run.path / "figures" / "equity.png").unlink()
    run.renew(["figures/equity.png"])
    assert run.damage() == {"trades.csv": "changed"}
    assert run.status == "complete"


def test_a_run_without_hashes_cannot_be_checked(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "x")
    with pytest.raises(DataError, match="holds no hashes of its files"):
        run.damage()


def test_two_runs_of_one_second_do_not_share_a_directory(tmp_path: Path) -> None:
    names = [RunDirectory.create(tmp_path, "x").run_id for _ in range(3)]
    assert names == ["x", "x-2", "x-3"]


def test_an_unusable_results_directory_is_a_usage_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot be used \(.*\); give another one with --results"):
        RunDirectory.create(blocked / "results", "x")
