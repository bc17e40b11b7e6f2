"""portfolio_summary.txt: every tuned asset with its tier, and what all of them make together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockstep.report.headlines import meant
from lockstep.report.layout import Column, box, bullets, heading, pairs, paragraph, table
from lockstep.report.optimization import told_first
from lockstep.report.wording import (
    count,
    counted,
    listed,
    percent,
    plain,
    points,
    ratio,
    signed,
    words,
)

Numbers = Mapping[str, Any]
Show = Callable[[float], str]

#: What tier 1 asks for: certainty, at most so much overfitting, at most so steep a fall beside.
SURE, MOST_OVERFIT, MOST_FALL = 0.95, 0.2, 0.5
#: What tier 2 asks for where the middle of all trials made no money.
_EVEN = 0.5
_RULE = (
    (
        "Tier 1: the chosen made money, so did the median trial, the deflated Sharpe ratio is at "
        "least 95%, PBO at most 20%, and beside the chosen at most half of its score is lost. What "
        "was not measured counts as not passed."
    ),
    (
        "Tier 2: the chosen made money, and the median trial did or the deflated Sharpe ratio is "
        "at least 50%."
    ),
    "Tier 3: all others. They made money on these days at best by being chosen.",
    "Where days that no search saw were measured, a loss on them means tier 3.",
)
_CARE = (
    (
        "All figures are IN-SAMPLE: chosen on the days they are measured on. A portfolio run on "
        "these days is labelled so; run it on later ones."
    ),
    (
        "The naive sum adds up searches that each had the full capital. The account has it once: "
        "only the honest line was played, and in hindsight."
    ),
)


def tier(performance: Numbers) -> tuple[int, str]:
    """Return an asset's tier and the reason why it is not a better one.

    Parameters
    ----------
    performance : mapping
        Its stored performance: ``net_pnl``, ``quartiles.net_pnl`` of all trials,
        ``deflated_sharpe``, ``probability_of_overfitting``, ``plateau_fall`` and
        ``out_of_sample_sharpe``, each a number or None.

    Returns
    -------
    (int, str)
        1, 2 or 3; the reason is empty for tier 1.
    """
    made, seen = performance.get("net_pnl"), performance.get("out_of_sample_sharpe")
    sure = performance.get("deflated_sharpe")
    middle = _middle(performance, "net_pnl")
    if made is None:
        return 3, "nothing was measured"
    if made <= 0.0:
        return 3, "the chosen made no money"
    if seen is not None and seen <= 0.0:
        return 3, "it lost on days that no search saw"
    if not (_above(middle, 0.0) or (sure is not None and sure >= _EVEN)):
        return 3, "the median trial made no money, and luck is enough to explain the best"
    wanting = _wanting(performance, middle)
    return (2, wanting) if wanting else (1, "")


def _wanting(performance: Numbers, middle: float | None) -> str:
    """Return the first thing that keeps an asset from tier 1; empty if there is none."""
    if not _above(middle, 0.0):
        return "the median trial made no money"
    for key, limit, sign, name in (
        ("deflated_sharpe", SURE, 1.0, "deflated Sharpe ratio"),
        ("probability_of_overfitting", MOST_OVERFIT, -1.0, "PBO"),
        ("plateau_fall", MOST_FALL, -1.0, "loss beside the chosen"),
    ):
        value = performance.get(key)
        if value is None:
            return f"{name} not measured"
        if sign * value < sign * limit:
            return f"{name} {percent(value)}"
    return ""


def _above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


def _middle(performance: Numbers, key: str) -> float | None:
    found = (performance.get("quartiles") or {}).get(key)
    return float(found[1]) if found else None


def page(numbers: Numbers) -> str:
    """Return the page.

    Parameters
    ----------
    numbers : mapping
        ``preference``, ``file``, ``optimization_id``, ``currency``, ``capital``, ``labels``,
        ``luck`` (the content of ``luck.json``, or None), ``notices`` (sentences), ``assets`` (by
        key: ``asset``, ``strategy``, ``performance``, ``now``: tuned by this search), and ``total``
        (``assets``, ``net_pnl``, ``naive_pnl``, ``sharpe``, ``max_drawdown``, ``trades``,
        ``start``, ``end``, ``allocation``), or None with the reason in ``no_total``.
    """
    found = numbers["assets"]
    said = [*map(plain, numbers.get("notices", ())), *_older(found)]
    lines = box(
        [
            "LOCKSTEP: THE TUNED PORTFOLIO",
            f"{numbers['file']}, preference {numbers['preference']} | last search "
            f"{numbers['optimization_id']}"
            if numbers["optimization_id"]
            else numbers["file"],
            "---",
            told_first(numbers["luck"]),
            *map(meant, numbers["labels"]),
        ]
    )
    lines += ["", heading("TOGETHER, IN ONE ACCOUNT"), *_total(numbers)]
    lines += ["", heading("ASSET BY ASSET, EACH ALONE WITH THE FULL CAPITAL"), *_assets(found)]
    lines += ["", heading("TIERS"), *_tiers(found)]
    lines += ["", heading("READ WITH CARE"), *bullets([*said, *_CARE])]
    return "\n".join(lines) + "\n"


def _total(numbers: Numbers) -> list[str]:
    total, currency = numbers["total"], numbers["currency"]
    if total is None:
        return paragraph(f"Not played: {numbers['no_total']}.")
    gap = total["naive_pnl"] - total["net_pnl"]
    made = f"{signed(total['net_pnl'])} {currency}"
    sharpe, fell = total["sharpe"], total["max_drawdown"]
    facts = [
        f"Sharpe ratio {'n/a' if sharpe is None else ratio(sharpe)}",
        f"max drawdown {'n/a' if fell is None else percent(fell)}",
        counted(total["trades"], "trade"),
    ]
    items = [
        ("Assets", f"{counted(len(total['assets']), 'asset')}: {', '.join(total['assets'])}"),
        ("Account", f"{count(numbers['capital'])} {currency}, {words(total['allocation'])}"),
        ("Dates", f"{total['start']} to {total['end']}, those of the search: IN-SAMPLE"),
        ("Honest P&L", f"{made}: {', '.join(facts)}"),
        ("Naive sum", f"{signed(total['naive_pnl'])} {currency}: {_naive(total)}"),
        ("Between them", f"{signed(gap)} {currency}: {_between(total)}"),
    ]  # fmt: skip
    return pairs(items, label=12)


def _naive(total: Numbers) -> str:
    n = len(total["assets"])
    if n == 1:
        return "one asset alone, without portfolio rules"
    return f"the {n} searches added up, each with the full capital, without portfolio rules"


def _between(total: Numbers) -> str:
    lent = f"the capital lent {counted(len(total['assets']), 'time')} over, and "
    several = len(total["assets"]) > 1
    return f"{lent if several else ''}what weights, shared margin and portfolio rules changed"


def _assets(found: Numbers) -> list[str]:
    if not found:
        return paragraph("No asset is tuned.")
    blocks = [one["performance"] for one in found.values()]
    tiers = [tier(block)[0] for block in blocks]
    order = sorted(range(len(blocks)), key=lambda at: (tiers[at], list(found)[at]))
    names = list(found)
    rows: Sequence[tuple[str, Callable[[Numbers], str]]] = (
        ("trials", lambda one: _shown(one.get("trials"), count)),
        ("net P&L|chosen", lambda one: _shown(one.get("net_pnl"), _units)),
        ("net P&L of all trials|25%", lambda one: _quartile(one, "net_pnl", 0, _units)),
        ("|median", lambda one: _quartile(one, "net_pnl", 1, _units)),
        ("|75%", lambda one: _quartile(one, "net_pnl", 2, _units)),
        ("Sharpe|chosen", lambda one: _shown(one.get("sharpe"), ratio)),
        ("Sharpe|median", lambda one: _quartile(one, "sharpe", 1, ratio)),
        ("max DD|%", lambda one: _shown(one.get("max_drawdown"), points)),
        ("win|%", lambda one: _shown(one.get("win_rate"), points)),
        ("trades", lambda one: _shown(one.get("trades"), count)),
        ("deflated|Sharpe %", lambda one: _shown(one.get("deflated_sharpe"), points)),
        ("PBO|%", lambda one: _shown(one.get("probability_of_overfitting"), points)),
        ("out of s.|Sharpe", lambda one: _shown(one.get("out_of_sample_sharpe"), ratio)),
    )
    columns = [
        Column("asset", [names[at] for at in order], left=True),
        Column("tier", [str(tiers[at]) for at in order]),
        *(Column(head, [show(blocks[at]) for at in order]) for head, show in rows),
    ]
    said = (
        "-: not measured. Trials counts all that were played; the quartiles are of those the "
        "search proposed, without the points tried beside the best, which lie where it is good. A "
        "trial that never traded made 0."
    )
    return [*table(columns), *paragraph(said)]


def _shown(value: Any, show: Show) -> str:
    return "-" if value is None else show(value)


def _units(amount: float) -> str:
    return f"{round(amount) + 0:,}"


def _quartile(performance: Numbers, key: str, at: int, show: Show) -> str:
    found = (performance.get("quartiles") or {}).get(key)
    return show(found[at]) if found else "-"


def _tiers(found: Numbers) -> list[str]:
    judged = {key: tier(one["performance"]) for key, one in found.items()}
    items = []
    for number in (1, 2, 3):
        told = [
            f"{key} ({why})" if why else key for key, (at, why) in judged.items() if at == number
        ]
        items.append((f"Tier {number}", "; ".join(told) or "none"))
    return [*pairs(items, label=6), *bullets(_RULE)]


def _older(found: Numbers) -> list[str]:
    older = sorted(key for key, one in found.items() if not one["now"])
    if not older:
        return []
    return [f"{listed(older)}: tuned by an earlier search, and no part of the account played here."]
