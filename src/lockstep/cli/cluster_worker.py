"""What a job does on a worker of a Dask cluster: begin, be heard, end when nobody waits for it."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic
from typing import Any

import numpy as np

from lockstep import __version__
from lockstep.core.errors import ClusterError
from lockstep.engine.elsewhere import told_by
from lockstep.runs.manifest import source_hash

#: Begins the key of every job on the scheduler.
PREFIX = "lockstep-"
VALUE, FAILURE = "value", "failure"
#: Seconds for which what a job tells is gathered before it is sent.
GATHER_SECONDS = 1.0
#: How often a job looks whether anybody still waits for it.
_LOOK_SECONDS = 0.25
_THREADS = "OPENBLAS_NUM_THREADS"
#: States of a worker that is leaving; one that is paused, for want of memory, works on.
_ENDS = {"closing", "stopping", "closed", "failed"}
#: glibc's names of what memory goes back to the system when it is freed, and what we want.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _LARGEST_BYTES = 1 << 28, 1 << 25


class Abandoned(BaseException):
    """Nobody waits for this job any more; it is raised wherever the job happens to be."""


def work(sources_there: str, topic: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Make one call on a worker; return what kind of result it is, and the result.

    Parameters
    ----------
    sources_there : str
        `sources` of the process that asks.
    topic : str
        Under which the scheduler passes on what the job tells.
    function, arguments
        The call.

    Raises
    ------
    ClusterError
        If this worker would not do what that process would.
    Abandoned
        If the job has been cancelled.
    """
    from distributed import get_worker

    worker = get_worker()
    _check(sources_there, worker.address)
    _hold_on_to_memory()
    told = _Told(worker, topic)
    with _ending_when_abandoned(worker), told_by(told):
        try:
            value = function(*arguments)
        except MemoryError:
            return FAILURE, "needed more memory than its worker has"
        told.flush()
        return VALUE, value


def _check(sources_there: str, address: str) -> None:
    if sources() != sources_there:
        raise ClusterError(
            f"the worker at {address} runs other sources of Lockstep, or another numpy "
            f"({sources()}; here {sources_there}). Install the same version on every machine."
        )
    if os.environ.get(_THREADS) != "1":
        raise ClusterError(
            f"the worker at {address} was started without {_THREADS}=1, so its last digits may "
            "differ. Start it by `dask worker` with its nanny, which sets it, or set it yourself."
        )


@lru_cache(maxsize=1)
def sources() -> str:
    """Return what must be the same on both sides: versions, and a hash of Lockstep's sources."""
    python = ".".join(platform.python_version_tuple()[:2])
    versions = f"{__version__}-python{python}-numpy{np.__version__}"
    return f"{versions}-{source_hash()[:12]}"


@lru_cache(maxsize=1)
def _hold_on_to_memory() -> None:
    """Let freed arrays be used again (glibc; elsewhere nothing).

    Dask's nanny has workers give every freed array back to the system, which then clears the next
    one page by page: a trial takes twice its time.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_BYTES)


class _Told:
    """Sends what a job tells through the scheduler, gathered."""

    def __init__(self, worker: Any, topic: str) -> None:
        self._worker, self._topic = worker, topic
        self._from = ("", "")
        self._values: list[Any] = []
        self._last = monotonic()

    def __call__(self, address: str, name: str, value: Any) -> None:
        self._from = (address, name)
        self._values.append(value)
        if monotonic() - self._last >= GATHER_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send what has been gathered."""
        from distributed.protocol.serialize import serialize_bytes

        if self._values:
            message = serialize_bytes(self._values)
            self._worker.log_event(self._topic, (*self._from, message))
        self._values, self._last = [], monotonic()


def told(message: bytes) -> list[Any]:
    """Return the values that `_Told` sent in one message."""
    from distributed.protocol.serialize import deserialize_bytes

    values: list[Any] = deserialize_bytes(message)
    return values


# The end of a job -----------------------------------------------------------------------------


@contextmanager
def _ending_when_abandoned(worker: Any) -> Iterator[None]:
    """End the block as soon as the scheduler has let go of its job, or is gone itself.

    Dask cannot stop a thread: without this a job would go on to its end, for nobody.
    """
    job, thread, over = worker.get_current_task(), threading.get_ident(), threading.Event()
    lock = threading.Lock()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            if _is_wanted(worker, job):
                continue
            with lock:
                if not over.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(thread), ctypes.py_object(Abandoned)
                    )
            return

    threading.Thread(target=look, daemon=True, name="abandoned?").start()
    try:
        yield
    finally:
        with lock:
            over.set()


def _is_wanted(worker: Any, job: str) -> bool:
    state = worker.state.tasks.get(job)
    return state is not None and state.state == "executing" and worker.status.name not in _ENDS


# On the scheduler -----------------------------------------------------------------------------


def one_try() -> Any:
    """Return a plug-in of the scheduler by which it gives each of our jobs to one worker only.

    It would try a job that kills its worker three times more, each time on another worker; how
    often a job is tried is ours to say. Jobs of others are left alone. The class is made in here
    so that it travels whole: the scheduler need not have Lockstep.
    """
    from distributed.diagnostics.plugin import SchedulerPlugin

    prefix = PREFIX

    class OneTry(SchedulerPlugin):
        name = "lockstep-one-try"
        idempotent = True

        def update_graph(self, scheduler: Any, *, keys: Any, **_: Any) -> None:
            for key in keys:
                if str(key).startswith(prefix) and key in scheduler.tasks:
                    scheduler.tasks[key].suspicious = scheduler.allowed_failures

    return OneTry()
