"""What the benchmarks play: the built-in sample, and how ratios are taken."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

import numpy as np  # noqa: E402

from lockstep.config.loading import load  # noqa: E402
from lockstep.core.plan import RunPlan  # noqa: E402
from lockstep.data.sample import sample_bars  # noqa: E402
from lockstep.engine.plan import own_pairs, plan_run, rules_of  # noqa: E402
from lockstep.engine.portfolio import PortfolioBacktester  # noqa: E402
from lockstep.engine.weights import Schedule  # noqa: E402

#: Every rule at work, none of them tight: what is measured is looking, not trading less.
ALL_RULES: dict[str, dict[str, Any]] = {
    "breaker": {"limit": 0.95, "resume": "next_month"},
    "daily_loss": {"limit": 0.9},
    "halts": {"spans": [["2025-03-19T17:00", "2025-03-19T19:00"]]},
    "max_positions": {"limit": 15},
    "gross_exposure": {"limit": 200.0},
    "net_exposure": {"limit": 200.0},
    "currency_exposure": {"limit": 200.0},
    "asset_exposure": {"limit": 200.0},
    "drawdown_scaling": {"start_at": 0.9},
    "correlation_scaling": {"max_asset_correlation": 0.99, "floor": 0.99},
}


def backtester(n_assets: int, rules: dict[str, Any]) -> tuple[PortfolioBacktester, dict[str, Any]]:
    """Return the backtester of the first assets of the default configuration, and their bars."""
    config = load(None).config
    assets = config.assets[:n_assets]
    portfolio = config.portfolio.model_copy(update={"risk": rules})
    bars = sample_bars([asset.symbol for asset in config.assets])
    return PortfolioBacktester(assets, portfolio), bars


def plans(n_assets: int, n_bars: int, rules: dict[str, Any]) -> tuple[list[RunPlan], RunPlan]:
    """Return one plan an asset at 1/N of the capital, and the plan of all together."""
    run, bars = backtester(n_assets, rules)
    needed = {symbol: data.cut(slice(0, n_bars)) for symbol, data in bars.items()}
    full, _ = backtester(99, {})
    known = own_pairs(full.assets, needed)
    assets = run.prepare({a.symbol: needed[a.symbol] for a in run.assets}, known).assets
    share = np.full(len(assets), 1 / len(assets))
    never = np.empty(0, dtype=np.int64)
    together = plan_run(
        assets,
        run.terms,
        rules=rules_of(run.portfolio),
        weekend_days=True,
        schedule=Schedule(share, never, np.empty((0, len(assets)))),
    )
    alone = [
        plan_run(
            [asset],
            run.terms,
            weekend_days=True,
            schedule=Schedule(share[:1], never, np.empty((0, 1))),
        )
        for asset in assets
    ]
    return alone, together


def cpu_seconds(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def paired(first: Callable[[], Any], second: Callable[[], Any], runs: int) -> dict[str, Any]:
    """Return CPU seconds of both, run A B A B ..., and the median of the ratios A / B."""
    first(), second()
    pairs = [(cpu_seconds(first), cpu_seconds(second)) for _ in range(runs)]
    return {
        "a_cpu_s": round(statistics.median(a for a, _ in pairs), 3),
        "b_cpu_s": round(statistics.median(b for _, b in pairs), 3),
        "ratio": round(statistics.median(a / b for a, b in pairs), 3),
        "ratios": [round(a / b, 3) for a, b in pairs],
    }


def options(description: str, **defaults: int) -> argparse.Namespace:
    """Parse the sizes of a benchmark."""
    parser = argparse.ArgumentParser(description=description)
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def report(**figures: Any) -> None:
    """Print one JSON line, with the Python version beside every figure."""
    print(json.dumps({"python": platform.python_version(), **figures}))
