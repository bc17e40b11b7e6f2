"""Where the time of a whole portfolio job goes, from process start to the last figure.

`python whole_job.py` runs the built-in sample; with `--config FILE --data DIR` it runs real files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START = time.process_time()
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))


class Stages:
    """CPU seconds by stage, in the order of the job."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._mark = START

    def end(self, stage: str) -> None:
        now = time.process_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._mark
        self._mark = now


def main() -> None:
    """Print each stage's CPU seconds and share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config")
    parser.add_argument("--data")
    parser.add_argument("--player", default="auto")
    words = parser.parse_args()
    stages = Stages()
    from lockstep import report
    from lockstep.config.loading import load
    from lockstep.data.load import load_bars
    from lockstep.engine.identities import check_identities
    from lockstep.engine.outcome import Facts
    from lockstep.engine.players import choose, play
    from lockstep.engine.portfolio import PortfolioBacktester
    from lockstep.metrics.summary import summarise
    from lockstep.report.canvas import drawn, pictures, png_of
    from lockstep.report.reading import read
    from lockstep.report.text import page
    from lockstep.runs.store import save

    del report
    stages.end("imports")
    config = load(words.config, overrides={"allocation": "risk_parity"}).config
    stages.end("config")
    instruments = {asset.symbol: asset.instrument for asset in config.assets}
    bars = load_bars(
        config.symbols, config.portfolio.timeframe, words.data, instruments=instruments
    )
    stages.end("data and quality gate")
    run = PortfolioBacktester(config.assets, config.portfolio, player=words.player)
    prepared = run.prepare(bars)
    stages.end("indicators and signals")
    solo = run._solo_runs
    inside = {}

    def timed(*arguments: Any) -> Any:
        start = time.process_time()
        found = solo(*arguments)
        inside["solo"] = time.process_time() - start
        return found

    run._solo_runs = timed  # type: ignore[method-assign]
    planned = run.plan(prepared)
    stages.end("solo runs, weights, plan")
    plan = planned.whole()
    player = choose(plan, words.player)
    played = play(plan, player)
    stages.end(f"portfolio pass ({player})")
    check_identities(plan, played)
    stages.end("identities")
    facts = Facts(run, prepared, planned)
    facts.player = player
    result = facts.complete(plan, played)
    stages.end("tables")
    with tempfile.TemporaryDirectory() as folder:
        save(result, Path(folder))
        stages.end("saving")
    metrics = summarise(result)
    stages.end("metrics")
    reading = read(result, metrics)
    page(reading)
    stages.end("report.txt")
    for _, picture in pictures():
        figure = drawn(picture, reading)
        if figure is not None:
            png_of(figure)
    stages.end("figures")
    count = sum(len(one) for one in bars.values())
    _tell(stages.seconds, count, inside["solo"])


def _tell(seconds: dict[str, float], count: int, solo: float) -> None:
    total = sum(seconds.values())
    print(f"Python {sys.version.split()[0]}, {count:,} asset-bars, CPU seconds")
    for stage, spent in seconds.items():
        print(f"  {stage:28} {spent:7.2f}  {spent / total:6.1%}")
    print(f"  {'total':28} {total:7.2f}  (solo runs alone: {solo:.2f})")


if __name__ == "__main__":
    main()
