"""Rank assets by what their tuning measured, and tell when that was measured on the run itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from lockstep.config.models import AssetConfig, moment_ns, parse_moment
from lockstep.config.presets import PREFERENCES

IN_SAMPLE_LABEL = "in-sample selection"


def rank(
    assets: Sequence[AssetConfig], preference: str
) -> tuple[list[AssetConfig], list[AssetConfig]]:
    """Return the assets, best first, and those without a stored performance (ranked by name last).

    Parameters
    ----------
    assets : sequence of AssetConfig
        What to rank.
    preference : str
        balanced (Sharpe ratio or score, largest first), pnl (net P&L, largest first) or drawdown
        (max_drawdown, smallest first).
    """
    keys, descending = PREFERENCES[preference]
    measured: list[tuple[float, str, AssetConfig]] = []
    unknown = []
    for asset in assets:
        value = _stored(asset, keys)
        if value is None:
            unknown.append(asset)
        else:
            measured.append((-value if descending else value, asset.symbol, asset))
    unknown.sort(key=lambda asset: asset.symbol)
    return [item[2] for item in sorted(measured, key=lambda item: item[:2])] + unknown, unknown


def _stored(asset: AssetConfig, keys: Sequence[str]) -> float | None:
    for key in keys:
        value = asset.performance.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def in_sample(assets: Sequence[AssetConfig], start_ns: int, end_ns: int) -> list[str]:
    """Return the symbols whose stored performance was measured on dates of the run.

    Parameters
    ----------
    assets : sequence of AssetConfig
        Their ``performance.start`` and ``performance.end`` are ISO dates or times, UTC; an asset
        without both is never in-sample.
    start_ns, end_ns : int
        First label of the run, and the end of its last bar, ns UTC.
    """
    return [asset.symbol for asset in assets if _overlaps(asset, start_ns, end_ns)]


def _overlaps(asset: AssetConfig, start_ns: int, end_ns: int) -> bool:
    start, end = (asset.performance.get(key) for key in ("start", "end"))
    if not isinstance(start, str) or not isinstance(end, str):
        return False
    last, whole_day = parse_moment(end)
    tuned_until = moment_ns(last + timedelta(days=1)) if whole_day else moment_ns(last)
    return moment_ns(parse_moment(start)[0]) < end_ns and start_ns < tuned_until
