"""Search parameters: from flags to trials, to what is chosen and how far it can be trusted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from lockstep.cli import earlier, logs, tuned
from lockstep.cli.begun import gone_on
from lockstep.cli.cluster import connected
from lockstep.cli.optimize_flags import optimize_parser
from lockstep.cli.portfolio import (
    compiling,
    overrides,
    read_data,
    split_symbols,
    tell,
)
from lockstep.cli.progress import ProgressBars
from lockstep.cli.running import running
from lockstep.cli.spaces import space_of
from lockstep.cli.stages import Stages
from lockstep.config.loading import load
from lockstep.config.models import RunConfig
from lockstep.config.selection import Selection
from lockstep.core.bars import Bars
from lockstep.core.errors import AssetError, ConfigError, DataError, LockstepError, UsageError
from lockstep.core.files import atomic, write_json
from lockstep.data.rates import Pair
from lockstep.engine.plan import own_pairs
from lockstep.report import luck as pages
from lockstep.report.wording import counted, score
from lockstep.research.evaluation import Evaluator
from lockstep.research.luck import LuckTest, verdict
from lockstep.research.luck_numbers import numbers as luck_numbers
from lockstep.research.objectives import Constraints
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.refit import longest_lookback
from lockstep.research.search import Search
from lockstep.research.search_numbers import numbers, table
from lockstep.research.searching import search_many
from lockstep.runs import manifest as manifests
from lockstep.runs.directory import COMPLETE, PARTIAL
from lockstep.runs.manifest import MANIFEST_FILE, Making, hashes, source_hash
from lockstep.runs.session import Session
from lockstep.runs.trial_database import TrialDatabase, trial_store, without_password
from lockstep.runs.trials import TrialLedger

FOLDER, RESULT_FILE, TRIALS_FILE = "optimization", "result.json", "trials.parquet"
ALL = "all"
#: Trading days after the longest look-back, below which a search is of noise.
FEWEST_DAYS = 20
#: Of the best trials, how many have their neighbours tried: for the page, and for a plateau.
_CANDIDATES = {"best": 1, "plateau": 5}
_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Material:
    """What is searched.

    Parameters
    ----------
    config : RunConfig
        Assets and account.
    bars : mapping of str to Bars
        By symbol.
    pairs : sequence of Pair
        Conversion pairs that the assets do not provide.
    notices : tuple of str
        What was found on the way.
    files : tuple of Path
        What the configuration was read from.
    """

    config: RunConfig
    bars: Mapping[str, Bars]
    pairs: Sequence[Pair]
    notices: tuple[str, ...]
    files: tuple[Path, ...]


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Search; return 0 if something was chosen for every asset, 5 if not."""
    if not arguments.results.strip():
        raise UsageError("--results is empty; expected a folder, for example: results")
    arguments.results = str(_root(arguments))  # where a search to go on with is found
    with gone_on(arguments, argv, optimize_parser) as found:
        found.results = str(Path(found.results).parent)
        return _run(found, argv)


def _run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    started = datetime.now(UTC)
    tuned.check(arguments.results)
    stages = Stages()
    with connected(arguments), ProgressBars(shown=not arguments.quiet) as progress:
        with stages("data"):
            material = _material(arguments, progress)
        making = _making(arguments, material, argv)
        with (
            running(
                _root(arguments), making, started=started, resume=arguments.resume,
                kept="its trials are kept",
            ) as run_,
            _store(arguments) as store,
        ):  # fmt: skip
            with stages("lay out"):
                optimizers = _optimizers(arguments, material, store)
            with stages("search"):
                found = {one.asset: one for one in search_many(
                    optimizers, arguments.jobs, progress=stages.watching(progress))}  # fmt: skip
            with stages("result"):
                searches = [found[one.evaluator.asset.symbol] for one in optimizers]
                told = _told(arguments, material, optimizers, searches, run_)
            with stages("pages"):
                players = [one.evaluator for one in optimizers]
                made = tuned.Found(told, searches, players, material.config, material.bars,
                                   material.pairs)  # fmt: skip
                tuned.write_pages(made, run_.path)
                told, best = tuned.write_best(made, arguments.results)
            _keep(told, searches, run_, stages)
    return _conclude(told, run_.path, arguments, best)


def _root(arguments: argparse.Namespace) -> Path:
    return Path(arguments.results) / FOLDER


def _material(arguments: argparse.Namespace, progress: ProgressBars) -> Material:
    """Load configuration and bars; leave out what cannot be searched, or say so."""
    names = tuple(split_symbols(arguments.assets))
    selection = Selection(symbols=None if names == (ALL,) else names)
    arguments.max_drawdown_pct = None  # a limit of the search here, not the account's breaker
    loaded = load(
        arguments.config,
        selection,
        overrides=overrides(arguments),
        results_dir=arguments.results,
    )
    config, notices = loaded.config, [*loaded.notices]
    by_hand = [one.symbol for one in config.assets if ":" in one.strategy]
    if by_hand and names == (ALL,):
        kept = tuple(one for one in config.assets if ":" not in one.strategy)
        config = config.model_copy(update={"assets": kept})
        notices.append(f"{', '.join(by_hand)} left out: a hand-written strategy has no signals.")
    if not config.assets:
        raise ConfigError("no asset of the configuration has a strategy of signals to search.")
    if not arguments.quiet:
        tell([*notices, *compiling("kernel")])
    bars, pairs = read_data(config, arguments.data, progress)
    logs.doubts({symbol: one.notes for symbol, one in bars.items()})
    return Material(config, bars, pairs, tuple(notices), tuple(loaded.files))


def _making(arguments: argparse.Namespace, material: Material, argv: Sequence[str]) -> Making:
    portfolio = material.config.portfolio
    asked = {
        "method": arguments.method,
        "trials": arguments.trials,
        "space": arguments.space,
        "vary": arguments.vary,
        "objective": arguments.objective,
        "min_trades": arguments.min_trades,
        "max_drawdown": arguments.limit_drawdown_pct / 100,
        "select": arguments.select,
        "seed": _seed(arguments, material),
    }
    space = Path(arguments.space or "")
    files = [*material.files, *([space] if space.is_file() else [])]
    return Making(
        {**material.config.to_plain(), "search": asked},
        {symbol: dict(one.source) for symbol, one in material.bars.items()},
        {pair.name: dict(pair.source) for pair in material.pairs},
        {"player": "kernel", "search": asked},
        config_files=hashes(files),
        seed=portfolio.seed,
        argv=tuple(without_password(word) for word in argv),
    )


def _seed(arguments: argparse.Namespace, material: Material) -> int:
    given = arguments.search_seed
    return int(material.config.portfolio.seed if given is None else given)


@contextmanager
def _store(arguments: argparse.Namespace) -> Iterator[TrialLedger | TrialDatabase]:
    store = trial_store(_place(arguments))
    if isinstance(store, TrialLedger):
        yield TrialLedger(store.folder, dated=partial(datetime.now, UTC))
        return
    try:
        yield store
    finally:
        store.close()


def _place(arguments: argparse.Namespace) -> str:
    return str(arguments.ledger or Path(arguments.results) / "trials")


def _optimizers(
    arguments: argparse.Namespace, material: Material, store: TrialLedger | TrialDatabase
) -> list[ParameterOptimizer]:
    """Return a search for each asset; everything wrong with any of them is told at once."""
    found: list[ParameterOptimizer] = []
    wrong: list[LockstepError] = []
    code = source_hash()
    known = (*own_pairs(material.config.assets, material.bars), *material.pairs)
    for asset in material.config.assets:
        try:
            evaluator = Evaluator(
                asset, material.config.portfolio, material.bars[asset.symbol], pairs=known
            )
            found.append(_optimizer(arguments, material, evaluator, (store, code)))
        except (ConfigError, DataError) as error:
            wrong.append(error)
    if wrong:
        raise type(wrong[0])("\n".join(str(error) for error in wrong))
    return found


def _optimizer(
    arguments: argparse.Namespace,
    material: Material,
    evaluator: Evaluator,
    kept: tuple[TrialLedger | TrialDatabase, str],
) -> ParameterOptimizer:
    space = space_of(arguments, evaluator)
    _check_days(evaluator, longest_lookback(evaluator, space))
    return ParameterOptimizer(
        evaluator,
        space,
        objective=tuple(arguments.objective),
        constraints=Constraints(arguments.min_trades, arguments.limit_drawdown_pct / 100),
        method=arguments.method,
        trials=arguments.trials,
        seed=_seed(arguments, material),
        store=kept[0],
        candidates=_CANDIDATES[arguments.select],
        code=kept[1],
    )


def _check_days(evaluator: Evaluator, lookback: int) -> None:
    """Check that enough trading days are left after the longest look-back.

    Raises
    ------
    DataError
        With the date until which there should be bars.
    """
    day, days = evaluator.base.day, evaluator.base.days
    first = int(day[lookback]) if lookback < len(day) else len(days)
    if (left := len(days) - first) >= FEWEST_DAYS:
        return
    per_day = max(1.0, len(day) / len(days))
    missing = FEWEST_DAYS - left + max(0.0, (lookback - len(day)) / per_day)
    until = int(evaluator.base.clock[-1]) + int(missing * 7 / 5 + 1) * _DAY_NS
    symbol, last = evaluator.asset.symbol, _date(int(evaluator.base.clock[-1]))
    raise DataError(
        f"{symbol}: {counted(max(left, 0), 'trading day')} between "
        f"{_date(int(evaluator.base.clock[0]))} and {last} after the longest look-back "
        f"({counted(lookback, 'bar')}); a search needs {FEWEST_DAYS}: bars until about "
        f"{_date(until)}, or as many before the first, or shorter periods."
    )


def _date(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1e9, tz=UTC):%Y-%m-%d}"


def _told(
    arguments: argparse.Namespace,
    material: Material,
    optimizers: Sequence[ParameterOptimizer],
    searches: Sequence[Search],
    run_: Session,
) -> dict[str, Any]:
    """Return the content of result.json."""
    found = {
        one.asset: numbers(one, optimizer.evaluator, arguments.select)
        for one, optimizer in zip(searches, optimizers)
    }
    blocks = earlier.with_earlier(found, arguments.results)
    synthetic = any("sample" in one.source for one in material.bars.values())
    portfolio = material.config.portfolio
    return {
        "id": run_.place.run_id,
        "kind": FOLDER,
        "labels": [*(["SYNTHETIC"] if synthetic else []), "IN-SAMPLE"],
        "method": arguments.method,
        "objective": list(arguments.objective),
        "select": arguments.select,
        "constraints": {
            "min_trades": arguments.min_trades,
            "max_drawdown": arguments.limit_drawdown_pct / 100,
        },
        "seeds": {"search": _seed(arguments, material), "sample": portfolio.seed},
        "trials": sum(block["trials"]["made"] for block in blocks.values()),
        "trials_in": without_password(_place(arguments)),
        "timeframe": portfolio.timeframe,
        "currency": portfolio.currency,
        "capital": portfolio.capital,
        "notices": list(material.notices),
        "luck": _luck(arguments, searches),
        "assets": blocks,
    }


def _luck(arguments: argparse.Namespace, searches: Sequence[Search]) -> dict[str, Any]:
    """Return how likely what was chosen is luck, over all assets."""
    chosen = {
        one.asset: best
        for one in searches
        if (best := one.best(arguments.select)) is not None and len(best.daily)
    }
    test = LuckTest(goal=arguments.objective[0], constraints=searches[0].constraints)
    trials = [trial for one in searches for trial in one.made]
    return luck_numbers(verdict(trials, test, chosen=chosen))


def _keep(
    told: Mapping[str, Any], searches: Sequence[Search], run_: Session, stages: Stages
) -> None:
    """Write the trials, the result, and last of all manifest and status."""
    with atomic(run_.path / TRIALS_FILE) as part:
        table(searches).to_parquet(part, index=False)
    write_json(run_.path / RESULT_FILE, told)
    whole = all(block["best_params"] is not None for block in told["assets"].values())
    status = COMPLETE if whole else PARTIAL
    facts = {"status": status, "player": "kernel", "ranges": {
        symbol: [block["data"]["start"], block["data"]["end"]]
        for symbol, block in told["assets"].items()
    }}  # fmt: skip
    plain = manifests.finished(
        run_.manifest, facts, trade_hash=None, timings=stages.seconds, at=datetime.now(UTC)
    )
    write_json(run_.path / MANIFEST_FILE, plain)
    run_.place.finish(status)


def _conclude(
    told: Mapping[str, Any], place: Path, arguments: argparse.Namespace, best: Sequence[str]
) -> int:
    if arguments.json:
        sys.stdout.write((place / RESULT_FILE).read_text(encoding="utf-8"))
    else:
        print("\n".join([*summary(told, place), *best]))
    left = [symbol for symbol, one in told["assets"].items() if one["best_params"] is None]
    if not left:
        return 0
    print(
        f"partial: no trial of {', '.join(left)} keeps the limits and has a score "
        f"(--min-trades, --max-drawdown-pct); all trials are in {TRIALS_FILE}.",
        file=sys.stderr,
    )
    return AssetError.exit_code


def summary(told: Mapping[str, Any], place: Path) -> list[str]:
    """Return the few lines that end a search on the terminal."""
    lines = [*(f"[{label}]" for label in told["labels"]), pages.first_line(told["luck"])]
    lines += earlier.line(told["id"], earlier.of_blocks(told["assets"]))
    goal = told["objective"][0]
    for symbol, one in told["assets"].items():
        made = counted(one["trials"]["made"], "trial")
        if one["best_params"] is None:
            lines.append(f"{symbol}: nothing to choose in {made}")
            continue
        chosen = ", ".join(f"{name} {value}" for name, value in one["best_params"].items())
        lines.append(f"{symbol}: {goal} {score(one['best_score'])} in {made}: {chosen}")
    return [*lines, f"report: {place / tuned.PAGE}", f"result: {place / RESULT_FILE}"]
