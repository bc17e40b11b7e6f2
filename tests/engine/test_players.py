from __future__ import annotations

import os

import joblib

from lockstep.engine.players import workers
from tests.kit import asset, flat_rows, make_bars, plan_of, unit


def process(_: int) -> int:
    return os.getpid()


def test_cerebros_are_played_in_processes_that_are_kept_between_batches() -> None:
    plans = [plan_of(asset(unit(), make_bars("EURUSD", flat_rows(1.1, 5))))]
    calls = [joblib.delayed(process)(0)] * 4
    first, second = (set(workers(plans, "cerebro", 2)(calls)) for _ in range(2))
    assert os.getpid() not in first | second
    assert first & second


def test_one_job_and_the_compiled_player_stay_in_this_process() -> None:
    plans = [plan_of(asset(unit(), make_bars("EURUSD", flat_rows(1.1, 5))))]
    calls = [joblib.delayed(process)(0)] * 2
    assert set(workers(plans, "cerebro", 1)(calls)) == {os.getpid()}
    assert set(workers(plans, "kernel", 2)(calls)) == {os.getpid()}
