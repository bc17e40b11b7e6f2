"""Processes and the signals of a terminal."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading

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
