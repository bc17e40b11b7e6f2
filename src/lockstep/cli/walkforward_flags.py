"""The flags of walkforward. Light, as `flags`."""

from __future__ import annotations

import argparse

from lockstep.cli.cluster_flags import add_cluster
from lockstep.cli.flags import add_portfolio, new_parser, whole_above_zero, whole_from_zero

_DESCRIPTION = """\
Choose parameters, assets and weights on some months, trade them on the months that follow, move
on, and again: one continuous account that no choice had seen. Without --data the built-in
synthetic sample is used.
"""
_EXAMPLES = """\
examples:
  {prog}
  {prog} --config my_assets.json --data data/5m --in-sample 6 --out-of-sample 3
  {prog} --symbol EURGBPX --windows anchored --vary stop_multiplier=1:4:0.5
  {prog} --cpcv 6:2

"""
#: Names of `lockstep.research`, which would bring numpy with it.
KINDS = ("rolling", "anchored")
METHODS = ("grid", "random", "bayesian")
OBJECTIVES = (
    "sharpe", "pnl", "drawdown", "balanced", "sortino", "calmar", "profit_factor", "sqn",
)  # fmt: skip
SPACES = ("quick", "focused", "balanced", "wide")


def walkforward_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser: the flags of a portfolio run, and those of windows and searches."""
    parser = new_parser(prog, _DESCRIPTION, _EXAMPLES)
    _add_windows(parser.add_argument_group("windows"))
    _add_search(parser.add_argument_group("the search in every window"))
    what = add_portfolio(parser, "walkforward.json")
    what.add_argument("--symbol", metavar="SYMBOL", help="one asset alone in the account")
    what.add_argument("--solo", action="store_true", help="drop the portfolio rules of the account")
    add_cluster(parser)
    return parser


def _add_windows(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--windows", choices=KINDS, default=KINDS[0],
        help="in-sample months move along (rolling, the default), or grow (anchored)",
    )  # fmt: skip
    group.add_argument(
        "--in-sample", type=whole_above_zero, default=3, metavar="MONTHS",
        help="calendar months to choose on (default: 3)",
    )  # fmt: skip
    group.add_argument(
        "--out-of-sample", type=whole_above_zero, default=1, metavar="MONTHS",
        help="calendar months to trade on (default: 1)",
    )  # fmt: skip
    group.add_argument(
        "--embargo-days", type=whole_from_zero, default=1, metavar="DAYS",
        help="calendar days between the two, beside the purge (default: 1)",
    )  # fmt: skip
    group.add_argument(
        "--cpcv", type=_folds, metavar="GROUPS:TESTED",
        help="combinatorial purged cross-validation as well: groups of days, and how many of them "
        "are tested at a time, for example 6:2",
    )  # fmt: skip


def _add_search(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--method", choices=METHODS, default="random",
        help="grid, random (scrambled Sobol, the default) or bayesian (extra: optimize)",
    )  # fmt: skip
    group.add_argument(
        "--trials", type=whole_above_zero, default=50, metavar="N",
        help="trials an asset and window (default: 50)",
    )  # fmt: skip
    group.add_argument(
        "--objective", choices=OBJECTIVES, default="sharpe",
        help="what a trial is chosen by (default: sharpe)",
    )  # fmt: skip
    group.add_argument(
        "--select", choices=("best", "plateau"), default="best",
        help="choose the best trial (default), or the best that its neighbours bear out; the "
        "neighbours of five trials are then tried as well",
    )  # fmt: skip
    group.add_argument(
        "--space", metavar="GRID|FILE",
        help=f"named grid around the configured values ({', '.join(SPACES)}; default: focused), or "
        "a JSON or YAML file of ranges",
    )  # fmt: skip
    group.add_argument(
        "--vary", action="append", metavar="NAME=RANGE",
        help="vary this parameter: NAME=LOW:HIGH, NAME=LOW:HIGH:STEP or NAME=A,B,C (repeatable; "
        "alone it names all that is varied)",
    )  # fmt: skip
    group.add_argument(
        "--min-trades", type=whole_from_zero, default=20, metavar="N",
        help="least in-sample trades of what is chosen (default: 20)",
    )  # fmt: skip
    group.add_argument(
        "--keep-assets", choices=("profitable", "all"), default="profitable",
        help="which assets trade in a window: those whose choice made money in sample (default), "
        "or all with a choice",
    )  # fmt: skip
    group.add_argument(
        "--most-assets", type=whole_above_zero, metavar="N",
        help="at most so many assets a window, by the objective (default: all)",
    )  # fmt: skip
    group.add_argument(
        "--no-hindsight", dest="hindsight", action="store_false",
        help="leave the naive in-sample curve out, and its searches",
    )  # fmt: skip


def _folds(text: str) -> tuple[int, int]:
    groups, colon, tested = text.partition(":")
    if not (colon and groups.isdecimal() and tested.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no GROUPS:TESTED such as 6:2")
    return int(groups), int(tested)
