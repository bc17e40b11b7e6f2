"""What each risk rule changed: the run beside the same run without the rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.registry import report_sections
from lockstep.metrics.effects import ALL_RULES, LABEL
from lockstep.report.layout import Column, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import count, money, points, signed, words


@report_sections("counterfactual")
@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A row per rule, and one for all of them."""

    order: ClassVar[int] = 65
    title: ClassVar[str] = "WHAT EACH RULE CHANGED: THE RUN WITHOUT IT"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the table, or why there is none."""
        found = reading.value("counterfactuals")
        if not found:
            why = reading.metrics.get("undefined", {}).get("counterfactuals", "it was not measured")
            return paragraph(f"Not measured: {why}.")
        return [
            *table(_columns(reading, list(found))),
            *paragraph(
                f"{LABEL.capitalize()}. Each row is this run played again without the rule, all "
                "else alike, weights included; effect: this run less that one, so what having the "
                "rule changed. One path of prices says what a rule did here, not what it is worth."
            ),
        ]


def _columns(reading: Reading, rules: list[str]) -> list[Column]:
    heads = ["as it was run", *(_without(rule) for rule in rules)]
    here = {key: ("portfolio", key) for key in ("final_equity", "max_drawdown", "trades")}
    shows = {"final_equity": money, "max_drawdown": points, "trades": count}
    units = {
        "final_equity": f"final equity|{reading.currency}",
        "max_drawdown": "max DD|%",
        "trades": "|trades",
    }
    columns = [Column("|run", heads, left=True)]
    for key, show in shows.items():
        cells = [reading.cell(show, *here[key])]
        cells += [reading.cell(show, "counterfactuals", rule, key) for rule in rules]
        columns.append(Column(units[key], cells))
    effects = {
        "final_equity_effect": (f"effect on equity|{reading.currency}", signed),
        "max_drawdown_effect": ("effect on|max DD, pts", _signed_points),
    }
    for key, (head, tell) in effects.items():
        cells = ["", *(reading.cell(tell, "counterfactuals", rule, key) for rule in rules)]
        columns.append(Column(head, cells))
    return columns


def _without(rule: str) -> str:
    return "without any rule" if rule == ALL_RULES else f"without {words(rule)}"


def _signed_points(fraction: float) -> str:
    text = points(abs(fraction))
    return text if text == "0.00" else f"{'+' if fraction > 0 else '-'}{text}"
