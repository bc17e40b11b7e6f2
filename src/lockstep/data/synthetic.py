"""A market that never was: eleven correlated prices on a fine path, and the crosses they imply.

Log price = efficient price + microstructure. The efficient price is a random walk whose variance
follows the hours of each market and clusters; its shocks share factors, and jump now and then.
The microstructure is a stationary pull back to it, of the same correlation: what a
mean-reversion strategy lives on. Everything is drawn on a half-minute path and rounded to ticks;
bars are cut from that path, so that a high is a price that was there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lockstep.core.bars import MINUTE_NS, Array, Ints
from lockstep.core.calendar import DAY_NS, HOUR_NS
from lockstep.data.zones import Bools, in_week, new_york

TIMEFRAME_NS = 5 * MINUTE_NS
#: Points of the fine path in a bar.
FINE = 10
#: Standard deviation of the microstructure, in standard deviations of an efficient 5-minute
#: return at that hour. Tuned so that mean reversion earns about what retail costs take.
REVERSION_STRENGTH = 1.3
#: Bars in which half of a deviation is undone.
REVERSION_HALF_LIFE_BARS = 6.0
_YEAR_NS = 365.25 * DAY_NS
#: Volatility clustering: (standard deviation of log volatility, half-life in bars), slow and fast.
_CLUSTERING = ((0.22, 864.0), (0.18, 36.0))
#: Share of an open hour's volatility that passes while a market is shut (the weekend gap).
_SHUT = 0.06
#: Jumps of one asset a day and common jumps a day, and their size in 5-minute standard deviations.
_JUMPS_PER_DAY = 0.15
_COMMON_JUMPS_PER_DAY = 0.06
_JUMP_SIZE = (4.0, 2.0)


class Leg(NamedTuple):
    """One driver of the sample.

    Parameters
    ----------
    symbol : str
        The asset.
    start : float
        First price.
    tick : float
        Smallest step of its price.
    volatility : float
        Yearly standard deviation (fraction), between that of 5-minute returns, which hold the
        microstructure, and that of daily ones, which do not.
    factors : tuple of float
        Loadings on dollar, risk, europe, haven, metal and crypto, of the asset's value *in
        dollars*; the rest of its unit variance is its own.
    inverse : bool
        True where the quote is dollars in the other currency (USDJPY).
    hours : str
        Key of `_HOURS`.
    """

    symbol: str
    start: float
    tick: float
    volatility: float
    factors: tuple[float, ...]
    inverse: bool
    hours: str


LEGS = (
    Leg("EURUSDX", 1.0350, 1e-5, 0.079, (0.72, 0.10, 0.42, 0.0, 0.0, 0.0), False, "europe"),
    Leg("GBPUSDX", 1.2510, 1e-5, 0.081, (0.64, 0.25, 0.24, 0.0, 0.0, 0.0), False, "europe"),
    Leg("AUDUSDX", 0.6190, 1e-5, 0.092, (0.60, 0.65, 0.0, 0.0, 0.0, 0.0), False, "pacific"),
    Leg("NZDUSDX", 0.5600, 1e-5, 0.092, (0.57, 0.65, 0.0, 0.0, 0.0, 0.0), False, "pacific"),
    Leg("USDJPYX", 157.20, 1e-3, 0.078, (0.55, -0.20, 0.0, 0.60, 0.0, 0.0), True, "pacific"),
    Leg("USDCHFX", 0.9080, 1e-5, 0.081, (0.60, 0.0, 0.41, 0.35, 0.0, 0.0), True, "europe"),
    Leg("USDCADX", 1.4380, 1e-5, 0.075, (0.50, 0.42, 0.0, 0.0, 0.0, 0.0), True, "america"),
    Leg("GOLDX", 2625.0, 1e-2, 0.150, (0.40, 0.0, 0.0, 0.20, 0.75, 0.0), False, "metal"),
    Leg("SILVERX", 28.900, 1e-3, 0.285, (0.38, 0.20, 0.0, 0.0, 0.72, 0.0), False, "metal"),
    Leg("BTCUSDX", 93500.0, 1e-2, 0.640, (0.08, 0.20, 0.0, 0.0, 0.0, 0.88), False, "crypto"),
    Leg("ETHUSDX", 3330.0, 1e-2, 0.730, (0.08, 0.22, 0.0, 0.0, 0.0, 0.85), False, "crypto"),
)

#: Crosses: symbol, first leg, second leg, True to multiply (False: divide), tick.
CROSSES = (
    ("EURGBPX", "EURUSDX", "GBPUSDX", False, 1e-5),
    ("EURCHFX", "EURUSDX", "USDCHFX", True, 1e-5),
    ("EURJPYX", "EURUSDX", "USDJPYX", True, 1e-3),
    ("GBPJPYX", "GBPUSDX", "USDJPYX", True, 1e-3),
)

#: Relative volatility by hour of the New York clock, 0 to 23.
_HOURS = {
    "europe": (
        0.7, 0.9, 1.3, 1.6, 1.5, 1.3, 1.2, 1.3, 1.7, 1.7, 1.7, 1.4,
        1.0, 0.9, 0.9, 0.8, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.6, 0.6,
    ),
    "pacific": (
        0.9, 1.0, 1.1, 1.3, 1.2, 1.0, 1.0, 1.1, 1.5, 1.5, 1.5, 1.3,
        1.0, 0.9, 0.9, 0.8, 0.6, 0.5, 0.7, 1.1, 1.3, 1.3, 1.0, 0.9,
    ),
    "america": (
        0.5, 0.6, 0.8, 1.0, 1.0, 0.9, 0.9, 1.1, 1.8, 1.8, 1.9, 1.6,
        1.2, 1.1, 1.1, 1.0, 0.7, 0.4, 0.5, 0.5, 0.6, 0.6, 0.5, 0.5,
    ),
    "metal": (
        0.7, 0.8, 1.1, 1.3, 1.2, 1.0, 1.0, 1.2, 1.8, 1.9, 1.9, 1.5,
        1.1, 1.0, 0.9, 0.8, 0.6, 0.1, 0.6, 0.8, 0.9, 0.9, 0.8, 0.7,
    ),
    "crypto": (
        0.9, 0.9, 0.9, 1.0, 1.0, 0.9, 0.9, 1.0, 1.2, 1.4, 1.4, 1.3,
        1.1, 1.1, 1.1, 1.1, 1.0, 0.9, 0.9, 1.0, 1.0, 0.9, 0.9, 0.9,
    ),
}  # fmt: skip


class Drawn(NamedTuple):
    """One asset's bars: labels (ns UTC) and columns open, high, low, close, volume."""

    time: Ints
    columns: tuple[Array, Array, Array, Array, Array]


def generate(start: int, end: int, seed: int) -> dict[str, Drawn]:
    """Draw the whole sample.

    Parameters
    ----------
    start, end : int
        Labels run from `start` up to `end`, ns UTC, multiples of five minutes.
    seed : int
        The same seed gives the same bits.

    Returns
    -------
    dict of str to Drawn
        Legs first, then crosses.
    """
    labels = np.arange(start, end, TIMEFRAME_NS, dtype=np.int64)
    local = new_york(labels)
    streams = np.random.SeedSequence(seed).spawn(4)
    scale = _scales(local, np.random.default_rng(streams[0]))
    path = _log_paths(scale, np.random.default_rng(streams[1]), np.random.default_rng(streams[2]))
    volume = np.random.default_rng(streams[3])
    prices: dict[str, Array] = {}
    drawn: dict[str, Drawn] = {}
    for column, leg in enumerate(LEGS):
        log = -path[column] if leg.inverse else path[column]
        prices[leg.symbol] = _on_ticks(leg.start * np.exp(log), leg.tick)
        drawn[leg.symbol] = _bars(
            labels, prices[leg.symbol], _trading(local, leg.hours), scale[column], volume
        )
    for symbol, first, second, product, tick in CROSSES:
        left, right = prices[first], prices[second]
        cross = _on_ticks(left * right if product else left / right, tick)
        column = [leg.symbol for leg in LEGS].index(first)
        drawn[symbol] = _bars(labels, cross, _trading(local, "europe"), scale[column], volume)
    return drawn


def _trading(local: Ints, hours: str) -> Bools:
    """Return True for the bars of a market's sessions, by the New York clock."""
    if hours == "crypto":
        return np.ones(len(local), dtype=np.bool_)
    week = in_week(local)
    return week & (local % DAY_NS // HOUR_NS != 17) if hours == "metal" else week


def _scales(local: Ints, random: np.random.Generator) -> Array:
    """Return the standard deviation of each efficient 5-minute return, (n_assets, n_bars)."""
    minute = local % DAY_NS / HOUR_NS
    knots = np.arange(-0.5, 25.0)
    clusters = _clustering(len(local), random)
    per_year = len(local) * TIMEFRAME_NS / _YEAR_NS / _excess_variance() ** 0.5
    scales = np.empty((len(LEGS), len(local)))
    for row, leg in enumerate(LEGS):
        table = np.array(_HOURS[leg.hours])
        hourly = np.interp(minute, knots, np.concatenate((table[-1:], table, table[:1])))
        if leg.hours != "crypto":
            hourly = hourly * np.where(in_week(local), 1.0, _SHUT)
        scale = hourly * clusters[row]
        scales[row] = scale * leg.volatility * np.sqrt(per_year / np.sum(scale * scale))
    return scales


def _excess_variance() -> float:
    """Return the variance of 5-minute returns over that of the efficient price's."""
    kept: float = 0.5 ** (1.0 / REVERSION_HALF_LIFE_BARS)
    return 1.0 + 2.0 * REVERSION_STRENGTH * REVERSION_STRENGTH * (1.0 - kept)


def _clustering(bars: int, random: np.random.Generator) -> Array:
    """Return a factor of volatility, mostly shared by a class of assets, (n_assets, n_bars)."""
    classes = sorted({leg.hours == "crypto" for leg in LEGS})
    total = np.zeros((len(LEGS), bars))
    for deviation, half_life in _CLUSTERING:
        own = reverting(random.standard_normal((len(LEGS), bars)), half_life)
        shared = reverting(random.standard_normal((len(classes), bars)), half_life)
        rows = np.array([classes.index(leg.hours == "crypto") for leg in LEGS])
        total += deviation * (0.8 * shared[rows] + 0.6 * own)
    return np.exp(total)


def reverting(shocks: Array, half_life: float) -> Array:
    """Return x[t] = d x[t-1] + sqrt(1 - d*d) shock[t] along the last axis; overwrites `shocks`.

    Unit shocks give a unit variance. The recursion is unrolled by doubling: after k passes each
    value holds the last 2**k shocks, and passes end where older ones no longer count.
    """
    decay = 0.5 ** (1.0 / half_life)
    shocks[..., 1:] *= np.sqrt(1.0 - decay * decay)
    reach = 1
    while reach < shocks.shape[-1] and decay**reach > 1e-10:
        shocks[..., reach:] += decay**reach * shocks[..., :-reach].copy()
        reach *= 2
    return shocks


def _log_paths(scale: Array, walk: np.random.Generator, pull: np.random.Generator) -> Array:
    """Return log prices on the fine path relative to the first, (n_assets, n_bars * FINE)."""
    bars = scale.shape[1]
    path = _shocks(bars * FINE, walk)
    _add_jumps(path, walk)
    fine = np.repeat(scale, FINE, axis=1)
    path *= fine
    path *= np.sqrt(1.0 / FINE)
    np.cumsum(path, axis=1, out=path)
    deviation = reverting(_shocks(bars * FINE, pull), REVERSION_HALF_LIFE_BARS * FINE)
    deviation *= fine
    deviation *= REVERSION_STRENGTH
    path += deviation
    return path


def _shocks(points: int, random: np.random.Generator) -> Array:
    """Return unit normals, correlated by the legs' factors, (n_assets, n_points)."""
    factors = random.standard_normal((len(LEGS[0].factors), points))
    shocks = random.standard_normal((len(LEGS), points))
    for row, leg in enumerate(LEGS):
        shocks[row] *= np.sqrt(1.0 - sum(loading * loading for loading in leg.factors))
        for loading, factor in zip(leg.factors, factors, strict=True):
            if loading:
                shocks[row] += loading * factor
    return shocks


def _add_jumps(shocks: Array, random: np.random.Generator) -> None:
    """Add jumps of single assets, and jumps of the dollar that all feel."""
    points = shocks.shape[1]
    days = points / FINE * TIMEFRAME_NS / DAY_NS
    for row in range(len(shocks)):
        at, size = _jumps(points, days * _JUMPS_PER_DAY, random)
        shocks[row, at] += size
    at, size = _jumps(points, days * _COMMON_JUMPS_PER_DAY, random)
    for row, leg in enumerate(LEGS):
        shocks[row, at] += leg.factors[0] * size


def _jumps(points: int, expected: float, random: np.random.Generator) -> tuple[Ints, Array]:
    count = int(random.poisson(expected))
    at = np.unique(random.integers(0, points, count))
    mean, deviation = _JUMP_SIZE
    size = (mean + deviation * random.standard_normal(len(at))) * np.sqrt(FINE)
    return at, size * random.choice((-1.0, 1.0), len(at))


def _on_ticks(prices: Array, tick: float) -> Array:
    per_unit = round(1.0 / tick)
    return np.asarray(np.rint(prices * per_unit) / per_unit, dtype=np.float64)


def _bars(
    labels: Ints, path: Array, trading: Bools, scale: Array, random: np.random.Generator
) -> Drawn:
    """Cut a fine path into bars and keep those of the market's sessions."""
    fine = path.reshape(len(labels), FINE)
    usual = float(np.median(scale))
    noise = np.exp(0.35 * random.standard_normal(len(labels)))
    volume = np.maximum(np.rint(120.0 * scale / usual * noise), 1.0)
    columns = (fine[:, 0], fine.max(axis=1), fine.min(axis=1), fine[:, -1], volume)
    open_, high, low, close, ticks = (np.ascontiguousarray(c[trading]) for c in columns)
    return Drawn(labels[trading], (open_, high, low, close, ticks))
