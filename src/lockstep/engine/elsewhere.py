"""Calls on other machines: the same calls, the same results, wherever the user has them made.

Who names a cluster does it around a whole command, by `joblib.parallel_config`; nothing in here
knows what it is made of. Everything is called from the thread in which that was done.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import joblib
from joblib.parallel import get_active_backend

#: What is done, where the call was made, with what a call tells while it runs: name and value.
Heard = Callable[[str, Any], None]


class Shared:
    """Something heavy that is sent once to each machine that needs it, not with every call.

    It stays there while this object lives; calls take the object itself, and ask for its `value`.

    Parameters
    ----------
    value : object
        Must not be changed.
    """

    __slots__ = ("__weakref__", "value")

    def __init__(self, value: Any) -> None:
        self.value = value

    def __reduce__(self) -> tuple[type[Shared], tuple[Any]]:
        """Travel with the value."""
        return Shared, (self.value,)


@dataclass(frozen=True, slots=True)
class Job:
    """One call, to be made elsewhere.

    Parameters
    ----------
    name : str
        Whose call it is, for messages; unique among the calls that are made together.
    function : callable
        Of a module that can be imported there.
    arguments : tuple
        Plain data, arrays, `Shared`.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job.

    Parameters
    ----------
    name : str
        Of the job.
    value : object
        What the function returned; None after a failure.
    failure : str
        A sentence without a subject ("lost its worker ..."); empty if there is a value.
    """

    name: str
    value: Any = None
    failure: str = ""


class Cluster(Protocol):
    """What a joblib backend must offer beside joblib's own contract to be somewhere else."""

    def hearing(self, heard: Heard | None) -> Any:
        """Return a context that gives what jobs tell to `heard`; it gives an address for them."""


def cluster() -> Cluster | None:
    """Return the cluster in whose block the caller runs; None: the work is done here."""
    backend, _ = get_active_backend()
    return backend if hasattr(backend, "hearing") else None


def each_elsewhere(jobs: Sequence[Job], heard: Heard | None = None) -> Iterator[Done]:
    """Do jobs on the cluster, as they finish.

    A job whose worker dies is done once more, on another; the second time it is a failure.

    Parameters
    ----------
    jobs : sequence of Job
        In the order in which they are begun.
    heard : callable, optional
        Is given (name, value) of what jobs `tell`, in the order told, in another thread. What a
        job told comes before its result; a job that is done again may tell the same again.

    Raises
    ------
    ClusterError
        If the cluster is lost. What was yielded is done.
    LockstepError
        What a job, or `heard`, raised on purpose.
    """
    there = cluster()
    if there is None:
        raise ValueError("there is no cluster here; expected a call inside its block.")
    with there.hearing(heard) as address:
        calls = (
            joblib.delayed(_done)(address, job.name, job.function, *job.arguments) for job in jobs
        )
        # all of them at once: the cluster itself holds back what has no thread yet
        parallel = joblib.Parallel(
            return_as="generator_unordered", batch_size=1, pre_dispatch="all"
        )
        results = parallel(calls)
        try:
            for done in results:  # noqa: UP028 - `yield from` would close it unseen
                yield done
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # joblib would tell of jobs that are let go
                results.close()


def _done(address: str, name: str, function: Callable[..., Any], *arguments: Any) -> Done:
    _telling.name = (address, name)
    return Done(name, function(*arguments))


# Inside a job ---------------------------------------------------------------------------------


class _Telling(threading.local):
    """Who runs in this thread, and how it is heard."""

    name: tuple[str, str] = ("", "")
    send: Callable[[str, str, Any], None] | None = None


_telling = _Telling()


def tell(value: Any) -> None:
    """Send something to whoever made the running job; outside a job nothing happens."""
    if _telling.send is not None:
        _telling.send(*_telling.name, value)


@contextmanager
def told_by(send: Callable[[str, str, Any], None]) -> Iterator[None]:
    """Give what the jobs of this thread tell to `send`: address, name, value."""
    _telling.send = send
    try:
        yield
    finally:
        _telling.send = None
