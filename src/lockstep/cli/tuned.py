"""What a search leaves for people and for portfolios: pages, figures, best_configs, the summary."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lockstep.cli import summary
from lockstep.config.models import AssetConfig, RunConfig
from lockstep.config.presets import PREFERENCES
from lockstep.core.bars import Bars
from lockstep.core.files import write_bytes, write_text
from lockstep.core.trial import Trial
from lockstep.data.rates import Pair
from lockstep.engine.plan import own_pairs
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.luck import deflated_sharpe
from lockstep.metrics.summary import summarise
from lockstep.metrics.undefined import Undefined
from lockstep.report import optimization
from lockstep.report.studies.search import pictures
from lockstep.report.studies.study import Axis, Goal, Study, quartiles
from lockstep.report.wording import last_day
from lockstep.research.evaluation import Evaluator
from lockstep.research.objectives import objective, ranked
from lockstep.research.search import Search
from lockstep.runs import best_configs
from lockstep.runs.walks import SavedWalks

PAGE, FIGURES = "optimization.txt", "figures"
#: Preference whose file the summary is about, if the search looked for none of them.
USUAL = "balanced"
#: Metrics whose quartiles over all trials are stored.
_MIDDLES = ("net_pnl", "sharpe", "max_drawdown")

Told = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What was searched, and what was found.

    Parameters
    ----------
    told : mapping
        The content of result.json.
    searches : sequence of Search
        One an asset.
    evaluators : sequence of Evaluator
        That played them, in the same order.
    config : RunConfig
        Assets and account.
    bars : mapping of str to Bars
        By symbol.
    pairs : sequence of Pair
        Conversion pairs that the assets do not provide.
    """

    told: Told
    searches: Sequence[Search]
    evaluators: Sequence[Evaluator]
    config: RunConfig
    bars: Mapping[str, Bars]
    pairs: Sequence[Pair]

    @property
    def preference(self) -> str:
        """The preference that the summary is about: what was looked for, if it is one."""
        goal = self.searches[0].goals[0].name
        return goal if goal in PREFERENCES else USUAL


def check(results: str | Path) -> None:
    """Check that the files which will be merged into can be read, before anything is paid for.

    Raises
    ------
    ConfigError
        Naming the file.
    """
    for preference in PREFERENCES:
        best_configs.performances(results, preference)


def write_pages(found: Found, place: Path) -> None:
    """Write ``optimization.txt`` and ``figures/<SYMBOL>/<name>.png`` of a search."""
    pages = []
    for search, evaluator in zip(found.searches, found.evaluators):
        study = study_of(search, evaluator, found.told)
        not_counted = found.told["assets"][search.asset]["not_counted"]
        pages.append(optimization.page(study, found.told["luck"], not_counted))
        for name, png in pictures(study).items():
            write_bytes(place / FIGURES / study.asset / f"{name}.png", png)
    write_text(place / PAGE, "\n".join(pages))


def write_best(found: Found, results: str | Path) -> tuple[dict[str, Any], list[str]]:
    """Merge what was chosen into ``best_configs_<preference>.json``; write the summary.

    Assets for which no trial may be chosen keep what the files hold of them.

    Returns
    -------
    dict
        The content of result.json, with what all chosen make together.
    list of str
        What was written, and what was replaced, a line each.
    """
    chosen = {preference: _chosen(found, preference) for preference in PREFERENCES}
    said, walks = [], SavedWalks.of(results)
    for preference, trials in chosen.items():
        if trials:
            entries = _entries(found, preference, trials, walks)
            path = best_configs.merge(results, preference, entries)
            told = summary.replaced(results, preference, found.told["id"])
            said.append(f"wrote: {path}{summary.shortly(told)}")
    total, why = _total(found, chosen[found.preference])
    whole = {
        **found.told,
        "together": {"preference": found.preference, "total": total, "no_total": why},
    }
    return whole, [*said, f"wrote: {summary.write(whole, results)}"]


def study_of(search: Search, evaluator: Evaluator, told: Told) -> Study:
    """Return a search as its page and figures see it."""
    block = told["assets"][search.asset]
    places = {trial.number: at for at, trial in enumerate(search.trials)}
    best = block["best_trial"]
    configured = evaluator.strategy({})
    return Study(
        name=told["id"],
        asset=search.asset,
        timeframe=told["timeframe"],
        strategy=search.strategy,
        method=search.method,
        seed=search.seed,
        goals=tuple(
            Goal(
                goal.name,
                goal.unit,
                goal.doc,
                np.array([_or_nan(goal.of(trial)) for trial in search.trials], dtype=np.float64),
            )
            for goal in search.goals
        ),
        axes=tuple(
            Axis(one.name, one.levels, one.is_number, getattr(configured, one.name))
            for one in search.space.dimensions
        ),
        trials=search.trials,
        is_allowed=np.array(
            [
                trial.is_complete and search.constraints.broken_by(trial.metrics) == 0.0
                for trial in search.trials
            ],
            dtype=bool,
        ),
        chosen=None if best is None else places[best],
        select=block["select"],
        front=_front(search, places),
        limits=block["constraints"],
        data={**block["data"], "currency": told["currency"]},
        plateau=block["plateau"] or {},
        configured=block["configured_metrics"],
        labels=tuple(told["labels"]),
        notices=tuple(block["notices"]),
    )


def _or_nan(score: float | None) -> float:
    return float("nan") if score is None else score


def _front(search: Search, places: Mapping[int, int]) -> tuple[int, ...]:
    if len(search.goals) < 2:
        return ()
    return tuple(places[trial.number] for trial in search.pareto())


def _chosen(found: Found, preference: str) -> dict[str, Trial]:
    """Return the trial that a preference takes, by asset.

    If the search looked for it, it is what the search chose; else the best of its trials by the
    preference's own objective.
    """
    chosen: dict[str, Trial] = {}
    for search in found.searches:
        if search.goals[0].name == preference:
            best = search.best(found.told["select"])
        else:
            ranks = ranked(search.trials, objective(preference), search.constraints)
            best = ranks[0][1] if ranks else None
        if best is not None:
            chosen[search.asset] = best
    return chosen


def _entries(
    found: Found, preference: str, trials: Mapping[str, Trial], walks: SavedWalks
) -> dict[str, dict[str, Any]]:
    entries = {}
    for search, evaluator in zip(found.searches, found.evaluators):
        if search.asset in trials:
            trial, key = trials[search.asset], evaluator.asset.key
            strategy: Any = evaluator.strategy(trial.parameters)
            performance = {
                **_performance(found.told, search, trial, preference),
                "walk_forward": walks.newest(key, search.strategy),
            }
            entries[key] = best_configs.entry(
                search.strategy, dataclasses.asdict(strategy), performance
            )
    return entries


def _performance(told: Told, search: Search, trial: Trial, preference: str) -> dict[str, Any]:
    """Return what was measured of a chosen trial, and on what, and out of how many."""
    block, luck = told["assets"][search.asset], told["luck"]["by_asset"][search.asset]
    around = search.neighbourhood_of(trial)
    fall = None if around is None else around.fall
    sure = deflated_sharpe(trial.daily, max(luck["trials"]["effective"], 1.0))
    data = block["data"]
    return {
        **trial.metrics,
        "trades": int(trial.metrics["trades"] or 0),
        "score": objective(preference).of(trial),
        "start": data["start"],
        "end": data["end"],
        "bars": data["bars"],
        "data_sha256": data["sha256"],
        "terms_sha256": data["terms_sha256"],
        "trials": block["trials"]["made"],
        "objective": search.goals[0].name,
        "select": told["select"] if search.goals[0].name == preference else "best",
        "method": search.method,
        "optimization_id": told["id"],
        "plateau_score": None if around is None else around.plateau,
        "plateau_fall": None if isinstance(fall, Undefined) else fall,
        "quartiles": _quartiles(search),
        "deflated_sharpe": None if isinstance(sure, Undefined) else sure,
        "probability_of_overfitting": luck.get("pbo"),
    }


def _quartiles(search: Search) -> dict[str, list[float]]:
    found = {}
    for name in _MIDDLES:
        values = [
            value
            for trial in search.trials
            if trial.duplicate_of is None and (value := trial.metrics.get(name)) is not None
        ]
        middle = quartiles(np.array(values, dtype=np.float64))
        if middle is not None:
            found[name] = list(middle)
    return found


def _total(found: Found, trials: Mapping[str, Trial]) -> tuple[dict[str, Any] | None, str]:
    """Return what all chosen make together in one account, or why that is not known."""
    if not trials:
        return None, "nothing was chosen"
    assets = [_with(asset, trials[asset.symbol]) for asset in found.config.assets
              if asset.symbol in trials]  # fmt: skip
    bars = {asset.symbol: found.bars[asset.symbol] for asset in assets}
    # Money of the chosen may be converted by prices of an asset for which nothing was chosen.
    left = [asset for asset in found.config.assets if asset.symbol not in trials]
    pairs = (*found.pairs, *own_pairs(left, found.bars))
    backtester = PortfolioBacktester(assets, found.config.portfolio, player="auto")
    result = backtester.run(bars, pairs, counterfactual=False)
    made = summarise(result).get("portfolio")
    if not made:
        return None, f"{', '.join(result.facts.get('failed') or {})} failed in the account"
    spans = [found.told["assets"][symbol]["data"] for symbol in trials]
    return {
        "assets": sorted(trials),
        "net_pnl": made["net_pnl"],
        "naive_pnl": sum(float(trial.metrics["net_pnl"] or 0.0) for trial in trials.values()),
        "sharpe": made["sharpe"],
        "max_drawdown": made["max_drawdown"],
        "trades": made["trades"],
        "start": min(span["start"] for span in spans)[:10],
        "end": last_day(max(span["end"] for span in spans)),
        "allocation": found.config.portfolio.allocation,
    }, ""


def _with(asset: AssetConfig, trial: Trial) -> AssetConfig:
    return asset.model_copy(update={"parameters": {**asset.parameters, **trial.parameters}})
