"""A run of one asset: a portfolio with a single asset in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockstep.cli.portfolio import backtest
from lockstep.config.selection import Selection


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Run one asset; return the exit code."""
    selection = Selection(preference=arguments.preference, symbols=(arguments.symbol,))
    return backtest(arguments, argv, selection, rules=not arguments.solo)
