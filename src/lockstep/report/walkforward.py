"""walkforward.txt: what choosing on the past was worth on what followed, in words and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockstep.report.headlines import meant
from lockstep.report.layout import Column, box, bullets, heading, pairs, paragraph, table
from lockstep.report.luck import first_line
from lockstep.report.reading import Footnotes
from lockstep.report.wording import (
    as_is,
    count,
    counted,
    listed,
    money,
    percent,
    plain,
    points,
    ratio,
    signed,
    words,
)

Numbers = Mapping[str, Any]
Show = Callable[[float], str]

_CARE = (
    (
        "The verdict's in-sample ratio is the median of the windows, which is what the days that "
        "followed have to be held against. Its deflated Sharpe ratio and PBO are those of the "
        "naive answer's trials, every asset's choice at equal weights, also of assets that would "
        "have been left out; without the naive answer, of the last window's."
    ),
    (
        "Every window chose by itself, but somebody chose the strategy, the parameters that may "
        "vary, their ranges and the length of the windows, perhaps after a look at these years."
    ),
    (
        "A walk-forward that is repeated with other windows or ranges until it pleases is an "
        "in-sample search again, one level up."
    ),
    (
        "Spreads, commission and swap are those of the configuration in every window: what they "
        "were in each year is not known to it."
    ),
    (
        "Exit signals are those of the window's own parameters; positions that a window took over "
        "keep the stops, targets and time exits they were opened with."
    ),
)
_CROSS_CARE = (
    "Cross-validation adds up daily returns of trials that were each played once over all days: "
    "no common margin, no portfolio rule, and training days also come after test days. It says "
    "how much the choice depends on the days it is made on; the account above says what was made."
)


def page(numbers: Numbers) -> str:
    """Return the page.

    Parameters
    ----------
    numbers : mapping
        The content of ``walkforward.json``: the page says nothing that is not in it.
    """
    notes = Footnotes()
    lines = [*_head(numbers), "", heading("PROMISED AND KEPT"), *_kept(numbers, notes)]
    lines += ["", heading("WINDOWS"), *_windows(numbers, notes)]
    lines += ["", heading("ASSETS"), *_assets(numbers)]
    lines += ["", heading("PARAMETERS BY WINDOW"), *_parameters(numbers)]
    if numbers.get("cross_validation"):
        lines += ["", heading("CROSS-VALIDATION"), *_crossed(numbers["cross_validation"], notes)]
    lines += ["", heading("HOW IT WAS MADE"), *_made(numbers)]
    lines += ["", heading("READ WITH CARE"), *bullets([*numbers["notices"], *_CARE])]
    return "\n".join([*lines, *notes.lines()]) + "\n"


def verdict(numbers: Numbers) -> str:
    """Return the first line: trials, in sample, out of sample, deflated Sharpe, PBO, a sentence."""
    if numbers["luck"] is None:
        return f"NOTHING WAS TRIED: {numbers['undefined']['luck']}."
    return first_line(numbers["luck"])


def _head(numbers: Numbers) -> list[str]:
    whole = numbers["out_of_sample"]
    return box(
        [
            "LOCKSTEP: WALK-FORWARD",
            (
                f"Walk-forward {numbers['id']} | {counted(len(numbers['windows']), 'window')} | "
                f"{counted(len(numbers['symbols']), 'asset')}"
            ),
            (
                f"Out of sample {whole['first_day']} to {whole['last_day']}, one continuous "
                f"account (run {numbers['run_id']})"
            ),
            "---",
            *(meant(str(label)) for label in numbers["labels"]),
            "---",
            verdict(numbers),
            *map(plain, numbers.get("not_counted", ())),
        ]
    )


def _or(value: Any, show: Show, path: str, numbers: Numbers, notes: Footnotes) -> str:
    if value is None:
        return notes.missing(str(numbers["undefined"].get(path, "not known")))
    return show(value)


def _kept(numbers: Numbers, notes: Footnotes) -> list[str]:
    def said(path: str, show: Show) -> str:
        value: Any = numbers
        for name in path.split("."):
            value = value[name]
        return _or(value, show, path, numbers, notes)

    currency = numbers["settings"]["currency"]
    whole = numbers["out_of_sample"]
    drawdown = said("out_of_sample.max_drawdown_of_days", percent)
    return pairs(
        [
            (
                "Out of sample",
                (f"{signed(whole['net_pnl'])} {currency} "
                f"({said('out_of_sample.total_return', percent)}), Sharpe ratio "
                f"{said('out_of_sample.sharpe', ratio)}, max drawdown of days {drawdown}, "
                f"{counted(whole['trades'], 'trade')} on {counted(whole['days'], 'day')}"),
            ),
            (
                "In sample",
                (f"Sharpe ratio {said('in_sample.median_sharpe', ratio)} (median of the windows' "
                "own portfolios)"),
            ),
            (
                "Lost",
                (f"{said('degradation.sharpe', ratio)} of the Sharpe ratio; kept "
                f"{said('degradation.kept_share', percent)}"),
            ),
            (
                "Efficiency",
                (f"{said('efficiency', percent)} of the in-sample daily return was earned out of "
                "sample (mean of windows)"),
            ),
            (
                "Consistency",
                (f"{said('consistency.gaining', percent)} of the windows gained; "
                f"{said('consistency.above_in_sample_median', percent)} had a Sharpe ratio above "
                "the in-sample median"),
            ),
            (
                "Selection",
                (f"{said('selection.turnover', percent)} of the assets changed from window to "
                f"window, {said('selection.weight_turnover', percent)} of the capital"),
            ),
            (
                "Naive answer",
                (f"Sharpe ratio {said('hindsight.sharpe', ratio)}, return "
                f"{said('hindsight.total_return', percent)}: chosen on the days it is shown on"),
            ),
        ],
        label=14,
    )  # fmt: skip


def _windows(numbers: Numbers, notes: Footnotes) -> list[str]:
    windows: Sequence[Numbers] = numbers["windows"]

    def cells(part: str, name: str, show: Show) -> list[str]:
        return [
            _or(one[part][name], show, f"windows.{at}.{part}.{name}", numbers, notes)
            for at, one in enumerate(windows)
        ]

    short = [one["number"] for one in windows if not one["is_whole"]]
    told = table(
        [
            Column("no", [str(one["number"]) for one in windows]),
            Column("in sample|from", [one["in_sample_days"][0] for one in windows]),
            Column("to", [one["in_sample_days"][1] for one in windows]),
            Column("traded|from", [one["out_of_sample_days"][0] for one in windows]),
            Column("assets", [count(len(one["assets"])) for one in windows]),
            Column("Sharpe|in", cells("in_sample", "sharpe", ratio)),
            Column("Sharpe|out", cells("out_of_sample", "sharpe", ratio)),
            Column("lost", cells("degradation", "sharpe", ratio)),
            Column("return|out, %", cells("out_of_sample", "total_return", points)),
            Column("trades", cells("out_of_sample", "trades", count)),
        ]
    )
    if short:
        told += paragraph(f"The data end inside window {short[0]}.")
    return told


def _assets(numbers: Numbers) -> list[str]:
    windows: Sequence[Numbers] = numbers["windows"]
    symbols: Sequence[str] = numbers["symbols"]
    currency = numbers["settings"]["currency"]
    pnl = {
        symbol: sum(one["by_asset"][symbol]["out_of_sample_pnl"] for one in windows)
        for symbol in symbols
    }
    traded = {
        symbol: [one["number"] for one in windows if symbol in one["assets"]] for symbol in symbols
    }
    lines = table(
        [
            Column("asset", list(symbols), left=True),
            Column("windows|traded", [f"{len(traded[s])} of {len(windows)}" for s in symbols]),
            Column(f"P&L out of|sample, {currency}", [signed(pnl[s]) for s in symbols]),
            Column("mean|weight, %", [points(_mean_weight(windows, s)) for s in symbols]),
        ]
    )
    idle: dict[tuple[str, str], list[int]] = {}
    for symbol in symbols:
        for one in windows:
            if not one["by_asset"][symbol]["trades"]:
                why = str(one["by_asset"][symbol]["why_not"])
                idle.setdefault((symbol, why), []).append(int(one["number"]))
    told = [
        f"{plain(symbol)} in {'windows' if len(which) > 1 else 'window'} {spans(which)}: {why}"
        for (symbol, why), which in idle.items()
    ]
    return [*lines, *bullets(told)]


def spans(numbers: Sequence[int]) -> str:
    """Return ascending numbers in words, neighbours joined: 1, 3-5, 8."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else f"{r[0]}" for r in runs)


def _mean_weight(windows: Sequence[Numbers], symbol: str) -> float:
    return float(sum(one["weights"][symbol] for one in windows)) / len(windows)


def _parameters(numbers: Numbers) -> list[str]:
    lines: list[str] = []
    for symbol, told in numbers["parameters"].items():
        if not told:
            continue
        names = list(told)
        steady = [told[name]["stability"] for name in names]
        lines += ["", *paragraph(f"{symbol}:")] if lines else paragraph(f"{symbol}:")
        lines += table(
            [
                Column("parameter", names, left=True),
                Column("median", ["-" if s is None else as_is(s["median"]) for s in steady]),
                Column("IQR", ["-" if s is None else as_is(s["iqr"]) for s in steady]),
                Column("changes", ["-" if s is None else count(s["changes"]) for s in steady]),
                Column("by window", [_path(told[name]["path"]) for name in names], left=True),
            ]
        )
    return lines or paragraph("No window chose any parameter.")


def _path(values: Sequence[Any]) -> str:
    """Return values in the order of the windows; a run of equal ones as value x times."""
    shown: list[tuple[str, int]] = []
    for value in values:
        text = "-" if value is None else (plain(value) if _is_name(value) else as_is(value))
        if shown and shown[-1][0] == text:
            shown[-1] = (text, shown[-1][1] + 1)
        else:
            shown.append((text, 1))
    said = " ".join(text if times == 1 else f"{text}(x{times})" for text, times in shown)
    return said if len(said) <= 46 else f"{said[:43]}..."


def _is_name(value: Any) -> bool:
    return isinstance(value, str | bool)


def _crossed(found: Numbers, notes: Footnotes) -> list[str]:
    def said(path: str, show: Show = ratio) -> str:
        value: Any = found
        for name in path.split("."):
            value = value[name]
        return _or(value, show, path, found, notes)

    levels = ", ".join(f"{name[1:]}%: {said(f'quantiles.{name}')}" for name in found["quantiles"])
    return [
        *pairs(
            [
                (
                    "Splits",
                    (
                        f"{count(found['splits'])}: {found['tested']} of {found['groups']} groups "
                        f"tested at a time, {counted(found['purge_days'], 'day')} purged on each "
                        f"side and {counted(found['embargo_days'], 'day')} of embargo"
                    ),
                ),
                ("Histories", f"{count(found['paths'])} of {counted(found['days'], 'day')} each"),
                ("Sharpe ratio", f"median {said('median_sharpe')} ({levels})"),
                ("Losing", f"{said('share_of_losing_paths', percent)} of the histories"),
                ("In training", f"median {said('median_training_sharpe')}"),
            ],
            label=14,
        ),
        *paragraph(_CROSS_CARE),
    ]


def _made(numbers: Numbers) -> list[str]:
    made = numbers["settings"]
    rule = (
        "those whose chosen trial made money in sample"
        if made["assets"] == "profitable"
        else "all with a chosen trial"
    )
    most = "" if made["most_assets"] is None else f", at most {made['most_assets']}"
    purges = [fit["purge_bars"] for one in numbers["windows"] for fit in one["by_asset"].values()]
    return pairs(
        [
            (
                "Windows",
                (
                    f"{made['kind']}: {made['in_sample_months']} months in sample, "
                    f"{made['out_of_sample_months']} out of sample; "
                    f"{counted(made['embargo_days'], 'day')} of embargo, {count(min(purges))} to "
                    f"{count(max(purges))} bars purged (look-back and time exit)"
                ),
            ),
            (
                "Search",
                (
                    f"{made['method']}, {_trials(made)} an asset and window for "
                    f"{made['objective']}, seed {made['seed']}; at least "
                    f"{made['min_trades']} trades, drawdown at most "
                    f"{percent(made['max_drawdown'])}; {counted(numbers['trials'], 'trial')} in all"
                ),
            ),
            ("Naive answer", f"{counted(numbers['hindsight']['trials'], 'further trial')}"),
            ("Assets", f"{rule}{most}; at least {counted(made['fewest_days'], 'in-sample day')}"),
            (
                "Weights",
                f"{words(made['allocation'])} on in-sample returns, at most "
                f"{percent(made['max_asset_weight'])}; moved at each window"
                + ("" if made["rebalance"] == "none" else f" and {made['rebalance']}"),
            ),
            ("Account", f"{money(made['capital'])} {made['currency']}, rules: {_rules(made)}"),
        ],
        label=14,
    )


def _trials(made: Numbers) -> str:
    given = made["trials_a_window"]
    return "every point" if given is None else f"at most {counted(given, 'trial')}"


def _rules(made: Numbers) -> str:
    return listed([rule.replace("_", " ") for rule in made["rules"]]) or "none"
