"""What would have hurt: the worst fall and its makers, the worst day, stop-outs, the breaker."""

from __future__ import annotations

from typing import Any

from lockstep.metrics.doctor.account import WIPED_OUT
from lockstep.report.reading import Reading
from lockstep.report.wording import (
    count,
    counted,
    day,
    listed,
    moment,
    money,
    percent,
    signed,
    times,
)

#: Assets named as makers of the deepest fall.
MOST_MAKERS = 3


def hurt(reading: Reading) -> list[tuple[str, str]]:
    """Return a name and a sentence for each way in which the run hurt."""
    return [
        *_fall(reading),
        *_makers(reading),
        *_worst_day(reading),
        *_cluster(reading),
        *_worst_trades(reading),
        ("Stop-outs", _stop_outs(reading)),
        *_wiped_out(reading),
        ("Breaker", _breaker(reading)),
    ]


def _fall(reading: Reading) -> list[tuple[str, str]]:
    depth, start, valley, recovery = (
        reading.value("portfolio", key)
        for key in (
            "max_drawdown",
            "max_drawdown_start",
            "max_drawdown_valley",
            "max_drawdown_recovery",
        )
    )
    if not depth or start is None or valley is None:
        return []
    back = "not recovered" if recovery is None else f"recovered {day(recovery)}"
    lost = _of_the_fall(reading, "money")
    amount = f" ({signed(lost)} {reading.currency})" if lost is not None else ""
    return [
        (
            "Worst drawdown",
            f"{percent(depth)}{amount}: peak {moment(start)}, bottom {moment(valley)}, {back}",
        )
    ]


def _makers(reading: Reading) -> list[tuple[str, str]]:
    """Return the assets that lost most from the peak to the bottom, and their shares."""
    parts = _of_the_fall(reading, "assets") or {}
    shares = _of_the_fall(reading, "shares") or {}
    losers = sorted((amount, name) for name, amount in parts.items() if (amount or 0.0) < 0.0)
    named = [
        f"{name} {signed(amount)}"
        + (f" ({percent(shares[name])})" if shares.get(name) is not None else "")
        for amount, name in losers[:MOST_MAKERS]
    ]
    if len(reading.symbols) < 2 or not named:
        return []
    return [
        ("  its makers", f"{listed(named)} {reading.currency}, of {counted(len(losers), 'loser')}")
    ]


def _of_the_fall(reading: Reading, key: str) -> Any:
    return reading.value("attribution", "drawdown", key)


def _worst_day(reading: Reading) -> list[tuple[str, str]]:
    worst, date = (reading.value("portfolio", key) for key in ("worst_day", "worst_day_date"))
    if worst is None or date is None:
        return []
    if worst >= 0.0:
        return [("Worst day", "no losing day")]
    return [("Worst day", f"{percent(worst)} of equity on {day(date)}")]


def _cluster(reading: Reading) -> list[tuple[str, str]]:
    """Return the day on which most assets lost at once."""
    worst = reading.value("diversification", "loss_clusters", "most_assets_day")
    if not worst or worst["losers"] < 2:
        return []
    return [
        (
            "Worst cluster",
            (
                f"{count(worst['losers'])} of {counted(worst['active'], 'active asset')} lost on "
                f"{day(worst['first_day'])}, {signed(worst['money'])} {reading.currency} together"
            ),
        )
    ]


def _worst_trades(reading: Reading) -> list[tuple[str, str]]:
    if not reading.count("portfolio", "trades"):
        return []
    streak = reading.count("portfolio", "longest_losing_streak")
    if not streak:
        return [("Worst trades", "no losing trade")]
    worst = reading.cell(signed, "portfolio", "worst_trade")
    row = counted(streak, "loss", "losses")
    return [
        (
            "Worst trades",
            f"{worst} {reading.currency} the worst; at most {row} in a row",
        )
    ]


def _stop_outs(reading: Reading) -> str:
    closed = reading.count("portfolio", "stop_outs")
    lost = float(reading.value("portfolio", "broker_loss") or 0.0)
    said = f"{counted(closed, 'position')} closed by the broker" if closed else "none"
    if lost:
        said += f"; the broker bore {money(lost)} {reading.currency} below zero"
    return said


def _wiped_out(reading: Reading) -> list[tuple[str, str]]:
    """Return the assets that lost nearly everything in their solo runs."""
    solo = {s: reading.value("solo", s, "total_return") for s in reading.value("solo") or {}}
    ruined = sorted((made, symbol) for symbol, made in solo.items() if (made or 0.0) <= -WIPED_OUT)
    if not ruined:
        return []
    named = [f"{symbol} {percent(made)}" for made, symbol in ruined[:MOST_MAKERS]]
    if len(ruined) > MOST_MAKERS:
        named.append(f"{count(len(ruined) - MOST_MAKERS)} more")
    return [("Wiped out alone", f"{listed(named)} of the full capital in the solo run")]


def _breaker(reading: Reading) -> str:
    if "breaker" not in (reading.facts.get("rules") or ()):
        return "none was set"
    trips = reading.count("portfolio", "breaker_trips")
    said = "never tripped"
    if trips:
        resumed = reading.count("portfolio", "decisions", "breaker_resume")
        again = f"resumed {times(resumed)}" if resumed else "never resumed"
        said = f"tripped {times(trips)}, {again}"
    limit = ((reading.settings.get("risk") or {}).get("breaker") or {}).get("limit")
    if limit is not None:
        said += f" (limit {percent(float(limit))})"
    daily = reading.count("portfolio", "decisions", "daily_loss_trip")
    return f"{said}; the daily loss limit stopped {counted(daily, 'day')}" if daily else said
