"""Processes and the signals of a terminal."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lockstep.engine.apart import Call, each_apart
from tests.engine import slow_to_import


@pytest.mark.skipif(sys.platform == "win32", reason="signals are masked by POSIX systems only")
def test_a_process_never_hears_ctrl_c_not_even_during_its_imports() -> None:
    sent: list[int] = []

    def send_to_children() -> None:
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGINT)
            sent.append(child.pid)

    timers = [threading.Timer(after, send_to_children) for after in (0.05, 0.2, 0.4, 0.7)]
    for timer in timers:
        timer.start()
    call = Call("EURUSD", slow_to_import.answer, ("here",))
    (answer,) = each_apart([call], jobs=1, seconds=60.0)
    for timer in timers:
        timer.join()
    assert answer.value == "here"
    assert sent
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


PARENT = """
if __name__ == "__main__":
    from lockstep.engine.apart import Call, each_apart
    from tests.engine import slow_to_import
    list(each_apart([Call("A", slow_to_import.answer, ("x",))], jobs=1, seconds=60.0))
"""


def living(session: int) -> list[int]:
    """Return the processes of a session, without the dead."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends processes with their parent")
def test_a_process_ends_with_its_parent_also_during_its_imports(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT, encoding="utf-8")
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root / "src"), str(root)])
    begun = tmp_path / "begun"
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")],
        env={**os.environ, "PYTHONPATH": path, "IMPORT_BEGUN": str(begun), "IMPORT_SECONDS": "30"},
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 30
        while not begun.exists() and time.monotonic() < end:
            time.sleep(0.02)
        assert len(living(parent.pid)) > 1
        parent.kill()
        parent.wait()
        end = time.monotonic() + 3
        while living(parent.pid) and time.monotonic() < end:
            time.sleep(0.02)
        assert living(parent.pid) == []
    finally:
        for pid in living(parent.pid):
            os.kill(pid, signal.SIGKILL)
