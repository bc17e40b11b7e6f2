"""What the strategy of an asset says of its bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.config.models import AssetConfig
from lockstep.core.bars import Bars
from lockstep.core.errors import ConfigError, LockstepError, StrategyError, failure_of
from lockstep.core.parameters import build
from lockstep.core.plan import CustomStrategy
from lockstep.core.registry import strategies
from lockstep.core.signals import Signals
from lockstep.engine.imports import check_origin


@dataclass(frozen=True, slots=True)
class Said:
    """What a strategy says of all bars of its asset; without anything, it is mute.

    Parameters
    ----------
    signals : Signals or None
        Of a strategy of signals.
    custom : CustomStrategy or None
        A hand-written strategy, which speaks bar by bar.
    notes : tuple of str
        What a reader must know, a sentence each.
    """

    signals: Signals | None = None
    custom: CustomStrategy | None = None
    notes: tuple[str, ...] = ()


def said_by(asset: AssetConfig, bars: Bars, folders: Sequence[str]) -> Said:
    """Ask an asset's strategy for its signals; a hand-written one is only named.

    Parameters
    ----------
    asset, bars, folders
        As `plan_asset` takes them.

    Raises
    ------
    ConfigError
        If its parameters are wrong.
    StrategyError
        If it lies outside the folders from which strategies may be imported.
    AssetError
        If it fails.
    """
    if ":" in asset.strategy:
        custom = CustomStrategy(asset.strategy, dict(asset.parameters), tuple(folders))
        try:
            check_origin(custom)
        except StrategyError as error:
            raise StrategyError(f"{asset.symbol}.strategy: {error}") from error
        return Said(custom=custom)
    try:
        strategy = build(strategies.get(asset.strategy), asset.parameters)
    except ConfigError as error:
        raise ConfigError(f"{asset.symbol}.parameters: {error}") from error
    try:
        signals: Signals = strategy.signals(bars, strategy.indicators(bars))
        notes = tuple(strategy.notes(bars))
    except LockstepError:
        raise
    except Exception as error:
        raise failure_of(asset.symbol, error) from error
    if len(signals) != len(bars):
        raise ConfigError(
            f"{asset.symbol}: strategy {asset.strategy!r} gave {len(signals)} signals for "
            f"{len(bars)} bars; expected one per bar."
        )
    return Said(signals, notes=notes)
