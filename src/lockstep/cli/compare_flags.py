"""The flags of ``compare``. Light, as `flags`."""

from __future__ import annotations

import argparse

from lockstep.cli.flags import add_portfolio, new_parser, whole_above_zero

#: Runs of one comparison: a letter each, and a look of their own.
MOST_RUNS = 20
_EXIT_CODES = """\
exit codes: 0 done, 2 usage, 3 configuration, 4 data, 5 a run that was made has no portfolio, 74
results cannot be written, 129, 130 or 143 interrupted, 1 bug
"""
_COMPARE = """\
Put runs side by side, on the trading days they share: metrics, equity from the same start,
drawdowns, and whether their Sharpe ratios differ by more than chance. What is no run yet - a
strategy, a config file - is run first, with the flags of a portfolio.
"""
_EXAMPLES = """\
examples:
  {prog} 20260105-101500-1a2b3c4d 20260106-09
  {prog} latest mine.json theirs.yaml --data data/5m --start 2024-01-01
  {prog} mean_reversion breakout --assets EURGBPX GOLDX

what can be compared:
  a run        its id, the beginning of one, latest, or its directory
  a file       .json, .yaml or .yml: a configuration
  a strategy   its name, or module:Class: the configuration (--config) with this strategy for all
               assets; those that have it already keep their parameters, others take its defaults

"""


def compare_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of a comparison."""
    parser = new_parser(prog, _COMPARE, _EXAMPLES, _EXIT_CODES)
    parser.usage = f"{prog} WHAT WHAT ... [flags]"
    parser.add_argument(
        "what", nargs="+", metavar="WHAT", help="a run, a config file or a strategy; two or more"
    )
    test = parser.add_argument_group("test")
    test.add_argument(
        "--resamples", type=whole_above_zero, metavar="N",
        help="draws of the bootstrap (default: 4999; --seed seeds them)",
    )  # fmt: skip
    test.add_argument(
        "--block-days", type=whole_above_zero, metavar="DAYS",
        help="length of a block (default: chosen from each pair, Politis and White 2004)",
    )  # fmt: skip
    add_portfolio(parser, "comparison.json")
    return parser
