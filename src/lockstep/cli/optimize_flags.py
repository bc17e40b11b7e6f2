"""The flags of ``optimize``. Light, as `flags`."""

from __future__ import annotations

import argparse

from lockstep.cli.cluster_flags import add_cluster
from lockstep.cli.flags import (
    add_config,
    add_data,
    cores,
    currency_of,
    new_parser,
    percent_of,
    positive_of,
    processes_of,
    seed_of,
    whole_above_zero,
    whole_from_zero,
)

#: Names of `lockstep.research`, which would bring numpy with it.
METHODS = ("grid", "random", "bayesian")
SPACES = ("quick", "focused", "balanced", "wide")
OBJECTIVES = (
    "sharpe", "pnl", "drawdown", "balanced", "sortino", "calmar", "profit_factor", "sqn",
)  # fmt: skip
SELECTIONS = ("best", "plateau")
_DESCRIPTION = """\
Search the parameters of each asset's strategy over one history. Every trial is recorded and
counted: the more are made, the better the best looks, whether or not anything is to be found.
"""
_EXAMPLES = """\
examples:
  {prog} --assets EURGBPX
  {prog} --assets all --config my.json --data bars/5m --end 2018-12-31 --trials 200
  {prog} --assets EURUSD --method grid --vary stop_multiplier=1:4:1 --vary reward_risk=1:3
  {prog} --assets EURUSD --objective pnl drawdown --trials 400

spaces:
  quick     three levels (about -25 %, as configured, +25 %) of at most four parameters
  focused   every step within 20 % of the configured values
  balanced  every step from half to twice the configured values
  wide      every step from a quarter to four times the configured values
  FILE      JSON or YAML: parameter to low:high:step, {{low, high, step}} or a list of values;
            or strategy to such parameters

"""


def optimize_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of a search."""
    parser = new_parser(prog, _DESCRIPTION, _EXAMPLES)
    what = parser.add_argument_group("what to search")
    what.add_argument(
        "--assets", nargs="+", required=True, metavar="SYMBOL",
        help="these assets of the config, or: all",
    )  # fmt: skip
    add_config(what)
    _add_search(parser)
    add_data(parser)
    _add_account(parser)
    _add_run(parser)
    add_cluster(parser)
    return parser


def _add_search(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to search")
    group.add_argument(
        "--method", choices=METHODS, default="bayesian",
        help="every point (grid), scrambled Sobol points (random), or TPE; for several objectives "
        "NSGA-II (bayesian, the default)",
    )  # fmt: skip
    group.add_argument(
        "--trials", type=whole_above_zero, metavar="N",
        help="trials per asset (default: 100; grid: all points)",
    )  # fmt: skip
    group.add_argument(
        "--space", metavar="NAME|FILE",
        help=f"{', '.join(SPACES)}, or a file of ranges (default: balanced; grid: quick)",
    )  # fmt: skip
    group.add_argument(
        "--vary", action="append", metavar="NAME=RANGE",
        help="a parameter and low:high:step or a,b,c (repeatable); alone, only these are varied",
    )  # fmt: skip
    group.add_argument(
        "--objective", nargs="+", choices=OBJECTIVES, default=["sharpe"], metavar="GOAL",
        help=f"what to look for: {', '.join(OBJECTIVES)}; several give a Pareto front, and the "
        "first one chooses (default: sharpe)",
    )  # fmt: skip
    group.add_argument(
        "--min-trades", type=whole_from_zero, default=30, metavar="N",
        help="closed trades a choice must have (default: 30)",
    )  # fmt: skip
    group.add_argument(
        "--max-drawdown-pct", dest="limit_drawdown_pct", type=percent_of, default=100.0,
        metavar="PCT", help="drawdown a choice must keep to (default: 100)",
    )  # fmt: skip
    group.add_argument(
        "--select", choices=SELECTIONS, default="best",
        help="take the largest score (default), or of the five best the one whose neighbours score "
        "best too",
    )  # fmt: skip
    group.add_argument(
        "--seed", dest="search_seed", type=seed_of, metavar="N",
        help="seed of the search (default: the config's)",
    )  # fmt: skip


def _add_account(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("account")
    group.add_argument(
        "--capital", type=positive_of, metavar="MONEY", help="starting capital (default: 100000)"
    )
    group.add_argument(
        "--currency", type=currency_of, metavar="CODE", help="account currency (default: USD)"
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("run")
    group.add_argument(
        "--jobs", type=processes_of, default=cores(), metavar="N",
        help="assets searched at once (default: the cores of this machine)",
    )  # fmt: skip
    group.add_argument(
        "--ledger", metavar="DIR|URL",
        help="where trials are kept: a folder, or postgresql://user:password@host/name "
        "(default: trials in the results)",
    )  # fmt: skip
    group.add_argument(
        "--resume", nargs="?", const="latest", metavar="ID",
        help="go on with a search that was not finished; alone, the latest of these flags",
    )  # fmt: skip
    group.add_argument(
        "--results", default="results", metavar="DIR", help="where runs are kept (default: results)"
    )
    group.add_argument("--json", action="store_true", help="print only result.json, on stdout")
    group.add_argument("--quiet", action="store_true", help="no progress bars, no notices")
    group.add_argument("--verbose", action="store_true", help="tell on stderr what run.log keeps")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")
