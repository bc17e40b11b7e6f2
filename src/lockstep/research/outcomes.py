"""montecarlo/<variant>.json: every number of a simulation, and what a reader must know of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.core.result import RunResult
from lockstep.metrics.distribution import (
    LEVELS,
    Share,
    expected_shortfall,
    percentiles,
    rank_of,
    share,
)
from lockstep.metrics.drawdown import max_drawdown
from lockstep.metrics.undefined import ROUNDING, Undefined
from lockstep.research.montecarlo import BLOCKS, ORDER, STARTS, TRADES, Simulation
from lockstep.research.paths import Ends, Paths

#: What a row, a path's day, is in each variant.
ROW = {
    BLOCKS: "trading day",
    TRADES: "trading day on which a trade was closed",
    ORDER: "trading day on which a trade was closed",
    STARTS: "trading day",
}
#: Tails of the expected shortfall, fractions.
TAILS = (0.05, 0.01)
_OVERLAP = "windows share their days, so a count of them has no interval"


def outcomes(simulation: Simulation, result: RunResult) -> dict[str, Any]:
    """Return every number of a simulation, ready for JSON.

    Parameters
    ----------
    simulation : Simulation
        Made from `result`.
    result : RunResult
        The run.

    Returns
    -------
    dict
        The keys of docs/montecarlo.md. Fractions, account currency, rows; no NaN. ``undefined``
        holds the reason for each None, by dotted path.
    """
    paths, settings = simulation.paths, simulation.settings
    independent = settings.variant != STARTS
    tree: dict[str, Any] = {
        "run_id": result.facts.get("run_id"),
        "variant": settings.variant,
        "labels": list(result.facts.get("labels") or ()),
        "notes": notes(simulation, result),
        "currency": result.facts["currency"],
        "capital": simulation.rows.initial,
        "settings": _settings(simulation),
        "drawn_from": _drawn_from(simulation),
        "observed": _observed(simulation, result),
        **_block(simulation, paths.ends, independent),
        "longest_under_water": percentiles(paths.longest_under_water.astype(np.float64)),
        "share_under_water": percentiles(paths.share_under_water),
        "with_breaker": _with_breaker(simulation, independent),
        "contributions": _contributions(simulation, independent),
        "sensitivity": [_line(length, one, simulation) for length, one in _lengths(simulation)],
    }
    undefined: dict[str, str] = {}
    return {**_settled(tree, "", undefined), "undefined": undefined}


def arrays(simulation: Simulation) -> dict[str, Array | Ints]:
    """Return what a fan chart draws, in account currency.

    Returns
    -------
    dict
        ``days`` (n_points,), ``bands`` (n_levels, n_points) at the percentiles
        `lockstep.metrics.distribution.LEVELS`, ``observed`` (n_marks,), ``final`` and
        ``max_drawdown`` (n_paths,), the last as a fraction.
    """
    paths, initial = simulation.paths, simulation.rows.initial
    return {
        "days": paths.fan_days,
        "bands": np.percentile(paths.fan, LEVELS, axis=1) * initial,
        "observed": simulation.observed * initial,
        "final": paths.ends.final * initial,
        "max_drawdown": paths.ends.max_drawdown,
    }


def notes(simulation: Simulation, result: RunResult) -> list[str]:
    """Return what a reader must know of this simulation, a sentence each."""
    settings, rows = simulation.settings, simulation.rows
    said = [_extent(simulation)]
    growth = rows.growth
    if np.ptp(growth) <= ROUNDING:
        said.append("The daily returns do not vary: every path is the same.")
    if settings.variant != ORDER and (settings.horizon_days or 0) > len(rows):
        said.append("A path is longer than the run: days must come up repeatedly.")
    codes = result.decisions["code"].astype(str) if len(result.decisions) else None
    trips = 0 if codes is None else int((codes == "breaker_trip").sum())
    if trips:
        said.append(
            f"The breaker tripped in the run ({trips} x): days on which it kept the account out "
            "of the market are drawn as they were, without trades."
        )
    rules = result.facts.get("rules") or ()
    if "drawdown_scaling" in rules:
        said.append(
            "Sizes are those of the run: its drawdown scaling answered the run's own drawdown and "
            "is not adjusted to that of a path."
        )
    rule = result.config.get("portfolio", {}).get("risk", {}).get("breaker") or {}
    deviates = rule.get("effect", "flatten") != "flatten" or rule.get("resume", "never") != "never"
    if simulation.limit is not None and simulation.own_limit and deviates:
        said.append(
            f"The run's breaker has effect {rule.get('effect')} and resume {rule.get('resume')}; "
            "the figures with a breaker close everything for good instead."
        )
    if settings.variant in {TRADES, ORDER}:
        said.append(
            "Equity moves when a trade is closed: losses of open positions are invisible, and "
            "drawdowns are smaller than those of marked equity."
        )
    return said


def _extent(simulation: Simulation) -> str:
    """Return how much independent history there is."""
    settings, count = simulation.settings, len(simulation.rows)
    if simulation.lengths is None:
        horizon = int(settings.horizon_days or 1)
        return (
            f"{settings.paths} windows of {horizon} days overlap: the run holds "
            f"{count // horizon} of them side by side, and only those are independent."
        )
    pieces = count / simulation.lengths.used
    return (
        f"{count} days in blocks of {simulation.lengths.used:.1f} are about {pieces:.0f} "
        "independent pieces of history, however many paths are drawn from them."
    )


def _settings(simulation: Simulation) -> dict[str, Any]:
    settings, lengths = simulation.settings, simulation.lengths
    drawn = settings.variant != STARTS
    return {
        "paths": settings.paths,
        "horizon_days": settings.horizon_days,
        "seed": settings.seed if drawn else Undefined("nothing is drawn"),
        "scheme": settings.scheme if drawn else Undefined("nothing is drawn"),
        "wrap": settings.wrap if settings.variant == STARTS else settings.variant != ORDER,
        "block_days": lengths.used if lengths else Undefined("nothing is drawn"),
        "block_chosen": bool(lengths and lengths.chosen),
        "block_of_returns": lengths.of_returns if lengths else Undefined("nothing is drawn"),
        "block_of_sizes": lengths.of_sizes if lengths else Undefined("nothing is drawn"),
        "ruin": settings.ruin,
        "breaker": Undefined("the run has no breaker and no limit was given")
        if simulation.limit is None
        else simulation.limit,
        "breaker_is_the_runs": simulation.own_limit,
    }


def _drawn_from(simulation: Simulation) -> dict[str, Any]:
    rows = simulation.rows
    days = (rows.days * DAY_NS).astype("datetime64[ns]").astype("datetime64[D]")
    return {
        "row": ROW[simulation.settings.variant],
        "rows": len(rows),
        "first_day": str(days[0]),
        "last_day": str(days[-1]),
        "assets": list(rows.symbols),
    }


def _observed(simulation: Simulation, result: RunResult) -> dict[str, Any]:
    """Return the run itself over the horizon, and where it stands among the paths."""
    equity, ends = simulation.observed, simulation.paths.ends
    total = result.equity["total"].to_numpy(dtype=np.float64)
    worst = float(np.max(1.0 - equity / np.maximum.accumulate(equity)))
    block: dict[str, Any] = {
        "final_equity": float(equity[-1]) * simulation.rows.initial,
        "total_return": float(equity[-1]) - 1.0,
        "max_drawdown": worst,
        "max_drawdown_every_step": max_drawdown(total, simulation.rows.initial),
        "rank_of_return": rank_of(float(equity[-1]), ends.final),
        "rank_of_drawdown": rank_of(worst, ends.max_drawdown),
    }
    if simulation.settings.variant == ORDER:
        block["rank_of_return"] = Undefined("every order ends at the same equity")
    if len(equity) - 1 < int(simulation.settings.horizon_days or 0):
        shorter = Undefined("the run is shorter than a path")
        block |= dict.fromkeys(("rank_of_return", "rank_of_drawdown"), shorter)
    return block


def _block(simulation: Simulation, ends: Ends, independent: bool) -> dict[str, Any]:
    """Return the outcomes of one set of ends."""
    returns = ends.final - 1.0
    ruin = simulation.settings.ruin
    limit = simulation.limit

    def chance(hits: npt.NDArray[np.bool_]) -> Any:
        return _chance(hits, independent)

    return {
        "final_equity": percentiles(ends.final * simulation.rows.initial),
        "total_return": percentiles(returns),
        "max_drawdown": percentiles(ends.max_drawdown),
        "expected_shortfall": {f"{tail:.0%}": expected_shortfall(returns, tail) for tail in TAILS},
        "probability": {
            # Orders of the same days differ in the last bits; a loss is more than rounding.
            "loss": chance(returns < -ROUNDING * 100),
            "breaker": Undefined("the run has no breaker and no limit was given")
            if limit is None
            else chance(ends.max_drawdown >= limit),
            "ruin": chance(ends.lowest <= 1.0 - ruin),
            "nothing_left": chance(ends.lowest <= 0.0),
        },
    }


def _chance(hits: npt.NDArray[np.bool_], independent: bool) -> dict[str, Any]:
    counted: Share = share(hits)
    if independent:
        return {"value": counted.value, "low": counted.low, "high": counted.high}
    overlap = Undefined(_OVERLAP)
    return {"value": counted.value, "low": overlap, "high": overlap}


def _with_breaker(simulation: Simulation, independent: bool) -> dict[str, Any] | Undefined:
    halted = simulation.paths.halted
    if halted is None:
        return Undefined("the run has no breaker and no limit was given")
    return _block(simulation, halted, independent)


def _contributions(simulation: Simulation, independent: bool) -> dict[str, Any]:
    """Return what each asset added to the paths, in fractions of the starting equity."""
    added = simulation.paths.contributions
    return {
        symbol: {
            **percentiles(added[:, asset]),
            "loss": _chance(added[:, asset] < -ROUNDING, independent),
        }
        for asset, symbol in enumerate(simulation.rows.symbols)
    }


def _lengths(simulation: Simulation) -> list[tuple[float, Paths]]:
    if simulation.lengths is None:
        return []
    every = [(simulation.lengths.used, simulation.paths), *simulation.sensitivity]
    return sorted(every, key=lambda item: item[0])


def _line(length: float, paths: Paths, simulation: Simulation) -> dict[str, Any]:
    """Return the outcomes that matter most, at one block length."""
    ends, limit = paths.ends, simulation.limit

    def level(values: Array, per_cent: int) -> float:
        return float(np.percentile(values, per_cent))

    return {
        "block_days": length,
        "paths": len(paths),
        "return_p5": level(ends.final - 1.0, 5),
        "return_p50": level(ends.final - 1.0, 50),
        "max_drawdown_p50": level(ends.max_drawdown, 50),
        "max_drawdown_p95": level(ends.max_drawdown, 95),
        "loss": float(np.mean(ends.final - 1.0 < -ROUNDING * 100)),
        "breaker": Undefined("the run has no breaker and no limit was given")
        if limit is None
        else float(np.mean(ends.max_drawdown >= limit)),
    }


def _settled(value: Any, path: str, undefined: dict[str, str]) -> Any:
    """Return plain data; each `Undefined` becomes None and its reason is noted."""
    if isinstance(value, Undefined):
        undefined[path] = value.reason
        return None
    if isinstance(value, dict):
        dot = f"{path}." if path else ""
        return {key: _settled(item, f"{dot}{key}", undefined) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item, f"{path}.{at}", undefined) for at, item in enumerate(value)]
    return value
