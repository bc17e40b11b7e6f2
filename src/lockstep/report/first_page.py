"""Page one: the honest number, what adding runs up would have promised, and why they differ."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from lockstep.report.differences import differences
from lockstep.report.headlines import headlines, missing_assets
from lockstep.report.layout import (
    WIDTH,
    Column,
    bullets,
    heading,
    pairs,
    paragraph,
    side_by_side,
    table,
)
from lockstep.report.reading import Reading
from lockstep.report.wording import (
    count,
    counted,
    day,
    days,
    moment,
    money,
    multiple,
    percent,
    ratio,
    signed,
)


def first_page(reading: Reading) -> list[str]:
    """Return the lines of page one."""
    own = reading.renewed()
    lines = [*headlines(own), *_three_results(own)]
    why = differences(own)
    if why:
        lines += ["", heading("WHY THEY DIFFER"), *bullets(why)]
    lines += ["", heading("KEY FIGURES"), *_key_figures(own)]
    lines += ["", heading("ASSETS AND THEIR DATA"), *asset_ranges(own)]
    missing = missing_assets(own)
    return [*lines, *bullets(missing), *own.notes.lines()]


def _three_results(reading: Reading) -> list[str]:
    capital = reading.number("portfolio", "initial_equity")
    names = {
        "net_pnl": "The portfolio: one account, one clock, every rule",
        "weighted_solo_pnl": "Its solo runs added up, each at its weight",
        "naive_solo_pnl": "Its solo runs added up, each with the full capital (naive)",
    }
    shares = [
        reading.cell(lambda amount: percent(amount / capital), "portfolio", key) for key in names
    ]
    columns = [
        Column("Net P&L after all costs", [*names.values()], left=True),
        Column(reading.currency, [reading.cell(signed, "portfolio", key) for key in names]),
        Column("of capital", shares),
    ]
    return ["", *table(columns)]


def _key_figures(reading: Reading) -> list[str]:
    def cell(show: Callable[[float], str], key: str) -> str:
        return reading.cell(show, "portfolio", key)

    currency = reading.currency
    items = [
        (
            "Equity",
            (
                f"{cell(money, 'initial_equity')} -> {cell(money, 'final_equity')} {currency}: "
                f"{cell(percent, 'total_return')}, {cell(percent, 'cagr')} a year (CAGR)"
            ),
        ),
        (
            "Sharpe / Sortino",
            (
                f"{cell(ratio, 'sharpe')} / {cell(ratio, 'sortino')} at "
                f"{cell(percent, 'volatility')} volatility a year, from "
                f"{counted(reading.count('portfolio', 'trading_days'), 'daily mark')}"
            ),
        ),
        ("Max drawdown", _drawdown(reading)),
        ("Worst day", _worst_day(reading)),
        (
            "Min margin level",
            (
                f"{cell(percent, 'min_margin_level')} (stop-out at "
                f"{percent(float(reading.settings.get('stop_out_level', 0.5)))}), "
                f"{counted(reading.count('portfolio', 'stop_outs'), 'stop-out')}"
            ),
        ),
        ("Trades", _trades(reading)),
        ("Risk per trade", _risk(reading)),
        ("Capital not allocated", _reserve(reading)),
    ]
    return pairs(items, label=21)


def _drawdown(reading: Reading) -> str:
    depth = reading.cell(percent, "portfolio", "max_drawdown")
    fall = reading.fall
    if fall is None:
        return depth
    back = "not recovered" if fall.recovered is None else f"recovered {day(fall.recovered)}"
    longest = reading.cell(days, "portfolio", "longest_under_water_days")
    return (
        f"{depth} ({signed(fall.money)} {reading.currency}): peak {moment(fall.start)}, bottom "
        f"{moment(fall.bottom)}, {back}; longest time under water {longest} days"
    )


def _worst_day(reading: Reading) -> str:
    worst = reading.worst_day
    if worst is None:
        return "no losing day"
    return f"{percent(worst.fraction)} ({signed(worst.money)} {reading.currency}) on {worst.day}"


def _trades(reading: Reading) -> str:
    trades = reading.count("portfolio", "trades")
    if not trades:
        return "none was taken"
    return (
        f"{count(trades)}, {reading.cell(percent, 'portfolio', 'win_rate')} won, profit factor "
        f"{reading.cell(ratio, 'portfolio', 'profit_factor')}, expectancy "
        f"{reading.cell(multiple, 'portfolio', 'expectancy_r')} R a trade"
    )


def _risk(reading: Reading) -> str:
    """Return what a trade risked, and whether the leverage cap took most of it away."""
    settings = reading.settings
    basis = "the account" if settings.get("size_on") == "account" else "its sleeve"
    asked = percent(float(settings["risk_per_trade"])) if "risk_per_trade" in settings else "n/a"
    trades = reading.count("portfolio", "trades")
    if not trades:
        return f"none was taken (setting: {asked} of {basis})"
    said = (
        f"{reading.cell(percent, 'portfolio', 'effective_risk_median')} of the account in the "
        f"median, {reading.cell(percent, 'portfolio', 'effective_risk_max')} at most "
        f"(setting: {asked} of {basis})"
    )
    capped = reading.count("portfolio", "links", "leverage_cap")
    if not capped or 2 * capped <= trades:
        return said
    return (
        f"{said}. THE LEVERAGE CAP CUT MOST TRADES: {count(capped)} of {count(trades)} "
        f"({percent(capped / trades)}); the median trade took "
        f"{reading.cell(percent, 'portfolio', 'risk_taken_to_asked_median')} of the risk asked"
    )


def _reserve(reading: Reading) -> str:
    share = reading.cell(percent, "portfolio", "reserve_share")
    weights = reading.result.weights
    said = f"{share} of equity on average"
    if len(weights):
        first, last = (percent(float(weights["reserve"].iloc[at])) for at in (0, -1))
        said += f" ({first} at the start, {last} last)"
    cap, n = float(reading.settings.get("max_asset_weight", 1.0)), len(reading.symbols)
    if n > 1 and n * cap < 1.0 - 1e-12:
        said += (
            f". {n} ASSETS x A CAP OF {percent(cap)} = {percent(n * cap)}: at least "
            f"{percent(1 - n * cap)} of the equity can never be allocated"
        )
    return said


def asset_ranges(reading: Reading) -> list[str]:
    """Return each configured asset's own data range, two a line where they fit."""
    ranges = reading.facts.get("ranges") or {}
    wide = max((len(str(symbol)) for symbol in ranges), default=0)
    items = [
        f"{str(symbol).ljust(wide)} {day(one['first'])}..{day(one['last'])} "
        f"{count(one['bars']):>9} bars"
        for symbol, one in sorted(ranges.items())
    ]
    if not items:
        return paragraph("No data range is recorded.")
    first = min(pd.Timestamp(one["first"]) for one in ranges.values())
    last = max(pd.Timestamp(one["last"]) for one in ranges.values())
    common = all(
        pd.Timestamp(one["first"]) == first and pd.Timestamp(one["last"]) == last
        for one in ranges.values()
    )
    fits = len(items[0]) < (WIDTH - 2) // 2
    lines = side_by_side(items, 2 if fits else 1)
    if not common and len(ranges) > 1:
        lines += paragraph("Ranges differ: an asset can only trade, win or lose inside its own.")
    return lines
