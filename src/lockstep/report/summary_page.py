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
    last_day,
    listed,
    percent,
    plain,
    points,
    ratio,
    score,
    signed,
    units,
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
    (
        "Where a walk-forward traded the asset by the same strategy, a loss of its account of the "
        "asset, on days that its choices had not seen, means tier 3."
    ),
)
_CARE = (
    (
        "All figures but those of walk-forwards are IN-SAMPLE: chosen on the days they are "
        "measured on. A portfolio run on these days is labelled so; run it on later ones."
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
        ``deflated_sharpe``, ``probability_of_overfitting`` and ``plateau_fall``, each a number or
        None; ``walk_forward.net_pnl`` and ``walk_forward.sharpe``, if there is one.

    Returns
    -------
    (int, str)
        1, 2 or 3; the reason is empty for tier 1.
    """
    made = performance.get("net_pnl")
    sure = performance.get("deflated_sharpe")
    middle = _middle(performance, "net_pnl")
    if made is None:
        return 3, "nothing was measured"
    if made <= 0.0:
        return 3, "the chosen made no money"
    if _lost(performance.get("walk_forward")):
        return 3, "the walk-forward lost on days that its choices had not seen"
    if not (_above(middle, 0.0) or (sure is not None and sure >= _EVEN)):
        return 3, "the median trial made no money, and luck is enough to explain the best"
    wanting = _wanting(performance, middle)
    return (2, wanting) if wanting else (1, "")


def _lost(walk: Numbers | None) -> bool:
    """Return whether a walk-forward lost money, or the mean of its days."""
    if not walk:
        return False
    return bool(walk["net_pnl"] < 0.0 or (walk["sharpe"] is not None and walk["sharpe"] <= 0.0))


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
        ``luck`` (the content of ``luck.json``, or None), ``not_counted`` (sentences that stand
        below it), ``assets`` (by key: ``performance``, ``now``: tuned by this search),
        ``replaced`` (by preference: the performances by key that replaced another's), and
        ``total`` (``assets``, ``net_pnl``,
        ``naive_pnl``, ``sharpe``, ``max_drawdown``, ``trades``, ``start``, ``end``,
        ``allocation``), or None with the reason in ``no_total``.
    """
    found = numbers["assets"]
    lines = box(
        [
            "LOCKSTEP: THE TUNED PORTFOLIO",
            f"{numbers['file']}, preference {numbers['preference']} | last search "
            f"{numbers['optimization_id']}"
            if numbers["optimization_id"]
            else numbers["file"],
            "---",
            told_first(numbers["luck"]),
            *map(plain, numbers.get("not_counted", ())),
            *map(meant, numbers["labels"]),
        ]
    )
    lines += ["", heading("TOGETHER, IN ONE ACCOUNT"), *_total(numbers)]
    lines += [
        "",
        heading("ASSET BY ASSET, EACH ALONE WITH THE FULL CAPITAL"),
        *_assets(found, numbers["currency"]),
    ]
    lines += ["", heading("DAYS THAT CHOICES HAD NOT SEEN"), *_walks(found)]
    lines += ["", heading("TIERS"), *_tiers(found)]
    if any(numbers["replaced"].values()):
        lines += ["", heading("WHAT THIS SEARCH REPLACED"), *_replaced(numbers["replaced"])]
    lines += ["", heading("READ WITH CARE"), *bullets([*_older(found), *_CARE])]
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


def _assets(found: Numbers, currency: str) -> list[str]:
    if not found:
        return paragraph("No asset is tuned.")
    blocks = [one["performance"] for one in found.values()]
    tiers = [tier(block)[0] for block in blocks]
    order = sorted(range(len(blocks)), key=lambda at: (tiers[at], list(found)[at]))
    names = list(found)
    rows: Sequence[tuple[str, Callable[[Numbers], str]]] = (
        ("trials", lambda one: _shown(one.get("trials"), count)),
        (f"P&L, {currency}|chosen", lambda one: _shown(one.get("net_pnl"), units)),
        (
            f"net P&L of all trials, {currency}|25%",
            lambda one: _quartile(one, "net_pnl", 0, units),
        ),
        ("|median", lambda one: _quartile(one, "net_pnl", 1, units)),
        ("|75%", lambda one: _quartile(one, "net_pnl", 2, units)),
        ("Sharpe|chosen", lambda one: _shown(one.get("sharpe"), ratio)),
        ("Sharpe|median", lambda one: _quartile(one, "sharpe", 1, ratio)),
        ("max DD|%", lambda one: _shown(one.get("max_drawdown"), points)),
        ("win|%", lambda one: _shown(one.get("win_rate"), points)),
        ("trades", lambda one: _shown(one.get("trades"), count)),
        ("deflated|Sharpe %", lambda one: _shown(one.get("deflated_sharpe"), points)),
        ("PBO|%", lambda one: _shown(one.get("probability_of_overfitting"), points)),
    )
    columns = [
        Column("asset", [names[at] for at in order], left=True),
        Column("tier", [str(tiers[at]) for at in order]),
        *(Column(head, [show(blocks[at]) for at in order]) for head, show in rows),
    ]
    said = (
        "-: not measured. P&L is net of all costs, on the days of the asset's own search. Trials "
        "counts all that were played; the quartiles are of those the "
        "search proposed, without the points tried beside the best, which lie where it is good. A "
        "trial that never traded made 0."
    )
    return [*table(columns), *paragraph(said)]


def _walks(found: Numbers) -> list[str]:
    """Return what the newest walk-forward made of each asset alone."""
    walks = {
        key: walk for key, one in found.items() if (walk := one["performance"].get("walk_forward"))
    }
    if not walks:
        return paragraph(
            "Not measured: no walk-forward of these results traded a tuned asset by its strategy."
        )
    rows = list(walks.values())
    columns = [
        Column("asset", list(walks), left=True),
        Column("from", [one["start"] for one in rows]),
        Column("to", [one["end"] for one in rows]),
        Column("windows|traded", [f"{one['windows_traded']} of {one['windows']}" for one in rows]),
        Column("trades", [count(one["trades"]) for one in rows]),
        Column("P&L|alone", [f"{units(one['net_pnl'])} {one['currency']}" for one in rows]),
        Column("Sharpe", [_shown(one["sharpe"], ratio) for one in rows]),
        Column("others of|these days", [count(one["others"]) for one in rows]),
    ]
    said = (
        "The newest walk-forward of the asset's strategy, the asset alone with the full capital. "
        "It tells what CHOOSING made, anew in every window, on days its choices had not seen; the "
        "parameters of best_configs were chosen otherwise, on days that may include these. Others: "
        "further walk-forwards that traded the same days; the more there are, the less one says."
    )
    return [*table(columns), *_ways(walks), *paragraph(said)]


def _ways(walks: Mapping[str, Numbers]) -> list[str]:
    """Return which walk-forward is told of which assets, and how its windows chose."""
    keys: dict[str, list[str]] = {}
    for key, one in walks.items():
        keys.setdefault(one["id"], []).append(key)
    return bullets(f"{name} ({', '.join(of)}): {_way(walks[of[0]])}" for name, of in keys.items())


def _way(one: Numbers) -> str:
    tried = one["trials_a_window"]
    many = "every point" if tried is None else f"at most {counted(tried, 'trial')}"
    return (
        f"chosen by {one['method']} search for {one['objective']}, {many} a window of "
        f"{counted(one['in_sample_months'], 'month')}, traded "
        f"{counted(one['out_of_sample_months'], 'month')}, with {units(one['capital'])} "
        f"{one['currency']}."
    )


def _replaced(found: Mapping[str, Mapping[str, Numbers]]) -> list[str]:
    """Return the blocks that were replaced, of all preferences."""
    rows = [
        (preference, key, one, one["replaced"])
        for preference, of_keys in found.items()
        for key, one in of_keys.items()
    ]
    columns = [
        Column("file", [preference for preference, *_ in rows], left=True),
        Column("asset", [key for _, key, *_ in rows], left=True),
        Column("score|before", [_shown(was["score"], score) for *_, was in rows]),
        Column("now", [_shown(one["score"], score) for *_, one, _ in rows]),
        Column("trials|before", [_shown(was["trials"], count) for *_, was in rows]),
        Column("now", [_shown(one["trials"], count) for *_, one, _ in rows]),
        Column("from,|before", [plain(was["start"] or "-")[:10] for *_, was in rows]),
        Column("to,|before", [last_day(was["end"]) if was["end"] else "-" for *_, was in rows]),
        Column("compar-|able", ["yes" if was["comparable"] else "no" for *_, was in rows]),
    ]
    said = (
        "The last search is kept. Scores are those of the file's own objective, in sample; they "
        "compare only where both were measured on the same bars, days, costs and account. Even "
        "there the larger one is no better choice by itself: more trials find larger ones, and a "
        "plateau is chosen for other reasons. To go back, give the earlier search's command again: "
        "it takes its kept trials over."
    )
    names = sorted({plain(was["optimization_id"] or "no search") for *_, was in rows})
    return [
        *table(columns),
        *paragraph(f"What was replaced came from {listed(names)}."),
        *paragraph(said),
    ]


def _shown(value: Any, show: Show) -> str:
    return "-" if value is None else show(value)


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
