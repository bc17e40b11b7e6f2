"""What drawing costs: CPU seconds, size and bytes of every figure of a run.

`python figures.py` plays and draws the built-in sample, `python figures.py RUN [--data DIR]` draws
a saved run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from lockstep.cli.bars_of import bars_of
from lockstep.config.loading import load
from lockstep.core.bars import Bars
from lockstep.core.result import RunResult
from lockstep.data.load import load_bars
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.summary import summarise
from lockstep.report.canvas import drawn, pictures, png_of
from lockstep.report.figures.price import subjects
from lockstep.report.reading import read

#: CPU seconds for all figures of 15 assets.
WANTED = 12.0


def main() -> None:
    """Print a line for each figure, and one for all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", help="directory of a complete run")
    parser.add_argument("--data", help="where the run's data lie now")
    words = parser.parse_args()
    result, bars = saved(words.run, words.data) if words.run else sample()
    start = time.process_time()
    metrics = summarise(result)
    tell("metrics", start)
    start = time.process_time()
    reading = read(result, metrics, bars)
    tell("reading", start)
    start = time.process_time()
    import matplotlib.figure  # noqa: F401  (what every command that draws pays once)

    tell("import matplotlib", start)
    begun = time.process_time()
    for name, picture in pictures():
        start = time.process_time()
        figure = drawn(picture, reading)
        if figure is None:
            continue
        image = png_of(figure)
        width, height = figure.get_size_inches()
        tell(name, start, inches=[round(width, 1), round(height, 1)], bytes=len(image))
    tell("all figures", begun, assets=len(reading.symbols), wanted=WANTED)


def saved(run: str, data: str | None) -> tuple[RunResult, dict[str, Bars | str]]:
    """Return a saved run and the bars its figures need."""
    result = RunResult.load(run)
    return result, bars_of(run, subjects(result), data)


def sample() -> tuple[RunResult, dict[str, Bars | str]]:
    """Return a run of the built-in sample and its bars."""
    config = load(None, overrides={"allocation": "risk_parity"}).config
    instruments = {asset.symbol: asset.instrument for asset in config.assets}
    bars = load_bars(config.symbols, config.portfolio.timeframe, None, instruments=instruments)
    return PortfolioBacktester(config.assets, config.portfolio).run(bars), dict(bars)


def tell(name: str, start: float, **more: object) -> None:
    """Print what was spent since `start`."""
    seconds = round(time.process_time() - start, 3)
    print(json.dumps({"figure": name, "cpu_seconds": seconds, **more}))


if __name__ == "__main__":
    main()
