"""A cluster of worker processes on this machine: what a job, sending bars and a trial cost.

CPU seconds of this process (with the scheduler, which lives in it), and of the workers.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
from distributed import LocalCluster

from bench import options, report
from lockstep.cli.cluster import connected
from lockstep.config.loading import load
from lockstep.config.selection import Selection
from lockstep.core.bars import MINUTE_NS, Bars
from lockstep.engine.elsewhere import Job, Shared, each_elsewhere
from lockstep.research.evaluation import Evaluator
from lockstep.research.far import search_far
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.space import Space
from lockstep.runs.trials import TrialLedger

SYMBOL = "EURGBPX"


def nothing(shared: Shared) -> int:
    return len(shared.value.bars)


def used(_: object = None) -> tuple[float, int]:
    """Return the CPU seconds and the peak memory (bytes) of a process."""
    import resource

    mine = resource.getrusage(resource.RUSAGE_SELF)
    return time.process_time(), mine.ru_maxrss * 1024


def walk_of(rows: int, seed: int) -> Bars:
    """Return five-minute bars of a random walk."""
    dice = np.random.default_rng(seed)
    close = 0.85 * np.exp(np.cumsum(dice.normal(0.0, 2e-4, rows)))
    opened = np.concatenate([[close[0]], close[:-1]])
    span = np.abs(dice.normal(0.0, 1e-4, rows))
    time_ = 1_600_000_200_000_000_000 + np.arange(rows, dtype=np.int64) * 5 * MINUTE_NS
    high, low = np.maximum(opened, close) + span, np.minimum(opened, close) - span
    return Bars(SYMBOL, 5 * MINUTE_NS, time_, opened, high, low, close, np.zeros(rows))


def optimizers(
    rows: int, assets: int, trials: int, ledger: TrialLedger
) -> list[ParameterOptimizer]:
    config = load(None, Selection(symbols=(SYMBOL,))).config
    account = config.portfolio.model_copy(update={"conversion": {"GBP/USD": 1.3}})
    found = []
    for number in range(assets):
        evaluator = Evaluator(config.assets[0], account, walk_of(rows, number))
        space = Space.named("balanced", evaluator)
        found.append(
            ParameterOptimizer(evaluator, space, method="random", trials=trials, store=ledger)
        )
    return found


def main() -> None:
    given = options(__doc__, rows=200_000, assets=4, trials=200, workers=2)
    work = Path(tempfile.mkdtemp())
    near, far = (optimizers(given.rows, given.assets, given.trials, TrialLedger(work / name))
                 for name in ("near", "far"))  # fmt: skip
    near[0].evaluator.evaluate({})  # compiled
    begun = time.process_time()
    own = [one.search() for one in near]
    here = time.process_time() - begun
    with LocalCluster(
        n_workers=given.workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
        local_directory=str(work),
    ) as cluster:  # fmt: skip
        flags = dict.fromkeys(("tls_ca", "tls_cert", "tls_key"))
        flags |= {"backend": "dask", "scheduler": cluster.scheduler_address}
        with connected(argparse.Namespace(**flags)):
            measure(given, cluster, (own, here), far, work)


def measure(given, cluster, near, far, work) -> None:
    own, here = near
    with cluster.get_client() as client:
        shared = Shared(far[0].evaluator)
        first = timed(lambda: list(each_elsewhere([Job("first", nothing, (shared,))])))
        many = [Job(str(number), nothing, (shared,)) for number in range(200)]
        each = timed(lambda: list(each_elsewhere(many))) / len(many)
        list(search_far([dataclasses.replace(one, trials=1) for one in far]))  # workers compiled
        before, mine = client.run(used), time.process_time()
        wall = timed(lambda: own_check(own, list(search_far(far))))
        after, driver = client.run(used), time.process_time() - mine
    trials = given.assets * given.trials
    there = sum(after[name][0] - before[name][0] for name in after)
    kept = sum(path.stat().st_size for path in (work / "far").glob("*.journal"))
    report(
        rows=given.rows, assets=given.assets, trials=trials, workers=given.workers,
        first_job_seconds=round(first, 3), job_ms=round(each * 1e3, 2),
        here_cpu_ms_a_trial=round(here / trials * 1e3, 2),
        workers_cpu_ms_a_trial=round(there / trials * 1e3, 2),
        driver_and_scheduler_cpu_ms_a_trial=round(driver / trials * 1e3, 2),
        wall_seconds=round(wall, 2),
        worker_peak_mb=max(round(peak / 1e6) for _, peak in after.values()),
        ledger_bytes_a_trial=round(kept / trials),
    )  # fmt: skip


def timed(call) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def own_check(own, found) -> None:
    """Stop if the cluster found anything else."""
    by_study = {one.study: [trial.metrics for trial in one.trials] for one in found}
    assert by_study == {one.study: [trial.metrics for trial in one.trials] for one in own}


if __name__ == "__main__":
    main()
