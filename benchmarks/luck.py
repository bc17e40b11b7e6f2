"""The chance that it was luck: CPU seconds of every test, and how often each cries skill at noise.

The rates are not a speed; they stand here because they take a minute to simulate.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench import options, report
from lockstep.metrics.confidence import probabilistic_sharpe
from lockstep.metrics.cscv import probability_of_overfitting
from lockstep.metrics.luck import deflated_sharpe
from lockstep.metrics.reality_check import superior_predictive_ability
from lockstep.metrics.trial_clusters import effective_trials

SURE = 0.95
#: Correlation of each pair of trials, autocorrelation of days, and daily edge of one trial in
#: standard deviations.
WORLDS = {
    "strangers": (0.0, 0.0, 0.0),
    "pairs correlate 0.5": (0.5, 0.0, 0.0),
    "pairs correlate 0.9": (0.9, 0.0, 0.0),
    "days correlate 0.3": (0.0, 0.3, 0.0),
    "one trial has an edge": (0.3, 0.0, 0.3),
}


def field(dice: np.random.Generator, days: int, trials: int, world: str) -> np.ndarray:
    """Return daily returns of a world, shape (n_days, n_trials)."""
    alike, follows, edge = WORLDS[world]
    warm_up = 50
    shocks = np.sqrt(1.0 - alike) * dice.normal(size=(days + warm_up, trials))
    shocks += np.sqrt(alike) * dice.normal(size=(days + warm_up, 1))
    for at in range(1, len(shocks)):
        shocks[at] += follows * shocks[at - 1]
    returns = 0.01 * shocks[warm_up:]
    returns[:, 0] += 0.01 * edge
    return returns


def seconds(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    work()
    return round(time.process_time() - start, 2)


def speed(days: int, trials: int) -> None:
    """Print what each test of one field costs."""
    returns = field(np.random.default_rng(1), days, trials, "pairs correlate 0.5")
    report(
        benchmark="luck",
        days=days,
        trials=trials,
        cscv_16_blocks_cpu_s=seconds(lambda: probability_of_overfitting(returns)),
        effective_trials_cpu_s=seconds(lambda: effective_trials(returns)),
        reality_check_cpu_s=seconds(lambda: superior_predictive_ability(returns)),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def rates(rounds: int, days: int = 250, trials: int = 60) -> None:
    """Print how often each test finds skill, world by world."""
    for world in WORLDS:
        found = []
        for seed in range(rounds):
            returns = field(np.random.default_rng(seed), days, trials, world)
            ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
            best = returns[:, np.argmax(ratios)]
            looks, spread = effective_trials(returns).number, float(np.var(ratios, ddof=1))
            check = superior_predictive_ability(returns, resamples=199, seed=seed)
            found.append(
                [
                    probabilistic_sharpe(best) >= SURE,
                    deflated_sharpe(best, looks) >= SURE,
                    deflated_sharpe(best, looks, spread) >= SURE,
                    check.consistent <= 1.0 - SURE,
                    probability_of_overfitting(returns, blocks=10).probability,
                ]
            )
        names = ("undeflated", "deflated", "deflated_by_spread", "hansen", "mean_pbo")
        means = np.mean(np.array(found, dtype=np.float64), axis=0).round(3).tolist()
        report(benchmark="luck", world=world, rounds=rounds, **dict(zip(names, means)))


def main() -> None:
    """Print speeds, then rates."""
    sizes = options(__doc__, days=800, trials=1000, rounds=300)
    speed(sizes.days, sizes.trials)
    rates(sizes.rounds)


if __name__ == "__main__":
    main()
