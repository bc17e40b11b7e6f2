"""A walk-forward of twelve real assets over 25 months: CPU seconds, trials, seconds a trial.

    LOCKSTEP_REAL_DATA=<folder of 5m parquet files> python benchmarks/walkforward.py

Processor time of this process, imports and the reading of files left out; one job.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import pandas as pd

from bench import ROOT
from lockstep.config.loading import load
from lockstep.data.load import load_bars
from lockstep.research import luck_numbers
from lockstep.research.judgement import numbers
from lockstep.research.refit import Tuning
from lockstep.research.walk_luck import luck
from lockstep.research.walkforward import WalkForwardAnalyzer
from lockstep.research.windows import Plot


def main() -> None:
    """Walk forward once and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-sample", type=int, default=6)
    parser.add_argument("--out-of-sample", type=int, default=3)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--method", default="random")
    parser.add_argument("--start", default="2017-08-01")
    parser.add_argument("--end", default="2019-09-11", help="exclusive")
    given = parser.parse_args()
    folder = os.environ.get("LOCKSTEP_REAL_DATA")
    if folder is None:
        sys.exit("LOCKSTEP_REAL_DATA names no folder of real bars; nothing is measured.")
    config = load(str(ROOT / "examples" / "real_fx_crypto.json")).config
    units = {asset.symbol: asset.instrument for asset in config.assets}
    files = str(Path(folder) / "5m")
    first, last = (pd.Timestamp(day).as_unit("ns").value for day in (given.start, given.end))
    bars = load_bars(config.symbols, "5m", files, start=first, end=last, instruments=units)
    analyzer = WalkForwardAnalyzer(
        config.assets,
        config.portfolio,
        bars,
        plot=Plot(given.in_sample, given.out_of_sample),
        tuning=Tuning(trials=given.trials, method=given.method),
    )
    begun = time.process_time()
    walk = analyzer.run()
    walked = time.process_time() - begun
    told = numbers(walk, analyzer)
    luck_numbers.numbers(luck(walk, analyzer))
    whole = time.process_time() - begun
    paid = walk.trials + told["hindsight"]["trials"]
    print(
        f"{len(config.assets)} assets, {sum(map(len, bars.values())):,} bars, "
        f"{len(walk.windows)} windows of {given.in_sample}:{given.out_of_sample} months, "
        f"{paid:,} trials ({given.method}): {walked:.1f} s CPU, {walked / paid * 1e3:.1f} ms a "
        f"trial; with numbers and luck {whole:.1f} s"
    )
    ratio = told["out_of_sample"]["sharpe"]
    print(f"in-sample median Sharpe {told['in_sample']['median_sharpe']}, out of sample {ratio}")


if __name__ == "__main__":
    main()
