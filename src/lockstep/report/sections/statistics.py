"""Every statistic of the account and of each asset in it, with its unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from lockstep.core.registry import report_sections
from lockstep.report.layout import Column, paragraph, table
from lockstep.report.reading import Reading
from lockstep.report.wording import (
    count,
    day,
    days,
    moment,
    money,
    multiple,
    points,
    ratio,
)

#: Stands for the account's currency in a unit or a head.
CURRENCY = "{currency}"


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number of `metrics.json` and how it is shown.

    Parameters
    ----------
    key : str
        Its name in a block; a dot leads into a block inside.
    name, unit : str
        Its line in the table of the account.
    head : str
        Its column in a table of assets; empty keeps it out.
    show : callable
        From the value to the cell.
    """

    key: str
    name: str
    unit: str
    head: str
    show: Callable[[Any], str]

    def cell(self, reading: Reading, *room: str) -> str:
        """Return the cell, a mark with a footnote where the number is undefined."""
        return reading.cell(self.show, *room, *self.key.split("."))


def fine(fraction: float) -> str:
    """Return a fraction as per cent, three decimals: what happens on a day is small."""
    return multiple(fraction * 100)


GROUPS: tuple[tuple[Statistic, ...], ...] = (
    (
        Statistic("total_return", "Return", "%", "return|%", points),
        Statistic("cagr", "Compound annual growth rate", "% a year", "CAGR|% a year", points),
        Statistic("volatility", "Volatility", "% a year", "volatility|% a year", points),
        Statistic("sharpe", "Sharpe ratio", "a year", "|Sharpe", ratio),
        Statistic(
            "sharpe_autocorrelation_adjusted",
            "Sharpe ratio, adjusted",
            "a year, corrected for autocorrelation",
            "Sharpe|adjusted",
            ratio,
        ),
        Statistic("sharpe_autocorrelation_lags", "  by lags up to", "trading days", "", count),
        Statistic("sortino", "Sortino ratio", "a year", "|Sortino", ratio),
        Statistic("calmar", "Calmar ratio", "CAGR / max drawdown", "|Calmar", ratio),
        Statistic("omega", "Omega ratio", "gains / losses of days, threshold 0", "|Omega", ratio),
        Statistic(
            "ulcer_performance_index", "Ulcer performance index", "CAGR / Ulcer", "|UPI", ratio
        ),
    ),
    (
        Statistic("max_drawdown", "Maximum drawdown", "% of the peak", "max DD|%", points),
        Statistic("max_drawdown_start", "  peak", "UTC", "|peak", day),
        Statistic("max_drawdown_valley", "  valley", "UTC", "|valley", day),
        Statistic("max_drawdown_recovery", "  recovery", "UTC", "|recovery", day),
        Statistic(
            "longest_under_water_days",
            "Longest time under water",
            "calendar days",
            "longest|days",
            days,
        ),
        Statistic(
            "share_under_water", "Time under water", "% of the clock", "under|water %", points
        ),
        Statistic("ulcer_index", "Ulcer index", "% of the peak", "Ulcer|%", points),
    ),
    (
        Statistic("var_95", "Value at risk 95 %", "% of equity a day", "VaR 95|% a day", fine),
        Statistic("cvar_95", "  mean loss beyond", "% of equity a day", "CVaR 95|% a day", fine),
        Statistic("var_99", "Value at risk 99 %", "% of equity a day", "VaR 99|% a day", fine),
        Statistic("cvar_99", "  mean loss beyond", "% of equity a day", "CVaR 99|% a day", fine),
        Statistic("best_day", "Best day", "%", "best|day %", fine),
        Statistic("best_day_date", "  on", "trading day", "|on", str),
        Statistic("worst_day", "Worst day", "%", "worst|day %", fine),
        Statistic("worst_day_date", "  on", "trading day", "|on", str),
    ),
    (
        Statistic("tail_ratio", "Tail ratio", "95 % quantile / 5 %", "tail|ratio", ratio),
        Statistic("skewness", "Skewness of days", "0 is symmetric", "|skewness", ratio),
        Statistic("kurtosis", "Kurtosis of days", "raw: 3 is normal", "|kurtosis", ratio),
        Statistic(
            "probabilistic_sharpe",
            "Probability that Sharpe > 0",
            "%",
            "Sharpe > 0|probability %",
            points,
        ),
        Statistic(
            "probabilistic_sharpe_adjusted",
            "  gains that follow gains counted",
            "%, the more careful of the two",
            "Sharpe > 0|careful %",
            points,
        ),
        Statistic(
            "min_track_record_days",
            "Record needed for 95 % of it",
            "trading days",
            "needed for|95 %, days",
            days,
        ),
        Statistic("trading_days", "Record at hand", "trading days", "at hand|days", count),
    ),
    (
        Statistic("trades", "Trades", "closed", "|trades", count),
        Statistic("win_rate", "Win rate", "% of trades", "won|%", points),
        Statistic("win_rate_low", "  95 % interval from", "% of trades", "from|%", points),
        Statistic("win_rate_high", "  to", "% of trades", "to|%", points),
        Statistic("profit_factor", "Profit factor", "won / lost", "profit|factor", ratio),
        Statistic("expectancy", "Expectancy", f"{CURRENCY} a trade", f"expect.|{CURRENCY}", money),
        Statistic("expectancy_r", "Expectancy", "R a trade", "expect.|R", multiple),
        Statistic("sqn", "System quality number", "of R", "|SQN", ratio),
        Statistic("average_win", "Mean win", f"{CURRENCY} a trade", f"mean win|{CURRENCY}", money),
        Statistic(
            "average_loss", "Mean loss", f"{CURRENCY} a trade", f"mean loss|{CURRENCY}", money
        ),
    ),
    (
        Statistic("r_distribution.min", "Smallest R", "R", "R|min", ratio),
        Statistic("r_distribution.p05", "  5 % of trades below", "R", "|5 %", ratio),
        Statistic("r_distribution.p25", "  25 %", "R", "|25 %", ratio),
        Statistic("r_distribution.p50", "  half", "R", "|50 %", ratio),
        Statistic("r_distribution.p75", "  75 %", "R", "|75 %", ratio),
        Statistic("r_distribution.p95", "  95 %", "R", "|95 %", ratio),
        Statistic("r_distribution.max", "Largest R", "R", "|max", ratio),
        Statistic("mae_r_mean", "Mean MAE", "R, worst moment of a trade", "MAE|R", ratio),
        Statistic("mfe_r_mean", "Mean MFE", "R, best moment of a trade", "MFE|R", ratio),
        Statistic(
            "exit_efficiency",
            "Exit efficiency",
            "% of the range seen: 100 is its best price",
            "exit|effic. %",
            points,
        ),
    ),
    (
        Statistic(
            "longest_winning_streak", "Longest winning streak", "trades", "streak|won", count
        ),
        Statistic("longest_losing_streak", "Longest losing streak", "trades", "|lost", count),
        Statistic("exposure", "Time with a position", "% of the clock", "exposed|%", points),
        Statistic("turnover_per_year", "Turnover", "x equity a year", "turnover|x a year", ratio),
        Statistic("trades_per_day", "Trades a day", "trades", "trades|a day", ratio),
        Statistic("holding_hours_mean", "Holding time, mean", "hours", "held|mean h", ratio),
        Statistic("holding_hours_median", "  median", "hours", "held|median h", ratio),
        Statistic("holding_hours_p90", "  nine in ten less than", "hours", "held|90 % h", ratio),
    ),
)
NOTES = (
    "peak, valley, recovery: bars by their open. VaR and CVaR: historical, from daily marks; "
    "positive is a loss. record needed: trading days until the Sharpe ratio is above 0 at 95 %, if "
    "the days to come have the mean, volatility, skewness and kurtosis of those so far. 95 % "
    "interval: of the chance behind the win rate, trades taken as independent. exposed: of the "
    "run's clock, which also ticks while the own market is shut. held: from open to open of the "
    "bars. All formulas: docs/metrics.md."
)


@report_sections("statistics")
@dataclass(frozen=True, slots=True)
class Statistics:
    """The account in one column, its worst drawdowns, then the assets in several tables."""

    order: ClassVar[int] = 105
    title: ClassVar[str] = "STATISTICS: THE ACCOUNT AND THE ASSETS IN IT"
    needs_portfolio: ClassVar[bool] = True

    def lines(self, reading: Reading) -> list[str]:
        """Return the tables, and how to read them."""
        lines = [*_account(reading), "", *_worst_drawdowns(reading)]
        if reading.symbols:
            rows = [("assets", symbol) for symbol in reading.symbols]
            for group in GROUPS:
                lines += ["", *group_table(reading, group, [*rows, ("portfolio",)], below=1)]
            lines += paragraph(
                "An asset's numbers are those of the account, had this asset alone earned or lost."
            )
        return [*lines, *paragraph(NOTES)]


def group_table(
    reading: Reading,
    group: Sequence[Statistic],
    rooms: Sequence[tuple[str, ...]],
    *,
    below: int = 0,
) -> list[str]:
    """Return one table: a row per room of `metrics.json`, a column per statistic with a head."""
    names = ["ACCOUNT" if room == ("portfolio",) else room[-1] for room in rooms]
    columns = [Column("|asset", names, left=True)]
    for one in group:
        if one.head:
            head = one.head.replace(CURRENCY, reading.currency)
            columns.append(Column(head, [one.cell(reading, *room) for room in rooms]))
    return table(columns, below=below)


def _account(reading: Reading) -> list[str]:
    every = [one for group in GROUPS for one in group]
    show = {"max_drawdown_start", "max_drawdown_valley", "max_drawdown_recovery"}
    cells = [
        reading.cell(moment if one.key in show else one.show, "portfolio", *one.key.split("."))
        for one in every
    ]
    units = [one.unit.replace(CURRENCY, reading.currency) for one in every]
    return table(
        [
            Column("statistic", [one.name for one in every], left=True),
            Column("account", cells),
            Column("unit", units, left=True),
        ]
    )


def _worst_drawdowns(reading: Reading) -> list[str]:
    """Return the deepest drawdowns of the account."""
    found = reading.value("portfolio", "worst_drawdowns")
    if found is None:
        return paragraph(f"Drawdowns: {reading.cell(str, 'portfolio', 'worst_drawdowns')}")
    if not found:
        return paragraph("The account never stood below its peak.")
    recovered = [
        moment(one["recovery"])
        if one["recovery"]
        else reading.notes.missing("not recovered by the end of the run")
        for one in found
    ]
    return table(
        [
            Column("worst|drawdowns", [str(rank + 1) for rank in range(len(found))], left=True),
            Column("% of|the peak", [points(one["depth"]) for one in found]),
            Column("|peak UTC", [moment(one["start"]) for one in found]),
            Column("|valley UTC", [moment(one["valley"]) for one in found]),
            Column("|recovery UTC", recovered),
            Column("peak to recovery|days", [days(one["days"]) for one in found]),
        ]
    )
