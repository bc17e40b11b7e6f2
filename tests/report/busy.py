"""Runs in which every table has something to show, for figures of the account and of trades."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Bars
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.report.canvas import drawn
from lockstep.report.reading import Reading, read
from tests.report.results import FIRST, config_of, decisions_of, facts_of, made, names

HOUR = 3_600_000_000_000
#: Rules that every hand-made run has, with limits that figures show.
RISK = {
    "breaker": {"limit": 0.25},
    "gross_exposure": {"limit": 6.0},
    "net_exposure": {"limit": 3.0},
    "currency_exposure": {"limit": 2.0},
    "max_positions": {"limit": 8},
}


def busy(count: int = 2, days: int = 20, **changes: Any) -> RunResult:
    """Return a run with margin in use, exposure in four currencies, rebalances and decisions."""
    base = made(count, days)
    clock = base.equity.index
    wave = np.sin(np.arange(len(clock)) / 7.0)
    total = base.equity["total"].to_numpy()
    used = np.maximum(0.0, wave) * 20_000.0
    level = np.divide(total, used, out=np.full(len(clock), np.nan), where=used > 0.0)
    account = pd.DataFrame(
        {
            "used_margin": used,
            "margin_level": level,
            "gross": 2.0 * np.abs(wave) * total,
            "net": wave * total,
            "exposure_CHF": 0.0,
            "exposure_EUR": wave * total,
            "exposure_JPY": -0.5 * wave * total,
            "exposure_USD": -0.5 * wave * total,
            "drawdown_factor": 1.0,
            "breaker": (np.arange(len(clock)) >= 48) & (np.arange(len(clock)) < 72),
            "daily_loss": np.arange(len(clock)) == 100,
            "open_positions": np.round(3.0 * np.abs(wave)),
        },
        index=clock,
    )
    shares = np.full((3, count), 0.9 / count)
    shares[1, 0] += 0.05
    weights = pd.DataFrame(shares, index=clock[[0, 60, 120]], columns=names(count))
    weights["reserve"] = 1.0 - shares.sum(axis=1)
    parts: dict[str, Any] = {
        "account": account,
        "weights": weights,
        "decisions": _decisions(count),
        "config": config_of(risk=RISK),
        "facts": facts_of(names(count), days, labels=["SYNTHETIC", "in-sample selection: A"]),
    }
    return dataclasses.replace(base, **(parts | changes))


def _decisions(count: int) -> pd.DataFrame:
    """Return a thousand scaled entries, and one of most other things."""
    asset = names(count)[-1]
    rows = [
        (f"2025-01-{7 + n % 15:02d}T{n % 24:02d}:00", "E", asset, "correlation_scaling", 1, 0.5, "")
        for n in range(1_000)
    ]
    rows += [
        (f"2025-01-{day:02d}T10:00", stage, "", code, 1.0, 0.5, "")
        for day, stage, code in (
            (8, "D", "breaker_trip"),
            (9, "D", "breaker_resume"),
            (10, "D", "stop_out"),
            (10, "D", "daily_loss_trip"),
            (11, "B", "no_margin"),
            (11, "E", "leverage_cap"),
            (12, "E", "min_lot"),
            (12, "E", "blocked_max_positions"),
            (13, "D", "rebalance"),
            (14, "E", "a_code_of_tomorrow"),
        )
    ]
    return decisions_of(*rows)


def bars_of(symbol: str, days: int = 20) -> Bars:
    """Return hourly bars around 1.1 from the first step of a hand-made run."""
    time = FIRST.astype(np.int64) + HOUR * np.arange(24 * days, dtype=np.int64)
    close = 1.1 + 0.01 * np.sin(np.arange(len(time)) / 9.0)
    start = np.concatenate([close[:1], close[:-1]])
    low, high = np.minimum(start, close) - 0.001, np.maximum(start, close) + 0.001
    return Bars(symbol, HOUR, time, start, high, low, close, np.zeros(len(time)))


def reading_of(
    result: RunResult,
    bars: Mapping[str, Bars | str] | None = None,
    **metrics: Any,
) -> Reading:
    """Return the reading of a result; `metrics` replace top-level keys."""
    return read(result, summarise(result) | metrics, bars)


def figure_of(picture: Any, reading: Reading) -> Any:
    """Return the figure as it is saved, every text in its place."""
    figure = drawn(picture, reading)
    figure.draw_without_rendering()
    return figure


def words_on(figure: Any) -> str:
    """Return everything that is written on a figure, a line each."""
    from matplotlib.text import Text

    return "\n".join(t.get_text() for t in figure.findobj(Text) if t.get_text().strip())


def frontier_of(count: int, **changes: Any) -> dict[str, Any]:
    """Return a frontier of `count` assets as metrics.json has it, worked by hand.

    Asset k returns 1 % + k % at 2 % + k % of volatility, without correlation.
    """
    symbols = names(count)
    means = 0.01 + 0.01 * np.arange(count)
    sigma = 0.02 + 0.01 * np.arange(count)

    def mix(weights: np.ndarray) -> dict[str, Any]:
        earned = float(weights @ means)
        risked = float(np.sqrt(np.sum((weights * sigma) ** 2)))
        return {
            "return": earned,
            "volatility": risked,
            "sharpe": earned / risked,
            "weights": dict(zip(symbols, weights.tolist())),
        }

    calm = 1.0 / sigma**2 / np.sum(1.0 / sigma**2)
    bold = np.eye(count)[-1]
    parity = 1.0 / sigma / np.sum(1.0 / sigma)
    points = [mix((1.0 - share) * calm + share * bold) for share in np.linspace(0.0, 1.0, 9)]
    frontier = {
        "label": "a description of the past, not advice",
        "symbols": symbols,
        "left_out": {},
        "days": 120,
        "cap": 1.0,
        "points": points,
        "marks": {
            "run_weights": mix(np.full(count, 0.9 / count)),
            "equal_weight": mix(np.full(count, 1.0 / count)),
            "risk_parity": mix(parity),
            "min_variance": mix(calm),
            "max_sharpe": max(points, key=lambda point: float(point["sharpe"])),
        },
    }
    return frontier | changes
