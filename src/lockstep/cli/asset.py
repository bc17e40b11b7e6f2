"""A run of one asset: a portfolio with a single asset in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockstep.cli.begun import gone_on
from lockstep.cli.flags import asset_parser
from lockstep.cli.portfolio import backtest
from lockstep.config.selection import Selection


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Run one asset; return the exit code."""
    with gone_on(arguments, argv, asset_parser) as flags:
        selection = Selection(
            preference=flags.preference, symbols=(flags.symbol,), asker="--symbol"
        )
        return backtest(flags, argv, selection, rules=not flags.solo)
