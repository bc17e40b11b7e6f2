"""Calls in processes of their own: one that dies, hangs or runs out of memory harms no other.

Every process answers one call at a time through its own pipe, so that a process that ends without
an answer names its call. A call in which strategies of several assets take turns says in shared
memory whose turn it is, so that one is named. Processes end with their parent, however that ends.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any

from lockstep.core.errors import LockstepError, UsageError
from lockstep.core.protocols import NOBODY, Progress, Silent, Turn

#: How long one call may take if nobody said.
DEFAULT_SECONDS = 3600.0
_START_SECONDS = 300.0
_PR_SET_PDEATHSIG = 1
_READY, _VALUE, _MEMORY, _ERROR, _BUG = "ready", "value", "memory", "error", "bug"
_TOLD, _LATE = "told", "late"
#: How often it is looked whose turn it is: seconds, and per limit.
_LOOK_SECONDS, _LOOKS = 0.1, 20
#: Looks that may fall out before it is this process that was stopped (Ctrl-Z), not a strategy slow.
_MISSED = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, on behalf of one asset, or of several.

    Parameters
    ----------
    symbol : str
        The asset; or what else the call is called.
    function : callable
        A function of a module: it is imported by the process.
    arguments : tuple
        Plain data and arrays; they are copied.
    turns : tuple of str
        The assets whose strategies take turns in the call: the function is then given a `Floor`
        as well. Empty: all of it is the strategy of `symbol`.
    """

    symbol: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    turns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call: its value, or why there is none.

    Parameters
    ----------
    symbol : str
        Of the call.
    value : object
        What the function returned; None after a failure.
    failure : str
        A sentence without a subject ("did not finish ..."); empty if there is a value.
    trace : str
        The traceback of the failure, where there is one.
    culprit : str
        The asset whose strategy was at work when it failed; empty if none was.
    """

    symbol: str
    value: Any = None
    failure: str = ""
    trace: str = ""
    culprit: str = ""


def each_apart(
    calls: Sequence[Call],
    *,
    jobs: int,
    seconds: float | None = None,
    event: str = "call",
    progress: Progress | None = None,
) -> Iterator[Answer]:
    """Answer calls in processes, as they finish.

    Parameters
    ----------
    calls : sequence of Call
        Of one function.
    jobs : int
        How many processes at a time.
    seconds : float, optional
        How long one asset's strategy may take in a call before the process is ended; None is
        `DEFAULT_SECONDS`. Starting a process does not count.
    event : str
        Begins the name of what is logged: ``<event>.started``.
    progress : Progress, optional
        Told, in another thread, of the advance of a call with turns.

    Raises
    ------
    LockstepError
        What a call raised on purpose: it ends them all.
    UsageError
        If processes cannot be started.
    RuntimeError
        If a call raised anything else, with its traceback.
    """
    if not calls:
        return
    limit = DEFAULT_SECONDS if seconds is None else seconds
    crew = _Crew(calls[0].function, limit, event, progress or Silent())
    pool = ThreadPoolExecutor(max(1, min(jobs, len(calls))), thread_name_prefix="apart")
    try:
        for future in as_completed([pool.submit(crew.answer, call) for call in calls]):
            yield future.result()
    finally:
        crew.end()
        pool.shutdown(cancel_futures=True)


class _Crew:
    """The processes of one batch: started when needed, replaced when lost."""

    def __init__(
        self, function: Callable[..., Any], seconds: float, event: str, progress: Progress
    ) -> None:
        self._function, self._seconds, self._event = function, seconds, event
        self._progress = progress
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: list[_Worker] = []
        self._over = False

    def answer(self, call: Call) -> Answer:
        worker = self._worker()
        _log.info(
            "%s: begun in process %d",
            call.symbol,
            worker.process.pid,
            extra={"event": f"{self._event}.started", "asset": None if call.turns else call.symbol},
        )
        answer = worker.answer(call, self._seconds, self._progress)
        with self._lock:
            if worker.process.is_alive():
                self._idle.append(worker)
        return answer

    def end(self) -> None:
        """End every process, busy or not."""
        with self._lock:
            self._over = True
            for worker in self._all:
                worker.end()

    def _worker(self) -> _Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._over:
                raise UsageError("the processes of the run were ended.")
            worker = _Worker(self._function)
            self._all.append(worker)
        worker.wait_until_ready()
        return worker


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        # a fork would copy locks that other threads hold
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._turn: Turn = context.RawValue("i", NOBODY)
        self.process = context.Process(
            target=_serve, args=(_Tie(os.getpid()), theirs, function, self._turn), daemon=True
        )
        _start_deaf(self.process)
        theirs.close()

    def wait_until_ready(self) -> None:
        """Wait for the imports of the process.

        Raises
        ------
        UsageError
            If it ends before it is ready.
        """
        try:
            if self._pipe.poll(_START_SECONDS):
                self._pipe.recv()
                return
            self.end()
        except (EOFError, OSError):
            self.process.join()
        raise UsageError(
            f"a process for the assets cannot be started (it {self._end_of_process()}). Use "
            "--jobs 1; a script of one's own must begin its work under "
            "if __name__ == '__main__'."
        )

    def answer(self, call: Call, seconds: float, progress: Progress) -> Answer:
        self._turn.value = NOBODY if call.turns else 0
        try:
            self._pipe.send((call.function, call.arguments, bool(call.turns)))
            said = self._said(call, seconds, progress)
        except (EOFError, OSError):
            return self._failed(call, self._end_of_process())
        kind, value, trace = said
        if kind == _LATE:
            self.end()
            self._turn.value = value  # another one's may have begun meanwhile
            return self._failed(call, f"did not finish within {seconds:g} s")
        if kind == _VALUE:
            return Answer(call.symbol, value)
        if kind == _MEMORY:
            return self._failed(call, "needed more memory than there is", trace)
        if kind == _ERROR:
            raise value from _There(trace)
        raise RuntimeError(f"{call.symbol}: a process failed:\n{trace}")

    def _said(self, call: Call, seconds: float, progress: Progress) -> tuple[str, Any, str]:
        """Wait for the end of a call, or until one asset's turns took too long: `_LATE`, and whose.

        Whose turn it is, is looked at after every wait: the time of it is his, or nobody's.
        """
        taken = [0.0] * max(1, len(call.turns))
        look = min(_LOOK_SECONDS, seconds / _LOOKS)
        before = monotonic()
        while max(taken) < seconds:
            is_said = self._pipe.poll(look)
            now, whose = monotonic(), self._turn.value
            if whose != NOBODY:
                taken[whose] += min(now - before, _MISSED * look)
            before = now
            if not is_said:
                continue
            kind, value, trace = self._pipe.recv()
            if kind != _TOLD:
                return kind, value, trace
            name, *arguments = value
            getattr(progress, name)(*arguments)
        return _LATE, taken.index(max(taken)), ""

    def _failed(self, call: Call, failure: str, trace: str = "") -> Answer:
        whose = self._turn.value
        culprit = "" if whose == NOBODY else (call.turns or (call.symbol,))[whose]
        return Answer(call.symbol, failure=failure, trace=trace, culprit=culprit)

    def end(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()

    def _end_of_process(self) -> str:
        self.process.join()
        code = self.process.exitcode or 0
        if code >= 0:
            return f"ended its process with exit code {code}"
        name = signal.Signals(-code).name
        why = ", as systems do when memory runs out" if name == "SIGKILL" else ""
        return f"lost its process to {name}{why}"


def _start_deaf(process: BaseProcess) -> None:
    """Start a process that never hears Ctrl-C, not even during its imports.

    A terminal sends it to every process; the parent decides what becomes of the others. What a
    thread blocks, the processes that it starts block too.
    """
    if not hasattr(signal, "pthread_sigmask"):
        process.start()
        return
    resource_tracker.ensure_running()  # its start would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _There(Exception):
    """The traceback of another process, shown above that of the error it sent."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


# Inside a process -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Floor:
    """A `Progress` for a call with turns, which also says whose turn it is.

    Parameters
    ----------
    turn : Turn
        Shared with the parent.
    pipe : Connection
        To the parent.
    """

    turn: Turn
    pipe: Connection

    def start(self, task: str, total: int) -> None:
        """Begin a task of `total` units."""
        self.pipe.send((_TOLD, ("start", task, total), ""))

    def advance(self, task: str, units: int = 1) -> None:
        """Report finished units."""
        self.pipe.send((_TOLD, ("advance", task, units), ""))


@dataclass(frozen=True, slots=True)
class _Tie:
    """Arrives in a process as a call of `end_with`, before what is heavy is imported there."""

    parent: int

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return end_with, (self.parent,)


def _serve(_tied: None, pipe: Connection, function: Callable[..., Any], turn: Turn) -> None:
    """Answer calls until the pipe closes; `function` is here to be imported before the first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    pipe.send(_READY)
    while True:
        try:
            called, arguments, has_turns = pipe.recv()
        except EOFError:
            return
        if has_turns:
            arguments = (*arguments, Floor(turn, pipe))
        reply = _reply(pipe, called, arguments)
        del called, arguments
        pipe.send(reply)


def _reply(pipe: Connection, called: Callable[..., Any], arguments: Any) -> tuple[str, Any, str]:
    try:
        return _VALUE, called(*arguments), ""
    except MemoryError:
        return _MEMORY, None, traceback.format_exc()
    except LockstepError as error:
        return _ERROR, error, traceback.format_exc()
    except Exception as error:
        pipe.send((_BUG, None, traceback.format_exc()))
        raise SystemExit(1) from error


def end_with(parent: int) -> None:
    """Let the system end this process as soon as its parent is gone (Linux; elsewhere nothing).

    Parameters
    ----------
    parent : int
        Process number of the parent, which may have gone before this was asked for.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
