"""Readers that leave, disks that are full, and texts that would command a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.cli import runs
from lockstep.cli.door import block, main
from lockstep.cli.logs import visible
from lockstep.core.errors import ConfigError

ROOT = Path(__file__).parents[2]
HELD = [sys.executable, str(ROOT / "main.py"), "runs", "--results"]


def test_a_reader_that_leaves_is_no_bug(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*HELD, str(tmp_path)], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_behind_stdout_is_one_clear_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*HELD, str(tmp_path)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 74
    assert "no space is left on the device, for what the command prints" in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX systems closes the streams")
def test_closed_streams_are_as_if_nobody_listened(tmp_path: Path) -> None:
    words = " ".join([*HELD, str(tmp_path), "--json"])
    done = subprocess.run(["sh", "-c", f"{words} >&- 2>&-"], check=False)
    assert done.returncode == 0


def test_a_stream_escapes_what_it_cannot_say_as_json_does() -> None:
    script = (
        "from lockstep.cli.logs import escape_what_streams_cannot_say as escaping\n"
        "escaping()\n"
        "print(chr(0xFC), chr(0x1F600), chr(0xDCFC))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "ascii"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert done.stdout.rstrip() == rb"\u00fc \ud83d\ude00 \udcfc"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
@pytest.mark.parametrize(("flag", "code"), [("--results", 2), ("--data", 4)])
def test_a_folder_whose_name_is_no_unicode_is_refused(flag: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "b\udcfccher").mkdir()
    words = ["--assets", "EURGBPX", flag, "b\udcfccher", "--end", "2025-01-03", "--quiet"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "portfolio_main.py"), *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == code
    assert rb"b\udcfccher cannot be" in done.stderr
    assert b"(its name is no Unicode)" in done.stderr


def test_an_error_never_commands_the_terminal() -> None:
    hostile = "assets.\x1b]0;owned\x07\x1b[2J\u202eUSD\x00\ud800: is unknown"
    told = visible(block(ConfigError(hostile)))
    assert told == (
        "configuration error:\n"
        "  assets.\\u001b]0;owned\\u0007\\u001b[2J\\u202eUSD\\u0000\\ud800: is unknown"
    )
    told.encode("utf-8")


def test_memory_that_runs_out_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def starved(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(runs, "run", starved)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    assert main(["runs"]) == 2
    assert capsys.readouterr().err.startswith("usage error:\n  memory ran out: the command needs")
