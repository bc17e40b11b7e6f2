"""A Dask cluster as joblib sees it: jobs sent, heard, tried again, and given up.

joblib's own backend for Dask waits for ever on a job whose worker died, gives the end of the
connection out as a result, does the work here if the cluster has a single thread, and sends bars
anew with every call. This one does none of that; it follows joblib's documented contract.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from joblib.parallel import ParallelBackendBase

from lockstep.cli.cluster_slots import Slots
from lockstep.cli.cluster_worker import FAILURE, PREFIX, told, work
from lockstep.core.errors import ClusterError, LockstepError
from lockstep.engine.elsewhere import Done, Heard, Shared

#: How often a job is begun before it is a failure.
TRIES = 2
#: Seconds a cluster may be without any worker.
PATIENCE = 60.0
_LOOK_SECONDS = 1.0
#: Results that are fetched at a time.
_HANDS = 4
KEPT = "What is finished is kept: the same command goes on from there (--resume)."
_log = logging.getLogger(__name__)


class _Sent:
    """A job on its way."""

    __slots__ = ("arguments", "callback", "future", "name", "tries")

    def __init__(self, call: tuple[Any, ...], callback: Callable[[Any], Any]) -> None:
        function, given, _ = call
        self.name: str = given[1]
        self.arguments = (function, *given)
        self.callback = callback
        self.tries = 0
        self.future: Any = None

    def let_go(self) -> None:
        """Tell the scheduler that nobody waits for it: it forgets, or stops, the job."""
        if self.future is not None:
            self.future.release()
        self.future = None


class ClusterBackend(ParallelBackendBase):  # type: ignore[misc]
    """Sends calls to a cluster, on behalf of joblib.

    Parameters
    ----------
    client : distributed.Client
        Connected; it is closed by whoever opened it.
    sources : str
        `lockstep.cli.cluster_worker.sources` of this process; a worker that has others refuses.
    """

    supports_retrieve_callback = True
    default_n_jobs = -1

    def __init__(self, client: Any, sources: str) -> None:
        super().__init__(nesting_level=0)
        self._client, self._sources = client, sources
        self._topic = f"lockstep-{uuid.uuid4().hex}"
        self._lock = threading.RLock()
        self._waiting: deque[_Sent] = deque()
        self._sent: set[_Sent] = set()
        self._slots = Slots()
        self._sending = threading.Lock()
        self._placed: WeakKeyDictionary[Shared, Any] = WeakKeyDictionary()
        self._heard: dict[str, Heard] = {}
        self._ear = ThreadPoolExecutor(1, thread_name_prefix="cluster-ear")
        self._hand = ThreadPoolExecutor(_HANDS, thread_name_prefix="cluster-hand")
        self._over = threading.Event()
        #: A scheduler that comes back is another: it knows none of our jobs.
        self._scheduler = client.scheduler_comm
        client.subscribe_topic(self._topic, self._hear)
        threading.Thread(target=self._look_after, daemon=True).start()

    def close(self) -> None:
        """Forget every job; nobody hears of them any more."""
        self._over.set()
        self.abort_everything()
        for pool in (self._ear, self._hand):
            pool.shutdown(wait=False, cancel_futures=True)

    # joblib's contract ------------------------------------------------------------------------

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return the threads of the cluster; 2 if there are fewer, or joblib would work here.

        Raises
        ------
        ClusterError
            If the scheduler is gone.
        """
        return max(2, sum(self._threads().values()))

    def submit(self, func: Any, callback: Callable[[Any], Any]) -> _Sent:
        """Send joblib's batch, which holds one call, and tell `callback` what became of it."""
        (call,) = func.items
        job = _Sent(call, callback)
        with self._lock:
            self._waiting.append(job)
        self._in_hand(self._fill)
        return job

    def retrieve_result_callback(self, out: Done | BaseException) -> list[Done]:
        """Return what became of a batch, or raise it."""
        if isinstance(out, BaseException):
            raise out
        return [out]

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Let go of every job: those that wait are forgotten, those that run are stopped."""
        with self._lock:
            self._waiting.clear()
            left, self._sent = self._sent, set()
            self._slots = Slots()
        for job in left:
            job.let_go()

    # What jobs tell ---------------------------------------------------------------------------

    @contextmanager
    def hearing(self, heard: Heard | None) -> Iterator[str]:
        """Give what jobs tell to `heard`, in the order told; see `lockstep.engine.elsewhere`."""
        address = uuid.uuid4().hex
        if heard is not None:
            self._heard[address] = heard
        try:
            yield address
        finally:
            self._hear_out()
            self._heard.pop(address, None)

    def _hear(self, event: tuple[float, tuple[str, str, bytes]]) -> None:
        address, name, value = event[1]
        if address in self._heard and not self._over.is_set():
            self._ear.submit(self._give, address, name, value).add_done_callback(self._check)

    def _give(self, address: str, name: str, value: bytes) -> None:
        if address in self._heard:
            for one in told(value):
                self._heard[address](name, one)

    def _check(self, given: Future[None]) -> None:
        if not given.cancelled() and (error := given.exception()) is not None:
            self._fail(error)

    def _hear_out(self) -> None:
        """Wait until everything that has arrived is heard."""
        if not self._over.is_set():
            self._ear.submit(int).result()

    # One job ----------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Send what waits to the threads that are free; a job that was lost before goes first."""
        with self._sending:
            while self._waiting and not self._over.is_set():
                try:
                    threads = self._threads()
                except ClusterError as error:
                    self._fail(error)
                    return
                with self._lock:
                    if not self._waiting:
                        return
                    job = self._waiting[0]
                    address = self._slots.place(job, threads, alone=job.tries > 0)
                    if address is None:
                        return
                    self._waiting.popleft()
                    self._sent.add(job)
                self._send(job, address)

    def _send(self, job: _Sent, address: str) -> None:
        job.tries += 1
        try:
            there = [self._place(a, address) if isinstance(a, Shared) else a for a in job.arguments]
            future = self._client.submit(
                work,
                self._sources,
                self._topic,
                *there,
                key=f"{PREFIX}{uuid.uuid4().hex}",
                workers=[address],
                allow_other_workers=True,  # one that has died meanwhile
            )
        except (OSError, TimeoutError) as error:
            self._finish(job, self._gone(str(error)))
            return
        with self._lock:
            job.future = future
            if job not in self._sent:  # nobody waits any more since a moment ago
                job.let_go()
                return
        future.add_done_callback(lambda future: self._in_hand(self._ended, job, future))

    def _place(self, shared: Shared, address: str) -> Any:
        """Return the future of something heavy, which is sent if no machine holds it."""
        with self._lock:
            future = self._placed.get(shared)
            if future is None or future.status != "finished":
                (future,) = self._client.scatter([shared], workers=[address], hash=False)
                self._placed[shared] = future
            return future

    def _in_hand(self, function: Callable[..., None], *given: Any) -> None:
        """Do something in a thread of ours, so that no error of it gets lost."""
        if not self._over.is_set():
            self._hand.submit(function, *given).add_done_callback(self._check)

    def _ended(self, job: _Sent, future: Any) -> None:
        if job.future is not future or job not in self._sent:
            return
        outcome = self._outcome(job, future)
        if outcome is None:
            if job.tries < TRIES and self._put_back(job):
                _log.warning(
                    "%s: its worker was lost; it is tried again",
                    job.name,
                    extra={"event": "cluster.lost", "asset": job.name},
                )
                self._fill()
                return
            outcome = Done(job.name, failure=f"lost its worker {TRIES} times, and is given up")
        self._hear_out()
        self._finish(job, outcome)

    def _put_back(self, job: _Sent) -> bool:
        """Let a job that was lost wait again, before all others; False if nobody waits for it."""
        with self._lock:
            if job not in self._sent:
                return False
            self._sent.discard(job)
            self._slots.free(job)
            job.let_go()
            self._waiting.appendleft(job)
            return True

    def _outcome(self, job: _Sent, future: Any) -> Done | BaseException | None:
        """Return what a job gave or raised; None if its worker, or what it needed, was lost."""
        from distributed import CancelledError, KilledWorker

        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                return None
            return error if isinstance(error, LockstepError) else _bug(job.name, error)
        try:
            kind, value = future.result()
        except KilledWorker:
            return None
        except CancelledError:
            return self._gone() if self._is_gone() else None
        except (OSError, TimeoutError) as error:
            return self._gone(str(error))
        return Done(job.name, failure=value) if kind == FAILURE else value

    def _finish(self, job: _Sent, outcome: Done | BaseException) -> None:
        with self._lock:
            if job not in self._sent:
                return
            self._sent.discard(job)
            self._slots.free(job)
        job.let_go()
        job.callback(outcome)
        self._in_hand(self._fill)

    # The cluster ------------------------------------------------------------------------------

    def _threads(self) -> dict[str, int]:
        """Return the threads of every worker, by address.

        Raises
        ------
        ClusterError
            If the scheduler is gone.
        """
        if self._is_gone():
            raise self._gone()
        try:
            threads: dict[str, int] = self._client.nthreads()
        except (OSError, TimeoutError) as error:
            raise self._gone(str(error)) from error
        return threads

    def _is_gone(self) -> bool:
        """Return True if the connection is not, or no longer, the one that was opened."""
        return (
            self._client.status != "running" or self._scheduler is not self._client.scheduler_comm
        )

    def _gone(self, why: str = "") -> ClusterError:
        address = self._client.scheduler.address if self._client.scheduler else "its address"
        return ClusterError(f"the scheduler at {address} is gone{why and f' ({why})'}. {KEPT}")

    def _fail(self, error: BaseException) -> None:
        """End every job with an error."""
        with self._lock:
            self._sent.update(self._waiting)
            self._waiting.clear()
            left = list(self._sent)
        for job in left:
            self._finish(job, error)

    def _look_after(self) -> None:
        """Send what waits to workers that have come; notice that none is left."""
        alone = 0.0
        while not self._over.wait(_LOOK_SECONDS):
            if self._waiting:
                self._in_hand(self._fill)
            if not (self._sent or self._waiting) or self._is_gone():
                continue  # jobs that are sent learn themselves that the scheduler is gone
            try:
                alone = 0.0 if self._threads() else alone + _LOOK_SECONDS
            except ClusterError as error:
                self._fail(error)
            if alone > PATIENCE:
                self._fail(ClusterError(f"no worker has been left for {PATIENCE:g} s. {KEPT}"))
                alone = 0.0


def _bug(name: str, error: BaseException) -> RuntimeError:
    bug = RuntimeError(f"{name}: a job on the cluster failed ({error!r})")
    bug.__cause__ = error
    return bug
