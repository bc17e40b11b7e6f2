"""The account, its allocation and its rules, as they were set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import pairs
from lockstep.report.reading import Reading
from lockstep.report.wording import as_is, listed, money, percent, plain, words

#: Parameters of rules that are fractions, and those that are multiples of account equity.
_FRACTIONS = ("start_at", "end_at")
_EXPOSURES = ("gross_exposure", "net_exposure", "currency_exposure", "asset_exposure")


@report_sections("settings")
@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting that shapes a number, with its unit."""

    order: ClassVar[int] = 10
    title: ClassVar[str] = "ACCOUNT AND RISK SETTINGS"
    needs_portfolio: ClassVar[bool] = False

    def lines(self, reading: Reading) -> list[str]:
        """Return a line per group of settings."""
        settings = reading.settings
        if not settings:
            return []
        rules = reading.facts.get("rules") or []
        given = (settings.get("risk") or {}) | (reading.facts.get("rule_settings") or {})
        items = [
            ("Account", _account(settings)),
            ("Margin", _margin(settings)),
            ("Size of a trade", _size(settings)),
            ("Entries", _entries(settings)),
            ("Allocation", _allocation(settings)),
            ("Run", _run(settings)),
            *((f"Rule {words(name)}", rule_settings(name, given.get(name))) for name in rules),
            *([] if rules else [("Rules", "none")]),
        ]
        return pairs(items, label=25)


def _account(settings: Mapping[str, Any]) -> str:
    said = f"{money(settings['capital'])} {settings['currency']}"
    rates = settings.get("conversion") or {}
    stated = [f"{pair} = {as_is(rate)}" for pair, rate in rates.items()]
    return f"{said}; conversion rates stated by the user: {listed(stated)}" if stated else said


def _margin(settings: Mapping[str, Any]) -> str:
    short = {"cut": "is cut", "reject": "is rejected"}[settings["on_short_margin"]]
    return (
        f"{settings['margin']}; stop-out below {percent(settings['stop_out_level'])} of used "
        f"margin; an entry the free margin cannot pay in full {short}"
    )


def _size(settings: Mapping[str, Any]) -> str:
    basis = {"sleeve": "the asset's sleeve", "account": "the account"}[settings["size_on"]]
    return (
        f"{percent(settings['risk_per_trade'])} of {basis} at the stop; notional at most "
        f"{as_is(settings['leverage_cap'])} x that basis (leverage cap)"
    )


def _entries(settings: Mapping[str, Any]) -> str:
    return (
        f"valid for {as_is(settings['entry_valid_minutes'])} min; cooldown "
        f"{settings['cooldown_bars']} bars; a bar that touches stop and target counts as "
        f"{words(settings['ambiguous_bar'])}"
    )


def _allocation(settings: Mapping[str, Any]) -> str:
    given = settings.get("allocation_parameters") or {}
    inner = ", ".join(f"{words(name)} {_plain_value(value)}" for name, value in given.items())
    return (
        f"{words(settings['allocation'])}{f' ({inner})' if inner else ''}; rebalance "
        f"{settings['rebalance']}; at most {percent(settings['max_asset_weight'])} an asset; "
        f"{settings['min_history']} trading days of history before a model weighs an asset"
    )


def _run(settings: Mapping[str, Any]) -> str:
    start, end = (settings.get(key) or "open" for key in ("start", "end"))
    return (
        f"start {start}, end {end}, range {settings['range']}; bars outside sessions: "
        f"{settings['session_filter']}; on asset error: {settings['on_asset_error']}"
    )


def rule_settings(rule: str, given: Mapping[str, Any] | None) -> str:
    """Return a rule's parameters in words, each with its unit."""
    if not given:
        return "at its defaults"
    if rule == "halts":
        spans = [f"{start} to {end}" for start, end in given.get("spans") or ()]
        return f"nothing is entered from {listed(spans)}" if spans else "no span is set"
    ways = rule == "breaker" and "resume" in given
    said = [
        f"{words(name)} {_value(rule, name, value)}"
        for name, value in given.items()
        if not (ways and name.startswith("resume"))
    ]
    return ", ".join([*said, *([_resumes(given)] if ways else [])])


def _resumes(given: Mapping[str, Any]) -> str:
    """Return when a breaker lets trading begin again: of three parameters those that act."""
    ways = {
        "never": "never resumes",
        "days": f"resumes after {as_is(given.get('resume_days', 0))} days",
        "next_month": "resumes next month",
        "recovers": f"resumes at a drawdown of {percent(given.get('resume_drawdown', 0))}",
    }
    return ways.get(str(given["resume"]), f"resume {words(str(given['resume']))}")


def _value(rule: str, name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _plain_value(value)
    if name == "end_at" and value == 0.0:
        return "the breaker's limit"
    if name in _FRACTIONS or (name == "limit" and rule in ("breaker", "daily_loss")):
        return percent(value)
    if name == "limit" and rule in _EXPOSURES:
        return f"{as_is(value)} x equity"
    if name == "limit" and rule == "max_positions":
        return f"{as_is(value)} positions"
    return as_is(value)


def _plain_value(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return as_is(value)
    return words(plain(value)) if isinstance(value, str) else plain(value)
