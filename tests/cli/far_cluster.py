"""A cluster of one worker in a process of its own, so that a test can kill its scheduler."""

from __future__ import annotations

import time


def serve(folder: str) -> None:
    """Print the scheduler's address, then wait to be killed."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
        local_directory=folder, silence_logs=100, preload=["tests.cli.far_preload"],
    ) as cluster:  # fmt: skip
        print(cluster.scheduler_address, flush=True)
        time.sleep(120)
