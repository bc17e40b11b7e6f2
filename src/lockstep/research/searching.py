"""Searching: many assets, one search each, side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from lockstep.core.protocols import Progress, Silent
from lockstep.engine.apart import Call
from lockstep.engine.elsewhere import cluster
from lockstep.research.far import search_far
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.processes import each_process
from lockstep.research.search import Search

_TASK = "assets"


def search_many(
    optimizers: Sequence[ParameterOptimizer],
    jobs: int = 1,
    *,
    progress: Progress | None = None,
) -> Iterator[Search]:
    """Search many assets; yield each search as it is finished.

    The searches are the same whatever the number of jobs, and whether they are made here or on a
    cluster. A search that was interrupted has kept its trials.

    Parameters
    ----------
    optimizers : sequence of ParameterOptimizer
        One an asset, all of one store.
    jobs : int
        How many at once: processes, because a learning sampler does not let go of the interpreter.
    progress : Progress, optional
        Told of every finished search, and of every trial where one search runs at a time.
    """
    shown = progress or Silent()
    shown.start(_TASK, len(optimizers))
    for search in _searched(optimizers, jobs, shown):
        shown.advance(_TASK)
        yield search


def _searched(
    optimizers: Sequence[ParameterOptimizer], jobs: int, shown: Progress
) -> Iterator[Search]:
    if cluster() is not None:
        yield from search_far([dataclasses.replace(one, progress=shown) for one in optimizers])
    elif jobs == 1 or len(optimizers) < 2:
        for one in optimizers:
            yield dataclasses.replace(one, progress=shown).search()
    else:
        quiet = [dataclasses.replace(one, progress=Silent()) for one in optimizers]
        calls = [
            Call(one.evaluator.asset.symbol, ParameterOptimizer.search, (one,)) for one in quiet
        ]
        yield from each_process(calls, jobs)
