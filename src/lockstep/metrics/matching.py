"""The solo-portfolio ledger: what became of every solo trade in the shared account."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.core.codes import DECISIONS, LINKS
from lockstep.core.result import RunResult
from lockstep.metrics.panel import nanoseconds
from lockstep.metrics.undefined import NOT_PLAYED, Undefined

TAKEN, RESIZED, BLOCKED, CHANGED, NEW = STATUSES = (
    "taken",
    "resized",
    "blocked",
    "changed",
    "new",
)
#: Decisions of the signal's own step that end an entry, and those of a later step.
_AT_SIGNAL = frozenset(
    code
    for code in DECISIONS
    if code.startswith("blocked_") or code in ("min_lot", "rule_block", "cancelled_data_end")
)
_LATER = frozenset(
    code
    for code in DECISIONS
    if code.startswith("cancelled_") or code in ("expired", "stop_inside_spread", "no_margin")
)
#: Links that a solo run has too: the first is in proportion to the money, the others are not.
_PROPORTIONAL, _MAX_LOT, _MARGIN = "leverage_cap", "max_lot", "margin_cut"
#: Exits that the account forces upon a trade.
_FORCED = ("stop_out", "breaker", "daily_loss")
_NONE = float("nan")


class Row(NamedTuple):
    """One line of the ledger: a solo trade, or a portfolio trade that no solo run made.

    Lots, account currency, ns; NaN where there is no such trade. `docs/solo-ledger.md` says what
    each column means.
    """

    asset: str
    side: str
    signal_time: int
    status: str
    reason: str
    solo_trade_id: int | None
    trade_id: int | None
    held_by: int | None
    solo_exit_time: int | None
    exit_time: int | None
    solo_exit_reason: str
    exit_reason: str
    solo_lots: float
    lots: float
    size_factor: float
    sleeve_factor: float
    rules_factor: float
    other_factor: float
    solo_net_pnl: float
    at_sleeve: float
    net_pnl: float
    effect: float


@dataclass(frozen=True, slots=True)
class _Deal:
    """One closed trade, as matching looks at it; times in ns."""

    number: int
    asset: str
    side: str
    signal: int
    entry: int
    exit: int
    reason: str
    lots: float
    net: float
    links: frozenset[str]
    factors: Mapping[str, float]

    @property
    def key(self) -> tuple[str, int, str]:
        """Two runs made the same trade if they decided it on one bar, to one side."""
        return self.asset, self.signal, self.side

    @property
    def scaled(self) -> float:
        """The product of its size factors."""
        return math.prod(self.factors.values(), start=1.0)


@dataclass(slots=True)
class _Book:
    """What the portfolio did, by asset and in order of time."""

    chain: Sequence[str]
    outside: Mapping[str, str]
    deals: dict[str, list[_Deal]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))

    def holding(self, asset: str, signal: int) -> _Deal | None:
        """Return the trade that was open or queued at a signal."""
        return _open_at(self.deals[asset], signal)

    def refusal(self, deal: _Deal) -> str:
        """Return the decision that ended the entry a solo run made; empty if there is none."""
        decided = self.refused[deal.asset]
        for time, code in decided[bisect.bisect_left(decided, (deal.signal, "")) :]:
            if time > deal.entry:
                break
            if code in (_AT_SIGNAL if time == deal.signal else _LATER):
                return code
        return ""


def matches(result: RunResult) -> pd.DataFrame | Undefined:
    """Return the ledger of a run that has both what is matched: a portfolio and solo runs."""
    if not len(result.equity):
        return NOT_PLAYED
    if not len(result.solo_equity):
        return Undefined("the run has no solo runs")
    return solo_ledger(result)


def solo_ledger(result: RunResult) -> pd.DataFrame:
    """Return a row for every solo trade, and one for every portfolio trade no solo run made.

    Parameters
    ----------
    result : RunResult
        A run whose portfolio was played.

    Returns
    -------
    DataFrame
        The columns of `Row`, by asset and signal. ``at_sleeve`` is the solo trade's net P&L times
        ``sleeve_factor``: the money a size hung on here, over that of the solo run. ``effect`` is
        what the portfolio made of the trade less that, so that ``at_sleeve + effect`` summed over
        all rows is the net P&L of the portfolio's trades.
    """
    solo, own = _deals(result.solo_trades), _deals(result.trades)
    book = _book(result, own)
    factors = _sleeve_factors(result, solo)
    by_key = {deal.key: deal for deal in own}
    rows = [
        _row(deal, by_key.get(deal.key), float(factor), book) for deal, factor in zip(solo, factors)
    ]
    matched, alone = {deal.key for deal in solo}, _by_asset(solo)
    rows += [_new_row(deal, alone) for deal in own if deal.key not in matched]
    return _table(sorted(rows, key=lambda row: (row.asset, row.signal_time, row.side)))


def _table(rows: Sequence[Row]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(Row._fields))
    for name in ("solo_trade_id", "trade_id", "held_by"):
        table[name] = table[name].astype("Int64")
    for name in ("signal_time", "solo_exit_time", "exit_time"):
        whole = table[name].astype("Int64")
        moments = whole.fillna(0).to_numpy(dtype=np.int64).astype("datetime64[ns]")
        table[name] = pd.Series(moments).where(whole.notna().to_numpy())
    return table


# What is matched --------------------------------------------------------------------------------


def _deals(trades: pd.DataFrame) -> list[_Deal]:
    if not len(trades):
        return []
    names = [name for name in trades.columns if name.startswith("factor_")]
    factors = trades[names].to_numpy(dtype=np.float64)
    rules = [name.removeprefix("factor_") for name in names]
    times = (nanoseconds(trades[f"{what}_time"]).tolist() for what in ("signal", "entry", "exit"))
    return [
        _Deal(
            int(number), str(asset), str(side), signal, entry, leave, str(reason),
            float(lots), float(net),
            frozenset(links.replace(",", " ").split() if isinstance(links, str) else ()),
            {rule: float(value) for rule, value in zip(rules, row) if value < 1.0},
        )
        for number, asset, side, signal, entry, leave, reason, lots, net, links, row in zip(
            trades["trade_id"], trades["asset"], trades["side"], *times, trades["exit_reason"],
            trades["lots"], trades["net_pnl"], trades["links"], factors,
        )
    ]  # fmt: skip


def _by_asset(deals: Iterable[_Deal]) -> dict[str, list[_Deal]]:
    owned: dict[str, list[_Deal]] = defaultdict(list)
    for deal in sorted(deals, key=lambda deal: deal.signal):
        owned[deal.asset].append(deal)
    return owned


def _open_at(deals: Sequence[_Deal], signal: int) -> _Deal | None:
    """Return the trade of one asset that was decided by then and closed only later."""
    at = bisect.bisect_right(deals, signal, key=lambda deal: deal.signal) - 1
    return deals[at] if at >= 0 and signal < deals[at].exit else None


def _book(result: RunResult, own: Sequence[_Deal]) -> _Book:
    rules = [str(name) for name in result.facts.get("rules") or ()]
    rooms = [name for name in LINKS if name not in (_PROPORTIONAL, _MAX_LOT, _MARGIN)]
    rooms.sort(key=lambda name: rules.index(name) if name in rules else len(rules))
    failed = dict.fromkeys(map(str, result.facts.get("failed") or {}), "failed")
    left_out = dict.fromkeys(map(str, result.facts.get("left_out") or ()), "left_out")
    book = _Book((_PROPORTIONAL, *rooms, _MAX_LOT, _MARGIN), {**left_out, **failed})
    book.deals = _by_asset(own)
    table = result.decisions
    if len(table):
        table = table[table["code"].isin(_AT_SIGNAL | _LATER)]
        for time, asset, code in zip(
            nanoseconds(table["time"]).tolist(), table["asset"], table["code"]
        ):
            book.refused[str(asset)].append((time, str(code)))
    for decided in book.refused.values():
        decided.sort()
    return book


def _sleeve_factors(result: RunResult, solo: Sequence[_Deal]) -> Array:
    """Return the money each size hung on here, over that of the solo run; 0 without any."""
    signals = np.array([deal.signal for deal in solo], dtype=np.int64)
    capital = float(result.facts["capital"])
    on_account = result.config.get("portfolio", {}).get("size_on") == "account"
    factors = np.zeros(len(solo))
    assets = np.array([deal.asset for deal in solo], dtype=object)
    for asset in sorted({deal.asset for deal in solo}):
        own = np.flatnonzero(assets == asset)
        column = "total" if on_account else asset
        if asset not in result.equity.columns or asset not in result.solo_equity.columns:
            continue
        here = _at(result.equity[column], signals[own], capital)
        alone = _at(result.solo_equity[asset].dropna(), signals[own], capital)
        sound = (alone > 0.0) & (here > 0.0)
        factors[own[sound]] = here[sound] / alone[sound]
    return factors


def _at(equity: pd.Series, moments: Ints, before: float) -> Array:
    """Return the equity after the last step at or before each moment."""
    at = np.searchsorted(nanoseconds(equity.index), moments, side="right")
    return np.concatenate([[before], equity.to_numpy(dtype=np.float64)])[at]


# What became of it ------------------------------------------------------------------------------


def _row(solo: _Deal, own: _Deal | None, sleeve: float, book: _Book) -> Row:
    at_sleeve = solo.net * sleeve
    if own is None:
        status, reason, held = _why_not(solo, book)
        return Row(
            solo.asset, solo.side, solo.signal, status, reason, solo.number, None, held,
            solo.exit, None, solo.reason, "", solo.lots, _NONE, _NONE, sleeve, _NONE, _NONE,
            solo.net, at_sleeve, _NONE, 0.0 - at_sleeve,
        )  # fmt: skip
    status, reason = _what(solo, own, book.chain)
    size, rules = own.lots / solo.lots, own.scaled
    ours = sleeve * rules
    return Row(
        solo.asset, solo.side, solo.signal, status, reason, solo.number, own.number, None,
        solo.exit, own.exit, solo.reason, own.reason, solo.lots, own.lots, size, sleeve, rules,
        size / ours if ours > 0.0 else _NONE, solo.net, at_sleeve, own.net, own.net - at_sleeve,
    )  # fmt: skip


def _new_row(own: _Deal, alone: Mapping[str, list[_Deal]]) -> Row:
    in_the_way = _open_at(alone.get(own.asset, []), own.signal)
    return Row(
        own.asset, own.side, own.signal, NEW,
        "solo_refused" if in_the_way is None else "solo_in_position", None, own.number, None,
        None, own.exit, "", own.reason, _NONE, own.lots, _NONE, _NONE, own.scaled, _NONE,
        _NONE, 0.0, own.net, own.net,
    )  # fmt: skip


def _why_not(solo: _Deal, book: _Book) -> tuple[str, str, int | None]:
    """Return why the portfolio did not make a solo trade, and which trade stood in its way."""
    if solo.asset in book.outside:
        return BLOCKED, book.outside[solo.asset], None
    refusal = book.refusal(solo)
    if refusal:
        return BLOCKED, refusal, None
    holding = book.holding(solo.asset, solo.signal)
    if holding is not None:
        return CHANGED, "in_position", holding.number
    return CHANGED, "not_asked", None


def _what(solo: _Deal, own: _Deal, chain: Sequence[str]) -> tuple[str, str]:
    if (own.exit, own.reason) != (solo.exit, solo.reason):
        forced = [own.reason] if own.reason in _FORCED else []
        forced += [f"solo_{solo.reason}"] if solo.reason in _FORCED and not forced else []
        return CHANGED, forced[0] if forced else "other_exit"
    causes = _causes(solo, own, chain)
    return (RESIZED, "+".join(causes)) if causes else (TAKEN, "")


def _causes(solo: _Deal, own: _Deal, chain: Sequence[str]) -> list[str]:
    """Return what made a size other than the sleeve's share of the solo size.

    Each link of the chain cuts what the one before it left, so the last that cut made the size; a
    factor before it made no difference. The leverage cap is in proportion to the money: a solo
    run that it cuts is cut alike.
    """
    here, alone = _last_cut(own, chain), _last_cut(solo, chain)
    causes = [here] if here not in ("", _PROPORTIONAL) else []
    if not here:
        causes = sorted(own.factors)
    if alone in (_MAX_LOT, _MARGIN) and alone != here:
        causes.append(f"solo_{alone}")
    return causes


def _last_cut(deal: _Deal, chain: Sequence[str]) -> str:
    return next((name for name in reversed(chain) if name in deal.links), "")


# In sum -----------------------------------------------------------------------------------------


def ledger_totals(table: pd.DataFrame) -> dict[str, Any]:
    """Return counts and money of the ledger, per asset and in total.

    Parameters
    ----------
    table : DataFrame
        Made by `solo_ledger`.

    Returns
    -------
    dict
        ``total`` and ``assets`` (by symbol), each with the keys of docs/solo-ledger.md. Counts of
        solo trades add up to ``solo_trades``, money to ``portfolio_pnl``.
    """
    assets = sorted(set(table["asset"]))
    return {
        "total": _totals(table),
        "assets": {asset: _totals(table[table["asset"] == asset]) for asset in assets},
    }


def _totals(rows: pd.DataFrame) -> dict[str, Any]:
    status = rows["status"].to_numpy(dtype=object)
    counts = {name: int((status == name).sum()) for name in STATUSES}
    return {
        "solo_trades": len(rows) - counts[NEW],
        "portfolio_trades": int(rows["trade_id"].notna().sum()),
        **counts,
        "solo_pnl": math.fsum(rows["solo_net_pnl"].dropna()),
        "at_sleeve_pnl": math.fsum(rows["at_sleeve"]),
        "effects": {name: math.fsum(rows["effect"][status == name]) for name in STATUSES},
        "portfolio_pnl": math.fsum(rows["net_pnl"].dropna()),
        "reasons": {name: _by_reason(rows[status == name]) for name in STATUSES if name != TAKEN},
    }


def _by_reason(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return count, solo P&L, P&L at the sleeve's size and effect of each reason."""
    return {
        str(reason): {
            "trades": len(own),
            "solo_pnl": math.fsum(own["solo_net_pnl"].dropna()),
            "at_sleeve_pnl": math.fsum(own["at_sleeve"]),
            "effect": math.fsum(own["effect"]),
        }
        for reason, own in rows.groupby("reason", sort=True)
    }
