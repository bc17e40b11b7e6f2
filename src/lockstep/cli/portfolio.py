"""A run from its flags to its report: load, play, save, tell."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockstep import report
from lockstep.cli import index, logs, memory
from lockstep.cli.begun import gone_on
from lockstep.cli.cluster import connected
from lockstep.cli.flags import portfolio_parser
from lockstep.cli.progress import ProgressBars
from lockstep.cli.running import AGAIN, RESUME, running
from lockstep.cli.stages import Stages
from lockstep.config.loading import load
from lockstep.config.models import RunConfig
from lockstep.config.ranking import IN_SAMPLE_LABEL, in_sample
from lockstep.config.selection import Selection
from lockstep.core.bars import Bars
from lockstep.core.compiled import is_cold
from lockstep.core.errors import AssetError, DataError, StrategyError, UsageError
from lockstep.core.files import is_unicode, sha256_of
from lockstep.core.plan import CustomStrategy
from lockstep.core.protocols import Progress
from lockstep.core.result import RunResult
from lockstep.data.load import common_range, load_bars
from lockstep.data.pairs import load_pairs
from lockstep.data.rates import Pair, pair_from_bars, required_pairs
from lockstep.engine.imports import source_of
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.trade_hash import trade_hash
from lockstep.report.figures.price import subjects
from lockstep.report.wording import counted
from lockstep.runs.directory import COMPLETE, RunDirectory
from lockstep.runs.manifest import Making, hashes
from lockstep.runs.session import Session
from lockstep.runs.store import save

#: Flags that are settings of the portfolio under the same name.
_SETTINGS = (
    "allocation", "capital", "currency", "end", "margin", "on_asset_error", "range", "rebalance",
    "seed", "start", "timeframe", "zone",
)  # fmt: skip


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Run a portfolio; return its exit code."""
    with gone_on(arguments, argv, portfolio_parser) as flags, connected(flags):
        return backtest(flags, argv, selection_of(flags), jobs=flags.jobs)


def selection_of(arguments: argparse.Namespace) -> Selection:
    """Return which assets the flags of a portfolio choose."""
    names = arguments.assets
    return Selection(
        preset=arguments.portfolio,
        preference=arguments.preference,
        symbols=None if names is None else tuple(split_symbols(names)),
        max_assets=arguments.max_assets,
    )


def split_symbols(words: Sequence[str]) -> list[str]:
    """Return the symbols of ``--assets``, which may be parted by spaces or commas."""
    return [symbol for word in words for symbol in word.split(",") if symbol]


def backtest(
    arguments: argparse.Namespace,
    argv: Sequence[str],
    selection: Selection,
    *,
    jobs: int = 1,
    rules: bool = True,
) -> int:
    """Make one run and tell of it.

    Parameters
    ----------
    arguments, argv, selection, jobs, rules
        As `made` takes them.

    Returns
    -------
    int
        0 if the run is complete, 5 if it is partial.
    """
    result, place = made(arguments, argv, selection, jobs=jobs, rules=rules)
    return _conclude(result, place, arguments)


def made(
    arguments: argparse.Namespace,
    argv: Sequence[str],
    selection: Selection,
    *,
    jobs: int = 1,
    rules: bool = True,
    resumable: bool = True,
) -> tuple[RunResult, RunDirectory]:
    """Load, play, save and report one run; return what it left behind, and where.

    Parameters
    ----------
    arguments : Namespace
        The flags that every run has.
    argv : sequence of str
        The command line, for the manifest.
    selection : Selection
        Which assets.
    jobs : int
        Processes for the solo runs.
    rules : bool
        False drops the portfolio rules.
    resumable : bool
        Whether the command that is given can go on with a run.
    """
    started = datetime.now(UTC)
    if not arguments.results.strip():
        raise UsageError("--results is empty; expected a folder, for example: results")
    stages = Stages()
    with stages("configuration"):
        loaded = load(
            arguments.config,
            selection,
            overrides=overrides(arguments),
            results_dir=arguments.results,
        )
    if not arguments.quiet:
        tell([*loaded.notices, *compiling(arguments.player)])
    with ProgressBars(shown=not arguments.quiet) as progress:
        memory.before_reading(loaded.config, arguments, jobs)
        with stages("data"):
            bars, pairs = read_data(loaded.config, arguments.data, progress)
        logs.doubts({symbol: one.notes for symbol, one in bars.items()})
        config = labelled(loaded.config, bars)
        memory.before_playing(config, bars, arguments, jobs)
        making = _making(config, (bars, pairs), options_of(arguments, rules), loaded.files, argv)
        again = RESUME if resumable else AGAIN
        with running(
            arguments.results, making, started=started, resume=arguments.resume, again=again
        ) as run:
            backtester = PortfolioBacktester(
                config.assets,
                config.portfolio,
                jobs=jobs,
                progress=stages.watching(progress),
                rules=rules,
                player=arguments.player,
                labels=config.labels,
                asset_timeout=arguments.asset_timeout,
                sink=run.parts,
            )
            with stages("run"):
                played = backtester.run(bars, pairs, counterfactual=arguments.counterfactual)
            facts = run.facts(played.facts, loaded.notices)
            result = dataclasses.replace(played, facts=facts, config=making.config)
            _keep(result, bars, run, stages)
    list_run(run.path.parent)
    return result, run.place


def _keep(result: RunResult, bars: Mapping[str, Bars], run: Session, stages: Stages) -> None:
    """Save the result, then what is derived from it; the status comes last."""
    with stages("save"):
        save(result, run.path)
    with stages("report"):
        report.write(result, run.path, {symbol: bars[symbol] for symbol in subjects(result)})
    hashed, timings = trade_hash(result), stages.seconds
    run.finish(result, trade_hash=hashed, timings=timings, at=datetime.now(UTC))


def list_run(results: Path) -> None:
    """List the run in the index of its directory; one that cannot be written costs no run."""
    try:
        index.refresh(results)
    except (OSError, UsageError) as error:
        why = getattr(error, "strerror", None) or error
        tell([f"{results / index.INDEX_FILE} cannot be written ({why})."])


def _making(
    config: RunConfig,
    data: tuple[Mapping[str, Bars], Sequence[Pair]],
    options: dict[str, Any],
    files: Sequence[Path],
    argv: Sequence[str],
) -> Making:
    bars, pairs = data
    return Making(
        config.to_plain(),
        {symbol: dict(one.source) for symbol, one in bars.items()},
        {pair.name: dict(pair.source) for pair in pairs},
        options,
        strategies=strategies_of(config),
        config_files=hashes(files),
        seed=config.portfolio.seed,
        argv=tuple(argv),
    )


def strategies_of(config: RunConfig) -> dict[str, str]:
    """Return the SHA-256 of the file of each hand-written strategy, by ``module:Class``.

    Raises
    ------
    StrategyError
        If one cannot be found, or lies where nothing may be imported from.
    """
    found = {}
    for asset in config.assets:
        if ":" in asset.strategy:
            custom = CustomStrategy(asset.strategy, {}, config.portfolio.allow_import)
            try:
                found[asset.strategy] = sha256_of(source_of(custom))
            except StrategyError as error:
                raise StrategyError(f"{asset.symbol}.strategy: {error}") from error
    return dict(sorted(found.items()))


def options_of(arguments: argparse.Namespace, rules: bool) -> dict[str, Any]:
    """Return what flags decide of a result beside its configuration."""
    return {
        "player": arguments.player,
        "rules": rules,
        "counterfactual": arguments.counterfactual,
    }


def compiling(player: str) -> list[str]:
    """Return a sentence if the first use of the compiled player will take its time."""
    if player == "cerebro" or not is_cold():
        return []
    return ["first run: compiling the player for this machine, once (about half a minute)"]


def overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that flags state."""
    given = {name: getattr(arguments, name, None) for name in _SETTINGS}
    if arguments.max_drawdown_pct is not None:
        given["max_drawdown"] = arguments.max_drawdown_pct / 100
    if arguments.allow_import is not None:
        for folder in arguments.allow_import:
            if not Path(folder).is_dir():
                raise UsageError(f"--allow-import {folder}: there is no such folder.")
        given["allow_import"] = tuple(dict.fromkeys(arguments.allow_import))
    return {name: value for name, value in given.items() if value is not None}


def labelled(config: RunConfig, bars: Mapping[str, Bars]) -> RunConfig:
    """Return the configuration, labelled where assets were tuned on dates of the run."""
    if config.portfolio.range == "common":
        start, end = common_range(bars)
    else:
        start = min(int(one.time[0]) for one in bars.values())
        end = max(int(one.time[-1]) + one.timeframe for one in bars.values())
    tuned = in_sample(config.assets, start, end)
    kept = tuple(label for label in config.labels if not label.startswith(IN_SAMPLE_LABEL))
    if tuned:
        kept = (*kept, f"{IN_SAMPLE_LABEL}: {', '.join(tuned)}")
    return config.model_copy(update={"labels": kept})


def tell(sentences: Sequence[str]) -> None:
    """Tell notices on stderr and in the run's log."""
    logs.notice(sentences)


def read_data(
    config: RunConfig, folder: str | None, progress: Progress
) -> tuple[dict[str, Bars], tuple[Pair, ...]]:
    """Return the bars of a configuration's assets, and the conversion pairs they do not give.

    Raises
    ------
    DataError
        If a file is missing or refused, or vanishes while it is being read.
    """
    if folder is not None and not is_unicode(folder):
        raise DataError(f"{folder} cannot be read (its name is no Unicode); rename the folder.")
    try:
        return _read(config, folder, progress)
    except OSError as error:
        what = error.strerror or str(error)
        raise DataError(f"{error.filename or folder} cannot be read ({what}).") from error


def _read(
    config: RunConfig, folder: str | None, progress: Progress
) -> tuple[dict[str, Bars], tuple[Pair, ...]]:
    portfolio = config.portfolio
    instruments = {asset.symbol: asset.instrument for asset in config.assets}
    bars = load_bars(
        config.symbols,
        portfolio.timeframe,
        folder,
        start=portfolio.start_ns,
        end=portfolio.end_ns,
        instruments=instruments,
        session_filter=portfolio.session_filter,
        zone=portfolio.zone,
        seed=portfolio.seed,
        progress=progress,
    )
    own = [pair_from_bars(one.base, one.quote, bars[name]) for name, one in instruments.items()]
    quotes = [one.quote for one in instruments.values()]
    wanted = required_pairs(quotes, portfolio.currency, own, portfolio.conversion)
    return bars, load_pairs(
        wanted, portfolio.timeframe, folder, zone=portfolio.zone, seed=portfolio.seed
    )


def _conclude(result: RunResult, place: RunDirectory, arguments: argparse.Namespace) -> int:
    metrics = (place.path / "metrics.json").read_text(encoding="utf-8")
    if arguments.json:
        sys.stdout.write(metrics)
    else:
        print("\n".join(summary(result, place.path, json.loads(metrics))))
    failed = result.facts.get("failed") or {}
    if failed and not arguments.quiet:
        tell([f"{symbol} failed: {why}" for symbol, why in failed.items()])
    if result.facts["status"] == COMPLETE:
        return 0
    print(
        f"partial: {', '.join(failed)} failed, so no portfolio number is given; the solo runs of "
        "the others are kept. Continue without it by --on-asset-error drop or cash.",
        file=sys.stderr,
    )
    return AssetError.exit_code


def summary(result: RunResult, path: Path, metrics: Mapping[str, Any]) -> list[str]:
    """Return the few lines that end a run on the terminal."""
    labels = result.facts.get("labels") or ()
    lines = [f"[{label}]" for label in labels]
    portfolio = metrics.get("portfolio") or {}
    if portfolio:
        currency = result.facts["currency"]
        drawdown = portfolio.get("max_drawdown")
        lines.append(
            f"net P&L {portfolio['net_pnl']:+,.2f} {currency}, "
            f"max drawdown {'undefined' if drawdown is None else f'{drawdown:.2%}'}, "
            f"{counted(portfolio['trades'], 'trade')}, "
            f"{counted(len(result.facts['symbols']), 'asset')}"
        )
    return [*lines, f"report: {path / 'report.txt'}"]
