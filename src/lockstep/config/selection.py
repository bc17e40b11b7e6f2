"""Which assets of a configuration run: timeframe, preset, names, rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.config.models import AssetConfig
from lockstep.config.presets import PRESETS
from lockstep.config.ranking import rank
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import nearest


@dataclass(frozen=True, slots=True)
class Selection:
    """What a user asks to run.

    Parameters
    ----------
    preset : str or None
        conservative, balanced or aggressive: a list of assets, and settings.
    preference : str or None
        balanced, pnl or drawdown: the tuned parameters to load, and the order of rank.
    symbols : tuple of str or None
        Exactly these assets, instead of the preset's or all.
    max_assets : int or None
        At most so many, best first.
    asker : str
        The flag that names `symbols`, for errors.
    """

    preset: str | None = None
    preference: str | None = None
    symbols: tuple[str, ...] | None = None
    max_assets: int | None = None
    asker: str = "--assets"

    def __post_init__(self) -> None:
        """Check the preset, the names and the number."""
        if self.preset is not None and self.preset not in PRESETS:
            raise ConfigError(
                f"preset {self.preset!r} is unknown{nearest(self.preset, [*PRESETS])}"
            )
        if self.symbols is not None and not self.symbols:
            raise ConfigError("the assets asked for are none; expected at least one symbol.")
        if self.max_assets is not None and self.max_assets < 1:
            raise ConfigError(f"max_assets is {self.max_assets}; expected at least 1.")

    def labels(self) -> list[str]:
        """Return what a reader of the results must know of the choice."""
        named = (("preset", self.preset), ("preference", self.preference))
        return [f"{kind}: {name}" for kind, name in named if name]


def select(
    assets: Sequence[AssetConfig], selection: Selection, timeframe: str | None, file: str
) -> tuple[list[AssetConfig], list[str]]:
    """Return the assets to run, sorted by symbol, and sentences the user should see.

    Parameters
    ----------
    assets : sequence of AssetConfig
        All assets of the configuration.
    selection : Selection
        What the user asks for.
    timeframe : str or None
        The one that a flag or the file states.
    file : str
        Name of the config file, for errors.

    Raises
    ------
    ConfigError
        If assets asked for are not there, or several timeframes are left to choose from.
    """
    notices = _repeated(selection)
    chosen = _named(assets, selection, file)
    if timeframe is not None:
        kept = [asset for asset in chosen if asset.timeframe == timeframe]
        if len(kept) < len(chosen):
            left = sorted(asset.key for asset in chosen if asset.timeframe != timeframe)
            if not kept:
                raise ConfigError(
                    f"{file}: assets: none is at {timeframe}; it has {', '.join(left)}. "
                    "Choose with --timeframe."
                )
            notices.append(f"Left out, not at {timeframe}: {', '.join(left)}.")
        chosen = kept
    _check_one_timeframe(chosen, file)
    if selection.max_assets is not None and selection.max_assets < len(chosen):
        chosen, more = _best(chosen, selection)
        notices += more
    return sorted(chosen, key=lambda asset: asset.symbol), notices


def _repeated(selection: Selection) -> list[str]:
    """Return a notice of names that were given more than once."""
    names = selection.symbols or ()
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"{selection.asker}: {', '.join(twice)} named twice; counted once."] if twice else []


def _named(assets: Sequence[AssetConfig], selection: Selection, file: str) -> list[AssetConfig]:
    wanted, asker = selection.symbols, selection.asker
    if wanted is None and selection.preset is not None:
        wanted, asker = PRESETS[selection.preset].symbols, f"preset {selection.preset}"
    if wanted is None:
        return list(assets)
    known = sorted({asset.symbol for asset in assets})
    missing = [symbol for symbol in wanted if symbol not in known]
    if missing:
        raise ConfigError(
            "\n".join(
                f"{file}: assets: {symbol}, asked for by {asker}, is unknown"
                + nearest(symbol, known)
                for symbol in dict.fromkeys(missing)
            )
        )
    return [asset for asset in assets if asset.symbol in wanted]


def _check_one_timeframe(assets: Sequence[AssetConfig], file: str) -> None:
    timeframes = sorted({asset.timeframe for asset in assets})
    if len(timeframes) < 2:
        return
    twice = sorted(
        {a.symbol for a in assets if any(a.symbol == b.symbol and a is not b for b in assets)}
    )
    also = f" {', '.join(twice)} would be there twice." if twice else ""
    raise ConfigError(
        f"{file}: assets: are at {' and '.join(timeframes)}; a run has one timeframe.{also} "
        "Choose with --timeframe."
    )


def _best(
    assets: Sequence[AssetConfig], selection: Selection
) -> tuple[list[AssetConfig], list[str]]:
    preference = selection.preference or "balanced"
    ranked, unknown = rank(assets, preference)
    notices = []
    if unknown:
        who = "no asset has" if len(unknown) == len(assets) else f"{len(unknown)} assets have no"
        notices.append(f"--max-assets: {who} stored performance ({preference}): ranked by name.")
    return ranked[: selection.max_assets], notices
