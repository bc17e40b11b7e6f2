"""Make a saved run again, and say whether it is the same."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.cli.begun import where_begun
from lockstep.cli.portfolio import compiling, read_data, strategies_of, tell
from lockstep.cli.progress import ProgressBars
from lockstep.cli.show import storing
from lockstep.config.loading import load
from lockstep.config.models import RunConfig
from lockstep.core.bars import Bars
from lockstep.core.errors import CHECK_FAILED, DataError, UsageError
from lockstep.core.files import is_missing, read_object, sha256_of, write_json
from lockstep.core.result import FILES, RunResult
from lockstep.core.tables import write_csv
from lockstep.data.load import source_paths
from lockstep.data.rates import Pair
from lockstep.engine.kernel.player import KNOWN_RULES
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.matching import matches
from lockstep.metrics.summary import summarise
from lockstep.metrics.trade_hash import trade_hash
from lockstep.metrics.undefined import Undefined
from lockstep.runs.comparison import (
    COMPARED,
    MATCHES,
    NUMBERS,
    TOLERANCE,
    Difference,
    first_difference,
    rewritten,
    statistics_apart,
)
from lockstep.runs.directory import (
    FAILED,
    INTERRUPTED,
    RUNNING,
    RunDirectory,
    digest,
    digest_of,
)
from lockstep.runs.listing import find
from lockstep.runs.manifest import machine, source_hash, versions
from lockstep.runs.scratch import scratch
from lockstep.runs.store import save

#: Exit code of a run that is not the same.
DIFFERENT = CHECK_FAILED
#: What a run is made again from.
_MADE_FROM = ("config.json", "facts.json", "manifest.json")
#: Facts that the engine does not make.
_TOLD = ("run_id", "notices", "argv", "versions", "pairs")
_AS_FAR = (
    f"as far as another machine can tell, the same: the trades by their hash, statistics to "
    f"{TOLERANCE:g}"
)
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
            If it is not finished, or what it would be made from is missing or unreadable.
        UsageError
            If it is the account of a walk-forward.
        """
        standing = RunDirectory(path).standing
        if standing in (RUNNING, FAILED, INTERRUPTED):
            raise DataError(f"{path} is {standing}; only a finished run can be compared.")
        missing = [name for name in _MADE_FROM if is_missing(path / name)]
        if missing:
            raise DataError(
                f"{path} holds no finished run: {missing[0]} is missing. There is nothing to "
                "compare with."
            )
        plain, facts, manifest = (read_object(path / name) for name in _MADE_FROM)
        _says(path / "manifest.json", manifest, {"data": dict, "argv": list})
        if "walkforward" in facts:
            raise UsageError(
                f"{path.name} is the account of a walk-forward, whose parameters change by window; "
                "make it again by the walkforward command, with the flags in its manifest.json."
            )
        _says(path / "facts.json", facts, {"run_id": str, "player": str, "rules": (bool, list)})
        return cls(path, facts, manifest, plain, load(path / "config.json", is_own=True).config)


def _says(file: Path, plain: Mapping[str, Any], kinds: Mapping[str, Any]) -> None:
    for name, kind in kinds.items():
        if not isinstance(plain.get(name), kind):
            raise DataError(f"{file} does not say how the run was made: it gives no {name}.")


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Verify a saved run; return 0 if it is the same, 6 if not."""
    path = find(arguments.run, arguments.results).absolute()
    told, can_be_made = damage_of(path)
    for line in told:  # whatever is found out next
        print(line)
    if not can_be_made:
        return DIFFERENT
    saved = Saved.read(path)
    if not told:
        complete(path)
    given = None if arguments.data is None else str(Path(arguments.data).absolute())
    with where_begun(path):
        return 0 if _is_same(saved, given, arguments) and not told else DIFFERENT


def _is_same(saved: Saved, given: str | None, arguments: argparse.Namespace) -> bool:
    """Make a run again and tell what was found; return whether it is the same."""
    folder = data_folder(saved, given)
    check_data(saved, folder)
    players, notices = players_of(saved.config, arguments.player)
    if not arguments.quiet:
        tell([*notices, *compiling(players[0])])
    with storing(saved.path.parent), scratch(saved.path.parent) as place:
        with ProgressBars(shown=not arguments.quiet) as progress:
            bars, pairs = read_data(saved.config, folder, progress)
            check_read(saved, bars, pairs)
            for player in players:
                _again(saved, bars, pairs, place / player, arguments.jobs, progress)
        lines, same = findings(saved, {name: place / name for name in players})
    print("\n".join(lines))
    return same


def complete(path: Path) -> None:
    """Refuse a run without a table; one that kept hashes is told of instead, as damaged.

    Raises
    ------
    DataError
        Naming what is missing.
    """
    missing = [name for name in FILES if is_missing(path / name)]
    if missing:
        raise DataError(
            f"{path} holds no finished run: {missing[0]} is missing. There is nothing to compare "
            "with."
        )


def damage_of(path: Path) -> tuple[list[str], bool]:
    """Return a line for each file that is not as the run left it, and whether it can be made again.

    It cannot if what it would be made from is damaged. A run of a version that kept no hashes, or
    that is not finished, has no known damage.
    """
    if RunDirectory(path).standing in (RUNNING, FAILED, INTERRUPTED):
        return [], True
    try:
        damage = RunDirectory(path).damage()
    except DataError:
        return [], True
    told = [f"{path.name}: {name} is {what} since the run." for name, what in damage.items()]
    lost = [name for name in _MADE_FROM if name in damage]
    if lost:
        told.append(f"It cannot be made again: {', '.join(lost)} is what it was made from.")
    return told, not lost


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
    # a run of a version without them says by its facts whether rules were tried out
    options = saved.manifest.get("options", {"counterfactual": "counterfactuals" in saved.facts})
    played = PortfolioBacktester(
        config.assets,
        config.portfolio,
        jobs=jobs,
        progress=progress,
        rules=bool(options.get("rules", saved.facts["rules"])),
        player=place.name,
        labels=config.labels,
    ).run(bars, pairs, counterfactual=options.get("counterfactual"))
    told = {name: saved.facts[name] for name in _TOLD if name in saved.facts}
    facts = {**played.facts, **told}
    result = dataclasses.replace(played, facts=facts, config=config.to_plain())
    save(result, place)
    matched = matches(result)
    write_json(place / NUMBERS, summarise(result, matched))
    if not isinstance(matched, Undefined):
        write_csv(matched, place / MATCHES)


def compared(saved: Saved, player: str) -> tuple[str, ...]:
    """Return the files to compare: numbers too if the same player played.

    How exactly ambiguous bars are re-priced, and whether rules are tried out, depends on the
    player, and the numbers tell of both.
    """
    derived = [MATCHES, *([NUMBERS] if player == saved.facts["player"] else [])]
    return (*COMPARED, *(name for name in derived if (saved.path / name).is_file()))


def findings(saved: Saved, again: Mapping[str, Path]) -> tuple[list[str], bool]:
    """Return a line for each player, and whether all made the same run."""
    lines = [f"{saved.path.name}, played by {saved.facts['player']}:"]
    found = {}
    for player, place in again.items():
        files = compared(saved, player)
        found[player] = first_difference(saved.path, place, files)
        lines.append(f"  {player}: {_verdict(saved, place, files, found[player])}")
    if not any(found.values()):
        return lines, True
    if len(again) > 1:
        one, other = again.values()
        between = first_difference(one, other)
        agree = "the two players agree with each other"
        lines.append(f"  {f'the two players differ: {between}' if between else agree}")
    reasons = list(_reasons(saved))
    lines.extend(reasons)
    if not elsewhere(saved):
        return lines, False
    apart = {player: statistics_of(saved, again[player], player) for player in again}
    lines.extend(f"  {player}: {said or _AS_FAR}" for player, said in apart.items())
    return lines, not any(apart.values())


def _verdict(saved: Saved, place: Path, files: Sequence[str], difference: Difference | None) -> str:
    if difference is not None:
        return f"DIFFERENT: {difference}"
    other = rewritten(saved.path, place, files)
    if other:
        return f"the same values in all {len(files)} files; written otherwise: {', '.join(other)}"
    return f"the same in all {len(files)} files, byte for byte"


def elsewhere(saved: Saved) -> bool:
    """Return True if a run was made on another machine or by other versions of the packages."""
    recorded = {name: saved.manifest.get(name) for name in ("machine", "versions")}
    return recorded != {"machine": machine(), "versions": versions()} and None not in (
        recorded.values()
    )


def statistics_of(saved: Saved, place: Path, player: str) -> str:
    """Return what differs beyond the last bits of another machine; empty if nothing does."""
    known = saved.manifest.get("trade_hash")
    made = trade_hash(RunResult.load(place))
    if made != known:
        return f"other trades: their hash was {known}, is {made}"
    if player != saved.facts["player"] or not (saved.path / NUMBERS).is_file():
        return ""
    try:
        one, other = (read_object(where / NUMBERS) for where in (saved.path, place))
    except DataError as error:
        return str(error)
    apart = statistics_apart(one, other)
    return f"statistics differ by more than {TOLERANCE:g}: {apart}" if apart else ""


def _reasons(saved: Saved) -> Iterator[str]:
    """Yield what is not as it was when the run was made."""
    made = digest_of(str(saved.facts["run_id"]))
    rules = bool(saved.manifest.get("options", {}).get("rules", True))
    if digest(saved.plain, saved.manifest["data"], rules) != made:
        yield f"  config.json is not the one the run was made from: {made} no longer names it"
    code = saved.manifest.get("code", {}).get("sha256")
    if code is None:
        yield "  it does not say by which sources of Lockstep it was made: an earlier version"
    elif code != source_hash():
        yield f"  the sources of Lockstep are not those it was made by ({code[:12]})"
    written = saved.manifest.get("code", {}).get("strategies", {})
    for name, present_hash in strategies_of(saved.config).items() if written else ():
        if written.get(name) != present_hash:
            yield f"  the file of {name} is not what it was"
    for what, present in (("versions", versions()), ("machine", machine())):
        recorded = saved.manifest.get(what) or present
        for name in sorted({*recorded, *present}):
            if recorded.get(name) != present.get(name):
                yield f"  {name} was {recorded.get(name)}, is {present.get(name)}"
