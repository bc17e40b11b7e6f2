"""Play a plan with the compiled loop: the same result as the lockstep of Cerebros, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lockstep.core.codes import STAGES
from lockstep.core.errors import StrategyError
from lockstep.core.plan import RunPlan
from lockstep.core.records import Decision, Trade
from lockstep.engine.kernel import layout as at
from lockstep.engine.kernel.walk import SCRATCH, walk
from lockstep.engine.plan import packed
from lockstep.engine.played import Played
from lockstep.ledger.exits import AMBIGUOUS_RULES
from lockstep.ledger.rules import AFTER_DAYS, NEVER, NEXT_MONTH, RECOVERS

N_TERMS = 8
#: Rules that the loop knows; any other needs the Cerebro player.
KNOWN_RULES = frozenset(
    {
        "breaker",
        "daily_loss",
        "halts",
        "max_positions",
        "gross_exposure",
        "net_exposure",
        "currency_exposure",
        "asset_exposure",
        "drawdown_scaling",
        "correlation_scaling",
    }
)
_RESUME = {
    "never": NEVER,
    "days": AFTER_DAYS,
    "next_month": NEXT_MONTH,
    "recovers": RECOVERS,
}
_LIMITS = {
    "breaker": "breaker",
    "daily_loss": "daily_loss",
    "gross": "gross_exposure",
    "net": "net_exposure",
    "currency": "currency_exposure",
    "asset": "asset_exposure",
}


def can_play(plan: RunPlan) -> bool:
    """Return True if every strategy is signals and every rule is known to the loop."""
    known = all(name in KNOWN_RULES for name, _ in plan.rules)
    return known and all(asset.custom is None for asset in plan.assets)


class Walked(NamedTuple):
    """What the loop left behind, before it becomes objects."""

    books: at.Books
    sleeves: at.Records
    rules: at.Records
    least_free: float

    @property
    def trades(self) -> at.Records:
        """The closed trades, in the order in which they were closed."""
        return self.books.trades[: int(self.books.counts[0])]


def play(plan: RunPlan) -> Played:
    """Play a plan of signals.

    Raises
    ------
    StrategyError
        If a strategy is hand-written, or a rule is not known to the loop.
    """
    return _played(plan, walked(plan))


def walked(plan: RunPlan) -> Walked:
    """Play a plan of signals and return the records as the loop wrote them.

    Raises
    ------
    StrategyError
        If a strategy is hand-written, or a rule is not known to the loop.
    """
    if not can_play(plan):
        raise StrategyError(
            "the compiled player plays strategies of signals under built-in rules only; use "
            "player cerebro for hand-written strategies and rules."
        )
    steps = len(plan.clock)
    market, units = market_of(plan), units_of(plan)
    sleeves = sleeves_of(plan)
    account = account_of(plan, sleeves)
    books = books_of(plan, len(market.rows))
    rules, halts = rules_of(plan)
    scratch = np.zeros((SCRATCH, len(plan.assets)), dtype=np.int64)
    state = (market, units, terms_of(plan), rules, halts, sleeves)
    step = 0
    while True:
        step = walk(*state, books, account, scratch, step)
        if step == steps:
            return Walked(books, sleeves, rules, float(account["least_free"][0]))
        books = books._replace(decisions=np.concatenate([books.decisions, books.decisions]))


def _joined(arrays: Sequence[np.ndarray], dtype: Any) -> np.ndarray:
    if len(arrays) == 1:
        return np.ascontiguousarray(arrays[0], dtype=dtype)
    return np.concatenate(arrays).astype(dtype, copy=False)


def _bars(plan: RunPlan) -> at.Records:
    """Return the plan's bars, packed anew if an asset's columns are no longer views of them."""
    begin = 0
    for asset in plan.assets:
        own = plan.bars[begin : begin + len(asset)]
        if not all(_is_view(getattr(asset, name), own[name]) for name in own.dtype.names or ()):
            return packed(plan.assets, plan.clock)[0]
        begin += len(asset)
    return plan.bars


def _is_view(column: np.ndarray, place: np.ndarray) -> bool:
    """Return True if a column lies where it is packed: the same memory, not a copy or a change."""
    here, there = column.__array_interface__, place.__array_interface__
    return all(here[key] == there[key] for key in ("data", "shape", "strides", "typestr"))


def _starts(lengths: Sequence[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))]).astype(np.int64)


def market_of(plan: RunPlan) -> at.Market:
    """Return the bars, signals and schedule of a plan, laid out for the loop."""
    assets = plan.assets
    rebalance = np.full(len(plan.clock), -1, dtype=np.int32)
    rebalance[plan.rebalance_steps] = np.arange(len(plan.rebalance_steps))
    months = plan.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    rows = np.zeros(sum(len(a.entries.bar) for a in assets), dtype=at.ROW)
    for name in at.ROW.names or ():
        rows[name] = np.concatenate([getattr(a.entries, name) for a in assets])
    row_asset = np.repeat(
        np.arange(len(assets), dtype=np.int32), [len(a.entries.bar) for a in assets]
    )
    row_step = np.concatenate([a.step[a.entries.bar] for a in assets]).astype(np.int32)
    spoken = np.lexsort((row_asset, row_step))
    return at.Market(
        first=_starts([len(a) for a in assets]),
        bars=_bars(plan),
        exit=_joined([a.exit for a in assets], np.int8),
        exit_first=_starts([len(a.exit) for a in assets]),
        rows=rows,
        row_asset=row_asset,
        spoken=spoken.astype(np.int32),
        spoken_step=row_step[spoken],
        clock=plan.clock,
        day=plan.day,
        day_first=np.searchsorted(plan.day, np.arange(len(plan.days))).astype(np.int64),
        month=months,
        rebalance=rebalance,
        weights=np.ascontiguousarray(plan.weights),
        correlation=np.ascontiguousarray(plan.correlation),
        observations=np.ascontiguousarray(plan.observations),
    )


def units_of(plan: RunPlan) -> at.Records:
    """Return the instruments as records."""
    units = [asset.instrument for asset in plan.assets]
    codes = {c: i for i, c in enumerate(sorted({x for u in units for x in (u.base, u.quote)}))}
    records = np.zeros(len(units), dtype=at.UNIT)
    for record, unit, asset in zip(records, units, plan.assets):
        for name in at.UNIT.names or ():
            if hasattr(unit, name) and name not in ("base", "quote"):
                record[name] = getattr(unit, name)
        record["timeframe"] = asset.timeframe
        record["base"], record["quote"] = codes[unit.base], codes[unit.quote]
        record["swap_in_points"] = unit.swap_unit == "points"
        record["is_fx"] = unit.asset_class == "fx"
    return records


def terms_of(plan: RunPlan) -> at.Records:
    """Return the numbers of the account, one record."""
    record = np.zeros(1, dtype=at.TERMS)
    for name in at.TERMS.names or ():
        if name != "ambiguous":
            record[name] = getattr(plan.terms, name)
    record["ambiguous"] = AMBIGUOUS_RULES.index(plan.terms.ambiguous_bar)
    return record


def rules_of(plan: RunPlan) -> tuple[at.Records, np.ndarray]:
    """Return the numbers of the rules, one record, and the halts (from, to, from, to ...), ns."""
    rules, record = dict(plan.rules), np.zeros(1, dtype=at.RULES)
    for field, name in _LIMITS.items():
        record[field] = rules[name].limit if name in rules else float("inf")
    record["max_positions"] = rules["max_positions"].limit if "max_positions" in rules else 1 << 40
    if "breaker" in rules:
        record["breaker_flattens"] = rules["breaker"].effect == "flatten"
        record["breaker_resume"] = _RESUME[rules["breaker"].resume]
        record["breaker_resume_value"] = rules["breaker"].resume_value
    if "daily_loss" in rules:
        record["daily_loss_flattens"] = rules["daily_loss"].effect == "flatten"
    if "drawdown_scaling" in rules:
        scaling = rules["drawdown_scaling"]
        record["scales_drawdown"] = True
        record["drawdown_start"], record["drawdown_end"] = scaling.start_at, scaling.end_at
        record["drawdown_floor"] = scaling.floor
    if "correlation_scaling" in rules:
        scaling = rules["correlation_scaling"]
        record["scales_correlation"] = True
        record["max_correlation"] = scaling.max_asset_correlation
        record["correlation_floor"] = scaling.floor
    spans = rules["halts"].spans_ns() if "halts" in rules else ()
    return record, np.array([moment for span in spans for moment in span], dtype=np.int64)


def sleeves_of(plan: RunPlan) -> at.Records:
    """Return the state of every sleeve before the first step."""
    sleeves = np.zeros(len(plan.assets), dtype=at.SLEEVE)
    for name in ("at", "exit_bar", "live_step", "stopped_step"):
        sleeves[name] = -1
    sleeves["weight"] = plan.initial_weights
    sleeves["balance"] = sleeves["equity"] = plan.initial_weights * float(plan.terms.capital)
    return sleeves


def account_of(plan: RunPlan, sleeves: at.Records) -> at.Records:
    """Return the account, one record, after sharing the capital out among the sleeves."""
    account = np.zeros(1, dtype=at.ACCOUNT)
    reserve = float(plan.terms.capital)
    for balance in sleeves["balance"]:
        reserve -= float(balance)
    account["reserve"] = reserve
    account["peak"] = account["day_start"] = account["last_equity"] = plan.terms.capital
    account["factor"] = 1.0
    account["least_free"] = float("inf")
    account["stopped_step"] = -1
    return account


def books_of(plan: RunPlan, rows: int) -> at.Books:
    """Return empty tables; a trade needs an entry row, so `rows` of trades are enough."""
    steps, n = len(plan.clock), len(plan.assets)
    return at.Books(
        equity=np.empty((steps, n)),
        total=np.empty(steps),
        reserve=np.empty(steps),
        used=np.empty(steps),
        level=np.full(steps, np.nan),
        factor=np.empty(steps),
        terms=np.zeros((len(plan.days), n + 1, N_TERMS)),
        trades=np.zeros(rows, dtype=at.TRADE),
        decisions=np.zeros(4 * rows + 64 * (n + 4), dtype=at.DECISION),
        counts=np.zeros(2, dtype=np.int64),
    )


def _played(plan: RunPlan, found: Walked) -> Played:
    books, sleeves, rules = found.books, found.sleeves, found.rules[0]
    scaling = (("drawdown", "scales_drawdown"), ("correlation", "scales_correlation"))
    names = [name for name, flag in scaling if rules[flag]]
    return Played(
        trades=_trades(plan, books, names),
        decisions=_decisions(plan, books),
        equity=books.equity,
        account_equity=books.total,
        reserve=books.reserve,
        used_margin=books.used,
        margin_level=books.level,
        drawdown_factor=books.factor,
        terms=books.terms,
        in_position=sleeves["in_position"].astype(np.int32),
        end_adjustment=sleeves["end_adjustment"].copy(),
        least_free=found.least_free,
        factor_names=tuple(f"{name}_scaling" for name in names),
    )


def _trades(plan: RunPlan, books: at.Books, factors: Sequence[str]) -> list[Trade]:
    records = books.trades[: int(books.counts[0])]
    exit_step = np.empty(len(records), dtype=np.int64)
    for index, asset in enumerate(plan.assets):
        own = records["asset"] == index
        exit_step[own] = asset.step[records["exit_bar"][own]]
    records = records[np.lexsort((records["exit_bar"], records["asset"], exit_step))]
    apart = {"stop_first", "target_first", "drawdown", "correlation"}
    names = [name for name in records.dtype.names or () if name not in apart]
    columns = [records[name].tolist() for name in names]
    intervals = zip(records["stop_first"].tolist(), records["target_first"].tolist())
    scaled = [records[name].tolist() for name in factors]
    taken = zip(*scaled) if scaled else ((),) * len(records)
    return [
        Trade(**dict(zip(names, values)), interval=interval, factors=tuple(own))
        for *values, interval, own in zip(*columns, intervals, taken)
    ]


def _decisions(plan: RunPlan, books: at.Books) -> list[Decision]:
    notes = [
        Decision(0 if row < 0 else int(plan.rebalance_steps[row]), "D", asset, code, before, after)
        for row, asset, code, before, after, _ in plan.weight_notes
    ]
    records = books.decisions[: int(books.counts[1])]
    columns = [records[name].tolist() for name in ("step", "stage", "asset", "code")]
    values = (records["before"].tolist(), records["after"].tolist())
    notes.extend(
        Decision(step, STAGES[stage], asset, code, before, after)
        for step, stage, asset, code, before, after in zip(*columns, *values)
    )
    return sorted(notes, key=lambda d: (d.step, d.stage, d.asset, d.code))
