"""The flags of ``report``, ``runs`` and ``show``. Light, as `flags`."""

from __future__ import annotations

import argparse

from lockstep.cli.flags import A_RUN, new_parser
from lockstep.core.registry import report_sections

_EXIT_CODES = (
    "exit codes: 0 done, 2 usage, 4 the run holds no result, 74 cannot be written, 1 bug\n"
)
_REPORT = """\
Write the report of a finished run again from its tables, without playing it: metrics.json,
report.txt, report.html, report.pdf and the figures. The same version writes the same bytes.
"""
_REPORT_EXAMPLES = """\
examples:
  {prog} latest
  {prog} 20260105-101500-1a2b3c4d --prices EURUSD GBPUSD
  {prog} 20260105 --data /mnt/bars/5m --prices all

"""
_RUNS = """\
List the runs of a results directory, the newest first, with what became of them.
"""
_RUNS_EXAMPLES = """\
examples:
  {prog}
  {prog} --json
  {prog} --index

"""
_SHOW = """\
Print one run: page one of its report, or one section.
"""
_SHOW_EXAMPLES = """\
examples:
  {prog} latest
  {prog} 20260105-10 --section costs
  {prog} latest --json

"""


def report_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of ``report``."""
    parser = _of_a_run(prog, _REPORT, _REPORT_EXAMPLES)
    parser.add_argument(
        "--prices", nargs="+", metavar="SYMBOL",
        help="draw these assets' busiest weeks as well, or those of all (default: of the best and "
        "the worst asset)",
    )  # fmt: skip
    parser.add_argument(
        "--data", metavar="DIR",
        help="folder of the bars, for figures of prices (default: the one the run was made from)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no notices")
    return parser


def runs_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of ``runs``."""
    parser = new_parser(prog, _RUNS, _RUNS_EXAMPLES, _EXIT_CODES)
    parser.add_argument(
        "--index", action="store_true", help="write index.html of the results directory as well"
    )
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    return _everywhere(parser)


def show_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of ``show``."""
    parser = _of_a_run(prog, _SHOW, _SHOW_EXAMPLES)
    names = report_sections.names()
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--section", choices=names, metavar="NAME",
        help=f"print one section: {', '.join(names)}",
    )  # fmt: skip
    what.add_argument("--json", action="store_true", help="print metrics.json")
    return parser


def _of_a_run(prog: str, description: str, examples: str) -> argparse.ArgumentParser:
    parser = new_parser(prog, description, examples, _EXIT_CODES)
    parser.usage = f"{prog} RUN [flags]"
    parser.add_argument("run", metavar="RUN", help=A_RUN)
    return _everywhere(parser)


def _everywhere(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--results", default="results", metavar="DIR", help="where runs are kept (default: results)"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser
