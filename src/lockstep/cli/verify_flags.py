"""The flags of ``verify``. Light, as `flags`."""

from __future__ import annotations

import argparse

from lockstep.cli.flags import A_RUN, cores, new_parser, processes_of

_DESCRIPTION = """\
Make a saved run again from its config.json and data, and compare trades, decisions, weights,
equity, numbers and every other table with what was saved: the first difference is named with file,
row, column and both values. The run's files and data are compared first, by their SHA-256.
"""
_EXAMPLES = """\
examples:
  {prog} 20260105-101500-1a2b3c4d
  {prog} results/20260105-101500-1a2b3c4d --player cerebro
  {prog} 20260105-101500-1a2b3c4d --data /mnt/bars/5m

"""
_EXIT_CODES = """\
exit codes: 0 the same, 6 different or damaged, 2 usage, 3 configuration, 4 data changed or gone,
1 bug
"""
PLAYERS = ("both", "kernel", "cerebro")


def verify_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of ``verify``."""
    parser = new_parser(prog, _DESCRIPTION, _EXAMPLES, _EXIT_CODES)
    parser.usage = f"{prog} RUN [flags]"
    parser.add_argument("run", metavar="RUN", help=A_RUN)
    parser.add_argument(
        "--player", choices=PLAYERS, default=PLAYERS[0],
        help="which player makes the run again (default: both, one after the other)",
    )  # fmt: skip
    parser.add_argument(
        "--data", metavar="DIR", help="folder of the data (default: the one the run was made from)"
    )
    parser.add_argument(
        "--results", default="results", metavar="DIR", help="where runs are kept (default: results)"
    )
    parser.add_argument(
        "--jobs", type=processes_of, default=cores(), metavar="N",
        help="processes for the solo runs (default: the cores of this machine)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress bars, no notices")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser
