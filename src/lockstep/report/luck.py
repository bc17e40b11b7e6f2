"""luck.txt: how likely it is that a search's best is luck, in words and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from lockstep.report.layout import Column, box, bullets, heading, pairs, paragraph, table
from lockstep.report.reading import Footnotes
from lockstep.report.wording import count, counted, listed, percent, plain, ratio

Numbers = Mapping[str, Any]

#: What a level is called; the last words of the first line begin with it.
NAMES = {
    "skill": "UNLIKELY TO BE LUCK",
    "unclear": "MAY BE LUCK",
    "luck": "LUCK IS ENOUGH",
    "unknown": "CANNOT BE JUDGED",
}
_SURE = 0.95
#: Of a verdict's ``in_sample_of``: choices were made anew for every window of a walk-forward.
_WINDOWS = "windows"
_CARE = (
    (
        "Only the trials that were recorded are counted. What was tried by hand, with other tools, "
        "or as another idea on the same days raised the hurdle too; nobody can see by how much."
    ),
    "The tests take the days as they came. A market that changes is not in them.",
    "The tests of choosing (PBO, reality check) look at Sharpe ratios, whatever the search's goal.",
    (
        "The deflated Sharpe ratio takes days as independent of each other. Where gains follow "
        "gains, it and the reality check find skill in noise more often than they say."
    ),
)


def first_line(numbers: Numbers) -> str:
    """Return the line that stands first wherever a tuned result is shown.

    Parameters
    ----------
    numbers : mapping
        The content of ``luck.json``.

    Returns
    -------
    str
        Trials made, Sharpe ratio in sample and out of sample, deflated Sharpe ratio, probability
        of backtest overfitting, and the verdict in a sentence or two.
    """
    found = numbers["verdict"]
    looks = _about(found["effective_trials"])
    unseen = "n/a" if numbers["out_of_sample"]["days"] else "not measured"
    parts = [
        f"{counted(found['trials'], 'trial')} (about {looks} independent)",
        f"Sharpe ratio in sample {_or(found['in_sample_sharpe'], ratio)}{_whose(found)}",
        f"out of sample {_or(found['out_of_sample_sharpe'], ratio, unseen)}",
        f"deflated Sharpe {_or(found['deflated_sharpe'], percent)}",
        f"PBO {_or(found['pbo'], percent)}",
    ]
    return f"{' | '.join(parts)} | {NAMES[found['level']]}: {sentence(numbers)}"


def _whose(found: Numbers) -> str:
    return " (median of the windows)" if found["in_sample_of"] == _WINDOWS else ""


def sentence(numbers: Numbers) -> str:
    """Return the verdict as a trader would tell it to another."""
    said = [_unseen(numbers), _odds(numbers), _choice(numbers)]
    return " ".join(part for part in said if part)


def page(numbers: Numbers) -> str:
    """Return the page.

    Parameters
    ----------
    numbers : mapping
        The content of ``luck.json``: the page says nothing that is not in it.
    """
    notes = Footnotes()
    names = numbers.get("searches", ())
    about = [plain(", ".join(names))] if names else []
    about += [f"[{plain(label)}]" for label in numbers.get("labels", ())]
    lines = box(["LOCKSTEP: SKILL, OR THE BEST OF MANY", *about, "---", first_line(numbers)])
    lines += ["", heading("HOW MANY TRIALS"), *_trials(numbers)]
    lines += [
        "",
        heading("THE BEST AGAINST LUCK, SHARPE RATIOS PER YEAR"),
        *_hurdles(numbers, notes),
    ]
    lines += ["", heading("WHAT CHOOSING WAS WORTH"), *_choosing(numbers, notes)]
    lines += ["", heading("REALITY CHECK"), *_reality(numbers, notes)]
    lines += ["", heading("READ WITH CARE"), *bullets(_CARE), *notes.lines()]
    return "\n".join(lines) + "\n"


def _unseen(numbers: Numbers) -> str:
    """Return what days say that no choice had seen."""
    seen = numbers["out_of_sample"]
    if not seen["days"]:
        return ""
    days = f"on {counted(seen['days'], 'day')} that no choice had seen"
    if seen["ruined"]:
        return f"It lost all its equity {days}."
    if seen["sharpe"] is None:
        return f"It did not move {days}."
    if seen["sharpe"] <= 0.0 or seen["total_return"] < 0.0:
        lost = percent(-seen["total_return"])
        return f"It lost {lost} {days} (Sharpe ratio {ratio(seen['sharpe'])})."
    sure = seen["probabilistic_sharpe"]
    if sure is None:
        return f"It gained {days} (Sharpe ratio {ratio(seen['sharpe'])})."
    enough = "enough" if sure >= _SURE else "too little"
    return (
        f"It gained {days}: a Sharpe ratio of {ratio(seen['sharpe'])}, above zero with "
        f"{percent(sure)} confidence, {enough} to rely on."
    )


def _odds(numbers: Numbers) -> str:
    """Return how the best compares to what luck would show."""
    inside, found = numbers["in_sample"], numbers["verdict"]
    sure = inside["deflated_sharpe"]
    if sure is None:
        reason = numbers["undefined"].get("verdict.deflated_sharpe", "there is no trial")
        return f"There is nothing to judge: {reason}."
    told = _against_luck(numbers)
    if sure < 0.5:
        return f"{told}."
    odds = f"{told}, which is more with {percent(sure)} confidence"
    if sure < _SURE:
        return f"{odds}. Less than {percent(_SURE)} is no reason to bet on it."
    rates = list(numbers["false_discovery"]["benjamini_hochberg"].values())
    if found["level"] == "unclear" and rates and min(rates) > numbers["false_discovery"]["level"]:
        share = percent(min(rates))
        return f"{odds}. But drawn again without skill, the field does as well in {share} of cases."
    return f"{odds}."


def _against_luck(numbers: Numbers) -> str:
    """Return what luck would show and what is shown; of a walk-forward, of one of its searches."""
    inside = numbers["in_sample"]
    hurdle, shown = ratio(inside["hurdle_sharpe"]), ratio(inside["sharpe"])
    tried = f"the best of so many tries, none of them with any skill, would show about {hurdle}"
    if numbers["verdict"]["effective_trials"] <= 1.0:
        tried = "one try without any skill would show about 0"
    if numbers["verdict"]["in_sample_of"] != _WINDOWS:
        return f"In sample {tried}; this shows {shown}"
    whose = "that of every asset at equal weights" if len(numbers["by_asset"]) > 1 else "the best"
    when = f"{inside['first_day']} to {inside['last_day']}"
    return f"Chosen and shown on the same days, {when}, {tried}; {whose} shows {shown}"


def _choice(numbers: Numbers) -> str:
    """Return what choosing by the past was worth."""
    share = numbers["verdict"]["pbo"]
    if share is None:
        return ""
    splits = "halves of the days"
    if share < 0.2:
        return (
            f"What was best on one half of the days stayed above the middle of the field on the "
            f"other in {percent(1.0 - share)} of all {splits}."
        )
    told = (
        f"What was best on one half of the days fell to the middle of the field or below on the "
        f"other in {percent(share)} of all {splits}"
    )
    middle = numbers["in_sample"]["middle_sharpe"]
    if share < 0.4 or middle is None:
        return f"{told}: expect less than the best showed."
    typical = "of the typical asset: " if len(numbers["by_asset"]) > 1 else ""
    return (
        f"{told}: which parameters come out best is close to a coin toss. Expect the middle of the "
        f"field ({typical}Sharpe ratio {ratio(middle)}), not its best."
    )


def _trials(numbers: Numbers) -> list[str]:
    made = numbers["trials"]
    apart = [
        f"{count(made[name])} {words}"
        for name, words in (
            ("failed", "failed"),
            ("repeated", "repeated others"),
            ("idle", "never traded or lost everything"),
        )
        if made[name]
    ]
    left = f"; {listed(apart)}" if apart else ""
    kinds = (
        f"{count(made['different'])} that differ, of {counted(made['clusters'], 'kind')} (clusters "
        "of daily returns). Alike trials share their luck: together they have the chances of about "
        f"{_about(made['effective'])} independent ones."
    )
    return pairs([("Made", f"{count(made['made'])}{left}"), ("Judged", kinds)], label=10)


def _hurdles(numbers: Numbers, notes: Footnotes) -> list[str]:
    rows = numbers["by_asset"]
    cell = _cells(numbers, notes)
    columns = [
        Column("asset", list(rows), left=True),
        Column("trials", [count(one["trials"]["made"]) for one in rows.values()]),
        Column("inde-|pendent", [_about(one["trials"]["effective"]) for one in rows.values()]),
        Column("days", [count(one["days"]) for one in rows.values()]),
        Column("middle of|the field", [cell(name, "middle_sharpe", ratio) for name in rows]),
        Column("chosen", [cell(name, "sharpe", ratio) for name in rows]),
        Column("best by|luck", [cell(name, "hurdle_sharpe", ratio) for name in rows]),
        Column("deflated|Sharpe", [cell(name, "deflated_sharpe", percent) for name in rows]),
        Column("days needed|for 95%", [cell(n, "deflated_track_record_days", _days) for n in rows]),
        Column(
            "by spread|of trials", [cell(n, "deflated_sharpe_by_spread", percent) for n in rows]
        ),
    ]
    lines = table(columns)
    inside = numbers["in_sample"]
    if len(rows) > 1 and inside["deflated_sharpe"] is not None:
        lines += paragraph(
            f"All chosen at equal weights: {ratio(inside['sharpe'])}. If every asset's choice "
            f"were luck, this mix would still show about {ratio(inside['hurdle_sharpe'])}: "
            "choosing adds up, and mixing takes the risk out of it. Deflated Sharpe of the mix: "
            f"{percent(inside['deflated_sharpe'])}."
        )
    return lines + paragraph(
        "Best by luck is what the best of the independent trials would show if none had any skill "
        "(Bailey, Lopez de Prado 2014); the deflated Sharpe is how sure it is that the chosen is "
        "better than that. By spread takes the trials' own spread for luck, as the paper does; "
        "where parameters differ by what they pay in costs, that overstates luck."
    )


def _choosing(numbers: Numbers, notes: Footnotes) -> list[str]:
    rows = numbers["by_asset"]
    cell = _cells(numbers, notes)

    def inner(name: str, key: str, show: Callable[[float], str]) -> str:
        block = rows[name].get("overfitting")
        if block is None:
            return "-"
        if block[key] is None:
            reason = numbers["undefined"].get(f"by_asset.{name}.overfitting.{key}", "")
            return notes.missing(reason)
        return show(block[key])

    columns = [
        Column("asset", list(rows), left=True),
        Column("blocks", [inner(name, "blocks", count) for name in rows]),
        Column("splits", [inner(name, "splits", count) for name in rows]),
        Column("PBO", [cell(name, "pbo", percent) for name in rows]),
        Column("best in|one half", [inner(n, "median_in_sample_sharpe", ratio) for n in rows]),
        Column("in the|other", [inner(n, "median_out_of_sample_sharpe", ratio) for n in rows]),
        Column("lost in|the other", [inner(n, "probability_of_loss", percent) for n in rows]),
        Column("slope", [inner(name, "slope", ratio) for name in rows]),
    ]
    return table(columns) + paragraph(
        "The days are cut into blocks, and every half of the blocks plays the past once. PBO, the "
        "probability of backtest overfitting, is how often the best of one half is in the worse "
        "half of the field on the other: 50% is a coin toss. Best and other are medians, Sharpe "
        "ratios per year. A slope below 0 says: the better it looked, the worse it did."
    )


def _reality(numbers: Numbers, notes: Footnotes) -> list[str]:
    rows, rates = numbers["by_asset"], numbers["false_discovery"]

    def p_value(name: str, test: str, key: str) -> str:
        block = rows[name][test]
        if block["p_consistent"] is None:
            reason = numbers["undefined"].get(f"by_asset.{name}.{test}.p_consistent", "")
            return notes.missing(reason)
        return percent(block[key])

    def rate(name: str, kind: str) -> str:
        return percent(rates[kind][name]) if name in rates[kind] else "-"

    columns = [
        Column("asset", list(rows), left=True),
        Column("Hansen", [p_value(name, "reality_check", "p_consistent") for name in rows]),
        Column("lower", [p_value(name, "reality_check", "p_lower") for name in rows]),
        Column("upper", [p_value(name, "reality_check", "p_upper") for name in rows]),
        Column("White", [p_value(name, "reality_check", "p_white") for name in rows]),
        Column("against|the field", [p_value(n, "against_field", "p_consistent") for n in rows]),
    ]
    if len(rows) > 1:
        columns += [
            Column("false dis-|coveries, BH", [rate(n, "benjamini_hochberg") for n in rows]),
            Column("BY", [rate(name, "benjamini_yekutieli") for name in rows]),
        ]
    found = rates["discoveries"]
    kept = listed(found) if found else "none"
    said = (
        "How often would the best of the field do as well if no trial had any skill? Days are "
        "drawn again in blocks, the same for all trials (Hansen 2005, White 2000). Against the "
        "field asks whether the best is better than the mean of all trials: a small value there, "
        "and not in the first column, says that parameters matter but nothing earns money."
    )
    several = (
        " Of several assets some look good by chance. With at most "
        f"{percent(rates['level'])} false ones among them, discoveries are: {kept} (Benjamini, "
        "Hochberg 1995; BY holds whatever the assets have in common)."
    )
    return table(columns) + paragraph(said + (several if len(rows) > 1 else ""))


def _cells(numbers: Numbers, notes: Footnotes) -> Callable[[str, str, Callable[[float], str]], str]:
    """Return what shows an asset's number, or a mark with its reason."""

    def cell(name: str, key: str, show: Callable[[float], str]) -> str:
        if key not in numbers["by_asset"][name]:
            return "-"
        value = numbers["by_asset"][name][key]
        if value is None:
            return notes.missing(numbers["undefined"].get(f"by_asset.{name}.{key}", ""))
        return show(value)

    return cell


def _or(value: float | None, show: Callable[[float], str], missing: str = "n/a") -> str:
    return missing if value is None else show(value)


def _days(number: float) -> str:
    return count(math.ceil(number))


def _about(number: float) -> str:
    return count(round(number))
