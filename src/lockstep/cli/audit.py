"""An audit from its flags to its page."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from lockstep.cli.portfolio import (
    compiling,
    labelled,
    overrides,
    read_data,
    selection_of,
    tell,
)
from lockstep.cli.progress import ProgressBars
from lockstep.config.loading import load
from lockstep.config.models import RunConfig
from lockstep.config.selection import Selection
from lockstep.core.audit import Audit
from lockstep.core.bars import Bars
from lockstep.core.errors import CHECK_FAILED, UsageError
from lockstep.core.files import write_json, write_text
from lockstep.report import audits as pages
from lockstep.research.audit_bars import audit_bars
from lockstep.research.audit_costs import audit_costs
from lockstep.research.audit_lookahead import audit_lookahead
from lockstep.research.audit_order import audit_order
from lockstep.research.audit_warmup import audit_warmup
from lockstep.research.subject import Subject
from lockstep.runs import directory as runs
from lockstep.runs.manifest import versions

FOLDER = "audits"
#: Exit code of an audit that found a violation.
VIOLATED = CHECK_FAILED


def _lookahead(subject: Subject, arguments: argparse.Namespace) -> Audit:
    return audit_lookahead(
        subject,
        cuts=arguments.cuts,
        behind_signals=arguments.behind_signals,
        seed=subject.portfolio.seed,
    )


def _warmup(subject: Subject, arguments: argparse.Namespace) -> Audit:
    return audit_warmup(subject, starts=sorted(set(arguments.starts)))


def _order(subject: Subject, arguments: argparse.Namespace) -> Audit:
    return audit_order(subject, shuffles=arguments.shuffles, seed=subject.portfolio.seed)


AUDITS: Mapping[str, Callable[[Subject, argparse.Namespace], Audit]] = {
    "lookahead": _lookahead,
    "warmup": _warmup,
    "order": _order,
    "costs": lambda subject, _: audit_costs(subject),
    "bars": lambda subject, _: audit_bars(subject),
}


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Audit a portfolio; return 0 if it passes, 6 if it violates something."""
    started = datetime.now(UTC)
    loaded = load(
        arguments.config,
        _selection(arguments),
        overrides=overrides(arguments),
        results_dir=arguments.results,
    )
    if not arguments.quiet:
        tell([*loaded.notices, *compiling(arguments.player)])
    with ProgressBars(shown=not arguments.quiet) as progress:
        bars, pairs = read_data(loaded.config, arguments.data, progress)
        config = labelled(loaded.config, bars)
        subject = Subject(
            config.assets,
            config.portfolio,
            bars,
            pairs,
            player=arguments.player,
            jobs=arguments.jobs,
            progress=progress,
        )
        audit = AUDITS[arguments.audit](subject, arguments)
    plain = {**audit.to_plain(), "run": about(config, bars, argv)}
    text = pages.text(audit, plain["run"])
    place = _keep(plain, text, arguments.results, started)
    if arguments.json:
        print(json.dumps(plain, indent=2, allow_nan=False, ensure_ascii=False))
    else:
        print(f"{text}\nkept: {place}")
    return 0 if audit.passed else VIOLATED


def _selection(arguments: argparse.Namespace) -> Selection:
    """Return the one asset of --symbol, or what the flags of a portfolio choose."""
    if arguments.symbol is None:
        return selection_of(arguments)
    others = {"--assets": arguments.assets, "--portfolio": arguments.portfolio}
    others["--max-assets"] = arguments.max_assets
    given = [flag for flag, value in others.items() if value is not None]
    if given:
        raise UsageError(
            f"--symbol {arguments.symbol} and {given[0]} both say what to run; give one of them."
        )
    return Selection(preference=arguments.preference, symbols=(arguments.symbol,))


def about(config: RunConfig, bars: Mapping[str, Bars], argv: Sequence[str]) -> dict[str, Any]:
    """Return what was audited, ready for JSON."""
    first = min(int(one.time[0]) for one in bars.values())
    last = max(int(one.time[-1]) for one in bars.values())
    sources = {symbol: dict(one.source) for symbol, one in sorted(bars.items())}
    synthetic = any("sample" in source for source in sources.values())
    return {
        "symbols": list(config.symbols),
        "strategies": sorted({asset.strategy for asset in config.assets}),
        "timeframe": config.portfolio.timeframe,
        "first": pd.Timestamp(first).isoformat() + "Z",
        "last": pd.Timestamp(last).isoformat() + "Z",
        "bars": sum(map(len, bars.values())),
        "currency": config.portfolio.currency,
        "capital": config.portfolio.capital,
        "allocation": config.portfolio.allocation,
        "seed": config.portfolio.seed,
        "labels": [*(["SYNTHETIC"] if synthetic else []), *config.labels],
        "digest": runs.digest(config.to_plain(), sources),
        "sources": sources,
        "argv": list(argv),
        "versions": versions(),
    }


def _keep(plain: Mapping[str, Any], text: str, results: str, started: datetime) -> Path:
    """Write the audit under ``results/audits`` and return the path of its page."""
    place = Path(results) / FOLDER / runs.run_id(started, plain["run"]["digest"])
    try:
        write_json(place / f"audit_{plain['audit']}.json", plain)
        write_text(place / f"audit_{plain['audit']}.txt", text)
    except OSError as error:
        raise UsageError(
            f"results directory {results} cannot be used ({error.strerror}); give another one "
            "with --results."
        ) from error
    return place / f"audit_{plain['audit']}.txt"
