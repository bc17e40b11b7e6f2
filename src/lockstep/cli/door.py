"""The doors: argv to one command, errors to one clear block and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from lockstep.cli import audit_flags, logs
from lockstep.cli.compare_flags import compare_parser
from lockstep.cli.flags import asset_parser, portfolio_parser
from lockstep.cli.interrupts import exit_code, interruptible
from lockstep.cli.luck_flags import luck_parser
from lockstep.cli.montecarlo_flags import montecarlo_parser
from lockstep.cli.optimize_flags import optimize_parser
from lockstep.cli.report_flags import report_parser, runs_parser, show_parser
from lockstep.cli.verify_flags import verify_parser
from lockstep.cli.walkforward_flags import walkforward_parser
from lockstep.core.errors import (
    NO_ROOM,
    ConfigError,
    IdentityError,
    LockstepError,
    StorageError,
    UsageError,
)

#: 128 + SIGPIPE, as of a program that the signal ends.
_NOBODY_LISTENS = 141
#: One BLAS thread, in this process and its workers: two would change the last bits of results.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Command:
    """A sub-command.

    Parameters
    ----------
    module : str
        Holds ``run(arguments, argv) -> int``; imported after the flags are parsed.
    parser : callable
        From the program's name to its parser.
    doc : str
        One line for the overview.
    """

    module: str
    parser: Callable[[str], argparse.ArgumentParser]
    doc: str


COMMANDS: dict[str, Command] = {
    "portfolio": Command(
        "lockstep.cli.portfolio", portfolio_parser, "run many assets in one account"
    ),
    "asset": Command("lockstep.cli.asset", asset_parser, "run one asset (--symbol ...)"),
    "runs": Command("lockstep.cli.runs", runs_parser, "list the runs and what became of them"),
    "show": Command("lockstep.cli.show", show_parser, "print one run"),
    "report": Command("lockstep.cli.report", report_parser, "write a run's report again"),
    "montecarlo": Command(
        "lockstep.cli.montecarlo", montecarlo_parser, "draw the days of a finished run again"
    ),
    "optimize": Command(
        "lockstep.cli.optimize", optimize_parser, "search parameters, and count every trial"
    ),
    "walkforward": Command(
        "lockstep.cli.walkforward", walkforward_parser, "choose on the past, trade what follows"
    ),
    "compare": Command("lockstep.cli.compare", compare_parser, "put runs side by side"),
    "luck": Command("lockstep.cli.luck", luck_parser, "ask whether a search found skill or luck"),
    "verify": Command("lockstep.cli.verify", verify_parser, "make a finished run again: the same?"),
    **{
        f"audit {name}": Command("lockstep.cli.audit", parser, doc)
        for name, (parser, doc) in audit_flags.parsers().items()
    },
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``main.py`` or ``lockstep``: a sub-command, or flags of a run of one asset.

    Parameters
    ----------
    argv : sequence of str or None
        The words after the program's name; None takes those of the process.

    Returns
    -------
    int
        The exit code: 0 complete, 2 usage, 3 configuration, 4 data, 5 partial, 6 a check failed,
        74 results cannot be written, 75 already being run, 129, 130 or 143 interrupted, 1 bug.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    prog = _program("lockstep")
    if not words or words[0] in {"-h", "--help"}:
        print(_overview(prog), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    if words[0].startswith("-"):
        return _run("asset", prog, words)
    for length in (2, 1):  # the name of a command is one word, or two
        name = " ".join(words[:length])
        if name in COMMANDS:
            return _run(name, f"{prog} {name}", words[length:])
    return _no_command(prog, words)


def _no_command(prog: str, words: Sequence[str]) -> int:
    """Show the commands there are; a group of them may ask for help."""
    group = f"{words[0]} "
    if any(name.startswith(group) for name in COMMANDS):
        asked = words[1:] in (["-h"], ["--help"])
        print(_overview(prog, group), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    print(f"{prog}: {words[0]!r} is no command.\n\n{_overview(prog)}", file=sys.stderr)
    return 2


def portfolio_main(argv: Sequence[str] | None = None) -> int:
    """Run ``portfolio_main.py``; exit codes as `main`."""
    words = list(sys.argv[1:] if argv is None else argv)
    return _run("portfolio", _program("portfolio_main.py"), words)


def _program(default: str) -> str:
    name = os.path.basename(sys.argv[0]) if sys.argv else ""  # noqa: PTH119 - pathlib is not needed
    return name if name in {"main.py", "portfolio_main.py", "lockstep"} else default


def _overview(prog: str, group: str = "") -> str:
    shown = {name: c.doc for name, c in COMMANDS.items() if name.startswith(group)}
    width = max(map(len, shown))
    lines = [f"  {name:<{width}}  {doc}" for name, doc in shown.items()]
    alone = f"       {prog} --symbol SYMBOL [flags]     the same as: {prog} asset --symbol SYMBOL"
    return "\n".join(
        [
            f"usage: {prog} {group or 'COMMAND'}{group and 'NAME'} [flags]",
            *([] if group else [alone]),
            "",
            "Many strategies, one leveraged account, one clock.",
            "",
            "commands:",
            *lines,
            "",
            f"{prog} COMMAND --help lists the flags of a command.",
        ]
    )


def _run(name: str, prog: str, words: Sequence[str]) -> int:
    command = COMMANDS[name]
    try:
        arguments = command.parser(prog).parse_args(words)
    except SystemExit as leaving:  # argparse has printed its own block
        return int(leaving.code or 0)
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    if not arguments.debug:
        sys.excepthook = _report_bug
    try:
        heard = {name: getattr(arguments, name, False) for name in ("verbose", "quiet", "debug")}
        with interruptible(), logs.listening(**heard), _told():
            return int(importlib.import_module(command.module).run(arguments, [prog, *words]))
    except BrokenPipeError:  # what was done is done; nobody listens any more
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the interpreter's own flush
        return _NOBODY_LISTENS
    except (LockstepError, MemoryError) as failure:
        if arguments.debug:
            traceback.print_exc()
        error = failure if isinstance(failure, LockstepError) else UsageError(_NO_MEMORY)
        print(logs.visible(block(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as interruption:
        print("\ninterrupted", file=sys.stderr)
        return exit_code(interruption)


@contextmanager
def _told() -> Iterator[None]:
    """Let a command print, and see to it that what it printed has left when the block ends.

    Raises
    ------
    StorageError
        If the disk is full that stdout, or a temporary file, goes to.
    BrokenPipeError
        If whoever read stdout is gone.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115
    logs.escape_what_streams_cannot_say()
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in NO_ROOM or error.filename is not None:
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
        raise StorageError(
            "no space is left on the device, for what the command prints or for its temporary "
            "files."
        ) from error


_NO_MEMORY = """\
memory ran out: the command needs more than the system, or a limit (ulimit), gives this process.
Take fewer assets (--max-assets), a shorter range (--start, --end) or fewer --jobs.
"""
_KINDS = {
    1: "internal error",
    2: "usage error",
    3: "configuration error",
    4: "data error",
    69: "cluster error",
    74: "results cannot be written",
    75: "already being run",
}


def block(error: LockstepError) -> str:
    """Return the text that tells a user of an error: its kind, then a line per finding."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    kind = _KINDS.get(error.exit_code, "error")
    several = isinstance(error, ConfigError) and len(lines) > 1
    count = f" ({len(lines)} findings)" if several else ""
    text = "\n".join([f"{kind}{count}:", *(f"  {line}" for line in lines)])
    if isinstance(error, IdentityError):
        text += "\n  This is a bug in Lockstep: the numbers of this run cannot be trusted."
    return text


def _report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tell of an error nobody foresaw; the interpreter then leaves with exit code 1."""
    place = traceback.extract_tb(trace)[-1] if trace else None
    where = f" ({os.path.basename(place.filename)}:{place.lineno})" if place else ""  # noqa: PTH119
    print(
        logs.visible(f"bug: {kind.__name__}: {error}{where}"),
        "  This should not happen; please report it. Run again with --debug for the traceback.",
        sep="\n",
        file=sys.stderr,
    )
