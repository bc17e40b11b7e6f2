from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.core.errors import LockedError
from lockstep.runs import lock as module
from lockstep.runs.lock import holder_of, lock_path, locked

ROOT = Path(module.__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from lockstep.runs.lock import locked
with locked(Path(sys.argv[1]), "aaaaaaaa") as lock:
    lock.tell("20250101-000000-aaaaaaaa")
    print("held", flush=True)
    time.sleep(60)
"""


def holder(place: Path) -> subprocess.Popen[str]:
    """Return a process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str], how: int = signal.SIGKILL) -> None:
    process.send_signal(how)
    process.communicate()


def test_a_second_process_is_told_who_holds_the_lock_and_a_killed_one_frees_it(
    tmp_path: Path,
) -> None:
    process = holder(tmp_path)
    try:
        said = rf"by process {process.pid}, as run 20250101-000000-aaaaaaaa\. Wait"
        with pytest.raises(LockedError, match=said), locked(tmp_path, "aaaaaaaa"):
            pass
        with locked(tmp_path, "bbbbbbbb"):
            assert holder_of(lock_path(tmp_path, "aaaaaaaa"))["pid"] == process.pid
    finally:
        end(process)
    assert holder_of(lock_path(tmp_path, "aaaaaaaa")) == {}
    with locked(tmp_path, "aaaaaaaa"):
        pass


def test_a_lock_that_was_let_go_leaves_nothing(tmp_path: Path) -> None:
    with locked(tmp_path, "aaaaaaaa"):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    assert holder_of(lock_path(tmp_path, "aaaaaaaa")) == {}


def test_the_word_of_a_dead_holder_is_not_taken_for_that_of_the_next(tmp_path: Path) -> None:
    end(holder(tmp_path))
    assert "20250101" in lock_path(tmp_path, "aaaaaaaa").read_text(encoding="utf-8")
    with locked(tmp_path, "aaaaaaaa"):
        assert holder_of(lock_path(tmp_path, "aaaaaaaa")) == {"pid": "(unknown)"}


def test_the_lock_ends_with_an_error_inside_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "aaaaaaaa"):
        raise ZeroDivisionError
    with locked(tmp_path, "aaaaaaaa"):
        pass
