"""The flags of the audits. Light, as `flags`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lockstep.cli.flags import add_portfolio, new_parser, whole_above_zero

_EXIT_CODES = """\
exit codes: 0 passed, 6 a violation was found, 2 usage, 3 configuration, 4 data, 1 bug
"""


@dataclass(frozen=True, slots=True)
class AuditHelp:
    """What the command line says of one audit.

    Parameters
    ----------
    doc, description, examples : str
        A line of the overview; what --help begins with, and ends with.
    flags : callable
        Adds the audit's own flags to a group.
    """

    doc: str
    description: str
    examples: str
    flags: Callable[[argparse._ArgumentGroup], None] | None = None


def _lookahead(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--cuts", type=whole_above_zero, default=5, metavar="N",
        help="runs of cut data: to a month's end, behind an entry, anywhere (default: 5)",
    )  # fmt: skip
    group.add_argument(
        "--behind-signals", type=whole_above_zero, default=20, metavar="N",
        help="further cuts of each asset's bars, right behind a signal (default: 20)",
    )  # fmt: skip


def _warmup(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--starts", type=whole_above_zero, nargs="+", default=[1, 10, 100, 1000], metavar="BARS",
        help="by how many bars the data begin later (default: 1 10 100 1000)",
    )  # fmt: skip


def _order(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--shuffles", type=whole_above_zero, default=3, metavar="N",
        help="random orders beside the reversed one (default: 3)",
    )  # fmt: skip


AUDITS: dict[str, AuditHelp] = {
    "lookahead": AuditHelp(
        "run on cut data: nothing before a cut may depend on data after it",
        """\
Run on data that end earlier, and compare: every indicator, signal, rate, correlation, weight,
trade and decision before a cut must reappear bit for bit. A violation names the strategy, the
indicator or column, the first bar that differs and both values.
""",
        """\
  {prog}
  {prog} --symbol EURGBPX --cuts 20
  {prog} --config my_assets.json --data data/5m --allocation risk_parity
""",
        _lookahead,
    ),
    "warmup": AuditHelp(
        "start the data later: how long indicators remember where they began",
        """\
Start the data later and compare each indicator bar by bar: how far it is off, in % of its value,
how many bars until that is below 0.01 %, and how many entry signals change. An indicator that
never settles depends on where the data begin: a violation.
""",
        """\
  {prog}
  {prog} --symbol EURGBPX --starts 50 500 5000
""",
        _warmup,
    ),
    "order": AuditHelp(
        "shuffle the assets: not a byte of the result may change",
        """\
Run the portfolio with its assets in other orders and compare every table byte by byte.
""",
        """\
  {prog}
  {prog} --allocation risk_parity --shuffles 10
""",
        _order,
    ),
    "costs": AuditHelp(
        "multiply spread, slippage, swap and commission by 0 to 3; the break-even",
        """\
Play the portfolio with each kind of cost, and all of them, times 0, 1, 2 and 3: final equity, net
P&L, Sharpe, drawdown; and the multiple of all costs at which nothing is left. Measures, judges
not.
""",
        """\
  {prog}
  {prog} --symbol EURGBPX --start 2025-03-01
""",
    ),
    "bars": AuditHelp(
        "resolve bars that touched both stop and target in all three ways",
        """\
Play the portfolio under each rule for bars that touched both stop and target, everything that
follows included. Measures, judges not.
""",
        """\
  {prog}
  {prog} --config my_assets.json --data data/1h
""",
    ),
}


def audit_parser(prog: str, name: str) -> argparse.ArgumentParser:
    """Return the parser of one audit: the flags of a portfolio run, and its own."""
    told = AUDITS[name]
    parser = new_parser(prog, told.description, f"examples:\n{told.examples}\n", _EXIT_CODES)
    if told.flags is not None:
        told.flags(parser.add_argument_group("the audit"))
    what = add_portfolio(parser, "the numbers as JSON")
    what.add_argument("--symbol", metavar="SYMBOL", help="audit one asset alone in the account")
    parser.set_defaults(audit=name)
    return parser


def parsers() -> dict[str, tuple[Callable[[str], argparse.ArgumentParser], str]]:
    """Return, per audit, its parser and its line of the overview."""
    return {name: (partial(audit_parser, name=name), told.doc) for name, told in AUDITS.items()}
