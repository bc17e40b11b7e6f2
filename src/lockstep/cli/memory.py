"""Refuse a run that would not fit into memory, before it begins."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lockstep.config.models import AssetConfig, RunConfig
from lockstep.core.bars import Bars
from lockstep.core.compiled import is_cold
from lockstep.core.errors import DataError, UsageError
from lockstep.data.load import common_range
from lockstep.data.rows import rows_of
from lockstep.engine.memory import Need

#: Share of the available memory that a run may take.
SHARE = 0.7
_log = logging.getLogger(f"{__name__}.need")


def before_reading(config: RunConfig, arguments: argparse.Namespace, jobs: int) -> None:
    """Refuse a run whose files alone say that it will not fit; a part of them is left to `check`.

    Raises
    ------
    UsageError
        As `check`.
    """
    portfolio, folder = config.portfolio, arguments.data
    is_part = portfolio.start or portfolio.end or portfolio.range == "common"
    if folder is None or is_part:
        return
    try:
        counts = rows_of(config.symbols, portfolio.timeframe, folder)
    except (
        DataError,
        OSError,
    ):  # reading them will name every file that is wrong, not only the first
        return
    _check(config, counts, arguments, jobs)


def before_playing(
    config: RunConfig, bars: Mapping[str, Bars], arguments: argparse.Namespace, jobs: int
) -> None:
    """Refuse a run whose bars, now that they are known, say that it will not fit.

    Raises
    ------
    UsageError
        As `check`.
    """
    if config.portfolio.range == "common":
        limits = common_range(bars)
        bars = {symbol: one.between(*limits) for symbol, one in bars.items()}
    _check(config, {symbol: len(one) for symbol, one in bars.items()}, arguments, jobs)


def _check(
    config: RunConfig, counts: Mapping[str, int], arguments: argparse.Namespace, jobs: int
) -> None:
    has_limit = arguments.asset_timeout is not None
    need = need_of(counts, config.assets, player=arguments.player, jobs=jobs, has_limit=has_limit)
    need = dataclasses.replace(need, is_cold=is_cold())
    check(need, force=arguments.force, available=available_bytes())


def need_of(
    bars: Mapping[str, int],
    assets: Sequence[AssetConfig],
    *,
    player: str,
    jobs: int,
    has_limit: bool,
) -> Need:
    """Return what a run will need.

    Parameters
    ----------
    bars : mapping of str to int
        Bars of each asset.
    assets : sequence of AssetConfig
        Whether their strategies are signals or hand-written.
    player : str
        ``auto``, ``kernel`` or ``cerebro``.
    jobs : int
        Solo runs at a time.
    has_limit : bool
        Whether ``--asset-timeout`` asks every asset in a process of its own.
    """
    by_hand = sum(":" in asset.strategy for asset in assets)
    cerebros = len(assets) if player == "cerebro" else by_hand
    apart = len(assets) if has_limit else cerebros if jobs > 1 else 0
    is_apart = by_hand > 0 and (jobs > 1 or has_limit)
    return Need(bars, min(jobs, apart), is_cerebro=cerebros > 0, is_apart=is_apart)


def check(need: Need, *, force: bool, available: int | None) -> None:
    """Refuse a run that needs more than its share of the available memory.

    Parameters
    ----------
    need : Need
        What the run will take.
    force : bool
        True lets it begin all the same.
    available : int or None
        Bytes; None if the system does not say.

    Raises
    ------
    UsageError
        With the estimate and what would help.
    """
    fields = {"event": "memory", "estimate": need.bytes, "available": available}
    if available is None:
        _log.info("memory: the system does not say how much there is", extra=fields)
        return
    estimate, free = _shown(need.bytes), _shown(available)
    _log.info("memory: about %s of %s available", estimate, free, extra=fields)
    if need.bytes <= SHARE * available or force:
        return
    count = sum(need.bars.values())
    apart = f", {need.processes} processes" if need.processes else ""
    raise UsageError(
        f"the run needs about {estimate} of memory ({len(need.bars)} assets, {count:,} bars"
        f"{apart}); {free} are available, of which a run takes at most {SHARE:.0%}. Take fewer "
        "assets (--max-assets), a shorter range (--start, --end, --range common) or fewer --jobs; "
        "--force begins all the same."
    )


def _shown(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"


# What there is --------------------------------------------------------------------------------


def available_bytes(root: Path = Path("/")) -> int | None:
    """Return the memory this process may still take; None where the system does not say.

    The least of what Linux calls available and of what each control group (version 1 or 2) above
    the process leaves of its limit.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are found.
    """
    found = [*_of_system(root), *_of_groups(root)]
    return max(0, min(found)) if found else None


def _of_system(root: Path) -> Iterator[int]:
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            yield int(value.split()[0]) * 1024


def _of_groups(root: Path) -> Iterator[int]:
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield from _left(
                root / "sys/fs/cgroup", path, ("memory.max", "memory.current", "inactive_file")
            )
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _left(root / "sys/fs/cgroup/memory", path, names)


def _left(mount: Path, path: str, names: tuple[str, str, str]) -> Iterator[int]:
    """Yield what every group from the process's own up to the root leaves of its limit."""
    limit_name, used_name, cached_name = names
    parts = [part for part in path.split("/") if part not in {"", ".."}]
    for count in range(len(parts), -1, -1):
        place = mount.joinpath(*parts[:count])
        limit, used = _text(place / limit_name).strip(), _text(place / used_name).strip()
        if limit.isdigit() and used.isdigit():
            statistics = (line.split() for line in _text(place / "memory.stat").splitlines())
            cached = sum(int(value) for name, value in statistics if name == cached_name)
            yield int(limit) - int(used) + cached


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
