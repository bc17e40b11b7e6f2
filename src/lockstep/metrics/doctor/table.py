"""Every check of the doctor, in one table, and the findings they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockstep.core.result import RunResult
from lockstep.metrics.doctor import account, costs, data, evidence
from lockstep.metrics.doctor.finding import SEVERITIES, Case, Check, Finding

#: Thresholds stand as named constants beside each check; docs/doctor.md lists them.
CHECKS = (
    Check("synthetic", "are the prices generated?", data.synthetic, False),
    Check("in_sample", "were parameters tuned on dates of the run?", data.in_sample, False),
    Check("failed", "did an asset fail?", data.failed, False),
    Check("short_sample", "does it cover less than a year?", data.short_sample),
    Check("late_or_early", "do data of assets begin late or end early?", data.late_or_early),
    Check("stale_marks", "was a position held while its prices stood still?", data.stale_marks),
    Check("unmoved_prices", "do prices stay the same for hours?", data.unmoved_prices, False),
    Check("same_bar", "do trades live inside one bar?", data.same_bar),
    Check("one_trade", "did one trade make much of the profit?", evidence.one_trade),
    Check("one_asset", "did one asset make all of it?", evidence.one_asset),
    Check("ambiguous_profit", "did ambiguous bars make much of it?", evidence.ambiguous_profit),
    Check("ambiguous_sign", "do ambiguous bars decide its sign?", evidence.ambiguous_sign),
    Check("ambiguous_width", "do ambiguous bars move much of it?", evidence.ambiguous_width),
    Check("open_at_end", "did trades make it that never were closed?", evidence.open_at_end),
    Check("too_good", "is a Sharpe ratio too good to be true?", evidence.too_good, False),
    Check("unproven", "could a positive Sharpe ratio be chance?", evidence.unproven),
    Check("uncertain_wins", "could the win rate be chance?", evidence.uncertain_wins),
    Check("few_trades", "has an asset too few trades?", evidence.few_trades),
    Check("idle", "did an asset stop trading for long?", evidence.idle),
    Check("free_trading", "does an asset trade without costs?", costs.free_trading),
    Check("edge_eaten", "do costs turn a gain into a loss?", costs.edge_eaten),
    Check("no_edge", "was there no gain even before costs?", costs.no_edge),
    Check("spread_eats", "does the spread take much of the profit?", costs.spread_eats),
    Check("swap_eats", "does the swap take much of the profit?", costs.swap_eats),
    Check("weekend_gaps", "did weekends open beyond stops?", costs.weekend_gaps),
    Check("low_margin", "did the margin run low?", account.low_margin),
    Check("stop_outs", "did the broker close positions?", account.stop_outs),
    Check("broker_loss", "did the account end in debt?", account.broker_loss),
    Check("breaker_stuck", "did the breaker end trading for good?", account.breaker_stuck),
    Check("daily_losses", "was the daily loss limit reached?", account.daily_losses),
    Check("deep_drawdown", "did the equity fall far?", account.deep_drawdown),
    Check("wiped_out", "was a solo run wiped out?", account.wiped_out, False),
    Check("correlated", "are solo runs correlated?", account.correlated, False),
    Check("worse_together", "do solo runs that win lose together?", account.worse_together),
    Check("not_as_asked", "were trades smaller than asked?", account.not_as_asked),
    Check("too_small", "were sleeves too small to trade?", account.too_small),
    Check("unused_capital", "did capital lie idle?", account.unused_capital),
    Check("backfired", "did a rule cost money and safety?", evidence.backfired),
)


def checks_of(is_played: bool) -> tuple[Check, ...]:
    """Return the checks that a run with, or without, a portfolio is put to."""
    return tuple(check for check in CHECKS if is_played or not check.needs_portfolio)


def findings(result: RunResult, metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the doctor found, the most severe first.

    Parameters
    ----------
    result : RunResult
        What the run left behind.
    metrics : mapping
        Its numbers as they stand in metrics.json.

    Returns
    -------
    list of dict
        ``code, severity, asset, value, unit, sentence, advice``; ``asset`` is empty for the
        account. By severity, then by how far beyond the threshold, then by code and asset.
    """
    case = Case(result, metrics)
    found = [
        (check.code, one)
        for check in checks_of(bool(metrics.get("portfolio")))
        for one in check.look(case)
    ]
    found.sort(key=lambda item: _rank(*item))
    return [_plain(code, one) for code, one in found]


def _rank(code: str, one: Finding) -> tuple[int, float, str, str]:
    return SEVERITIES.index(one.severity), -one.size, code, one.asset


def _plain(code: str, one: Finding) -> dict[str, Any]:
    return {
        "code": code,
        "severity": one.severity,
        "asset": one.asset,
        "value": one.value,
        "unit": one.unit,
        "sentence": one.sentence,
        "advice": one.advice,
    }
