"""PortfolioBacktester: solo runs, allocation, and the portfolio played on one clock."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Bars
from lockstep.core.calendar import trading_days
from lockstep.core.errors import AssetError, ConfigError, DataError
from lockstep.core.parameters import build
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.protocols import Forgetful, Progress, Silent, Sink
from lockstep.core.records import Trade
from lockstep.core.registry import allocation
from lockstep.core.result import RunResult
from lockstep.data.load import common_range
from lockstep.data.rates import Pair
from lockstep.engine.counterfactual import counterfactuals
from lockstep.engine.identities import account_equity, check_identities
from lockstep.engine.outcome import Facts, Planned, Prepared, Solo
from lockstep.engine.plan import (
    check_grid,
    has_weekend_days,
    own_pairs,
    plan_asset,
    plan_run,
    replan,
    rules_of,
    terms_of,
    union_clock,
)
from lockstep.engine.played import Played
from lockstep.engine.players import choose, play
from lockstep.engine.said import Said
from lockstep.engine.solo import Failure, SoloRuns, ask
from lockstep.engine.together import is_apart, play_apart
from lockstep.engine.weights import Schedule, solo_returns, weight_schedule
from lockstep.ledger.exits import AMBIGUOUS_RULES


class PortfolioBacktester:
    """Runs many single-asset strategies in one leveraged account.

    Parameters
    ----------
    assets : sequence of AssetConfig
        What is traded, by which strategy; the order does not matter.
    portfolio : PortfolioConfig
        The account, its allocation and its rules.
    jobs : int
        Processes for the solo runs.
    progress : Progress, optional
        Told of finished solo runs and of the clock.
    rules : bool
        False drops every portfolio rule and rebalancing (a run of one asset as if alone).
    player : str
        ``kernel`` (compiled, strategies of signals), ``cerebro``, or ``auto``: the kernel wherever
        it can play. Results are the same, bit for bit.
    labels : sequence of str
        What a reader must know of the result, beside what the run finds itself.
    asset_timeout : float, optional
        Seconds the strategy of one asset may take, for its signals, its solo run, or in all its
        turns of the portfolio; each then works in a process of its own, and so does a portfolio
        with hand-written strategies. None: no limit for signals (docs/security.md).
    sink : Sink, optional
        Keeps every solo run as it finishes; what it holds already is not played again.
    """

    def __init__(
        self,
        assets: Sequence[AssetConfig],
        portfolio: PortfolioConfig,
        *,
        jobs: int = 1,
        progress: Progress | None = None,
        rules: bool = True,
        player: str = "cerebro",
        labels: Sequence[str] = (),
        asset_timeout: float | None = None,
        sink: Sink | None = None,
    ) -> None:
        if not assets:
            raise ConfigError("assets is empty; expected at least one asset.")
        self.assets = sorted(assets, key=lambda asset: asset.symbol)
        self.portfolio = portfolio
        sink = Forgetful() if sink is None else sink
        self.solo_runs = SoloRuns(player, jobs, asset_timeout, sink=sink)
        self.progress = progress or Silent()
        self.rules = rules_of(portfolio) if rules else ()
        self.labels = tuple(labels)
        self.player = player
        self.terms = terms_of(portfolio)
        self.model = build(allocation.get(portfolio.allocation), portfolio.allocation_parameters)
        if hasattr(self.model, "check_symbols"):
            self.model.check_symbols([asset.symbol for asset in self.assets])

    def run(
        self,
        bars: Mapping[str, Bars],
        pairs: Sequence[Pair] = (),
        *,
        counterfactual: bool | None = None,
    ) -> RunResult:
        """Play the portfolio.

        Parameters
        ----------
        bars : mapping of str to Bars
            One entry per asset.
        pairs : sequence of Pair
            Conversion pairs that the assets of the run do not provide.
        counterfactual : bool, optional
            Whether to play it again without each risk rule; None does if the compiled player plays.

        Returns
        -------
        RunResult
            With status ``complete``; or ``partial`` if an asset failed and nothing was configured
            to continue without it: the other assets' solo runs, and no portfolio.

        Raises
        ------
        ConfigError, DataError
            If the run cannot start.
        """
        prepared = self.prepare(bars, pairs)
        planned = self.plan(prepared)
        facts = Facts(self, prepared, planned)
        while planned.run is not None:
            facts.player = choose(planned.run, self.player)
            try:
                played = self._played(planned.run, facts.player)
                break
            except AssetError as error:  # it lived through its solo run, and failed here
                Failure.of(error).log(error.symbol, "portfolio")
                prepared = prepared.without(error)
                planned = self.plan(prepared, planned.solos)
                facts = Facts(self, prepared, planned)
        if planned.run is None:
            return facts.partial()
        check_identities(planned.run, played)
        facts.ambiguous = self._readings(prepared, planned, played, facts.player)
        facts.counterfactuals = counterfactuals(
            planned.run, facts.player, asked=counterfactual, **self._processes
        )
        return facts.complete(planned.run, played)

    @property
    def _processes(self) -> dict[str, Any]:
        return {"jobs": self.solo_runs.jobs, "asset_timeout": self.solo_runs.asset_timeout}

    def _played(self, plan: RunPlan, player: str) -> Played:
        if is_apart(plan, **self._processes):
            seconds = self.solo_runs.asset_timeout
            return play_apart(plan, player, seconds=seconds, progress=self.progress)
        return play(plan, player, progress=self.progress)

    def under(self, ambiguous_bar: str) -> PortfolioBacktester:
        """Return the same portfolio under another rule for ambiguous bars, silent."""
        other = copy.copy(self)
        other.portfolio = self.portfolio.model_copy(update={"ambiguous_bar": ambiguous_bar})
        other.terms = terms_of(other.portfolio)
        other.progress = Silent()
        other.solo_runs = dataclasses.replace(self.solo_runs, stage=f"solo:{ambiguous_bar}")
        return other

    def _readings(
        self, prepared: Prepared, planned: Planned, played: Played, player: str
    ) -> dict[str, Any]:
        """Return the net P&L under each rule for ambiguous bars.

        Re-run exactly if the compiled player plays: only solo runs that met such a bar are played
        again. Otherwise each exit is re-priced alone, and ``nearest_to_open`` is not known unless
        it is the rule of the run.
        """
        chosen = self.terms.ambiguous_bar
        if player != "kernel":
            return {"method": "static", **_repriced(chosen, played.trades)}
        net = {chosen: _net_pnl(planned.whole(), played)}
        known = planned.solos
        if self.model.needs_history:
            known = {s: solo for s, solo in known.items() if not solo.ambiguous}
        met = len(known) < len(planned.solos) or any(trade.ambiguous for trade in played.trades)
        for rule in set(AMBIGUOUS_RULES) - {chosen} if met else ():
            plan = self.under(rule).plan(prepared, known, planned.run).whole()
            net[rule] = _net_pnl(plan, play(plan, player))
        return {"method": "exact", **{rule: net.get(rule, net[chosen]) for rule in AMBIGUOUS_RULES}}

    # Planning -----------------------------------------------------------------------------

    def prepare(self, bars: Mapping[str, Bars], pairs: Sequence[Pair] = ()) -> Prepared:
        """Plan each asset apart: what depends on its bars and on the conversion pairs.

        Parameters
        ----------
        bars, pairs
            As `run` takes them.

        Raises
        ------
        ConfigError, DataError
            If the run cannot start.
        """
        bars = self._in_range(bars)
        known = (*own_pairs(self.assets, bars), *pairs)
        plan_one = partial(
            plan_asset,
            account_currency=self.portfolio.currency,
            pairs=known,
            constants=self.portfolio.conversion,
        )
        said, failed = ask(self.assets, bars, self.portfolio.allow_import, self.solo_runs)
        plans, notes = [], {}
        for asset in self.assets:
            data = bars[asset.symbol]
            plan, more = plan_one(asset, data, said=said.get(asset.symbol, Said()))
            plans.append(plan)
            notes[asset.symbol] = (*data.notes, *more)
        check_grid(plans)
        return Prepared(bars, tuple(plans), notes, failed)

    def plan(
        self,
        prepared: Prepared,
        known: Mapping[str, Solo] | None = None,
        like: RunPlan | None = None,
    ) -> Planned:
        """Play the assets alone, share out the capital, and plan the portfolio.

        Parameters
        ----------
        prepared : Prepared
            The assets; their costs or signals may have been changed since `prepare`.
        known : mapping of str to Solo, optional
            Solo runs that need not be played again.
        like : RunPlan, optional
            A plan of the same assets, of which only terms and weights may have changed.

        Raises
        ------
        AssetError, ConfigError
            If every asset failed, or no asset holds capital.
        """
        plans, left_out = self._without_zero_weights(prepared.assets)
        weekend_days = has_weekend_days(plans)
        if not plans:
            raise ConfigError("every weight is zero; expected at least one asset with capital.")
        sound = [plan for plan in plans if plan.symbol not in prepared.failed]
        solos, failed = self._solo_runs(sound, weekend_days, known or {})
        failed = {**prepared.failed, **failed}
        planned = Planned(None, solos, failed, left_out, weekend_days)
        if failed and self.portfolio.on_asset_error == "fail":
            return planned
        if failed and self.portfolio.on_asset_error == "drop":
            plans = [plan for plan in plans if plan.symbol not in failed]
        if not solos:
            raise AssetError("; ".join(failed.values()))
        return self._plan_portfolio(plans, planned, like)

    def _in_range(self, bars: Mapping[str, Bars]) -> dict[str, Bars]:
        missing = [a.symbol for a in self.assets if a.symbol not in bars]
        if missing:
            raise DataError(f"no bars for {', '.join(missing)}; expected one entry per asset.")
        chosen = {asset.symbol: bars[asset.symbol] for asset in self.assets}
        start, end = self.portfolio.start_ns, self.portfolio.end_ns
        if start is not None or end is not None:
            limits = (start if start is not None else 0, end if end is not None else 2**62)
            chosen = {symbol: data.between(*limits) for symbol, data in chosen.items()}
        empty = [symbol for symbol, data in chosen.items() if len(data) == 0]
        if empty:
            raise DataError(
                f"{', '.join(empty)}: no bars in the run's range. Widen --start/--end, or leave "
                "these assets out."
            )
        if self.portfolio.range == "common":
            limits = common_range(chosen)
            chosen = {symbol: data.between(*limits) for symbol, data in chosen.items()}
        return chosen

    def _plan_portfolio(
        self, plans: Sequence[AssetPlan], planned: Planned, like: RunPlan | None
    ) -> Planned:
        schedule = self._schedule(plans, planned.solos, planned.weekend_days)
        keep = [
            index
            for index, plan in enumerate(plans)
            if plan.symbol not in planned.failed
            and (schedule.initial[index] > 0.0 or np.any(schedule.weights[:, index] > 0.0))
        ]
        if not keep:
            raise ConfigError("every weight is zero; expected at least one asset with capital.")
        kept, schedule = [plans[index] for index in keep], schedule.only(keep)
        if like is not None and like.symbols == tuple(plan.symbol for plan in kept):
            run = replan(like, self.terms, schedule)
        else:
            run = plan_run(
                kept,
                self.terms,
                rules=self.rules,
                weekend_days=planned.weekend_days,
                schedule=schedule,
            )
        zero = {plan.symbol for i, plan in enumerate(plans) if i not in keep}
        left_out = tuple(sorted({*planned.left_out, *zero} - set(planned.failed)))
        return dataclasses.replace(planned, run=run, left_out=left_out)

    def _without_zero_weights(
        self, plans: Sequence[AssetPlan]
    ) -> tuple[list[AssetPlan], tuple[str, ...]]:
        """Leave out assets that a model without history gives nothing for good."""
        if self.model.needs_history:
            return list(plans), ()
        start = weight_schedule(
            self.model,
            [plan.symbol for plan in plans],
            np.zeros(1, dtype=np.int64),
            np.full((1, len(plans)), np.nan),
            np.ones((1, len(plans)), dtype=bool),
            rebalance="none",
            min_history=self.portfolio.min_history,
            cap=self.portfolio.max_asset_weight,
        )
        kept = [plan for plan, weight in zip(plans, start.initial) if weight > 0.0]
        return kept, tuple(p.symbol for p, w in zip(plans, start.initial) if w == 0.0)

    # Solo runs ----------------------------------------------------------------------------

    def _solo_runs(
        self, plans: Sequence[AssetPlan], weekend_days: bool, known: Mapping[str, Solo]
    ) -> tuple[dict[str, Solo], dict[str, str]]:
        runs = {
            plan.symbol: plan_run([plan], self.terms, weekend_days=weekend_days)
            for plan in plans
            if plan.symbol not in known
        }
        kept = {plan.symbol: known[plan.symbol] for plan in plans if plan.symbol in known}
        played, failed = self.solo_runs.play(runs, self.progress)
        return dict(sorted({**kept, **played}.items())), failed

    def _schedule(
        self, plans: Sequence[AssetPlan], solos: Mapping[str, Solo], weekend_days: bool
    ) -> Schedule:
        if len(plans) == 1 and self.model.needs_history:
            return Schedule.alone()
        clock = union_clock([plan.time for plan in plans])
        days = np.unique(trading_days(clock, weekend_days))
        daily = []
        has_bars = np.zeros((len(days), len(plans)), dtype=bool)
        for index, plan in enumerate(plans):
            solo = solos.get(plan.symbol)
            own = np.unique(trading_days(plan.time, weekend_days)) if solo is None else solo.days
            marks = np.full(len(own), np.nan) if solo is None else solo.marks
            daily.append((own, marks))
            has_bars[np.searchsorted(days, own), index] = True
        schedule = weight_schedule(
            self.model,
            [plan.symbol for plan in plans],
            days,
            solo_returns(days, daily, self.terms.capital),
            has_bars,
            rebalance=self.portfolio.rebalance,
            min_history=self.portfolio.min_history,
            cap=self.portfolio.max_asset_weight,
        )
        whole = len(plans) == 1 and schedule.initial[0] == 1.0
        return Schedule.alone() if whole else schedule


def _net_pnl(plan: RunPlan, played: Played) -> float:
    check_identities(plan, played)
    return float(account_equity(played)[-1] - plan.terms.capital)


def _repriced(chosen: str, trades: Sequence[Trade]) -> dict[str, float | None]:
    """Return the trades' net P&L under each rule, each ambiguous exit re-priced alone.

    ``nearest_to_open`` is None unless it is the rule of the run: trades do not hold it.
    """
    known = {
        "stop_first": sum(trade.interval[0] for trade in trades),
        "target_first": sum(trade.interval[1] for trade in trades),
        chosen: sum(trade.net_pnl for trade in trades),
    }
    return {rule: known.get(rule) for rule in AMBIGUOUS_RULES}
