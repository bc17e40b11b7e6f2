"""Presets: named portfolios, and what a preference ranks by. Light: `--help` reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """A named choice of assets, with portfolio settings that a config file or a flag overrides.

    Parameters
    ----------
    symbols : tuple of str
        The assets to run.
    portfolio : dict
        Settings of the ``portfolio`` block.
    """

    symbols: tuple[str, ...]
    portfolio: dict[str, Any] = field(default_factory=dict)


_TREND_HEAVY = ("SILVERX", "ETHUSDX", "BTCUSDX", "GOLDX")
_QUIET_FX = ("EURGBPX", "NZDUSDX", "EURCHFX")

PRESETS: dict[str, Preset] = {
    "conservative": Preset(_QUIET_FX),
    "balanced": Preset(_TREND_HEAVY + _QUIET_FX),
    "aggressive": Preset(_TREND_HEAVY, {"allocation": "performance_weighted"}),
}

#: Preference -> (keys of the stored performance, first present one counts; best first if True
#: means descending). Ties and assets without the key are ranked by name, after the others.
PREFERENCES: dict[str, tuple[tuple[str, ...], bool]] = {
    "balanced": (("sharpe", "score"), True),
    "pnl": (("net_pnl",), True),
    "drawdown": (("max_drawdown",), False),
}
