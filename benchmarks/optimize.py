"""Searches on 200,000 real 5-minute bars: CPU seconds, what the framework adds, and the peers.

    LOCKSTEP_REAL_DATA=<folder of 5m/ files> python benchmarks/optimize.py --peers PYTHON

Processor time of one process; imports, compiling and the reading of files are left out. The peers:
vectorbt's broadcasting in its own environment, and `cerebro.optstrategy` of plain backtrader with
the same strategy, a few points of the same grid each.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from bench import ROOT, report
from lockstep.config.loading import load
from lockstep.config.selection import Selection
from lockstep.core.trial import Trial
from lockstep.data.load import load_bars
from lockstep.research.evaluation import Evaluator
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.search import Search
from lockstep.research.space import Space
from lockstep.runs.trials import TrialLedger
from plain_backtrader import MeanReversion

#: The same thousand points as in `peer_vectorbt_grid.py`.
GRID = {
    "bollinger_deviations": "1.25:3.5:0.25",
    "stop_multiplier": "1.5:6:0.5",
    "reward_risk": "0.5:2.75:0.25",
}


def searched(
    evaluator: Evaluator, method: str, space: Space, trials: int | None
) -> tuple[Search, float]:
    """Return a search that is kept in a ledger, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as place:
        optimizer = ParameterOptimizer(
            evaluator, space, method=method, trials=trials, store=TrialLedger(Path(place))
        )
        start = time.process_time()
        search = optimizer.search()
        return search, time.process_time() - start


def alone(evaluator: Evaluator, trials: tuple[Trial, ...]) -> float:
    """Return the CPU seconds of the same evaluations without a search around them."""
    start = time.process_time()
    for trial in trials:
        evaluator.evaluate(trial.parameters)
    return time.process_time() - start


def optstrategy(evaluator: Evaluator, points: list[dict[str, Any]]) -> float:
    """Return the CPU seconds a point of plain backtrader."""
    bars = evaluator.bars
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(bars.time))
    settings = [dataclasses.replace(evaluator.strategy({}), **point) for point in points]
    cerebro = bt.Cerebro(stdstats=False, maxcpus=1)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.broker.setcash(1_000_000_000.0)
    cerebro.optstrategy(MeanReversion, s=settings)
    start = time.process_time()
    cerebro.run()
    return (time.process_time() - start) / len(points)


def vectorbt(python: str, evaluator: Evaluator, chunks: int) -> float:
    """Return the CPU seconds a point of vectorbt."""
    bars = evaluator.bars
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "prices.npy"
        np.save(path, np.stack([bars.open, bars.high, bars.low, bars.close]))
        words = [python, str(ROOT / "benchmarks" / "peer_vectorbt_grid.py"), str(path), str(chunks)]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in said.splitlines()]
    return statistics.median(line["ms_a_point"] for line in lines) / 1e3


def main() -> None:
    """Measure and print, a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbol", default="BTCUSDT")
    parser.add_argument("--bars", type=int, default=200_000)
    parser.add_argument("--peers", help="a python with vectorbt 1.2.0")
    parser.add_argument("--points", type=int, default=2, help="of cerebro.optstrategy; 0 is none")
    given = parser.parse_args()
    folder = os.environ.get("LOCKSTEP_REAL_DATA")
    if folder is None:
        sys.exit("LOCKSTEP_REAL_DATA names no folder of real bars; nothing is measured.")
    chosen = Selection(symbols=(given.symbol,))
    config = load(str(ROOT / "examples" / "real_fx_crypto.json"), chosen).config
    asset = config.assets[0]
    units = {asset.symbol: asset.instrument}
    bars = load_bars([asset.symbol], "5m", str(Path(folder) / "5m"), instruments=units)
    data = bars[asset.symbol].cut(slice(-given.bars, None))

    def fresh() -> Evaluator:
        return Evaluator(asset, config.portfolio, data)

    searched(fresh(), "bayesian", Space.named("quick", fresh()), 20)  # imports and compiles
    for name in ("balanced", "focused"):
        space = Space.named(name, fresh())
        search, seconds = searched(fresh(), "bayesian", space, 100)
        bare = alone(fresh(), search.trials)
        report(benchmark="optimize", what=f"bayesian, {name}", bars=len(data),
               trials=len(search.trials), cpu_s=round(seconds, 2),
               overhead_ms_a_trial=round(10.0 * (seconds - bare), 1))  # fmt: skip
    space = Space.of(asset, GRID)
    search, seconds = searched(fresh(), "grid", space, None)
    point = seconds / len(search.trials)
    bare = alone(fresh(), search.trials[:200]) / 200
    report(benchmark="optimize", what="grid", bars=len(data), trials=len(search.trials),
           cpu_s=round(seconds, 2), ms_a_trial=round(1e3 * point, 2),
           overhead_ms_a_trial=round(1e3 * (point - bare), 2),
           trades=int(sum(one.metrics["trades"] for one in search.trials)))  # fmt: skip
    if given.peers:
        peer = vectorbt(given.peers, fresh(), 3)
        report(benchmark="optimize", what="vectorbt, broadcast", bars=len(data),
               ms_a_trial=round(1e3 * peer, 1), ratio=round(peer / point, 1))  # fmt: skip
    if given.points:
        some = [one.parameters for one in search.trials[:: len(search.trials) // given.points]]
        peer = optstrategy(fresh(), some[: given.points])
        report(benchmark="optimize", what="cerebro.optstrategy", bars=len(data),
               ms_a_trial=round(1e3 * peer), ratio=round(peer / point))  # fmt: skip


if __name__ == "__main__":
    main()
