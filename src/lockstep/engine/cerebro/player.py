"""The lockstep player: one backtrader Cerebro per asset, all on one clock.

Every Cerebro's `run` prepares its strategy and then, instead of looping, runs the *next* asset's
Cerebro; the innermost one walks the clock for all of them. When it returns, each `run` unwinds
through backtrader's own tail (stop, analyzers, writers) as if it had looped itself.
"""

from __future__ import annotations

import importlib
import sys
from array import array
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import backtrader as bt
import numpy as np

from lockstep.core.bars import Array
from lockstep.core.errors import AssetError, StrategyError, failure_of
from lockstep.core.plan import AssetPlan, CustomStrategy, RunPlan
from lockstep.core.protocols import NOBODY, Progress, Silent, Turn
from lockstep.engine.cerebro.account import Account
from lockstep.engine.cerebro.booking import N_TERMS
from lockstep.engine.cerebro.broker import LeveragedBroker
from lockstep.engine.cerebro.columns import Ticket
from lockstep.engine.cerebro.entries import EntryDesk
from lockstep.engine.cerebro.feed import ArrayFeed
from lockstep.engine.cerebro.slot import Slot
from lockstep.engine.cerebro.strategy import Intent, LockstepStrategy, SignalStrategy
from lockstep.engine.imports import check_origin
from lockstep.engine.played import Played

_FRAMES_PER_ASSET = 14
Configure = Callable[[bt.Cerebro, str], None]


def play(
    plan: RunPlan,
    *,
    progress: Progress | None = None,
    configure: Configure | None = None,
    turn: Turn | None = None,
) -> Played:
    """Play a plan with one backtrader Cerebro per asset.

    Parameters
    ----------
    plan : RunPlan
        What to play.
    progress : Progress, optional
        Told of every finished hundredth of the clock.
    configure : callable, optional
        Called with each asset's Cerebro and symbol before it runs, to add analyzers or writers.
    turn : Turn, optional
        Set to the index of the asset whose strategy is at work.

    Raises
    ------
    AssetError
        If an asset's hand-written strategy fails; the message names the asset.
    """
    own = SimpleNamespace(value=NOBODY)
    return Lockstep(plan, progress or Silent(), configure, own if turn is None else turn).run()


class LockstepCerebro(bt.Cerebro):
    """A Cerebro that hands its prepared strategy to the lockstep instead of looping."""

    lockstep: Lockstep
    index: int

    def _runonce(self, runstrats: list[Any]) -> None:
        if len(runstrats) != 1 or len(self.datas) != 1:
            raise StrategyError(
                f"{len(runstrats)} strategies on {len(self.datas)} feeds; expected one on one: "
                "in lockstep every asset has its own strategy, feed and broker."
            )
        if self.p.quicknotify or self.p.cheat_on_open:
            raise StrategyError("quicknotify and cheat_on_open are not supported in lockstep.")
        runstrats[0]._once()
        runstrats[0].reset()
        self.lockstep.prepared(self.index, runstrats[0])

    def _runnext(self, runstrats: list[Any]) -> None:
        raise StrategyError(
            "runonce and preload are needed in lockstep; an indicator or an option switched them "
            "off (exactbars, oldsync, live feeds, resampling and replaying are not supported)."
        )

    _runonce_old = _runnext_old = _runnext

    def runstop(self) -> None:
        """Refuse: one asset cannot end the clock of all."""
        raise StrategyError("runstop is not supported in lockstep: the clock is everyone's.")

    def _add_timer(self, *args: Any, **kwargs: Any) -> None:
        raise StrategyError("timers are not supported in lockstep; compare times in next().")

    def optstrategy(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: a lockstep run is one run."""
        raise StrategyError("optstrategy is not supported in lockstep; run one plan per setting.")

    def resampledata(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: one timeframe per run."""
        raise StrategyError("resampledata is not supported in lockstep: one timeframe per run.")

    def replaydata(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: bars are complete when they are seen."""
        raise StrategyError("replaydata is not supported in lockstep: bars come complete.")

    def addsizer(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: the account sizes every entry."""
        raise StrategyError("a sizer is not supported inside the account, which sizes entries.")

    addsizer_byidx = addsizer


class Lockstep:
    """One run: the Cerebros, their brokers, the account and the clock."""

    def __init__(
        self, plan: RunPlan, progress: Progress, configure: Configure | None, turn: Turn
    ) -> None:
        self.plan, self.progress, self.turn = plan, progress, turn
        n = len(plan.assets)
        self.ledger = array("d", [0.0]) * (len(plan.days) * (n + 1) * N_TERMS)
        self.cerebros: list[LockstepCerebro] = []
        self.brokers: list[LeveragedBroker] = []
        for index, asset in enumerate(plan.assets):
            cerebro, broker = self._cerebro(index, asset)
            if configure is not None:
                configure(cerebro, asset.symbol)
            self.cerebros.append(cerebro)
            self.brokers.append(broker)
        self.account = Account(plan, self.brokers, self.ledger)
        self.desk = EntryDesk(self.account)
        self.strategies: list[Any] = []

    def _cerebro(self, index: int, asset: AssetPlan) -> tuple[LockstepCerebro, LeveragedBroker]:
        cerebro = LockstepCerebro(stdstats=False)
        cerebro.lockstep, cerebro.index = self, index
        broker = LeveragedBroker()
        broker.take(index, asset, self.plan.terms, self.ledger, len(self.plan.assets) + 1)
        cerebro.setbroker(broker)
        feed = ArrayFeed(columns=broker.bars.feed(asset), time=asset.time)
        cerebro.adddata(feed, name=asset.symbol)
        if asset.custom is None:
            cerebro.addstrategy(SignalStrategy)
        else:
            self.turn.value = index
            cerebro.addstrategy(_strategy_of(asset, asset.custom), **asset.custom.parameters)
            self.turn.value = NOBODY
        return cerebro, broker

    def run(self) -> Played:
        """Run all Cerebros inside one another and return what happened."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 1000 + _FRAMES_PER_ASSET * len(self.cerebros)))
        try:
            self._run_asset(0)
        finally:
            sys.setrecursionlimit(limit)
        return self._played()

    def _run_asset(self, index: int) -> None:
        self.turn.value = index
        try:
            self.cerebros[index].run(runonce=True, preload=True)
        except AssetError:
            raise
        except Exception as error:
            if self.turn.value != index:
                raise
            raise failure_of(self.plan.symbols[index], error) from error
        self.turn.value = NOBODY
        if len(self.strategies) <= index:
            raise AssetError(f"{self.plan.symbols[index]}: its strategy skipped the run.")

    def prepared(self, index: int, strategy: Any) -> None:
        """Take a prepared strategy; prepare the next asset's, or walk the clock after the last.

        An error before it is called, or after it returns, is that asset's own.
        """
        self.turn.value = NOBODY
        self.strategies.append(strategy)
        self.brokers[index].wire(strategy, strategy.data)
        if index + 1 < len(self.cerebros):
            self._run_asset(index + 1)
        else:
            self._walk()
        self.turn.value = index

    # The clock ----------------------------------------------------------------------------

    def _walk(self) -> None:
        plan, n = self.plan, len(self.brokers)
        order, offsets = _schedule(plan)
        days = plan.day.tolist()
        self.equity = array("d", [float("nan")]) * (len(plan.clock) * n)
        slots = [Slot(*parts) for parts in zip(self.brokers, self.strategies, plan.assets)]
        hundredth = max(1, len(plan.clock) // 100)
        self.progress.start("portfolio", len(plan.clock))
        yesterday = -1
        for k in range(len(plan.clock)):
            live = [slots[j] for j in order[offsets[k] : offsets[k + 1]]]
            day = days[k]
            self._step(k, day, live, new_day=day != yesterday)
            yesterday = day
            if (k + 1) % hundredth == 0:
                self.progress.advance("portfolio", hundredth)
        for slot in slots:
            slot.finish()

    def _step(self, k: int, day: int, live: list[Slot], *, new_day: bool) -> None:
        account = self.account
        account.step, account.day = k, day
        active: list[LeveragedBroker] = []
        entering = False
        for slot in live:
            broker = slot.broker
            broker.at += 1
            if not slot.is_quiet:
                slot.advance()
            if broker.side:
                broker.live_step = k
                broker.stage_a(broker.at, day)
                active.append(broker)
            elif broker.ticket is not None:
                broker.live_step = k
                active.append(broker)
                entering = True
        if entering:
            account.open_entries(active)
        for broker in active:
            if broker.side:
                broker.stage_c(broker.at)
        for slot in live:
            if slot.broker.at == slot.broker.last_bar:
                self._data_end(slot.broker)
        account.touched = active
        if active or new_day or account.restless or k in account.rebalances:
            account.stage_d(active, new_day=new_day)
        if active or k == 0 or account.touched:
            self._keep_equity(k, account.touched)
        self._stage_e(live)

    def _data_end(self, broker: LeveragedBroker) -> None:
        if broker.side:
            broker.stage_c_at_data_end(broker.at)

    def _keep_equity(self, k: int, touched: list[LeveragedBroker]) -> None:
        base = k * len(self.brokers)
        equity = self.equity
        for broker in touched if k else self.brokers:
            equity[base + broker.index] = broker.equity

    def _stage_e(self, live: list[Slot]) -> None:
        wanted: list[tuple[LeveragedBroker, Ticket, Intent | None]] = []
        turn = self.turn
        for slot in live:
            if not slot.is_quiet:
                turn.value = slot.broker.index
                slot.next()
                turn.value = NOBODY
            item = slot.wanted()
            if item is not None:
                wanted.append(item)
        if wanted:
            self.desk.size_entries(wanted)

    # What is left afterwards --------------------------------------------------------------

    def _played(self) -> Played:
        plan, account = self.plan, self.account
        n = len(self.brokers)
        steps = [asset.step for asset in plan.assets]
        trades = [trade for broker in self.brokers for trade in broker.trades]
        trades.sort(key=lambda t: (int(steps[t.asset][t.exit_bar]), t.asset, t.exit_bar))
        decisions = sorted(account.decisions, key=lambda d: (d.step, d.stage, d.asset, d.code))
        monitor = account.monitor
        return Played(
            trades=trades,
            decisions=decisions,
            equity=_filled_down(np.frombuffer(self.equity).reshape(-1, n)),
            account_equity=monitor.equity,
            reserve=monitor.reserve,
            used_margin=monitor.used_margin,
            margin_level=monitor.margin_level,
            drawdown_factor=monitor.drawdown_factor,
            terms=np.frombuffer(self.ledger).reshape(len(plan.days), n + 1, N_TERMS),
            in_position=np.asarray(account.in_position, dtype=np.int32),
            end_adjustment=np.asarray([b.end_adjustment for b in self.brokers]),
            least_free=account.least_free,
            factor_names=account.risk.factor_names,
        )


def _schedule(plan: RunPlan) -> tuple[list[int], list[int]]:
    """Return the assets in the order they come alive, and where each step begins in that list."""
    steps = np.concatenate([asset.step for asset in plan.assets])
    owner = np.concatenate(
        [np.full(len(asset), j, dtype=np.int32) for j, asset in enumerate(plan.assets)]
    )
    order = np.argsort(steps, kind="stable")
    offsets = np.searchsorted(steps[order], np.arange(len(plan.clock) + 1))
    return owner[order].tolist(), offsets.tolist()


def _filled_down(values: Array) -> Array:
    """Return the rows with every NaN replaced by the last value above it, shape kept."""
    rows = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.take_along_axis(values, rows, axis=0)


def _strategy_of(asset: AssetPlan, custom: CustomStrategy) -> type[LockstepStrategy]:
    try:
        return load_strategy(custom)
    except StrategyError as error:
        raise StrategyError(f"{asset.symbol}.strategy: {error}") from error


def load_strategy(custom: CustomStrategy) -> type[LockstepStrategy]:
    """Import a hand-written strategy named ``module:Class``.

    Raises
    ------
    StrategyError
        If it cannot be found, lies outside the folders allowed, does not derive from
        LockstepStrategy, or has no such parameter.
    """
    module_name, _, class_name = custom.path.partition(":")
    check_origin(custom)
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:
        raise StrategyError(
            f"strategy {custom.path!r} cannot be imported ({type(error).__name__}: {error}); "
            "expected module:Class in the project, or in a folder named with --allow-import."
        ) from error
    if not (isinstance(found, type) and issubclass(found, LockstepStrategy)):
        raise StrategyError(f"strategy {custom.path!r} does not derive from LockstepStrategy.")
    known = found.params._getkeys()
    unknown = sorted(set(custom.parameters) - set(known))
    if "strategy" in known:  # it would meet an argument of addstrategy()
        raise StrategyError(
            f"strategy {custom.path!r} has a parameter named 'strategy'; expected another name."
        )
    if unknown:  # backtrader would ignore it in silence
        raise StrategyError(
            f"strategy {custom.path!r} has no parameter {unknown[0]!r}; expected one of "
            f"{', '.join(known) or 'none'}."
        )
    return found
