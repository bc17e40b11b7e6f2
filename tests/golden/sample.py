"""The built-in sample, played to the end: as a script, its files in the folder that is named."""

from __future__ import annotations

import sys
from pathlib import Path

from lockstep.config.loading import load
from lockstep.core.files import write_json
from lockstep.core.result import RunResult
from lockstep.data.sample import sample_bars
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.summary import summarise
from lockstep.runs.store import save


def played(jobs: int = 2) -> RunResult:
    """Return the result of all fifteen assets, weighted by risk parity."""
    config = load(None, overrides={"allocation": "risk_parity"}).config
    backtester = PortfolioBacktester(config.assets, config.portfolio, player="kernel", jobs=jobs)
    return backtester.run(sample_bars())


def keep(result: RunResult, place: Path) -> None:
    """Save a result and its numbers."""
    save(result, place)
    write_json(place / "metrics.json", summarise(result))


if __name__ == "__main__":
    keep(played(), Path(sys.argv[1]))
