"""A joint Monte Carlo: CPU seconds from a result in memory to table, numbers and chart."""

from __future__ import annotations

import resource
import time

import numpy as np
import pandas as pd

from bench import options, report
from lockstep.core.result import LEDGER_TERMS, RunResult
from lockstep.report.figures import fan_chart
from lockstep.report.montecarlo import fan, page
from lockstep.research.montecarlo import VARIANTS, MonteCarlo
from lockstep.research.outcomes import arrays, outcomes

CAPITAL = 100_000.0


def result_of(n_assets: int, n_days: int) -> RunResult:
    """Return a run of one step a day, whose assets earn correlated noise."""
    dice = np.random.default_rng(7)
    shared, own = dice.normal(size=(n_days, 1)), dice.normal(size=(n_days, n_assets))
    pnl = 1000.0 / n_assets * (0.05 + 0.5 * shared + 0.8 * own)
    names = [f"ASSET{at:02d}" for at in range(n_assets)]
    clock = pd.DatetimeIndex(
        np.datetime64("2022-01-03T12:00", "ns") + np.arange(n_days) * np.timedelta64(1, "D"),
        name="time",
    )
    equity = pd.DataFrame(CAPITAL / n_assets + np.cumsum(pnl, axis=0), index=clock, columns=names)
    equity["reserve"] = 0.0
    equity["total"] = equity[names].sum(axis=1)
    moves = {
        "day": np.repeat(clock.normalize(), n_assets),
        "asset": names * n_days,
        "equity_change": pnl.ravel(),
    }
    weights = pd.DataFrame([[1 / n_assets] * n_assets + [0.0]], index=clock[:1])
    weights.columns = [*names, "reserve"]
    trades = pd.DataFrame(
        {
            "asset": names * n_days,
            "exit_time": np.repeat(clock, n_assets),
            "net_pnl": pnl.ravel(),
        }
    )
    return RunResult(
        facts={"capital": CAPITAL, "currency": "USD", "weekend_days": True, "rules": ["breaker"]},
        config={"portfolio": {"risk": {"breaker": {"limit": 0.25}}}},
        equity=equity,
        trades=trades,
        decisions=pd.DataFrame(),
        weights=weights,
        ledger=pd.DataFrame(moves | dict.fromkeys(LEDGER_TERMS, 0.0)),
        account=pd.DataFrame(index=clock),
    )


def main() -> None:
    """Print each variant's CPU seconds."""
    sizes = options(__doc__, assets=15, days=780, paths=10_000)
    result = result_of(sizes.assets, sizes.days)
    for variant in VARIANTS:
        given = {} if variant == "starts" else {"paths": sizes.paths}
        start = time.process_time()
        simulation = MonteCarlo(variant=variant, **given).run(result)
        simulated = time.process_time() - start
        numbers = outcomes(simulation, result)
        page(numbers)
        told = time.process_time() - start
        fan_chart.png(fan(numbers, arrays(simulation)))
        report(
            benchmark="montecarlo",
            variant=variant,
            assets=sizes.assets,
            days=simulation.settings.horizon_days,
            paths=simulation.settings.paths,
            simulate_cpu_s=round(simulated, 2),
            numbers_cpu_s=round(told - simulated, 2),
            chart_cpu_s=round(time.process_time() - start - told, 2),
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )


if __name__ == "__main__":
    main()
