"""The flags of ``montecarlo``. Light, as `flags`."""

from __future__ import annotations

import argparse

from lockstep.cli.flags import A_RUN, new_parser, percent_of, positive_of, seed_of, whole_above_zero

#: Names of `lockstep.research`, which would bring numpy with it.
VARIANTS = ("blocks", "trades", "order", "starts")
SCHEMES = ("stationary", "circular")
_MONTECARLO = """\
Draw the days of a finished run again, all assets of a day together, and see what other orders of
them would have made of the account. Resampling cannot show a market that the history does not hold.
"""
_MONTECARLO_EXAMPLES = """\
examples:
  {prog} results/20260105-101500-1a2b3c4d
  {prog} 20260105-101500-1a2b3c4d --paths 50000 --block-days 20 --horizon-days 250
  {prog} 20260105-101500-1a2b3c4d --variant order

variants:
  blocks   trading days in blocks, with replacement (default)
  trades   days on which trades were closed, in blocks, with replacement
  order    the same days, each once, in another order
  starts   the run itself, begun on every possible day; nothing is drawn

"""


def montecarlo_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of a simulation from a finished run; what is not given is None."""
    parser = new_parser(prog, _MONTECARLO, _MONTECARLO_EXAMPLES)
    parser.usage = f"{prog} RUN [flags]"
    parser.add_argument("run", metavar="RUN", help=A_RUN)
    draws = parser.add_argument_group("what is drawn")
    draws.add_argument(
        "--variant", choices=VARIANTS, default=VARIANTS[0],
        help="what a path is made of, see below (default: blocks)",
    )  # fmt: skip
    draws.add_argument("--paths", type=whole_above_zero, metavar="N", help="paths (default: 10000)")
    draws.add_argument(
        "--horizon-days", type=whole_above_zero, metavar="N",
        help="days of a path (default: as many as the run; starts: half of them)",
    )  # fmt: skip
    draws.add_argument(
        "--scheme", choices=SCHEMES,
        help="lengths of blocks: geometric (stationary, default) or equal (circular)",
    )  # fmt: skip
    draws.add_argument(
        "--block-days", type=positive_of, metavar="DAYS",
        help="mean length of a block (default: chosen from the run, Politis and White 2004)",
    )  # fmt: skip
    draws.add_argument(
        "--wrap", action="store_const", const=True,
        help="starts: let a window go on from the run's last day to its first",
    )  # fmt: skip
    draws.add_argument(
        "--seed", type=seed_of, metavar="N", help="seed of the draws (default: the run's)"
    )
    asked = parser.add_argument_group("what is asked")
    asked.add_argument(
        "--breaker-pct", type=percent_of, metavar="PCT",
        help="drawdown limit to test (default: that of the run's breaker)",
    )  # fmt: skip
    asked.add_argument(
        "--ruin-pct", type=percent_of, metavar="PCT",
        help="loss of the starting equity that is called ruin (default: 50)",
    )  # fmt: skip
    run = parser.add_argument_group("run")
    run.add_argument(
        "--results", default="results", metavar="DIR", help="where runs are kept (default: results)"
    )
    run.add_argument("--json", action="store_true", help="print only the numbers, on stdout")
    run.add_argument("--quiet", action="store_true", help="no progress bars")
    run.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser
