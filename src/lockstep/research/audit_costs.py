"""How much of the result costs would take: each kind, and all together, from none to threefold."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from lockstep.core.audit import Audit, AuditColumn, AuditTable
from lockstep.core.bars import Bars
from lockstep.core.instrument import Instrument
from lockstep.core.plan import AssetPlan
from lockstep.engine.outcome import Prepared
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.ledger.prices import bid_of
from lockstep.metrics.undefined import Undefined
from lockstep.research.many import measure_many
from lockstep.research.subject import Figures, Subject, figures

KINDS = ("spread", "slippage", "swap", "commission")
MULTIPLES = (0.0, 1.0, 2.0, 3.0)
#: The break-even multiple is looked for up to here, and found to this precision.
HIGHEST, PRECISION = 10, 0.01
_COLUMNS = (
    AuditColumn("costs", "costs"),
    AuditColumn("multiple", "times", "multiple"),
    AuditColumn("final_equity", "final|equity", "money"),
    AuditColumn("net_pnl", "net|P&L", "pnl"),
    AuditColumn("sharpe", "Sharpe|a year", "ratio"),
    AuditColumn("max_drawdown", "max|drawdown %", "fraction"),
    AuditColumn("breaker_trips", "breaker|trips", "count"),
    AuditColumn("trades", "trades", "count"),
    AuditColumn("paid", "paid", "money"),
)
_SCALED = (
    "Everything is played again, solo runs and weights included. Swap is scaled whether it is paid "
    "or received. Conversion rates stay as they are."
)
_PAID = "Paid: spread, slippage and commission of all trades, less the swap received."


@dataclass(frozen=True, slots=True)
class Costs:
    """By what each kind of cost is multiplied; 1 is as configured."""

    spread: float = 1.0
    slippage: float = 1.0
    swap: float = 1.0
    commission: float = 1.0


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The multiple of all costs at which nothing is left, or why there is none."""

    multiple: float | None
    sentence: str


class _Plays:
    """Plays the portfolio under changed costs, each of them once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.backtester: PortfolioBacktester = subject.backtester()
        self.prepared = self.backtester.prepare(subject.bars, subject.pairs)
        self._done: dict[Costs, Figures] = {}

    def at(self, *wanted: Costs) -> list[Figures]:
        """Return the figures under each of several costs."""
        fresh = [costs for costs in dict.fromkeys(wanted) if costs not in self._done]
        plans = [self.backtester.plan(scaled(self.prepared, c)).whole() for c in fresh]
        done = measure_many(plans, figures, self.subject.jobs, player=self.subject.player)
        self._done |= dict(zip(fresh, done))
        self.subject.progress.advance("costs", len(fresh))
        return [self._done[costs] for costs in wanted]


def audit_costs(subject: Subject) -> Audit:
    """Play the portfolio with its costs taken away, doubled and tripled.

    Everything is played again, the solo runs and so the weights included; signals and conversion
    rates do not depend on costs and stay.
    """
    subject.progress.start("costs", 1 + (len(KINDS) + 1) * (len(MULTIPLES) - 1))
    plays = _Plays(subject)
    rows: list[tuple[object, ...]] = []
    notes: dict[str, None] = {}
    for kind in (*KINDS, "all"):
        levels = [_costs(kind, multiple) for multiple in MULTIPLES]
        for multiple, found in zip(MULTIPLES, plays.at(*levels)):
            rows.append((kind, multiple, *_cells(found, notes)))
    even = _break_even(plays)
    return Audit(
        name="costs",
        verdict=even.sentence,
        tables=(
            AuditTable("costs", "RESULT UNDER OTHER COSTS", _COLUMNS, tuple(rows), tuple(notes)),
            AuditTable(
                "break_even",
                "BREAK-EVEN",
                (
                    AuditColumn("multiple", "all costs times", "multiple"),
                    AuditColumn("why", "meaning"),
                ),
                ((even.multiple, even.sentence),),
            ),
        ),
        notes=(_SCALED, _PAID),
        judges=False,
    )


def _costs(kind: str, multiple: float) -> Costs:
    names = KINDS if kind == "all" else (kind,)
    return Costs(**dict.fromkeys(names, multiple))


def _cells(found: Figures, notes: dict[str, None]) -> tuple[object, ...]:
    ratios = []
    for name in ("sharpe", "max_drawdown"):
        value = getattr(found, name)
        if isinstance(value, Undefined):
            notes[f"No {name.replace('_', ' ')}: {value.reason}."] = None
        ratios.append(None if isinstance(value, Undefined) else value)
    return (
        found.final_equity,
        found.net_pnl,
        *ratios,
        found.breaker_trips,
        found.trades,
        found.costs,
    )


# The plan under other costs ----------------------------------------------------------------------


def scaled(prepared: Prepared, costs: Costs) -> Prepared:
    """Return the assets with their costs multiplied; what is not multiplied shares memory."""
    assets = [_scaled(asset, prepared.bars[asset.symbol], costs) for asset in prepared.assets]
    return dataclasses.replace(prepared, assets=tuple(assets))


def _scaled(asset: AssetPlan, bars: Bars, costs: Costs) -> AssetPlan:
    unit = _unit(asset.instrument, costs)
    if costs.spread == 1.0:
        return dataclasses.replace(asset, instrument=unit)
    spread = asset.spread * costs.spread
    if unit.quote_side == "bid":
        return dataclasses.replace(asset, instrument=unit, spread=spread)
    sides = ("open", "high", "low", "close")
    bids = {f"bid_{side}": bid_of(getattr(bars, side), spread, False) for side in sides}
    return dataclasses.replace(asset, instrument=unit, spread=spread, **bids)


def _unit(unit: Instrument, costs: Costs) -> Instrument:
    return dataclasses.replace(
        unit,
        spread=tuple(value * costs.spread for value in unit.spread),
        slippage=unit.slippage * costs.slippage,
        slippage_bps=unit.slippage_bps * costs.slippage,
        swap_long=unit.swap_long * costs.swap,
        swap_short=unit.swap_short * costs.swap,
        commission_rate=unit.commission_rate * costs.commission,
        commission_per_lot=unit.commission_per_lot * costs.commission,
    )


# Break-even --------------------------------------------------------------------------------------


def _break_even(plays: _Plays) -> BreakEven:
    """Return the lowest multiple of all costs at which the net P&L is no longer above zero.

    Whole multiples are played until one loses; the crossing before it is halved in.
    """
    gross = _net(plays, 0.0)
    if gross <= 0.0:
        made = (
            f"loses {-gross:,.2f} {plays.subject.portfolio.currency}" if gross else "makes nothing"
        )
        return BreakEven(None, f"No break-even: without any costs it {made}.")
    for upper in range(1, HIGHEST + 1):
        if _net(plays, float(upper)) <= 0.0:
            multiple = _crossing(plays, upper - 1.0, float(upper))
            place = "1 is as configured" if multiple > 1.0 else "the configured costs are more"
            return BreakEven(multiple, f"Net P&L is zero at {multiple:g} times all costs; {place}.")
    return BreakEven(None, f"No break-even: still a profit at {HIGHEST} times all costs.")


def _crossing(plays: _Plays, low: float, high: float) -> float:
    while high - low > PRECISION:
        middle = (low + high) / 2.0
        if _net(plays, middle) > 0.0:
            low = middle
        else:
            high = middle
    return round((low + high) / 2.0, 2)


def _net(plays: _Plays, multiple: float) -> float:
    return plays.at(_costs("all", multiple))[0].net_pnl
