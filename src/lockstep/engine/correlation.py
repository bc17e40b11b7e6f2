"""What was known of each pair's correlation before each trading day (docs/account.md, 7.5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.plan import AssetPlan, Int32s

LAST = 60
LEAST = 20
SHRINKAGE = 0.9


def daily_closes(asset: AssetPlan, day: Ints, n_days: int) -> Array:
    """Return the last mid close of each trading day, NaN without bars, shape (n_days,)."""
    own_days = day[asset.step]
    last = np.flatnonzero(np.diff(own_days, append=own_days[-1] + 1))
    closes = np.full(n_days, np.nan)
    bid = asset.bid_close[last]
    closes[own_days[last]] = (bid + (bid + asset.spread[last])) / 2.0
    return closes


def correlation_schedule(
    assets: Sequence[AssetPlan], day: Ints, n_days: int
) -> tuple[Array, Int32s]:
    """Return the shrunk correlation known before each trading day, and its sample size.

    Log returns between consecutive trading days on which both assets had a bar; the last 60
    before the day; times 0.9; NaN with fewer than 20 of them or without variance.

    Returns
    -------
    correlation : ndarray, shape (n_days, n_assets, n_assets)
    observations : ndarray of int32, same shape
    """
    n = len(assets)
    closes = [daily_closes(asset, day, n_days) for asset in assets]
    correlation = np.full((n_days, n, n), np.nan)
    observations = np.zeros((n_days, n, n), dtype=np.int32)
    for a in range(n):
        for b in range(a + 1, n):
            rho, count = _pair(closes[a], closes[b])
            correlation[:, a, b] = correlation[:, b, a] = rho
            observations[:, a, b] = observations[:, b, a] = count
    return correlation, observations


def _pair(first: Array, second: Array) -> tuple[Array, Int32s]:
    n_days = len(first)
    common = np.flatnonzero(~np.isnan(first) & ~np.isnan(second))
    x = np.diff(np.log(first[common]))
    y = np.diff(np.log(second[common]))
    known = np.searchsorted(common[1:], np.arange(n_days), side="left")
    by_count = np.full(len(x) + 1, np.nan)
    for count in range(LEAST, min(LAST, len(x) + 1)):
        by_count[count] = _pearson(x[None, :count], y[None, :count])[0]
    if len(x) >= LAST:
        windows = np.lib.stride_tricks.sliding_window_view
        by_count[LAST:] = _pearson(
            np.ascontiguousarray(windows(x, LAST)), np.ascontiguousarray(windows(y, LAST))
        )
    return SHRINKAGE * by_count[known], np.minimum(known, LAST).astype(np.int32)


def _pearson(x: Array, y: Array) -> Array:
    dx = x - x.mean(axis=1, keepdims=True)
    dy = y - y.mean(axis=1, keepdims=True)
    scale = np.sqrt((dx * dx).sum(axis=1) * (dy * dy).sum(axis=1))
    product = (dx * dy).sum(axis=1)
    return np.asarray(np.divide(product, scale, out=np.full(len(x), np.nan), where=scale > 0))
