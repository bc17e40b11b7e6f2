from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lockstep.core.errors import UsageError
from lockstep.runs.directory import RunDirectory, digest, run_id
from lockstep.runs.manifest import manifest, versions


def test_the_run_id_holds_the_utc_moment_and_the_digest() -> None:
    moment = datetime(2025, 3, 9, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert run_id(moment, "0123abcd") == "20250308-233005-0123abcd"


def test_the_digest_depends_on_config_and_data_and_not_on_the_order_of_keys() -> None:
    one = digest({"a": 1, "b": 2}, {"EURUSD": {"sha256": "x"}})
    assert one == digest({"b": 2, "a": 1}, {"EURUSD": {"sha256": "x"}})
    assert one != digest({"a": 1, "b": 3}, {"EURUSD": {"sha256": "x"}})
    assert one != digest({"a": 1, "b": 2}, {"EURUSD": {"sha256": "y"}})
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


def test_two_runs_of_one_second_do_not_share_a_directory(tmp_path: Path) -> None:
    names = [RunDirectory.create(tmp_path, "x").run_id for _ in range(3)]
    assert names == ["x", "x-2", "x-3"]


def test_an_unusable_results_directory_is_a_usage_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot be used \(.*\); give another one with --results"):
        RunDirectory.create(blocked / "results", "x")


def test_the_manifest_names_versions_hashes_seed_and_times(tmp_path: Path) -> None:
    config = tmp_path / "a.json"
    config.write_bytes(b"{}")
    start = datetime(2025, 1, 1, 12, tzinfo=UTC)
    facts = {"status": "complete", "player": "cerebro", "sources": {"EURUSD": {"sha256": "ff"}}}
    plain = manifest(
        "x",
        [config],
        facts,
        seed=7,
        argv=["main.py", "--symbol", "EURUSD"],
        times=(start, start + timedelta(seconds=1.5)),
    )
    assert plain["config_files"] == {str(config): hashlib.sha256(b"{}").hexdigest()}
    assert plain["data"] == {"EURUSD": {"sha256": "ff"}}
    assert (plain["started"], plain["seconds"]) == ("2025-01-01T12:00:00.000Z", 1.5)
    assert (plain["seed"], plain["player"], plain["status"]) == (7, "cerebro", "complete")
    assert plain["argv"] == ["main.py", "--symbol", "EURUSD"]
    assert versions()["backtrader"] == "1.9.78.123"
