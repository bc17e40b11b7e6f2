"""The flags of ``luck``. Light, as `flags`."""

from __future__ import annotations

import argparse

from lockstep.cli.flags import new_parser, seed_of, whole_above_zero

_DESCRIPTION = """\
How likely is it that the best of a search is luck? From all trials that were made: the deflated
Sharpe ratio, the probability of backtest overfitting, a reality check, and false discoveries.
"""
_EXAMPLES = """\
examples:
  {prog} 20260105-101500-1a2b3c4d
  {prog} latest
  {prog} 20260105-10 20260104-22    the first; trials of the second count as looks too

"""
_EXIT_CODES = (
    "exit codes: 0 done, 2 usage, 3 a package or driver is missing, 4 the search or its trials "
    "cannot be\nread, 74 cannot be written, 129, 130 or 143 interrupted, 1 bug\n"
)


def luck_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of ``luck``; what is not given is None."""
    parser = new_parser(prog, _DESCRIPTION, _EXAMPLES, _EXIT_CODES)
    parser.usage = f"{prog} SEARCH [SEARCH ...] [flags]"
    parser.add_argument(
        "searches", nargs="+", metavar="SEARCH",
        help="an optimization or walk-forward: its id, the beginning of one, latest, or its "
        "directory. The first is judged; the trials of the others count as looks too",
    )  # fmt: skip
    parser.add_argument(
        "--trials", metavar="WHERE",
        help="folder or database URL of the trials (default: where the search kept them)",
    )  # fmt: skip
    test = parser.add_argument_group("test")
    test.add_argument(
        "--resamples", type=whole_above_zero, metavar="N",
        help="draws of the reality check (default: 2000)",
    )  # fmt: skip
    test.add_argument(
        "--seed", type=seed_of, default=0, metavar="N", help="seed of its draws (default: 0)"
    )
    run = parser.add_argument_group("run")
    run.add_argument(
        "--results", default="results", metavar="DIR",
        help="where results are kept (default: results)",
    )  # fmt: skip
    run.add_argument("--json", action="store_true", help="print only luck.json, on stdout")
    run.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser
