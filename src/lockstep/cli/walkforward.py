"""A walk-forward from its flags to its page, and to the run of its account."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockstep.cli import earlier, logs, tuned
from lockstep.cli.cluster import connected
from lockstep.cli.portfolio import (
    compiling,
    labelled,
    list_run,
    overrides,
    read_data,
    selection_of,
    tell,
)
from lockstep.cli.progress import ProgressBars
from lockstep.cli.running import AGAIN, running
from lockstep.cli.spaces import space_of
from lockstep.cli.stages import Stages
from lockstep.cli.summary import tell_of_walk
from lockstep.config.loading import load
from lockstep.config.models import RunConfig
from lockstep.config.ranking import IN_SAMPLE_LABEL
from lockstep.config.selection import Selection
from lockstep.core.bars import Bars
from lockstep.core.errors import StorageError, UsageError
from lockstep.core.files import read_object, write_bytes, write_json, write_text
from lockstep.core.protocols import Progress
from lockstep.core.result import RunResult
from lockstep.data.load import common_range
from lockstep.data.rates import Pair
from lockstep.metrics.trade_hash import trade_hash
from lockstep.metrics.undefined import Undefined
from lockstep.report import walkforward as pages
from lockstep.report.studies.walkforward import Walked, written
from lockstep.report.write import write
from lockstep.research import luck_numbers
from lockstep.research.as_run import as_run
from lockstep.research.cpcv import Crossed, Folds
from lockstep.research.evaluation import Evaluator
from lockstep.research.judgement import crossed_numbers, numbers, settings
from lockstep.research.objectives import Constraints
from lockstep.research.refit import Tuning
from lockstep.research.space import Space
from lockstep.research.walk_assets import alone, looks
from lockstep.research.walk_luck import luck
from lockstep.research.walkforward import WalkForward, WalkForwardAnalyzer
from lockstep.research.windows import Plot
from lockstep.runs.manifest import Making, hashes, source_hash
from lockstep.runs.session import CONFIG_FILE, Session
from lockstep.runs.store import save
from lockstep.runs.trials import TrialLedger

FOLDER, TRIALS = "walkforward", "trials"
_IF_STOPPED = {"kept": "its trials are kept", "again": AGAIN}
#: Begins the label of ranges that lie around values tuned on the run's own dates.
_TUNED = "RANGES LIE AROUND VALUES TUNED ON THESE DATES"


@dataclasses.dataclass(frozen=True, slots=True)
class SpaceOf:
    """What may be tried, by flags; a class, so that processes can call it.

    Parameters
    ----------
    space : str or None
        A named grid, or a file of ranges.
    vary : tuple of str
        Ranges, ``NAME=RANGE``.
    method : str
        Of the search.
    """

    space: str | None
    vary: tuple[str, ...]
    method: str

    def __call__(self, evaluator: Evaluator) -> Space:
        """Return the space of an asset's in-sample bars."""
        usual = None if self.vary else "focused"
        flags = argparse.Namespace(
            space=self.space or usual, vary=list(self.vary), method=self.method
        )
        return space_of(flags, evaluator)


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Walk forward; write the study and the run of its account; return 0."""
    started = datetime.now(UTC)
    if not arguments.results.strip():
        raise UsageError("--results is empty; expected a folder, for example: results")
    _check_flags(arguments)
    tuned.check(arguments.results)
    folds = Folds(*arguments.cpcv) if arguments.cpcv else None
    loaded = load(
        arguments.config,
        _selection(arguments),
        overrides=overrides(arguments),
        results_dir=arguments.results,
    )
    if not arguments.quiet:
        tell([*loaded.notices, *compiling("kernel")])
    stages = Stages()
    with connected(arguments), ProgressBars(shown=not arguments.quiet) as progress:
        with stages("data"):
            bars, pairs = read_data(loaded.config, arguments.data, progress)
        logs.doubts({symbol: one.notes for symbol, one in bars.items()})
        if loaded.config.portfolio.range == "common":
            limits = common_range(bars)
            bars = {symbol: one.between(*limits) for symbol, one in bars.items()}
        config = _labelled(loaded.config, bars)
        analyzer = analyzer_of(arguments, config, (bars, pairs), progress)
        analyzer.windows()  # too little data is told before the first search
        asked = {"space": arguments.space, "vary": arguments.vary, **settings(analyzer)}
        making = Making(
            config.to_plain(),
            {symbol: dict(one.source) for symbol, one in bars.items()},
            {pair.name: dict(pair.source) for pair in pairs},
            {"player": "kernel", "rules": not arguments.solo, "walkforward": asked},
            config_files=hashes(loaded.files),
            seed=config.portfolio.seed,
            argv=tuple(argv),
        )
        with running(arguments.results, making, started=started, **_IF_STOPPED) as run_:
            with stages("search"):
                walk = analyzer.run()
                cross = None if folds is None else analyzer.cross_validated(folds)
            with stages("save"):
                result = _kept(as_run(walk, analyzer, config.labels), bars, run_, stages)
                told = _told(walk, analyzer, cross, result, arguments.results)
                place = Path(arguments.results) / FOLDER / run_.place.run_id
                _write({**told, "argv": list(argv)}, walk, place)
    list_run(run_.path.parent)
    wrote = tell_of_walk(list(told["alone"]), arguments.results)
    if arguments.json:
        sys.stdout.write((place / "walkforward.json").read_text(encoding="utf-8"))
    else:
        print("\n".join([*summary(told, place, run_.path), *wrote]))
    return 0


def analyzer_of(
    arguments: argparse.Namespace,
    config: RunConfig,
    data: tuple[Mapping[str, Bars], Sequence[Pair]],
    progress: Progress,
) -> WalkForwardAnalyzer:
    """Return the analyzer that flags and configuration state."""
    tuning = Tuning(
        space=SpaceOf(arguments.space, tuple(arguments.vary or ()), arguments.method),
        objective=arguments.objective,
        constraints=Constraints(min_trades=arguments.min_trades),
        method=arguments.method,
        trials=arguments.trials,
        seed=config.portfolio.seed,
        select=arguments.select,
        assets=arguments.keep_assets,
        most=arguments.most_assets,
        store=TrialLedger(Path(arguments.results) / TRIALS),
        code=source_hash(),
    )
    return WalkForwardAnalyzer(
        config.assets,
        config.portfolio,
        *data,
        plot=Plot(
            arguments.in_sample,
            arguments.out_of_sample,
            arguments.windows,
            arguments.embargo_days,
        ),
        tuning=tuning,
        rules=not arguments.solo,
        hindsight=arguments.hindsight,
        jobs=arguments.jobs,
        progress=progress,
    )


def summary(told: Mapping[str, Any], place: Path, run_directory: Path) -> list[str]:
    """Return the few lines that end a walk-forward on the terminal."""
    return [
        *(f"[{label}]" for label in told["labels"]),
        pages.verdict(told),
        *earlier.line(told["id"], told["earlier"]),
        f"study: {place / 'walkforward.txt'}",
        f"run: {run_directory / 'report.txt'}",
    ]


def _check_flags(arguments: argparse.Namespace) -> None:
    """Refuse flags of a portfolio run that a walk-forward could only ignore."""
    if arguments.player == "cerebro":
        raise UsageError(
            "--player cerebro: a walk-forward is played by the compiled player, which makes the "
            "same numbers. Leave it out."
        )
    if arguments.on_asset_error is not None:
        raise UsageError(
            "--on-asset-error: strategies of signals cannot fail one by one in a walk-forward; an "
            "asset that nothing can be chosen for stays out of the window. Leave it out."
        )


def _selection(arguments: argparse.Namespace) -> Selection:
    if arguments.symbol is None:
        return selection_of(arguments)
    for flag in ("assets", "portfolio", "max_assets"):
        if getattr(arguments, flag) is not None:
            raise UsageError(
                f"--symbol {arguments.symbol} and --{flag.replace('_', '-')} both say what to "
                "run; give one of them."
            )
    return Selection(preference=arguments.preference, symbols=(arguments.symbol,))


def _labelled(config: RunConfig, bars: Mapping[str, Bars]) -> RunConfig:
    """Return the configuration, labelled where ranges lie around values tuned on its own dates."""
    tuned = [
        label.removeprefix(f"{IN_SAMPLE_LABEL}: ")
        for label in labelled(config, bars).labels
        if label.startswith(IN_SAMPLE_LABEL)
    ]
    labels = [label for label in config.labels if not label.startswith(IN_SAMPLE_LABEL)]
    return config.model_copy(update={"labels": (*labels, *(f"{_TUNED}: {one}" for one in tuned))})


def _kept(result: RunResult, bars: Mapping[str, Bars], run_: Session, stages: Stages) -> RunResult:
    """Save the account as a run with its report; return it with its id."""
    facts = run_.facts(result.facts, ())
    config = read_object(run_.path / CONFIG_FILE)
    whole = dataclasses.replace(result, facts=facts, config=config)
    save(whole, run_.path)
    write(whole, run_.path, {symbol: bars[symbol] for symbol in whole.symbols})
    hashed, timings = trade_hash(whole), stages.seconds
    run_.finish(whole, trade_hash=hashed, timings=timings, at=datetime.now(UTC))
    return whole


def _told(
    walk: WalkForward,
    analyzer: WalkForwardAnalyzer,
    cross: Crossed | None,
    result: RunResult,
    results: str,
) -> dict[str, Any]:
    """Return the content of walkforward.json."""
    found, tried = numbers(walk, analyzer), looks(walk)
    before, made = earlier.looked(tried, results), alone(walk, analyzer)
    judged = luck(walk, analyzer)
    if isinstance(judged, Undefined):
        found["undefined"]["luck"] = judged.reason
    name = str(result.facts["run_id"])
    return {
        "id": name,
        "run_id": name,
        "labels": list(result.facts["labels"]),
        "studies": _studies(walk),
        "luck": None if isinstance(judged, Undefined) else luck_numbers.numbers(judged),
        **found,
        "alone": made,
        "looks": tried,
        "earlier": before,
        "not_counted": [
            *earlier.repeated(made, results),
            *filter(None, [earlier.sentence(before)]),
        ],
        "cross_validation": None if cross is None else crossed_numbers(cross),
    }


def _studies(walk: WalkForward) -> list[str]:
    """Return the names of all studies, those of hindsight last."""
    every = [*walk.windows, *([walk.hindsight] if walk.hindsight else [])]
    named = [t.study for one in every for fit in one.fits.values() for t in fit.trials]
    return list(dict.fromkeys(name for name in named if not name.endswith("-beside")))


def _write(told: Mapping[str, Any], walk: WalkForward, place: Path) -> None:
    naive = walk.hindsight.inside if walk.hindsight else None
    drawn = Walked(
        told,
        walk.outside.days,
        walk.outside.marks,
        walk.outside.days[:0] if naive is None else naive.days,
        walk.outside.marks[:0] if naive is None else naive.marks,
    )
    try:
        for name, png in written(drawn).items():
            write_bytes(place / "figures" / name, png)
        write_text(place / "walkforward.txt", pages.page(told))
        write_json(place / "walkforward.json", told)
    except OSError as error:
        raise StorageError(f"{place} cannot be written ({error.strerror}).") from error
