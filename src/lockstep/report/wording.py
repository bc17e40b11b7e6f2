"""Numbers and codes as a reader sees them: units, thousands separators, no negative zero."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

#: What became of an entry signal that was not traded: code -> words of a table's head.
REFUSED = {
    "in_position": "in|position",
    "blocked_cooldown": "cool-|down",
    "blocked_stop_out": "stop-out|step",
    "blocked_ruined": "account|ruined",
    "blocked_no_equity": "no|equity",
    "blocked_breaker": "breaker|tripped",
    "blocked_daily_loss": "daily|loss",
    "blocked_halts": "trading|halt",
    "blocked_max_positions": "max|positions",
    "blocked_no_stop": "no valid|stop",
    "blocked_no_rate": "no|rate",
    "rule_block": "own|rule",
    "min_lot": "below|min lot",
    "cancelled_stop_out": "cancelled|stop-out",
    "cancelled_breaker": "cancelled|breaker",
    "cancelled_daily_loss": "cancelled|daily loss",
    "cancelled_ruined": "cancelled|ruined",
    "cancelled_data_end": "data|end",
    "expired": "expired",
    "stop_inside_spread": "stop in|spread",
    "no_margin": "no|margin",
}
#: What made an entry smaller: code -> words of a table's head.
CUT = {
    "leverage_cap": "leverage|cap",
    "max_lot": "max|lot",
    "gross_exposure": "gross|exposure",
    "net_exposure": "net|exposure",
    "currency_exposure": "currency|exposure",
    "asset_exposure": "asset|exposure",
    "rule_limit": "own|limit",
    "margin_cut": "free|margin",
}


def money(amount: float) -> str:
    """Return money with two decimals and thousands separators."""
    return f"{_unsigned_zero(amount, 2):,.2f}"


def units(amount: float) -> str:
    """Return money in whole units."""
    return f"{round(amount):,}"


def signed(amount: float) -> str:
    """Return money with its sign, zero without one."""
    rounded = _unsigned_zero(amount, 2)
    return f"{rounded:+,.2f}" if rounded else "0.00"


def brief(amount: float) -> str:
    """Return money with its sign where room is scarce: cents of small sums only, or millions."""
    if abs(amount) >= 999_999.5:
        return f"{amount / 1e6:+,.2f}M"
    rounded = _unsigned_zero(amount, 0 if abs(amount) >= 99.5 else 2)
    if rounded == 0.0:
        return "0"
    return f"{rounded:+,.0f}" if abs(rounded) >= 99.5 or not rounded % 1 else f"{rounded:+,.2f}"


def percent(fraction: float) -> str:
    """Return a fraction as per cent with two decimals."""
    return f"{_unsigned_zero(fraction * 100, 2):,.2f}%"


def points(fraction: float) -> str:
    """Return a fraction as per cent without the sign, for a column that carries the unit."""
    return percent(fraction)[:-1]


def ratio(number: float) -> str:
    """Return a number without unit, two decimals."""
    return f"{_unsigned_zero(number, 2):,.2f}"


def multiple(number: float) -> str:
    """Return an R multiple or a factor, three decimals."""
    return f"{_unsigned_zero(number, 3):,.3f}"


def score(number: float) -> str:
    """Return an objective's number, whatever its unit: four digits, from a thousand on whole."""
    shown = number + 0.0  # no negative zero
    return f"{shown:,.0f}" if abs(shown) >= 1000.0 else f"{shown:.4g}"


def days(number: float) -> str:
    """Return a number of days, one decimal."""
    return f"{_unsigned_zero(number, 1):,.1f}"


def count(number: float) -> str:
    """Return a whole number with thousands separators."""
    return f"{int(number):,}"


def counted(number: float, noun: str, plural: str = "") -> str:
    """Return '1 trade' or '2 trades'."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def whom(asset: str) -> str:
    """Return whom a finding is about: an asset, a pair of them, or the account."""
    return str(asset).replace(", ", " with ") or "the account"


def times(number: int) -> str:
    """Return 'once', 'twice' or '3 times'."""
    return {1: "once", 2: "twice"}.get(number, f"{count(number)} times")


def as_is(number: float) -> str:
    """Return a price or lots in full (up to ten digits), never in powers of ten."""
    if not math.isfinite(number):
        return "n/a"
    rounded = float(f"{number:.10g}") + 0.0
    digits = np.format_float_positional(rounded, trim="-")
    whole, point, rest = digits.partition(".")
    return f"{int(whole):,}{point}{rest}" if abs(rounded) >= 1000.0 else digits


def moment(time: object) -> str:
    """Return a UTC moment to the minute."""
    return f"{pd.Timestamp(time):%Y-%m-%d %H:%M}"  # type: ignore[arg-type]


def day(time: object) -> str:
    """Return the date of a UTC moment."""
    return f"{pd.Timestamp(time):%Y-%m-%d}"  # type: ignore[arg-type]


def words(code: str) -> str:
    """Return a code as words: underscores become spaces."""
    return code.replace("_", " ")


def listed(names: list[str]) -> str:
    """Return 'A', 'A and B' or 'A, B and C'."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def plain(text: object) -> str:
    """Return text on one line, without characters that do not print."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def _unsigned_zero(number: float, decimals: int) -> float:
    return round(number, decimals) + 0.0


def last_day(end: str) -> str:
    """Return the last day of a span whose end (ISO, UTC) is the moment its last bar ends."""
    if "T" not in end:  # a date is a whole day
        return end
    return str((np.datetime64(end) - np.timedelta64(1, "s")).astype("datetime64[D]"))
