"""An end within two seconds of Ctrl-C, SIGTERM or a lost terminal, whatever the process is at."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: Seconds in which the process may end by itself: what is left of two is for the last acts and a
#: busy disk. A second signal ends it at once.
GRACE_SECONDS = 0.9
#: What ends a run, with exit code 128 + its number.
SIGNALS = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_last_acts: list[Callable[[], object]] = []
#: Sockets that must not be closed before the process ends.
_open: list[socket.socket] = []


class Interrupted(KeyboardInterrupt):
    """The user, or the system, wants the process to end.

    Parameters
    ----------
    number : int
        The signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def exit_code(interruption: KeyboardInterrupt) -> int:
    """Return 128 + the number of the signal: 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP."""
    return 128 + int(getattr(interruption, "number", _seen or signal.SIGINT))


@contextmanager
def last_act(act: Callable[[], object]) -> Iterator[None]:
    """Do something small if the process has to be ended inside the block by force."""
    _last_acts.append(act)
    try:
        yield
    finally:
        _last_acts.remove(act)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the main thread on a signal, and watch that the process then ends.

    Compiled code, and a compiler at work, do not hear the exception: then a thread of its own does
    the last acts and leaves. A signal that the process was started to ignore stays ignored.
    Outside the main thread nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    here, there = socket.socketpair()
    there.setblocking(False)
    atexit.unregister(_leave)  # the first to be registered is the last to be called
    atexit.register(_leave)
    told_of = sys.unraisablehook
    sys.unraisablehook = lambda lost: _swallowed(lost, told_of)
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _raise) for number in heard}
    told = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(here,), daemon=True).start()
    try:
        yield
    finally:
        if _seen:  # what is left to do is watched to the very end
            _open.append(there)
        else:
            sys.unraisablehook = told_of
            signal.set_wakeup_fd(told)
            for number, handler in before.items():
                signal.signal(number, handler)
            there.close()


_seen = 0


def _leave() -> None:
    """Spare an interrupted process the end of the interpreter, object by object.

    It takes long after large imports, and nobody watches it: threads are gone by then.
    """
    if _seen:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(128 + _seen)


def _swallowed(lost: Any, told_of: Callable[[Any], object]) -> None:
    """Say nothing of an interruption that a callback could not pass on: `_watch` sees to it.

    Nor of what fails afterwards, such as the end of objects that it left half-made.
    """
    if not _seen:
        told_of(lost)


def _raise(number: int, _: FrameType | None) -> None:
    global _seen  # noqa: PLW0603 - signals are the process's
    if not _seen:
        _seen = number
        raise Interrupted(number)


def _watch(here: socket.socket) -> None:
    number = _next_signal(here)
    if not number:
        here.close()
        return
    here.settimeout(GRACE_SECONDS)
    with contextlib.suppress(TimeoutError):
        _next_signal(here)
    for act in list(_last_acts):
        with contextlib.suppress(OSError):
            act()
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h")  # progress bars hide the cursor
    sys.stderr.write("\ninterrupted\n")
    sys.stderr.flush()
    os._exit(128 + number)


def _next_signal(here: socket.socket) -> int:
    """Return the next signal of ours; 0 if the other end was closed."""
    while True:
        word = here.recv(1)
        if not word:
            return 0
        if word[0] in SIGNALS:
            return word[0]
