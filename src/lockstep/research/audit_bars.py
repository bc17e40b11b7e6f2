"""What the result would be under each answer to 'which came first, stop or target?'."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.core.audit import Audit, AuditColumn, AuditTable
from lockstep.ledger.exits import AMBIGUOUS_RULES
from lockstep.metrics.undefined import Undefined
from lockstep.research.many import measure_many
from lockstep.research.subject import Figures, Subject, figures

_COLUMNS = (
    AuditColumn("rule", "if a bar touches both"),
    AuditColumn("final_equity", "final|equity", "money"),
    AuditColumn("net_pnl", "net|P&L", "pnl"),
    AuditColumn("return", "% of|capital", "fraction"),
    AuditColumn("max_drawdown", "max|drawdown %", "fraction"),
    AuditColumn("trades", "trades", "count"),
    AuditColumn("ambiguous", "ambiguous|exits", "count"),
)
_NOTE = (
    "Exact: weights, sizes, halts and later trades follow from each rule. An exit is ambiguous if "
    "its bar touched both stop and target; the bar does not say which came first."
)


def audit_bars(subject: Subject) -> Audit:
    """Play the whole portfolio under each rule for ambiguous bars, solo runs included."""
    backtester = subject.backtester()
    prepared = backtester.prepare(subject.bars, subject.pairs)
    plans = [backtester.under(rule).plan(prepared).whole() for rule in AMBIGUOUS_RULES]
    found = measure_many(
        plans, figures, subject.jobs, player=subject.player, progress=subject.progress
    )
    capital, chosen = subject.portfolio.capital, subject.portfolio.ambiguous_bar
    rows = []
    for rule, play in zip(AMBIGUOUS_RULES, found):
        worst = None if isinstance(play.max_drawdown, Undefined) else play.max_drawdown
        rows.append(
            (
                rule.replace("_", " ") + (" (chosen)" if rule == chosen else ""),
                play.final_equity,
                play.net_pnl,
                play.net_pnl / capital,
                worst,
                play.trades,
                play.ambiguous,
            )
        )
    return Audit(
        name="bars",
        verdict=_verdict(found, capital, subject.portfolio.currency),
        tables=(AuditTable("rules", "EACH RULE, PLAYED ANEW", _COLUMNS, tuple(rows)),),
        notes=(_NOTE,),
        judges=False,
    )


def _verdict(found: Sequence[Figures], capital: float, currency: str) -> str:
    if not any(play.ambiguous for play in found):
        return "No exit bar touched both its stop and its target: the rule changes nothing."
    net = [play.net_pnl for play in found]
    apart = max(net) - min(net)
    return (
        f"The rule for ambiguous bars moves the net P&L by {apart:,.2f} {currency}, "
        f"{apart / capital:.2%} of the capital."
    )
