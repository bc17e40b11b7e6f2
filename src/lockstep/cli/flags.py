"""The flags of each command. Light: nothing here imports numpy, so that --help is instant."""

from __future__ import annotations

import argparse
import math
import os
from datetime import datetime

from lockstep.cli.cluster_flags import add_cluster
from lockstep.config.presets import PREFERENCES, PRESETS
from lockstep.core.registry import allocation

#: Names of `lockstep.core.bars.TIMEFRAMES`, which would bring numpy with it.
PLAYERS = ("auto", "kernel", "cerebro")
TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")

#: How every command that takes a run lets it be named (`lockstep.runs.listing.find`).
A_RUN = "a run id, the beginning of one, latest, or the directory of a run"

MOST_JOBS, MOST_SECONDS = 1024, 2_000_000

_EXIT_CODES = """\
exit codes: 0 complete, 2 usage, 3 configuration, 4 data, 5 partial (an asset failed), 69 the
cluster is lost, 74 results cannot be written, 75 the same is being run already, 129, 130 or 143
interrupted, 1 bug
"""
_PORTFOLIO = """\
Run many single-asset strategies together: one leveraged account, one clock, portfolio risk acting
inside the run. Without --data the built-in synthetic sample of 15 assets is used.
"""
_PORTFOLIO_EXAMPLES = """\
examples:
  {prog} --allocation risk_parity
  {prog} --portfolio conservative --max-drawdown-pct 15
  {prog} --config my_assets.yaml --data data/5m --start 2024-01-01 --rebalance quarterly

precedence: flag > config file > preset > default
"""
_ASSET = """\
Run one asset: the same account, clock and rules as the portfolio, with a single asset in it.
"""
_ASSET_EXAMPLES = """\
examples:
  {prog} --symbol EURGBPX
  {prog} --symbol EURGBP --config my_assets.json --data data/5m --solo

"""


def portfolio_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of a portfolio run."""
    parser = new_parser(prog, _PORTFOLIO, _PORTFOLIO_EXAMPLES)
    add_portfolio(parser)
    _add_counterfactual(parser)
    _add_survival(parser)
    add_cluster(parser)
    return parser


def add_portfolio(
    parser: argparse.ArgumentParser, printed: str = "metrics.json"
) -> argparse._ArgumentGroup:
    """Add the flags of a portfolio run; return the group that says what to run."""
    what = parser.add_argument_group("what to run")
    what.add_argument(
        "--portfolio", choices=list(PRESETS), metavar="PRESET",
        help=f"preset of assets: {', '.join(PRESETS)}",
    )  # fmt: skip
    what.add_argument(
        "--assets", nargs="+", metavar="SYMBOL", help="run exactly these assets of the config"
    )
    what.add_argument(
        "--max-assets", type=whole_above_zero, metavar="N",
        help="run at most N assets, ranked by the stored performance (default: all)",
    )  # fmt: skip
    _add_preference(what)
    add_config(what)
    data = add_data(parser)
    data.add_argument(
        "--range", choices=["union", "common"],
        help="cover the union of the assets' data (default), or only what they share",
    )  # fmt: skip
    account = _add_account(parser)
    models = allocation.names()
    account.add_argument(
        "--allocation", choices=models, metavar="MODEL",
        help=f"how capital is shared out: {', '.join(models)}",
    )  # fmt: skip
    account.add_argument(
        "--rebalance", choices=["none", "weekly", "monthly", "quarterly"],
        help="when cash moves to the new weights (default: monthly)",
    )  # fmt: skip
    run = _add_run(parser, printed)
    run.add_argument(
        "--on-asset-error", choices=["fail", "drop", "cash"],
        help="if an asset fails: give no portfolio (default), go on without it, or hold its share "
        "as cash",
    )  # fmt: skip
    run.add_argument(
        "--jobs", type=processes_of, default=cores(), metavar="N",
        help="processes for the solo runs (default: the cores of this machine)",
    )  # fmt: skip
    return what


def asset_parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of a run of one asset."""
    parser = new_parser(prog, _ASSET, _ASSET_EXAMPLES)
    what = parser.add_argument_group("what to run")
    what.add_argument(
        "--symbol", required=True, metavar="SYMBOL", help="the asset, as in the config"
    )
    what.add_argument(
        "--solo", action="store_true", help="drop the portfolio rules: the strategy alone"
    )
    _add_preference(what)
    add_config(what)
    add_data(parser)
    _add_account(parser)
    _add_run(parser)
    _add_counterfactual(parser)
    _add_survival(parser)
    return parser


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def new_parser(
    prog: str, description: str, examples: str, exit_codes: str = _EXIT_CODES
) -> argparse.ArgumentParser:
    """Return a parser without flags; `examples` may name the program as ``{prog}``."""
    return argparse.ArgumentParser(
        prog=prog,
        usage=f"{prog} [flags]",
        description=description,
        epilog=examples.format(prog=prog) + exit_codes,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_preference(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--preference", choices=list(PREFERENCES),
        help="load results/best_configs_<preference>.json where present, and rank by it",
    )  # fmt: skip


def add_config(group: argparse._ArgumentGroup) -> None:
    """Add the flags that say where assets and account are written."""
    group.add_argument(
        "--config", metavar="FILE",
        help="JSON or YAML of assets and account (default: assets_config_highperf.json)",
    )  # fmt: skip
    group.add_argument(
        "--timeframe", choices=TIMEFRAMES, metavar="TF",
        help=f"which assets of the config: {', '.join(TIMEFRAMES)}",
    )  # fmt: skip
    group.add_argument(
        "--allow-import", action="append", metavar="DIR",
        help="folder from which hand-written strategies may be imported (repeatable)",
    )  # fmt: skip


def add_data(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the flags of bars and dates; return their group."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--data", metavar="DIR",
        help="folder of {symbol}_{timeframe} or {symbol} files (default: built-in sample)",
    )  # fmt: skip
    group.add_argument(
        "--start", type=_moment, metavar="DATE", help="first day or moment, ISO, UTC"
    )
    group.add_argument(
        "--end", type=_moment, metavar="DATE", help="last day (included) or moment, ISO, UTC"
    )
    group.add_argument(
        "--zone", metavar="ZONE",
        help="time zone of files that state none (default: UTC; America/New_York+7h is the usual "
        "MetaTrader server)",
    )  # fmt: skip
    return group


def _add_account(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("account")
    group.add_argument(
        "--capital", type=positive_of, metavar="MONEY", help="starting capital (default: 100000)"
    )
    group.add_argument(
        "--currency", type=currency_of, metavar="CODE", help="account currency (default: USD)"
    )
    group.add_argument(
        "--margin", choices=["pooled", "segregated"],
        help="one margin pool (default), or one per asset",
    )  # fmt: skip
    group.add_argument(
        "--max-drawdown-pct", type=percent_of, metavar="PCT",
        help="drawdown at which the circuit breaker trips (default: 25)",
    )  # fmt: skip
    return group


def _add_run(
    parser: argparse.ArgumentParser, printed: str = "metrics.json"
) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("run")
    group.add_argument(
        "--player", choices=PLAYERS, default=PLAYERS[0],
        help="which player walks the clock: compiled (kernel), backtrader (cerebro), or kernel "
        "wherever it can (auto, the default); the results are the same, bit for bit",
    )  # fmt: skip
    group.add_argument("--seed", type=seed_of, metavar="N", help="seed of everything random")
    group.add_argument(
        "--results", default="results", metavar="DIR", help="where runs are kept (default: results)"
    )
    group.add_argument("--json", action="store_true", help=f"print only {printed}, on stdout")
    group.add_argument("--quiet", action="store_true", help="no progress bars, no notices")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return group


def _add_counterfactual(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("analysis")
    group.add_argument(
        "--counterfactual", action=argparse.BooleanOptionalAction, default=None,
        help="play the run again without each risk rule (default: on with the compiled player, "
        "off with cerebro)",
    )  # fmt: skip


def _add_survival(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what may go wrong")
    group.add_argument(
        "--asset-timeout", type=seconds_of, metavar="SECONDS",
        help="end the strategy of an asset that takes longer, for its signals, its solo run, or "
        "in all its turns of the portfolio; it then works in a process apart (default: 3600 for "
        "hand-written strategies with --jobs above 1, else none)",
    )  # fmt: skip
    group.add_argument(
        "--resume", nargs="?", const="latest", metavar="RUN",
        help="go on with a run that was not finished: with its id, the beginning of one or its "
        "directory, as it was begun; alone, the latest that these flags would make again",
    )  # fmt: skip
    group.add_argument(
        "--force", action="store_true",
        help="begin even if the run is expected to take more than 70%% of the available memory",
    )  # fmt: skip
    group.add_argument(
        "--verbose", action="store_true", help="tell on stderr what run.log keeps, as it happens"
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number")
    return value


def positive_of(text: str) -> float:
    """Return a flag's number, or refuse it by name unless it is above 0."""
    value = _number(text)
    if value <= 0.0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def percent_of(text: str) -> float:
    """Return a flag's percentage, or refuse it by name unless it is above 0 and up to 100."""
    value = _number(text)
    if not 0.0 < value <= 100.0:
        raise argparse.ArgumentTypeError(f"{text} is no percentage above 0 and up to 100")
    return value


def whole_of(text: str) -> int:
    """Return a flag's whole number, or refuse it by name."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def whole_above_zero(text: str) -> int:
    """Return a flag's whole number, or refuse it by name if it is below 1."""
    value = whole_of(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def whole_from_zero(text: str) -> int:
    """Return a flag's whole number, or refuse it by name if it is below 0."""
    value = whole_of(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def seed_of(text: str) -> int:
    """Return a flag's seed, or refuse it by name if it is none."""
    value = whole_of(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is no seed; expected 0 to 2**63 - 1")
    return value


def processes_of(text: str) -> int:
    """Return how many processes work at a time, or refuse more than any machine has use for."""
    value = whole_above_zero(text)
    if value > MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text} is more than {MOST_JOBS} processes")
    return value


def seconds_of(text: str) -> float:
    """Return a flag's limit of time, or refuse one that no system can wait for."""
    value = positive_of(text)
    if value > MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is more than {MOST_SECONDS:,} seconds (23 days)")
    return value


def currency_of(text: str) -> str:
    """Return a flag's currency code, or refuse it by name."""
    if not (text.isalnum() and text.isascii() and text == text.upper() and 3 <= len(text) <= 8):
        raise argparse.ArgumentTypeError(f"{text!r} is no currency code such as USD")
    return text


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no ISO date or time such as 2025-01-31 or 2025-01-31T08:00"
        ) from None
    return text
