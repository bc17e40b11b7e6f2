"""Page one, the verdict: what it made, what it risked, what would have hurt, what is doubtful.

Every number here comes from metrics.json, from the facts or from the settings, and never from the
tables: the page can be shown again without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockstep.report.evidence import luck, together
from lockstep.report.headlines import headlines, missing_assets
from lockstep.report.hurt import hurt
from lockstep.report.layout import Column, bullets, heading, pairs, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import (
    count,
    counted,
    days,
    listed,
    money,
    multiple,
    percent,
    points,
    ratio,
    signed,
    whom,
)

#: Lines of page one, the findings of the doctor filling what the rest leaves.
LINES = 60
#: Lines the doctor gets on any page, its heading included.
LEAST = 6
#: Assets named beside the first of a finding.
MOST_NAMED = 3
_LABEL = 21


def first_page(reading: Reading) -> list[str]:
    """Return the lines of page one."""
    lines = [*headlines(reading), *bullets(missing_assets(reading))]
    lines += part("WHAT IT MADE", reading, _made)
    lines += part("WHAT IT RISKED", reading, _risked)
    lines += part("WHAT WOULD HAVE HURT", reading, lambda own: pairs(hurt(own), label=_LABEL))
    return [*lines, *found(reading, LINES - len(lines))]


def part(title: str, reading: Reading, said: Callable[[Reading], list[str]]) -> list[str]:
    """Return a part of the page with its heading and the footnotes of its own numbers."""
    own = reading.renewed()
    lines = said(own)
    return ["", heading(title), *lines, *own.notes.lines()] if lines else []


def _made(reading: Reading) -> list[str]:
    capital = reading.number("portfolio", "initial_equity")
    names = _three_answers(reading)

    def share(amount: float) -> str:
        return percent(amount / capital) if capital > 0.0 else "n/a"

    columns = [
        Column("Net P&L after all costs", [*names.values()], left=True),
        Column(reading.currency, [reading.cell(signed, "portfolio", key) for key in names]),
        Column("of capital", [reading.cell(share, "portfolio", key) for key in names]),
    ]
    return [*table(columns), *pairs(_key_figures(reading), label=_LABEL)]


def _three_answers(reading: Reading) -> dict[str, str]:
    """Return what each net P&L is called; the sums over one solo run are that run, told once."""
    weighted, naive = (
        reading.value("portfolio", key) for key in ("weighted_solo_pnl", "naive_solo_pnl")
    )
    told = weighted is not None and naive is not None and abs(weighted - naive) < 0.005
    if told and len(reading.symbols) == 1:
        return {
            "net_pnl": "The asset in its account, under every rule",
            "naive_solo_pnl": "Its solo run, without portfolio rules",
        }
    return {
        "net_pnl": "The portfolio: one account, one clock, every rule",
        "weighted_solo_pnl": "Its solo runs added up, each at its weight",
        "naive_solo_pnl": "Its solo runs added up, each with the full capital (naive)",
    }


def _key_figures(reading: Reading) -> list[tuple[str, str]]:
    def cell(show: Callable[[float], str], key: str) -> str:
        return reading.cell(show, "portfolio", key)

    equity = (
        f"{cell(money, 'initial_equity')} -> {cell(money, 'final_equity')} {reading.currency}: "
        f"{cell(percent, 'total_return')}, {cell(percent, 'cagr')} a year (CAGR)"
    )
    marks = counted(reading.count("portfolio", "trading_days"), "daily mark")
    sharpe = (
        f"{cell(ratio, 'sharpe')} / {cell(ratio, 'sortino')} at {cell(percent, 'volatility')} "
        f"volatility a year, from {marks}"
    )
    items = [("Equity", equity), *together(reading), ("Sharpe / Sortino", sharpe)]
    items += [*luck(reading), ("Trades", _trades(reading))]
    return [*items, *_costs(reading), *_ends(reading)]


def _trades(reading: Reading) -> str:
    trades = reading.count("portfolio", "trades")
    if not trades:
        return "none was taken"
    won = f"{reading.cell(percent, 'portfolio', 'win_rate')} won"
    if reading.value("portfolio", "win_rate_low") is not None:
        low, high = (reading.number("portfolio", f"win_rate_{end}") for end in ("low", "high"))
        won += f" (95% interval {points(low)} to {percent(high)})"
    return (
        f"{count(trades)}, {won}, profit factor "
        f"{reading.cell(ratio, 'portfolio', 'profit_factor')}, expectancy "
        f"{reading.cell(multiple, 'portfolio', 'expectancy_r')} R a trade"
    )


def _costs(reading: Reading) -> list[tuple[str, str]]:
    """Return what spread, slippage, commission and swap took of the gross P&L."""
    if not reading.count("portfolio", "trades"):
        return []
    spread, slippage, commission, swap, gross = (
        reading.number("portfolio", key)
        for key in ("spread_cost", "slippage_cost", "commission", "swap", "gross_pnl")
    )
    paid = spread + slippage + commission
    said = (
        f"gross P&L {signed(gross)} {reading.currency} before spread, slippage and commission of "
        f"{money(paid)} and swap of {signed(swap)}"
    )
    if gross > 0.0:
        said += f": {percent((paid - swap) / gross)} of the gross P&L"
    return [("Costs", said)]


def _ends(reading: Reading) -> list[tuple[str, str]]:
    """Return the assets that made and lost most."""
    made = sorted((reading.number("assets", s, "net_pnl"), s) for s in reading.symbols)
    if len(made) < 2 or made[0][0] == made[-1][0]:
        return []
    (low, worst), (high, best) = made[0], made[-1]
    return [
        ("Best / worst asset", f"{best} {signed(high)}, {worst} {signed(low)} {reading.currency}")
    ]


def _risked(reading: Reading) -> list[str]:
    def cell(show: Callable[[float], str], key: str) -> str:
        return reading.cell(show, "portfolio", key)

    under = (
        f"{cell(percent, 'max_drawdown')} of the peak; longest time under water "
        f"{cell(days, 'longest_under_water_days')} days; below its peak for "
        f"{cell(percent, 'share_under_water')} of the time"
    )
    whose = " of any sleeve" if reading.settings.get("margin") == "segregated" else ""
    margin = (
        f"{cell(percent, 'min_margin_level')} at the lowest{whose} (stop-out at "
        f"{percent(float(reading.settings.get('stop_out_level', 0.5)))})"
    )
    return pairs(
        [
            ("Max drawdown", under),
            *_bad_days(reading),
            ("Risk per trade", _risk(reading)),
            ("Margin level", margin),
            ("Capital not allocated", _reserve(reading)),
        ],
        label=_LABEL,
    )


def _bad_days(reading: Reading) -> list[tuple[str, str]]:
    keys = ("var_95", "cvar_95", "var_99")
    if not any(key in reading.value("portfolio") for key in keys):
        return []
    often, mean, seldom = (reading.cell(percent, "portfolio", key) for key in keys)
    known = {key: reading.value("portfolio", key) for key in keys}
    usual = f"VaR 95 {often}, CVaR 95 {mean}"
    if known["var_95"] is not None and known["cvar_95"] is not None:
        usual = (
            f"one day in 20 lost {often} of equity or more (VaR 95), {mean} on average of those "
            "(CVaR 95)"
        )
        if known["var_95"] <= 0.0:
            usual = f"at most one day in 20 lost anything (VaR 95 {often}, CVaR 95 {mean})"
    rare = f"VaR 99 {seldom}"
    if known["var_99"] is not None and known["var_99"] > 0.0:
        rare = f"one in 100 lost {seldom} or more (VaR 99)"
    return [("Bad days", f"{usual}; {rare}")]


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
    said = f"{reading.cell(percent, 'portfolio', 'reserve_share')} of equity on average"
    first, last = (_free(reading, key) for key in ("weight_start", "weight_end"))
    if first is not None and last is not None:
        said += f" ({percent(first)} at the start, {percent(last)} last)"
    cap, n = float(reading.settings.get("max_asset_weight", 1.0)), len(reading.symbols)
    if n > 1 and n * cap < 1.0 - 1e-12:
        said += (
            f". {n} ASSETS x A CAP OF {percent(cap)} = {percent(n * cap)}: at least "
            f"{percent(1 - n * cap)} of the equity can never be allocated"
        )
    return said


def _free(reading: Reading, key: str) -> float | None:
    """Return what the targets of all assets leave of 1; None if one is not known."""
    held = [reading.value("assets", symbol, key) for symbol in reading.symbols]
    return None if None in held else 1.0 - sum(held)


def found(reading: Reading, room: int) -> list[str]:
    """Return the doctor's findings, the worst first, as many as fit into `room` lines."""
    findings = reading.value("findings")
    if findings is None:
        return []
    lines: list[str] = ["", heading("WHAT THE DOCTOR FOUND")]
    if not findings:
        return lines + paragraph("Nothing: no check of the doctor had anything to say.")
    kinds = _by_kind(findings)
    for at, kind in enumerate(kinds):
        worst, others = kind[0], [whom(one["asset"]) for one in kind[1:]]
        said = f"{worst['sentence']} {worst['advice']}"
        if others:
            named = listed(others) if len(others) <= MOST_NAMED else f"{len(others)} others"
            said += f" Likewise: {named}."
        own = paragraph(said, f"  {str(worst['severity']).upper().ljust(6)}  ")
        if len(lines) + len(own) + (at + 1 < len(kinds)) > max(room, LEAST):
            left = sum(map(len, kinds[at:]))
            return [*lines, *paragraph(f"... and {counted(left, 'finding')} more, further down.")]
        lines += own
    return lines


def _by_kind(findings: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return findings of one code and severity together, in the order of the first of each."""
    kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in findings:
        kinds.setdefault((str(one["code"]), str(one["severity"])), []).append(one)
    return list(kinds.values())
