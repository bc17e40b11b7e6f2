from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lockstep
from lockstep.core.errors import AssetError, ConfigError
from lockstep.engine.apart import Call
from lockstep.research.objectives import OBJECTIVES
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.processes import each_process
from lockstep.research.searching import search_many
from lockstep.research.space import Space
from tests.research.worlds import small_evaluator

#: Two searches of an hour each, and a sign when both have begun.
SCRIPT = """
import logging, sys, time
from lockstep.engine.apart import Call
from lockstep.research.processes import each_process
if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(process)d %(message)s")
    list(each_process([Call(name, time.sleep, (3600,)) for name in "AB"], 2))
"""


def lose(number: int) -> None:
    os.kill(os.getpid(), number)


def refuse(text: str) -> None:
    raise ConfigError(text)


def test_calls_return_what_they_return_in_any_order():
    calls = [Call(str(number), pow, (number, 2)) for number in (2, 3, 4)]
    assert sorted(each_process(calls, 2)) == [4, 9, 16]


def test_searches_in_processes_are_those_of_this_process():
    evaluators = [small_evaluator(), small_evaluator(7_000)]
    space = Space.of(evaluators[0].asset, {"stop_multiplier": "2:4:1"})
    optimizers = [
        ParameterOptimizer(one, space, objective=("sharpe", "pnl"), method="grid", candidates=1)
        for one in evaluators
    ]
    here = {one.study: one for one in search_many(optimizers, 1)}
    apart = {one.study: one for one in search_many(optimizers, 2)}
    assert len(here) == 2
    for study, search in apart.items():
        assert [one.metrics for one in search.made] == [one.metrics for one in here[study].made]
        assert search.best().number == here[study].best().number


@pytest.mark.parametrize("goal", OBJECTIVES.values(), ids=OBJECTIVES)
def test_objectives_travel_between_processes(goal):
    metrics = {"sharpe": 1.0, "net_pnl": 2.0, "max_drawdown": 0.1, "trades": 50.0}
    assert pickle.loads(pickle.dumps(goal)).score(metrics) == goal.score(metrics)


def test_a_lost_process_is_told_once_the_others_are_done():
    found = []
    calls = [Call("EURUSD", lose, (signal.SIGKILL,)), Call("XAUUSD", abs, (-3,))]
    with pytest.raises(AssetError, match=r"EURUSD lost its process to SIGKILL.*same command"):
        found.extend(each_process([calls[0]], 1))
    with pytest.raises(AssetError, match="EURUSD lost its process"):
        for one in each_process(calls, 1):
            found.append(one)
    assert found == [3]


def test_what_a_call_refuses_ends_them_all():
    with pytest.raises(ConfigError, match="no such range"):
        list(each_process([Call("A", refuse, ("no such range",))], 1))


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_their_parent_and_leave_nothing_behind(number, tmp_path):
    script = tmp_path / "searching.py"
    script.write_text(SCRIPT)
    source = Path(lockstep.__file__).parents[1]
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(source)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun = [parent.stdout.readline() for _ in "AB"]
    assert all(": begun in process " in line for line in begun), begun
    children = children_of(parent.pid)
    assert len(children) >= 2
    parent.send_signal(number)
    _, told = parent.communicate(timeout=30)
    end = time.monotonic() + 10
    while any(map(is_alive, children)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_alive, children))
    assert told == ""  # above all no tracker that tells of leaked memory
    assert not [one for one in Path("/dev/shm").iterdir() if str(parent.pid) in one.name]
