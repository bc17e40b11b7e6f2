"""What other orders of a finished run's days would have made: a table, a chart and the numbers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep.cli.progress import ProgressBars
from lockstep.cli.show import as_left, stopped_short, storing
from lockstep.core.errors import UsageError
from lockstep.core.files import write_bytes, write_json, write_text
from lockstep.core.result import RunResult
from lockstep.report import montecarlo as pages
from lockstep.report.figures import fan_chart
from lockstep.report.wording import counted, percent
from lockstep.research.montecarlo import UNUSED, MonteCarlo
from lockstep.research.outcomes import arrays, outcomes
from lockstep.runs.listing import find

FOLDER = "montecarlo"
#: Flags that are settings of the simulation under the same name, and those given in per cent.
_SETTINGS = ("paths", "horizon_days", "scheme", "block_days", "wrap", "seed")
_PERCENTS = {"breaker": "breaker_pct", "ruin": "ruin_pct"}


def run(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Simulate from a saved run; return the exit code."""
    settings = settings_of(arguments)
    directory = find(arguments.run, arguments.results)
    stopped_short(directory)
    with as_left(directory):
        result = RunResult.load(directory)
        with ProgressBars(shown=not arguments.quiet) as progress:
            simulation = settings.run(result, progress)
        numbers = outcomes(simulation, result)
        picture = fan_chart.png(pages.fan(numbers, arrays(simulation)))
    place = directory / FOLDER
    with storing(directory):
        write_bytes(place / f"{settings.variant}.png", picture)
        write_text(place / f"{settings.variant}.txt", pages.page(numbers))
        write_json(place / f"{settings.variant}.json", numbers)
    if arguments.json:
        sys.stdout.write((place / f"{settings.variant}.json").read_text(encoding="utf-8"))
    else:
        print("\n".join(summary(numbers, place)))
    return 0


def settings_of(arguments: argparse.Namespace) -> MonteCarlo:
    """Return the settings that flags state.

    Raises
    ------
    UsageError
        If a flag is given that the variant makes no use of.
    """
    given = {name: getattr(arguments, name) for name in _SETTINGS}
    for name, flag in _PERCENTS.items():
        value = getattr(arguments, flag)
        given[name] = None if value is None else value / 100
    given = {name: value for name, value in given.items() if value is not None}
    idle = [f"--{name.replace('_', '-')}" for name in UNUSED[arguments.variant] if name in given]
    if idle:
        raise UsageError(
            f"--variant {arguments.variant} makes no use of {', '.join(idle)}; leave it out."
        )
    return MonteCarlo(variant=arguments.variant, **given)


def summary(numbers: Mapping[str, Any], place: Path) -> list[str]:
    """Return the few lines that end a simulation on the terminal."""
    settings, chance = numbers["settings"], numbers["probability"]
    asked = [f"loss {percent(chance['loss']['value'])}"]
    if settings["breaker"] is not None:
        reached = percent(chance["breaker"]["value"])
        asked.append(f"drawdown of {percent(settings['breaker'])} {reached}")
    asked.append(f"ruin {percent(chance['ruin']['value'])}")
    name = place / numbers["variant"]
    return [
        *(f"[{label}]" for label in pages.short_labels(numbers)),
        f"{counted(settings['paths'], 'path')} of {counted(settings['horizon_days'], 'day')}",
        f"return {_levels(numbers['total_return'], 'p5', 'p50', 'p95')} (5 / 50 / 95%)",
        f"max drawdown {_levels(numbers['max_drawdown'], 'p50', 'p95')} (50 / 95%)",
        f"probability of {', '.join(asked)}",
        f"table: {name}.txt",
        f"chart: {name}.png",
    ]


def _levels(values: Mapping[str, float], *levels: str) -> str:
    return " / ".join(percent(values[level]) for level in levels)
