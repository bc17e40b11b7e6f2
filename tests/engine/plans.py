"""Plans of every kind from a small drawn description: a `World` and its seed make one plan."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as draw

from lockstep.core.bars import MINUTE_NS, Array, Ints
from lockstep.core.codes import CODE
from lockstep.core.instrument import Instrument
from lockstep.core.parameters import build
from lockstep.core.plan import AccountTerms, AssetPlan, EntryRows, RunPlan
from lockstep.core.registry import risk_rules
from lockstep.engine.plan import has_weekend_days, nights_of, plan_run, spread_of
from lockstep.engine.weights import Schedule
from lockstep.ledger.prices import bid_of
from lockstep.risk.manager import in_order

NAN, INF = float("nan"), float("inf")
HOUR = 60 * MINUTE_NS
DAY = 24 * HOUR
#: Days that end a month, a quarter or a year soon, or on which New York changes its clocks.
STARTS = tuple(
    int(np.datetime64(text, "ns").astype(np.int64))
    for text in ("2024-12-30", "2025-01-31", "2025-02-27", "2025-03-06", "2025-06-29")
)
#: Symbol: asset class, base, quote, units a lot, first price, margin rate.
MARKETS: dict[str, tuple[str, str, str, float, float, float]] = {
    "AUDUSD": ("fx", "AUD", "USD", 100_000.0, 0.65, 0.05),
    "BTCUSD": ("crypto", "BTC", "USD", 1.0, 60_000.0, 0.5),
    "ETHEUR": ("crypto", "ETH", "EUR", 10.0, 3_000.0, 0.5),
    "EURCHF": ("fx", "EUR", "CHF", 100_000.0, 0.95, 1 / 30),
    "EURGBP": ("fx", "EUR", "GBP", 100_000.0, 0.85, 1 / 30),
    "EURUSD": ("fx", "EUR", "USD", 100_000.0, 1.1, 1 / 30),
    "GBPJPY": ("fx", "GBP", "JPY", 100_000.0, 190.0, 1 / 30),
    "GBPUSD": ("fx", "GBP", "USD", 100_000.0, 1.3, 1 / 30),
    "GER40": ("index", "GER40", "EUR", 1.0, 18_000.0, 0.05),
    "MSFT": ("share", "MSFT", "USD", 1.0, 400.0, 0.2),
    "NAS100": ("index", "NAS100", "USD", 10.0, 20_000.0, 0.05),
    "USDCHF": ("fx", "USD", "CHF", 100_000.0, 0.88, 1 / 30),
    "USDJPY": ("fx", "USD", "JPY", 100_000.0, 150.0, 1 / 30),
    "XAGUSD": ("metal", "XAG", "USD", 5_000.0, 30.0, 0.1),
    "XAUUSD": ("metal", "XAU", "USD", 100.0, 2_000.0, 0.05),
}
#: Quote currency to dollar.
DOLLARS = {"USD": 1.0, "EUR": 1.1, "GBP": 1.3, "CHF": 1.13, "JPY": 1 / 150}
AMBIGUOUS = ("stop_first", "target_first", "nearest_to_open")


@dataclass(frozen=True)
class World:
    """What a plan is drawn from.

    `bars` counts steps of the common grid, not of each asset. `leverage` is the broker's; or
    greedy: stops far away and entries that take all margin; or reckless: the same at up to 500:1.
    """

    seed: int = 0
    assets: int = 3
    bars: int = 100
    timeframe: int = 60
    calendar: str = "mixed"
    volatility: float = 0.002
    jumps: float = 0.02
    leverage: str = "broker"
    on_ticks: bool = False
    twins: bool = False
    every: int = 6
    rates: str = "moving"
    rebalances: int = 2
    known_correlations: float = 0.7
    capital: float = 1e6
    pooled: bool = True
    reject: bool = False
    size_on_account: bool = False
    ambiguous: str = "stop_first"
    cooldown: int = 0
    risk: float = 0.01
    leverage_cap: float = 10.0
    stop_out_level: float = 0.5
    valid_minutes: int = 60
    rules: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = ()


# What hypothesis draws --------------------------------------------------------------------------


def _rule(name: str, **fields: draw.SearchStrategy[Any]) -> draw.SearchStrategy[Any]:
    given = draw.tuples(*(draw.tuples(draw.just(key), value) for key, value in fields.items()))
    return given.map(lambda pairs: (name, pairs))


def _perhaps(rule: draw.SearchStrategy[Any]) -> draw.SearchStrategy[Any]:
    return draw.one_of(draw.none(), draw.none(), rule)


_EFFECTS = draw.sampled_from(["flatten", "block_entries"])


def _breakers() -> draw.SearchStrategy[Any]:
    limits = draw.sampled_from([0.05, 0.011, 0.02, 0.2])
    return draw.one_of(
        draw.none(),
        _rule("breaker", limit=limits, effect=_EFFECTS, resume=draw.just("never")),
        _rule("breaker", limit=limits, effect=_EFFECTS, resume=draw.just("next_month")),
        _rule(
            "breaker",
            limit=limits,
            effect=_EFFECTS,
            resume=draw.just("days"),
            resume_days=draw.sampled_from([0.04, 0.5, 3.0]),
        ),
        _rule(
            "breaker",
            limit=limits,
            effect=draw.just("block_entries"),
            resume=draw.just("recovers"),
            resume_drawdown=draw.sampled_from([0.01, 0.005, 0.0]),
        ),
    )


def _rules() -> draw.SearchStrategy[Any]:
    some = draw.sampled_from
    limits = draw.tuples(
        _breakers(),
        *map(
            _perhaps,
            (
                _rule("daily_loss", limit=some([0.005, 0.001, 0.02]), effect=_EFFECTS),
                _rule("halts", spans=some([1, 3])),
                _rule("max_positions", limit=some([1, 2, 5])),
                _rule("gross_exposure", limit=some([0.5, 2.0, 6.0])),
                _rule("net_exposure", limit=some([0.3, 1.0, 4.0])),
                _rule("currency_exposure", limit=some([0.3, 1.0, 4.0])),
                _rule("asset_exposure", limit=some([0.2, 1.0])),
                _rule(
                    "drawdown_scaling",
                    start_at=some([0.0, 0.01]),
                    end_at=some([0.05, 0.2]),
                    floor=some([0.25, 0.0, 1.0]),
                ),
                _rule(
                    "correlation_scaling",
                    max_asset_correlation=some([0.0, 0.3, 1.0]),
                    floor=some([0.0, 0.5]),
                ),
            ),
        ),
    ).map(lambda given: tuple(rule for rule in given if rule is not None))
    return draw.one_of(draw.just(()), limits, limits, limits)


def worlds() -> draw.SearchStrategy[World]:
    """Return worlds of every kind; a failing one shrinks towards the first of each choice."""
    some, flag = draw.sampled_from, draw.booleans()
    return draw.builds(
        World,
        seed=draw.integers(0, 2**32 - 1),
        assets=some([3, 1, 2, 4, 6, 8, 10, 12, 15]),
        bars=some([60, 30, 120, 200, 300]),
        timeframe=some([60, 5, 240, 1440]),
        calendar=some(["always", "holes", "mixed", "holes"]),
        volatility=some([0.002, 0.0005, 0.01]),
        jumps=some([0.0, 0.02, 0.1]),
        leverage=some(["broker", "greedy", "reckless"]),
        on_ticks=flag,
        twins=flag,
        every=some([2, 3, 6, 20]),
        rates=some(["constant", "moving", "late"]),
        rebalances=draw.integers(0, 6),
        known_correlations=some([1.0, 0.5, 0.0]),
        capital=some([1e6, 1e5, 3e3]),
        pooled=flag,
        reject=flag,
        size_on_account=flag,
        ambiguous=some(AMBIGUOUS),
        cooldown=some([0, 1, 3]),
        risk=some([0.01, 0.1, 0.5]),
        leverage_cap=some([10.0, 2.0, 100.0]),
        stop_out_level=some([0.5, 0.9, 0.2]),
        valid_minutes=some([60, 6_000, 9_000, 0]),
        rules=_rules(),
    )


# The plan of a world ----------------------------------------------------------------------------


def plan_of_world(world: World) -> RunPlan:
    """Return the one plan that a world describes."""
    rng = np.random.default_rng([world.seed, 0])
    symbols = sorted(rng.permutation(sorted(MARKETS))[: world.assets].tolist())
    length = world.timeframe * MINUTE_NS
    start = STARTS[int(rng.integers(len(STARTS)))] + int(rng.integers(24)) * HOUR
    grid = start // length * length + np.arange(world.bars, dtype=np.int64) * length
    rates = {currency: _rates(world, currency, rng) for currency in DOLLARS}
    assets = [_asset(world, symbol, grid, rates) for symbol in symbols]
    if world.twins and len(assets) > 1:
        assets[1] = _twin(assets[0], symbols[1])
    plan = plan_run(
        assets,
        _terms(world),
        rules=_rules_of(world, grid),
        weekend_days=has_weekend_days(assets),
        schedule=_start_weights(rng, len(assets)),
    )
    return _with_correlations(world, _with_rebalances(world, plan, rng), rng)


def _terms(world: World) -> AccountTerms:
    return AccountTerms(
        capital=world.capital,
        pooled=world.pooled,
        reject_short_margin=world.reject,
        stop_out_level=world.stop_out_level,
        risk_fraction=world.risk * (1.0 if world.leverage == "broker" else 20.0),
        size_on_account=world.size_on_account,
        leverage_cap=world.leverage_cap * (1.0 if world.leverage == "broker" else 10.0),
        entry_valid=world.valid_minutes * MINUTE_NS,
        ambiguous_bar=world.ambiguous,
        cooldown_bars=world.cooldown,
    )


def _rules_of(world: World, grid: Ints) -> tuple[tuple[str, Any], ...]:
    rules = []
    for name, pairs in world.rules:
        given = dict(pairs)
        if name == "halts":
            given = {"spans": _spans(grid, given["spans"])}
        rules.append((name, build(risk_rules.get(name), given)))
    return in_order(rules)


def _spans(grid: Ints, count: int) -> list[list[str]]:
    cuts = np.linspace(0, len(grid) - 1, 2 * count + 2).astype(np.int64)[1:-1]
    times = np.datetime_as_string(grid[cuts].astype("datetime64[ns]"), unit="s").tolist()
    return [[str(a), str(b)] for a, b in zip(times[::2], times[1::2])]


def _rates(world: World, currency: str, rng: np.random.Generator) -> Array:
    """Return the rate to the dollar known at each moment of the grid and at its end."""
    count = world.bars + 1
    if currency == "USD" or world.rates == "constant":
        return np.full(count, DOLLARS[currency])
    walk = DOLLARS[currency] * np.exp(np.cumsum(rng.normal(0.0, 0.003, count)))
    known = np.maximum.accumulate(np.where(rng.random(count) < 0.8, np.arange(count), 0))
    walk = walk[known]
    if world.rates == "late":
        walk[: int(rng.integers(1, 12))] = NAN
    return walk


def _asset(world: World, symbol: str, grid: Ints, rates: dict[str, Array]) -> AssetPlan:
    rng = np.random.default_rng([world.seed, 1, sorted(MARKETS).index(symbol)])
    price = MARKETS[symbol][4]
    tick = price * world.volatility / 4
    unit = _instrument(world, symbol, tick, rng)
    keep = np.flatnonzero(_open(world, unit, grid, rng))
    time = grid[keep]
    spread = spread_of(unit, time, world.timeframe * MINUTE_NS)
    quotes = _prices(world, price, tick, len(time), rng)
    bids = [bid_of(values, spread, unit.quote_side == "bid") for values in quotes]
    rate = rates[unit.quote]
    return AssetPlan(
        unit,
        world.timeframe * MINUTE_NS,
        time,
        np.arange(len(time), dtype=np.int32),
        *bids,
        spread,
        np.ones(len(time)),
        rate[keep],
        rate[keep + 1],
        nights_of(unit, time),
        _exits(len(time), rng),
        _entries(world, len(time), 4 * tick, tick, rng),
    )


def _instrument(world: World, symbol: str, tick: float, rng: np.random.Generator) -> Instrument:
    kind, base, quote, size, _, margin = MARKETS[symbol]
    if world.leverage == "reckless":
        margin = float(rng.choice([0.002, 0.01]))
    spread = [float(k) * tick for k in rng.choice([0, 0, 1, 2], 24 if rng.random() < 0.4 else 1)]
    coin = kind == "crypto"
    step = float(rng.choice([0.01, 0.01, 0.1]))
    points = bool(rng.random() < 0.4)
    nightly = rng.uniform(-3.0, 2.0, 2) if points else rng.uniform(-0.2, 0.1, 2)
    return Instrument(
        symbol=symbol,
        asset_class=kind,
        base=base,
        quote=quote,
        contract_size=size,
        margin_rate=margin,
        lot_step=step,
        min_lot=step * float(rng.choice([1, 1, 5])),
        max_lot=float(
            rng.choice([1000.0, 2.0, 5.0] if world.leverage == "broker" else [1e6, 1e6, 5.0])
        ),
        quote_side=str(rng.choice(["bid", "mid", "last"])),
        spread=tuple(spread),
        slippage=float(rng.choice([0.0, 0.25, 1.5])) * tick,
        slippage_bps=float(rng.choice([0.0, 0.0, 1.5])),
        commission_rate=float(rng.choice([0.0, 0.0, 0.0004])),
        commission_per_lot=float(rng.choice([0.0, 3.5])),
        swap_unit="points" if points else "rate",
        swap_long=float(nightly[0]),
        swap_short=float(nightly[1]),
        swap_basis=365.0 if coin else 360.0,
        point=tick / 10,
        triple_day=-1 if coin else int(rng.choice([2, 4])),
        always_open=coin,
        stops_level=float(rng.choice([0.0, 0.0, 6.0])) * tick,
        tick=tick,
    )


def _open(world: World, unit: Instrument, grid: Ints, rng: np.random.Generator) -> np.ndarray:
    """Return where an asset has a bar: its week, its daily break, holes, a late or early life."""
    kept = np.ones(len(grid), dtype=bool)
    if world.calendar != "always" and not unit.always_open:
        hour = grid // HOUR % 24
        weekday = (grid // DAY + 3) % 7
        kept &= ~((weekday == 5) | ((weekday == 4) & (hour >= 22)) | ((weekday == 6) & (hour < 22)))
        if unit.asset_class != "fx":
            kept &= hour != 21
    if world.calendar == "holes":
        kept &= rng.random(len(grid)) < rng.uniform(0.2, 0.95)
    life = rng.random() if world.calendar != "always" else 1.0
    some = int(rng.integers(len(grid)))
    if life < 0.1:
        kept[:some] = False
    elif life < 0.2:
        kept[some:] = False
    elif life < 0.25:
        kept[:] = False
    if not kept.any():
        kept[some] = True
    return kept


def _prices(
    world: World, price: float, tick: float, count: int, rng: np.random.Generator
) -> list[Array]:
    """Return open, high, low and close of a walk with jumps between bars."""
    shocks = rng.normal(0.0, world.volatility / 2, (count, 5))
    jump = rng.random(count) < world.jumps
    shocks[:, 0] += np.where(jump, rng.normal(0.0, 8 * world.volatility, count), 0.0)
    if world.jumps and rng.random() < 0.1:
        shocks[int(rng.integers(count)), 0] += float(rng.choice([-0.5, 0.4]))
    path = price * np.exp(np.cumsum(shocks.ravel())).reshape(count, 5)
    if world.on_ticks:
        path = np.maximum(np.round(path / tick), 8.0) * tick
    columns = (path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1])
    return [np.ascontiguousarray(column) for column in columns]


def _exits(count: int, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.6:
        return np.empty(0, dtype=np.int8)
    return np.where(rng.random(count) < 0.05, rng.integers(1, 4, count), 0).astype(np.int8)


def _entries(
    world: World, count: int, scale: float, tick: float, rng: np.random.Generator
) -> EntryRows:
    bars = np.flatnonzero(rng.random(count) < 1 / world.every)
    n = len(bars)

    near = rng.random(n) < 0.3

    def distance(low: float, high: float, there: float) -> Array:
        drawn = scale * np.where(near, rng.uniform(0.2, 0.7, n), rng.uniform(low, high, n))
        if world.on_ticks:
            drawn = np.maximum(np.round(drawn / tick), 1.0) * tick
        return np.where(rng.random(n) < there, drawn, NAN)

    stop = distance(0.3, 8.0, 0.97)
    odd = rng.random(n) < 0.05
    stop = np.where(odd, rng.choice([INF, 0.0, -scale, tick / 100, 200 * scale], n), stop)
    if world.leverage != "broker":
        stop = stop * np.where(rng.random(n) < 0.6, 10.0, 1.0)
    ties = rng.choice([0.0, 0.5, 1.0], n)
    at_once = np.where(bars % 3 == 0, 0.0, 1.0)  # a trigger of 0 trails from the first bar on
    return EntryRows(
        bar=bars.astype(np.int32),
        side=rng.choice([-1, 1], n).astype(np.int8),
        stop_distance=stop,
        target_distance=distance(0.3, 6.0, 0.6),
        strength=np.where(rng.random(n) < 0.7, ties, rng.random(n)),
        max_bars=rng.choice([0, 0, 0, 1, 3, 20], n).astype(np.int32),
        trail_trigger=distance(0.0, 2.0, 0.3) * at_once,
        trail_distance=distance(0.2, 3.0, 0.8),
        be_trigger=distance(0.0, 2.0, 0.3) * at_once,
        be_offset=distance(-0.5, 0.5, 0.8),
    )


def _twin(asset: AssetPlan, symbol: str) -> AssetPlan:
    """Return the same asset under another name: every tie has to be broken by symbol."""
    unit = dataclasses.replace(asset.instrument, symbol=symbol)
    return dataclasses.replace(asset, instrument=unit)


def _drawn_weights(rng: np.random.Generator, count: int) -> Array:
    weights = rng.dirichlet(np.ones(count + 1))[:-1]
    weights[rng.random(count) < 0.05] = 0.0
    return np.asarray(weights)


def _start_weights(rng: np.random.Generator, count: int) -> Schedule:
    if count == 1:
        return Schedule.alone()
    no_days = np.empty(0, dtype=np.int64)
    notes = ((-1, 0, CODE["no_history"], 0.0, 1 / count, "drawn"),)
    return Schedule(_drawn_weights(rng, count), no_days, np.empty((0, count)), notes)


def _with_rebalances(world: World, plan: RunPlan, rng: np.random.Generator) -> RunPlan:
    """Return the plan with cash moved in the first step of some of its days."""
    first_steps = np.flatnonzero(np.diff(plan.day, prepend=-1))
    count = min(world.rebalances, len(first_steps))
    if count == 0 or len(plan.assets) == 1:
        return plan
    steps = np.sort(rng.choice(first_steps, count, replace=False)).astype(np.int64)
    weights = np.array([_drawn_weights(rng, len(plan.assets)) for _ in steps])
    note = (0, -1, CODE["allocation_fallback"], NAN, NAN, "drawn")
    return dataclasses.replace(
        plan, rebalance_steps=steps, weights=weights, weight_notes=(*plan.weight_notes, note)
    )


def _with_correlations(world: World, plan: RunPlan, rng: np.random.Generator) -> RunPlan:
    if not len(plan.correlation):
        return plan
    drawn = rng.uniform(-1.0, 1.0, plan.correlation.shape)
    rho = (drawn + drawn.swapaxes(1, 2)) / 2 * 1.4
    unknown = rng.random(rho.shape) >= world.known_correlations
    rho = np.where(unknown | unknown.swapaxes(1, 2), NAN, rho.clip(-1.0, 1.0))
    seen = rng.integers(0, 61, rho.shape).astype(np.int32)
    return dataclasses.replace(plan, correlation=rho, observations=seen)
