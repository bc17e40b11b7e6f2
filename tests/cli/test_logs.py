"""What is told: to a person on stderr, to a program in run.log."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import logs
from lockstep.core.errors import AssetError, failure_of
from lockstep.engine.solo import Failure

_log = logging.getLogger("lockstep.engine.solo")
_other = logging.getLogger("somebody.else")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "run.log").read_text("utf-8").splitlines()]


def say(symbol: str, event: str) -> None:
    _log.info("%s: %s", symbol, event, extra={"event": event, "asset": symbol, "trades": 3})


def failure() -> Failure:
    try:
        raise failure_of("EURUSD", ZeroDivisionError("nothing to divide")) from KeyError("deep")
    except AssetError as error:
        return Failure.of(error)


def test_a_line_has_time_level_run_asset_event_and_fields(tmp_path: Path) -> None:
    with logs.listening(quiet=True), logs.kept_in(tmp_path, "the-run"):
        say("EURUSD", "solo.kept")
    (line,) = lines(tmp_path)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "run_id": "the-run",
        "asset": "EURUSD",
        "event": "solo.kept",
        "message": "EURUSD: solo.kept",
        "fields": {"trades": 3},
    }


def test_what_was_said_before_the_run_had_a_directory_is_kept_in_order(tmp_path: Path) -> None:
    with logs.listening(quiet=True):
        logs.notice(["no tuned parameters"])
        logs.doubts({"EURUSD": ["a gap of 3 days"]})
        with logs.kept_in(tmp_path, "x"):
            say("EURUSD", "solo.kept")
        say("EURUSD", "too.late")
    assert [(line["event"], line["level"]) for line in lines(tmp_path)] == [
        ("notice", "notice"),
        ("data.note", "warning"),
        ("solo.kept", "info"),
    ]


def test_an_end_carries_the_seconds_since_its_own_beginning(tmp_path: Path) -> None:
    with logs.listening(quiet=True), logs.kept_in(tmp_path, "x"):
        for moment, symbol, event in (
            (10.0, "EURUSD", "solo.started"),
            (11.0, "GBPUSD", "solo.started"),
            (12.5, "EURUSD", "solo.finished"),
            (19.0, "GBPUSD", "solo.failed"),
            (20.0, "USDJPY", "solo.finished"),
        ):
            record = {"name": "lockstep.x", "msg": event, "created": moment, "levelno": 20}
            logging.getLogger("lockstep.x").handle(
                logging.makeLogRecord(record | {"event": event, "asset": symbol})
            )
    assert [line["fields"].get("seconds") for line in lines(tmp_path)] == [
        None, None, 2.5, 8.0, None
    ]  # fmt: skip


def test_a_failure_is_kept_with_its_traceback_and_its_cause(tmp_path: Path) -> None:
    with logs.listening(quiet=True), logs.kept_in(tmp_path, "x"):
        failure().log("EURUSD", "solo")
    (line,) = lines(tmp_path)
    assert (line["event"], line["level"], line["asset"]) == ("solo.failed", "error", "EURUSD")
    assert "KeyError: 'deep'" in line["traceback"]
    assert "test_logs.py" in line["traceback"]


def test_a_stage_that_breaks_is_kept_with_its_traceback_and_breaks_on(tmp_path: Path) -> None:
    with logs.listening(quiet=True), logs.kept_in(tmp_path, "x"):
        with logs.stage("data"):
            pass
        with pytest.raises(KeyboardInterrupt), logs.stage("run"):
            raise KeyboardInterrupt
    found = lines(tmp_path)
    assert [line["event"] for line in found] == [
        "data.started", "data.finished", "run.started", "run.failed"
    ]  # fmt: skip
    assert found[-1]["message"] == "run: ended by KeyboardInterrupt"
    assert "raise KeyboardInterrupt" in found[-1]["traceback"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, ["notice: mind the gap"]),
        ({"quiet": True}, []),
        ({"quiet": True, "verbose": True, "debug": True}, []),
        ({"verbose": True}, ["EURUSD: solo.kept", "notice: mind the gap", "error: EURUSD: its"]),
        ({"debug": True}, ["notice: mind the gap", "error: EURUSD: its", "Traceback (most"]),
    ],
)
def test_a_person_hears_what_was_asked_for(
    given: dict[str, bool], shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with logs.listening(**given):
        say("EURUSD", "solo.kept")
        logs.notice(["mind the gap"])
        failure().log("EURUSD", "solo")
    captured = capsys.readouterr()
    assert captured.out == ""
    places = [captured.err.find(text) for text in shown]
    assert places == sorted(places)
    assert -1 not in places
    assert bool(captured.err) == bool(shown)
    assert ("Traceback" in captured.err) == ("Traceback (most" in shown)


def test_other_libraries_and_finished_commands_are_not_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(logging.getLogger("lockstep").handlers)
    with logs.listening(verbose=True), logs.kept_in(tmp_path, "x"):
        _other.warning("not ours")
    logs.notice(["nobody listens"])
    assert lines(tmp_path) == []
    assert capsys.readouterr().err == ""
    assert logging.getLogger("lockstep").handlers == before


def test_a_log_that_cannot_be_written_is_told_once_and_harms_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with logs.listening(), logs.kept_in(tmp_path, "x"):
        monkeypatch.setattr(os, "write", full)
        say("EURUSD", "solo.kept")
        say("EURUSD", "solo.kept")
        monkeypatch.undo()
    warning = "warning: run.log cannot be written (No space left on device).\n"
    assert capsys.readouterr().err == warning


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links cannot be told there")
def test_a_link_in_the_place_of_the_log_is_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.log").symlink_to(tmp_path / "elsewhere")
    with logs.listening(), logs.kept_in(tmp_path, "x"):
        say("EURUSD", "solo.kept")
    assert "run.log cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def chatter(path: Path, ready: Any) -> None:
    with logs.listening(quiet=True), logs.kept_in(path, "x"):
        ready.set()
        while True:
            say("EURUSD", "solo.kept" * 50)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_run_leaves_only_whole_lines(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=chatter, args=(tmp_path, ready))
    process.start()
    assert ready.wait(60)
    process.join(0.2)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert (tmp_path / "run.log").read_bytes().endswith(b"}\n")
    assert len(lines(tmp_path)) > 5
