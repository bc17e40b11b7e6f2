"""Runs that are killed, stopped, or find their disk full: nothing torn, and gone on with."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lockstep.runs.directory import RunDirectory

ROOT = Path(__file__).parents[2]
SMALL = ["--assets", "EURGBPX", "GBPUSDX", "--start", "2025-02-03", "--end", "2025-02-07"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}


def test_a_run_killed_at_thirty_moments_is_never_torn_and_goes_on_to_the_same_bytes(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.dying", str(tmp_path), "30", "7"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["moments"]) == 30
    assert told["touches"] > 60
    assert told["wrong"] == {}


def begun(place: Path, *words: str) -> subprocess.Popen[str]:
    """Start a run as a user does."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "portfolio_main.py"), *words],
        cwd=place,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def born(place: Path) -> Path:
    """Wait until the directory of a run is there, and return it."""
    results = place / "results"
    for _ in range(1200):
        found = [path for path in results.glob("2*") if path.is_dir()]
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no run has begun within a minute")


def group(leader: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def gone(leader: int, seconds: float) -> list[int]:
    """Return the processes of a session that are still there after some time."""
    end = time.monotonic() + seconds
    while (left := group(leader)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def forced(process: subprocess.Popen[str]) -> None:
    """End whatever a failed test has left."""
    for pid in group(process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_and_its_processes_within_two_seconds(
    tmp_path: Path, number: int, code: int
) -> None:
    words = [*SMALL, "--player", "cerebro", "--jobs", "2", "--asset-timeout", "600"]
    process = begun(tmp_path, *words)
    try:
        run = born(tmp_path)
        while len(group(process.pid)) < 3:
            time.sleep(0.02)
        process.send_signal(number)
        sent = time.monotonic()
        _, said = process.communicate(timeout=30)
        assert time.monotonic() - sent < 2.0
        assert process.returncode == code
        assert gone(process.pid, 0.5) == []
    finally:
        forced(process)
    assert RunDirectory(run).status == "interrupted"
    assert "interrupted" in said
    assert "Traceback" not in said


def test_a_signal_is_heard_while_the_player_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cold"))
    process = begun(tmp_path, *SMALL, "--player", "kernel", "--jobs", "1")
    try:
        run = born(tmp_path)
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        sent = time.monotonic()
        process.communicate(timeout=30)
        assert time.monotonic() - sent < 2.0
    finally:
        forced(process)
    assert process.returncode == 143
    assert RunDirectory(run).status == "interrupted"


def test_a_killed_parent_takes_its_processes_along_frees_the_lock_and_the_run_goes_on(
    tmp_path: Path,
) -> None:
    words = [*SMALL, "--player", "cerebro", "--jobs", "2"]
    process = begun(tmp_path, *words)
    try:
        run = born(tmp_path)
        while len(group(process.pid)) < 3:
            time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        second = begun(tmp_path, *words)
        _, said = second.communicate(timeout=60)
        assert second.returncode == 75
        assert f"by process {process.pid}, as run {run.name}" in said
        process.kill()
        assert gone(process.pid, 3.0) == []
    finally:
        forced(process)
    assert RunDirectory(run).status == "running"
    assert RunDirectory(run).standing == "interrupted"
    third = begun(tmp_path, *words, "--resume", "--quiet")
    _, said = third.communicate(timeout=120)
    assert third.returncode == 0, said
    assert RunDirectory(run).standing == "complete"
    assert [path.name for path in (tmp_path / "results").iterdir() if path.is_dir()] == [run.name]


def test_a_disk_that_takes_no_more_is_one_clear_error_and_leaves_nothing_half_written(
    tmp_path: Path,
) -> None:
    process = begun(tmp_path, *SMALL, "--player", "kernel", "--jobs", "1")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
    _, said = process.communicate(timeout=120)
    (run,) = (path for path in (tmp_path / "results").iterdir() if path.is_dir())
    assert process.returncode == 74
    assert said.startswith("results cannot be written:")
    assert "(File too large). Nothing in it is half-written" in said
    assert "Traceback" not in said
    assert RunDirectory(run).standing == "failed"
    assert not list(run.rglob("*.part"))
    assert not (run / "equity.parquet").exists()
