from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lockstep.cli import interrupts
from lockstep.cli.interrupts import Interrupted, exit_code, interruptible, last_act

ROOT = Path(interrupts.__file__).parents[2]
#: What the process is at when the signal comes, between `begun` and its end.
SCRIPT = """
import sys, threading, time
from lockstep.cli.interrupts import exit_code, interruptible, last_act
def nap():
    print("begun", flush=True)
    time.sleep(60)
def work():
    {work}
try:
    with interruptible(), last_act(lambda: print("last act", flush=True)):
        work()
except KeyboardInterrupt as error:
    print("unwound", flush=True)
    sys.exit(exit_code(error))
print("finished", flush=True)
"""
SLEEPING = "nap()"
#: Code that swallows what it should pass on.
STUBBORN = """
    try:
        nap()
    except BaseException:
        time.sleep(60)
"""
#: An end that hears nothing, as compiled code and joins of threads are.
DEAF = """
    try:
        nap()
    finally:
        threading.Thread(target=time.sleep, args=(60,)).start()
"""


def ended(work: str, *signals: int) -> tuple[int, str, float]:
    """Return how a process ends that is sent signals: its code, what it said, and the seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(work=work)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    sent = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    said, _ = process.communicate(timeout=30)
    return process.returncode, said, time.monotonic() - sent


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_process_that_hears_ends_by_itself(number: int, code: int) -> None:
    assert ended(SLEEPING, number)[:2] == (code, "unwound\n")


#: A callback of the interpreter, which cannot pass an exception on.
CALLED_BACK = """
    class Thing:
        def __del__(self):
            nap()
    thing = Thing()
    del thing
    time.sleep(60)
"""


def test_a_signal_that_meets_a_callback_ends_the_process_without_a_word_about_it() -> None:
    code, said, seconds = ended(CALLED_BACK, signal.SIGTERM)
    assert (code, said) == (143, "last act\n\ninterrupted\n")
    assert seconds < 2.0


#: Something whose end takes long, and is due when the interpreter ends.
LONG_TO_END = """
    class Large:
        def __del__(self):
            time.sleep(60)
    sys.large = Large()
    nap()
"""


def test_an_interrupted_process_is_spared_the_end_of_the_interpreter() -> None:
    code, said, seconds = ended(LONG_TO_END, signal.SIGINT)
    assert (code, said) == (130, "unwound\n")
    assert seconds < interrupts.GRACE_SECONDS


#: An object that is left half-made, and cannot end.
HALF_MADE = """
    class Half:
        def __init__(self):
            nap()
            self.whole = True
        def __del__(self):
            self.whole
    Half()
"""


def test_nothing_is_said_of_objects_that_the_interruption_left_half_made() -> None:
    assert ended(HALF_MADE, signal.SIGTERM)[:2] == (143, "unwound\n")


def test_a_process_that_swallows_the_exception_is_ended_after_its_last_act() -> None:
    code, said, seconds = ended(STUBBORN, signal.SIGTERM)
    assert (code, said) == (143, "last act\n\ninterrupted\n")
    assert interrupts.GRACE_SECONDS <= seconds < 2.0


def test_a_process_that_hangs_at_its_end_is_ended() -> None:
    code, said, seconds = ended(DEAF, signal.SIGTERM)
    assert (code, said) == (143, "unwound\n\ninterrupted\n")
    assert interrupts.GRACE_SECONDS <= seconds < 2.0


def test_a_second_signal_ends_it_at_once() -> None:
    code, _, seconds = ended(DEAF, signal.SIGINT, signal.SIGTERM)
    assert code == 130
    assert seconds < interrupts.GRACE_SECONDS


def test_a_signal_that_the_process_was_started_to_ignore_stays_ignored() -> None:
    script = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from lockstep.cli.interrupts import interruptible
with interruptible():
    os.kill(os.getpid(), signal.SIGINT)
print("alive")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout) == (0, "alive\n")


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) is interrupts._raise
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_outside_the_main_thread_nothing_is_done() -> None:
    seen: list[object] = []

    def aside() -> None:
        with interruptible():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=aside)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_the_code_of_an_interruption_is_that_of_its_signal() -> None:
    assert exit_code(Interrupted(signal.SIGTERM)) == 143
    assert exit_code(KeyboardInterrupt()) == 130


def test_a_last_act_is_forgotten_with_its_block() -> None:
    with last_act(print):
        assert interrupts._last_acts == [print]
    assert interrupts._last_acts == []
