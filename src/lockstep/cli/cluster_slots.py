"""Which worker does which job: one a thread, and a job that was lost before with nobody beside it.

A worker that dies takes along whatever is on it. So nothing waits on a worker, and a job that has
lost one worker has the next one to itself: if that dies too, it was the job.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping


class Slots:
    """The threads of a cluster and the jobs that are on them."""

    def __init__(self) -> None:
        self._jobs: dict[str, set[Hashable]] = {}
        self._alone: set[Hashable] = set()

    def place(self, job: Hashable, threads: Mapping[str, int], *, alone: bool) -> str | None:
        """Give a job to the worker with the most free threads; None if it has to wait.

        Parameters
        ----------
        job : hashable
            Waits, or was freed.
        threads : mapping of str to int
            By address of each worker there is now.
        alone : bool
            Whether the job needs a worker without any other job.
        """
        self._jobs = {address: self._jobs.get(address, set()) for address in threads}
        free = {
            address: count - len(self._jobs[address])
            for address, count in threads.items()
            if not (self._jobs[address] & self._alone or (alone and self._jobs[address]))
        }
        best = max(sorted(free), key=lambda address: free[address], default=None)
        if best is None or free[best] < 1:
            return None
        self._jobs[best].add(job)
        if alone:
            self._alone.add(job)
        return best

    def free(self, job: Hashable) -> None:
        """Let go of a job, wherever it is."""
        self._alone.discard(job)
        for jobs in self._jobs.values():
            jobs.discard(job)
