"""A run of one asset: a portfolio with a single asset in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockstep.cli.flags import asset_parser
from lockstep.cli.portfolio import backtest, gone_on
from lockstep.config.selection import Selection


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Run one asset; return the exit code."""
    arguments = gone_on(arguments, argv, asset_parser)
    selection = Selection(
        preference=arguments.preference, symbols=(arguments.symbol,), asker="--symbol"
    )
    return backtest(arguments, argv, selection, rules=not arguments.solo)
