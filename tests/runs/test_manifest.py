from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lockstep.core.errors import UsageError
from lockstep.core.files import write_json
from lockstep.runs import manifest as module
from lockstep.runs.directory import digest
from lockstep.runs.manifest import (
    Making,
    begun,
    begun_by,
    differences,
    finished,
    hashes,
    source_hash,
    versions,
)

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
CONFIG = {"portfolio": {"capital": 1e5}, "assets": {"EURUSD_5m": {"strategy": "breakout"}}}


@pytest.fixture(autouse=True)
def still(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sources be hashed once, or they might be edited between two looks."""
    if "hash_of_the_sources" not in request.node.name:
        monkeypatch.setattr(module, "source_hash", lambda: "5" * 64)


def making(**changes: Any) -> Making:
    base = Making(
        CONFIG,
        {"EURUSD": {"file": "EURUSD_5m.csv", "sha256": "ff", "first": "2025-01-01"}},
        {"USDJPY": {"sha256": "aa"}},
        {"player": "auto", "rules": True},
        seed=7,
        argv=("main.py", "--symbol", "EURUSD"),
    )
    return dataclasses.replace(base, **changes)


def test_the_manifest_of_a_run_that_begins_says_what_it_is_made_of() -> None:
    plain = begun("x", making(), START)
    assert (plain["run_id"], plain["status"]) == ("x", "running")
    assert plain["argv"] == ["main.py", "--symbol", "EURUSD"]
    assert (plain["seed"], plain["player"]) == (7, "auto")
    assert plain["started"] == "2025-01-01T12:00:00.000Z"
    assert plain["data"]["EURUSD"]["sha256"] == "ff"
    assert plain["versions"]["backtrader"] == "1.9.78.123"
    assert plain["code"] == {
        "version": versions()["lockstep"],
        "sha256": "5" * 64,
        "strategies": {},
    }
    text = '{"assets":{"EURUSD_5m":{"strategy":"breakout"}},"portfolio":{"capital":100000.0}}'
    assert plain["config_sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_the_end_of_a_run_adds_its_times_player_and_trades() -> None:
    facts = {"status": "complete", "player": "kernel", "ranges": {"EURUSD": {"bars": 3}}}
    plain = finished(
        begun("x", making(), START),
        facts,
        trade_hash="abc",
        timings={"data": 0.12345},
        at=START + timedelta(seconds=1.5),
    )
    assert (plain["status"], plain["player"], plain["trade_hash"]) == ("complete", "kernel", "abc")
    assert (plain["seconds"], plain["timings"]) == (1.5, {"data": 0.123})
    assert plain["ranges"] == {"EURUSD": {"bars": 3}}
    assert plain["data"] == making().data


def test_the_hash_of_the_sources_changes_with_any_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = source_hash(), module.sha256_of

    def edited(path: Path) -> str:
        return "0" if path.name == "directory.py" else real(path)

    monkeypatch.setattr(module, "sha256_of", edited)
    assert source_hash() != before


def test_equal_makings_do_not_differ() -> None:
    again = making(argv=("other",), config_files={"a.json": "1"})
    assert differences(begun("x", making(), START), again, CONFIG) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"config": {**CONFIG, "portfolio": {"capital": 5e4}}},
            "portfolio.capital was 100000.0, is 50000.0",
        ),
        ({"config": {"portfolio": CONFIG["portfolio"]}}, "is not there"),
        (
            {"data": {"EURUSD": {**making().data["EURUSD"], "sha256": "ee"}}},
            'data.EURUSD.sha256 was "ff", is "ee"',
        ),
        ({"pairs": {}}, 'pairs.USDJPY was {"sha256":"aa"}, is not there'),
        ({"options": {"player": "cerebro", "rules": True}}, 'options.player was "auto"'),
        ({"strategies": {"mine:S": "1"}}, 'code.strategies.mine:S was not there, is "1"'),
    ],
)
def test_what_a_run_was_begun_with_and_is_no_more_is_named(
    changes: dict[str, Any], said: str
) -> None:
    (line,) = differences(begun("x", making(), START), making(**changes), CONFIG)
    assert said in line


def test_changed_code_and_other_packages_are_named() -> None:
    saved = begun("x", making(), START)
    saved["code"] = {**saved["code"], "sha256": "0"}
    saved["versions"] = {**saved["versions"], "numpy": "1.0"}
    code, numpy = differences(saved, making(), CONFIG)
    assert code == f'code.sha256 was "0", is "{"5" * 64}"'
    assert numpy.startswith('versions.numpy was "1.0", is "2.')


def test_the_digest_names_configuration_data_and_whether_there_are_rules() -> None:
    assert making().digest == digest(CONFIG, making().data)
    without = making(options={"rules": False})
    assert without.digest == digest(CONFIG, making().data, rules=False)


def test_the_command_line_of_a_run_is_read_or_missed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not say how it was begun: .*manifest\.json"):
        begun_by(tmp_path)
    write_json(tmp_path / "manifest.json", {"argv": []})
    with pytest.raises(UsageError, match="does not say how it was begun: no argv"):
        begun_by(tmp_path)
    write_json(tmp_path / "manifest.json", begun("x", making(), START))
    assert begun_by(tmp_path) == ["main.py", "--symbol", "EURUSD"]


def test_files_are_hashed_under_the_names_they_were_given_by(tmp_path: Path) -> None:
    config = tmp_path / "a.json"
    config.write_bytes(b"{}")
    assert hashes([config]) == {str(config): hashlib.sha256(b"{}").hexdigest()}
