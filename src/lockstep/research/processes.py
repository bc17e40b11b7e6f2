"""Searches in processes of this machine, as they finish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lockstep.core.errors import AssetError
from lockstep.engine.apart import Call, each_apart

#: A search may take as long as it takes; a number that systems can wait for.
_NO_LIMIT_SECONDS = 10 * 86_400.0


def each_process(calls: Sequence[Call], jobs: int) -> Iterator[Any]:
    """Make calls in processes; yield what they return, in any order.

    The processes end with the iterator and with this process, however that ends, and leave
    nothing behind: what they are given is sent through a pipe, not laid into shared memory.

    Parameters
    ----------
    calls : sequence of Call
        Of one function of a module, with arguments that can be pickled.
    jobs : int
        How many processes at a time.

    Raises
    ------
    AssetError
        Once all others are made, naming the calls whose processes were lost.
    LockstepError
        What a call raised on purpose: it ends them all.
    """
    failed: dict[str, str] = {}
    for answer in each_apart(calls, jobs=jobs, seconds=_NO_LIMIT_SECONDS, event="search"):
        if answer.failure:
            failed[answer.symbol] = answer.failure
        else:
            yield answer.value
    if failed:
        told = "; ".join(f"{name} {why}" for name, why in sorted(failed.items()))
        raise AssetError(
            f"{told}. The others are finished and their trials kept: the same command makes only "
            "what is missing (fewer --jobs take less memory)."
        )
