"""Hand-made trials: fields of noise, with an edge where one is wanted."""

import numpy as np

from lockstep.core.trial import FAILED, Trial

FIRST = 17_000


def days_of(count, first=FIRST):
    return np.arange(first, first + count, dtype=np.int64)


def trial(number, daily, *, asset="A", days=None, trades=100.0, **changes):
    """Return a complete trial of some daily returns, its Sharpe ratio not annualised."""
    daily = np.asarray(daily, dtype=np.float64)
    spread = daily.std(ddof=1) if len(daily) > 1 else 0.0
    ratio = float(daily.mean() / spread) if spread > 0.0 else None
    given = {
        "parameters": {"stop": number},
        "metrics": {"sharpe": ratio, "trades": trades, "max_drawdown": 0.1},
        "days": days_of(len(daily)) if days is None else days,
        "daily": daily,
        "study": f"{asset}-search",
    }
    return Trial(number, asset, **{**given, **changes})


def noise(seed, count=20, n_days=240, *, asset="A", edge=0.0, alike=0.3, first=FIRST):
    """Return trials of noise whose pairs correlate by `alike`; `edge` a day is in the third."""
    dice = np.random.default_rng(seed)
    own, shared = dice.normal(size=(n_days, count)), dice.normal(size=(n_days, 1))
    returns = 0.01 * (np.sqrt(1.0 - alike) * own + np.sqrt(alike) * shared)
    returns[:, 2] += edge
    days = days_of(n_days, first)
    return [trial(at, returns[:, at], asset=asset, days=days) for at in range(count)]


def failed(number, asset="A"):
    """Return a trial that raised."""
    return Trial(number, asset, {"stop": -number}, FAILED, error="wrong", study=f"{asset}-search")
