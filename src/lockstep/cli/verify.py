"""Make a saved run again, and say whether it is the same."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lockstep.cli.portfolio import compiling, read_data, tell
from lockstep.cli.progress import ProgressBars
from lockstep.config.loading import load
from lockstep.config.models import RunConfig
from lockstep.core.bars import Bars
from lockstep.core.errors import AssetError, DataError, UsageError
from lockstep.core.files import sha256_of
from lockstep.core.result import FILES
from lockstep.data.load import source_paths
from lockstep.data.rates import Pair
from lockstep.engine.kernel.player import KNOWN_RULES
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.runs.comparison import COMPARED, first_difference
from lockstep.runs.directory import digest, directory_of
from lockstep.runs.manifest import versions
from lockstep.runs.store import save

#: Exit code of a run that is not the same.
DIFFERENT = AssetError.exit_code
_BOTH = ("kernel", "cerebro")


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved run: where it is, and what it says of itself.

    Parameters
    ----------
    path : Path
        Its directory.
    facts, manifest, plain : dict
        The content of ``facts.json``, ``manifest.json`` and ``config.json``.
    config : RunConfig
        The configuration they describe.
    """

    path: Path
    facts: dict[str, Any]
    manifest: dict[str, Any]
    plain: dict[str, Any]
    config: RunConfig

    @classmethod
    def read(cls, path: Path) -> Saved:
        """Read what is needed to make a run again.

        Raises
        ------
        DataError
            If a file of a finished run is missing.
        """
        missing = [name for name in (*FILES, "manifest.json") if not (path / name).is_file()]
        if missing:
            raise DataError(
                f"{path} holds no finished run: {missing[0]} is missing. There is nothing to "
                "compare with."
            )
        facts, manifest, plain = (
            json.loads((path / name).read_text(encoding="utf-8"))
            for name in ("facts.json", "manifest.json", "config.json")
        )
        return cls(path, facts, manifest, plain, load(path / "config.json").config)


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Verify a saved run; return 0 if it is the same, 5 if not."""
    saved = Saved.read(directory_of(arguments.run, arguments.results))
    folder = data_folder(saved, arguments.data)
    check_data(saved, folder)
    players, notices = players_of(saved.config, arguments.player)
    if not arguments.quiet:
        tell([*notices, *compiling(players[0])])
    with TemporaryDirectory(prefix="lockstep-verify-") as place:
        with ProgressBars(shown=not arguments.quiet) as progress:
            bars, pairs = read_data(saved.config, folder, progress)
            check_read(saved, bars, pairs)
            for player in players:
                _again(saved, bars, pairs, Path(place) / player, arguments.jobs, progress)
        lines, same = _findings(saved, {name: Path(place) / name for name in players})
    if not same:
        lines.extend(_reasons(saved))
    print("\n".join(lines))
    return 0 if same else DIFFERENT


def data_folder(saved: Saved, given: str | None) -> str | None:
    """Return the folder the data are read from; None is the built-in sample.

    Raises
    ------
    UsageError
        If the run does not say where its data came from, or was made from the sample.
    """
    is_sample = any("sample" in source for source in saved.manifest["data"].values())
    if is_sample and given is not None:
        raise UsageError("the run was made from the built-in sample; leave --data out.")
    folder = given if given is not None else _flag(saved.manifest["argv"], "--data")
    if folder is None and not is_sample:
        raise UsageError("the run does not say where its data came from; name them by --data.")
    return None if is_sample else folder


def _flag(argv: Sequence[str], name: str) -> str | None:
    """Return the value a command line gives a flag; the last one counts."""
    value = None
    for word, following in zip(argv, [*argv[1:], None]):
        if word == name:
            value = following
        elif word.startswith(f"{name}="):
            value = word.partition("=")[2]
    return value


def check_data(saved: Saved, folder: str | None) -> None:
    """Check that the files of the run's assets are those it was made from.

    Raises
    ------
    DataError
        Naming every file that is gone, or that is not the same.
    """
    if folder is None:
        return
    known = saved.manifest["data"]
    paths = source_paths(known, saved.config.portfolio.timeframe, folder)
    changed = [
        f"{symbol}: {path} has changed since the run (SHA-256 was {known[symbol]['sha256'][:12]}, "
        f"is {now[:12]})."
        for symbol, path in paths.items()
        if (now := sha256_of(path)) != known[symbol]["sha256"]
    ]
    if changed:
        raise DataError("\n".join(changed))


def check_read(saved: Saved, bars: Mapping[str, Bars], pairs: Sequence[Pair]) -> None:
    """Check that conversion pairs, and bars of the sample, are those the run was made from.

    Raises
    ------
    DataError
        Naming every one that is not.
    """
    known = saved.manifest["data"] | saved.facts.get("pairs", {})
    read = {symbol: one.source for symbol, one in bars.items()}
    read |= {pair.name: pair.source for pair in pairs}
    changed = [
        f"{name}: {source.get('file', 'the sample')} is not what the run was made from "
        f"({shown} was {known[name].get(shown)}, is {source.get(shown)})."
        for name, source in read.items()
        for shown in ("sha256", "sample", "seed")
        if name in known and source.get(shown) != known[name].get(shown)
    ]
    if changed:
        raise DataError("\n".join(changed))


def players_of(config: RunConfig, wanted: str) -> tuple[tuple[str, ...], list[str]]:
    """Return who plays, and a notice if the compiled player cannot."""
    if wanted != "both":
        return (wanted,), []
    own = sorted(set(config.portfolio.risk) - KNOWN_RULES)
    own += sorted({asset.strategy for asset in config.assets if ":" in asset.strategy})
    if own:
        return ("cerebro",), [f"only the Cerebro player knows {', '.join(own)}: it plays alone."]
    return _BOTH, []


def _again(
    saved: Saved,
    bars: Mapping[str, Bars],
    pairs: Sequence[Pair],
    place: Path,
    jobs: int,
    progress: ProgressBars,
) -> None:
    """Make the run again and keep its files in `place`."""
    config = saved.config
    result = PortfolioBacktester(
        config.assets,
        config.portfolio,
        jobs=jobs,
        progress=progress,
        rules=bool(saved.facts["rules"]),  # `--solo` drops the rules that the configuration has
        player=place.name,
        labels=config.labels,
    ).run(bars, pairs)
    save(dataclasses.replace(result, config=config.to_plain()), place)


def _findings(saved: Saved, again: Mapping[str, Path]) -> tuple[list[str], bool]:
    """Return a line for each player, and whether all made the same run."""
    found = {player: first_difference(saved.path, place) for player, place in again.items()}
    lines = [f"{saved.path.name}, played by {saved.facts['player']}:"]
    for player, difference in found.items():
        same = f"the same in all {len(COMPARED)} tables"
        lines.append(f"  {player}: {f'DIFFERENT: {difference}' if difference else same}")
    if any(found.values()) and len(again) > 1:
        between = first_difference(*again.values())
        agree = "the two players agree with each other"
        lines.append(f"  {f'the two players differ: {between}' if between else agree}")
    return lines, not any(found.values())


def _reasons(saved: Saved) -> Iterator[str]:
    """Yield what is not as it was when the run was made."""
    made = str(saved.facts["run_id"]).split("-")[2]
    if digest(saved.plain, saved.manifest["data"]) != made:
        yield f"  config.json is not the one the run was made from: {made} no longer names it"
    recorded, present = saved.manifest["versions"], versions()
    for name in sorted({*recorded, *present}):
        if recorded.get(name) != present.get(name):
            yield f"  {name} was {recorded.get(name)}, is {present.get(name)}"
