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
from lockstep.cli import logs
from lockstep.cli.progress import ProgressBars
from lockstep.config.loading import Loaded, load
from lockstep.config.models import RunConfig
from lockstep.config.ranking import IN_SAMPLE_LABEL, in_sample
from lockstep.config.selection import Selection
from lockstep.core.bars import Bars
from lockstep.core.compiled import is_cold
from lockstep.core.errors import AssetError, UsageError
from lockstep.core.files import write_json
from lockstep.core.result import RunResult
from lockstep.data.load import common_range, load_bars
from lockstep.data.pairs import load_pairs
from lockstep.data.rates import Pair, pair_from_bars, required_pairs
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.report.wording import counted
from lockstep.runs import directory as runs
from lockstep.runs.directory import RunDirectory
from lockstep.runs.manifest import manifest, versions
from lockstep.runs.store import save

#: Flags that are settings of the portfolio under the same name.
_SETTINGS = (
    "allocation", "capital", "currency", "end", "margin", "on_asset_error", "range", "rebalance",
    "seed", "start", "timeframe", "zone",
)  # fmt: skip


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Run a portfolio; return its exit code."""
    return backtest(arguments, argv, selection_of(arguments), jobs=arguments.jobs)


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
    """Load, play, save and report one run.

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

    Returns
    -------
    int
        0 if the run is complete, 5 if it is partial.
    """
    started = datetime.now(UTC)
    if not arguments.results.strip():
        raise UsageError("--results is empty; expected a folder, for example: results")
    loaded = load(
        arguments.config,
        selection,
        overrides=overrides(arguments),
        results_dir=arguments.results,
    )
    if not arguments.quiet:
        tell([*loaded.notices, *compiling(arguments.player)])
    with ProgressBars(shown=not arguments.quiet) as progress:
        with logs.stage("data"):
            bars, pairs = read_data(loaded.config, arguments.data, progress)
        logs.doubts({symbol: one.notes for symbol, one in bars.items()})
        config = labelled(loaded.config, bars)
        plain = config.to_plain()
        sources = {symbol: one.source for symbol, one in bars.items()}
        name = runs.run_id(started, runs.digest(plain, sources))
        backtester = PortfolioBacktester(
            config.assets,
            config.portfolio,
            jobs=jobs,
            progress=progress,
            rules=rules,
            player=arguments.player,
            labels=config.labels,
            asset_timeout=arguments.asset_timeout,
        )
        place = RunDirectory.create(arguments.results, name)
        with place.running(), logs.kept_in(place.path, place.run_id), logs.stage("run"):
            played = backtester.run(bars, pairs, counterfactual=arguments.counterfactual)
            facts = {
                **played.facts,
                "run_id": place.run_id,
                "notices": list(loaded.notices),
                "argv": list(argv),
                "versions": versions(),
                "pairs": {pair.name: dict(pair.source) for pair in pairs},
            }
            result = dataclasses.replace(played, facts=facts, config=plain)
            with logs.stage("report"):
                _keep(result, place, loaded, argv, started)
    return _conclude(result, place, arguments)


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
        given["allow_import"] = tuple(arguments.allow_import)
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
    config: RunConfig, folder: str | None, progress: ProgressBars
) -> tuple[dict[str, Bars], tuple[Pair, ...]]:
    """Return the bars of a configuration's assets, and the conversion pairs they do not give."""
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


def _keep(
    result: RunResult,
    place: RunDirectory,
    loaded: Loaded,
    argv: Sequence[str],
    started: datetime,
) -> None:
    """Save the result, then what is derived from it; the status comes last."""
    save(result, place.path)
    write_json(
        place.path / "manifest.json",
        manifest(
            place.run_id,
            loaded.files,
            result.facts,
            seed=loaded.config.portfolio.seed,
            argv=argv,
            times=(started, datetime.now(UTC)),
        ),
    )
    report.write(result, place.path)
    place.mark(str(result.facts["status"]))


def _conclude(result: RunResult, place: RunDirectory, arguments: argparse.Namespace) -> int:
    metrics = (place.path / "metrics.json").read_text(encoding="utf-8")
    if arguments.json:
        sys.stdout.write(metrics)
    else:
        print("\n".join(summary(result, place.path, json.loads(metrics))))
    failed = result.facts.get("failed") or {}
    if failed and not arguments.quiet:
        tell([f"{symbol} failed: {why}" for symbol, why in failed.items()])
    if result.facts["status"] == runs.COMPLETE:
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
