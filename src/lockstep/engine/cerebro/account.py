"""Account: all sleeves together. The margin check of stage B, and stage D of a step."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from lockstep.core import codes
from lockstep.core.codes import CODE, LINK_BIT
from lockstep.core.plan import RunPlan
from lockstep.core.records import Decision
from lockstep.core.state import AccountState
from lockstep.engine.cerebro.booking import BROKER_LOSS, N_TERMS, TRANSFERS
from lockstep.engine.cerebro.broker import LeveragedBroker
from lockstep.ledger import exits, margin, rules, sizing
from lockstep.risk.manager import PortfolioRiskManager
from lockstep.risk.monitor import PortfolioMonitor

NAN = float("nan")


class Account:
    """The margin pool: sums, margin check, stop-out, rules and rebalancing.

    Parameters
    ----------
    plan : RunPlan
        What is played.
    brokers : sequence of LeveragedBroker
        One sleeve per asset, in the plan's order.
    ledger : array('d')
        Flat table of ledger terms, shape (n_days, n_assets + 1, N_TERMS).
    """

    def __init__(
        self, plan: RunPlan, brokers: Sequence[LeveragedBroker], ledger: array[float]
    ) -> None:
        self.plan, self.terms, self.brokers, self.ledger = plan, plan.terms, brokers, ledger
        self.n = len(brokers)
        self.pooled = plan.terms.pooled
        self.risk = PortfolioRiskManager(plan.rules)
        self.monitor = PortfolioMonitor(len(plan.clock))
        self.decisions: list[Decision] = []
        self.in_position = [0] * self.n
        self.weights = [float(w) for w in plan.initial_weights]
        capital = plan.terms.capital
        for broker, weight in zip(brokers, self.weights):
            broker.account = self
            broker.balance = broker.equity = weight * capital
        self.reserve = capital
        for broker in brokers:
            self.reserve -= broker.balance
        self.equity = capital
        self.used = 0.0
        self.step, self.day = 0, 0
        self.stopped_step = -1
        self.ruined = False
        self.restless = False
        self.least_free = float("inf")
        self.touched: list[LeveragedBroker] = []
        self._flagged = False
        self._last_equity = capital
        self.rebalances = {int(step): row for row, step in enumerate(plan.rebalance_steps)}
        self.state = AccountState(
            instruments=tuple(asset.instrument for asset in plan.assets),
            capital=capital,
            correlation=plan.correlation,
            observations=plan.observations,
            equity=capital,
            peak=capital,
            day_start_equity=capital,
            side=[0] * self.n,
            queued=[0] * self.n,
            exposure=[0.0] * self.n,
            queued_exposure=[0.0] * self.n,
        )
        self._months = rules_months(plan)
        self._sums()
        self._start_decisions()

    def _start_decisions(self) -> None:
        for row, asset, code, before, after, _ in self.plan.weight_notes:
            step = 0 if row < 0 else int(self.plan.rebalance_steps[row])
            self.note(code, asset, before, after, stage="D", step=step)

    def note(
        self, code: int, asset: int, before: float, after: float, *, stage: str, step: int = -1
    ) -> None:
        """Record a decision of this step."""
        at = self.step if step < 0 else step
        self.decisions.append(Decision(at, stage, asset, code, before, after))

    # Stage B ------------------------------------------------------------------------------

    def open_entries(self, live: list[LeveragedBroker]) -> None:
        """Fill or refuse the queued entries of the live assets, larger strength first."""
        queue = sorted(
            (broker for broker in live if broker.ticket is not None),
            key=lambda broker: (-broker.ticket.strength, broker.index),  # type: ignore[union-attr]
        )
        for broker in queue:
            self._open(broker)

    def _open(self, broker: LeveragedBroker) -> None:
        ticket, i, unit = broker.ticket, broker.at, broker.unit
        assert ticket is not None
        label = broker.bars.time[i]
        if exits.has_expired(label, ticket.label, broker.plan.timeframe, self.terms.entry_valid):
            self._refuse(broker, "expired", NAN)
            return
        fill, quote, slip = broker.entry_quote(i)
        stop = fill - ticket.stop_distance if ticket.side > 0 else fill + ticket.stop_distance
        if exits.stop_is_inside_spread(ticket.side, stop, quote, unit.stops_level):
            self._refuse(broker, "stop_inside_spread", NAN)
            return
        free = self._free_at_open(broker)
        affordable = 0.0
        if free > 0.0:
            cost = broker.margin_of_one_lot(i, fill, quote)
            affordable = sizing.floor_lots(free / cost, unit.lot_step)
        lots = ticket.lots
        if affordable < lots:
            if self.terms.reject_short_margin or affordable < unit.min_lot:
                self._refuse(broker, "no_margin", affordable, margin_call=True)
                return
            self.note(CODE["margin_cut"], broker.index, lots, affordable, stage="B")
            ticket.links |= LINK_BIT[CODE["margin_cut"]]
            lots = affordable
        broker.open_position(i, lots, fill, slip, self.day)
        self.least_free = min(self.least_free, self._free_at_open(broker))

    def _refuse(
        self, broker: LeveragedBroker, code: str, after: float, *, margin_call: bool = False
    ) -> None:
        lots = broker.ticket.lots  # type: ignore[union-attr]
        self.note(CODE[code], broker.index, lots, after, stage="B")
        broker.ticket = None
        broker.show_cancelled(margin=margin_call)

    def _free_at_open(self, asking: LeveragedBroker) -> float:
        """Return the free margin of the opening snapshot: live assets at their opening quotes."""
        if not self.pooled:
            return _free_of(asking)
        equity, used = 0.0, 0.0
        for broker in self.brokers:
            if not broker.side:
                equity += broker.balance
            elif broker.live_step == self.step:
                sleeve, tied = broker.opening_figures(broker.at)
                equity += sleeve
                used += tied
            else:
                equity += broker.equity
                used += broker.used
        return (equity + self.reserve) - used

    # Stage D ------------------------------------------------------------------------------

    def _sums(self) -> None:
        equity, used = 0.0, 0.0
        for broker in self.brokers:
            equity += broker.equity
            used += broker.used
        self.equity, self.used = equity + self.reserve, used

    def stage_d(self, live: list[LeveragedBroker], *, new_day: bool) -> None:
        """Sum up, stop out, let the rules look, rebalance."""
        self._sums()
        self.monitor.record_level(self.step, *self._most_strained())
        if self.pooled:
            self._stop_out_pooled(live)
        else:
            self._stop_out_segregated(live)
        self._lift_negative_balances()
        self._let_rules_look(new_day)
        row = self.rebalances.get(self.step)
        if row is not None:
            self._rebalance(self.plan.weights[row])
        self.monitor.record_level_after(self.step, *self._most_strained())
        self.monitor.record(self.step, self.equity, self.used, self.reserve, self.state)

    def _most_strained(self) -> tuple[float, float]:
        """Return (equity, used margin) of the pool, or of the sleeve with the lowest level."""
        if self.pooled:
            return self.equity, self.used
        worst, lowest = (self.equity, 0.0), math.inf
        for broker in self.brokers:
            if broker.used > 0.0 and broker.equity / broker.used < lowest:
                worst, lowest = (broker.equity, broker.used), broker.equity / broker.used
        return worst

    def _stop_out_pooled(self, live: list[LeveragedBroker]) -> None:
        level = self.terms.stop_out_level
        is_short = margin.must_stop_out(self.equity, self.used, level)
        if is_short:
            self.stopped_step = self.step
        while is_short:
            worst = _smallest(live)
            if worst is None:
                self._flag(self.brokers, self.equity / self.used)
                break
            before = self.equity / self.used
            worst.close_at_mark(worst.at, codes.STOP_OUT_EXIT)
            self._sums()
            after = self.equity / self.used if self.used > 0.0 else NAN
            self.note(CODE["stop_out"], worst.index, before, after, stage="D")
            is_short = margin.must_stop_out(self.equity, self.used, level)
        if self.stopped_step == self.step:
            self._cancel_entries(CODE["cancelled_stop_out"], self.brokers)
        if self._flagged and not is_short:
            self._flagged = False
            self._clear_flags(self.brokers, self.equity, self.used)

    def _stop_out_segregated(self, live: list[LeveragedBroker]) -> None:
        for broker in self.brokers:
            equity, used = broker.equity, broker.used
            if not margin.must_stop_out(equity, used, self.terms.stop_out_level):
                self._clear_flags((broker,), equity, used)
                continue
            broker.stopped_step = self.step
            if broker.live_step == self.step:
                broker.close_at_mark(broker.at, codes.STOP_OUT_EXIT)
                self.note(CODE["stop_out"], broker.index, equity / used, NAN, stage="D")
            else:
                self._flag((broker,), equity / used)
            self._cancel_entries(CODE["cancelled_stop_out"], (broker,))
            self._sums()
        self._flagged = any(broker.stop_out_flag for broker in self.brokers)

    def _flag(self, brokers: Sequence[LeveragedBroker], level: float) -> None:
        for broker in brokers:
            if broker.side and not broker.stop_out_flag:
                broker.stop_out_flag = self._flagged = True
                self.note(CODE["stop_out_flag"], broker.index, level, NAN, stage="D")

    def _clear_flags(self, brokers: Sequence[LeveragedBroker], equity: float, used: float) -> None:
        for broker in brokers:
            if broker.stop_out_flag:
                broker.stop_out_flag = False
                level = equity / used if used > 0.0 else NAN
                self.note(CODE["stop_out_clear"], broker.index, NAN, level, stage="D")

    def _cancel_entries(self, code: int, brokers: Sequence[LeveragedBroker]) -> None:
        for broker in brokers:
            if broker.ticket is not None:
                self.note(code, broker.index, broker.ticket.lots, NAN, stage="D")
                broker.ticket = None
                broker.show_cancelled()

    def _lift_negative_balances(self) -> None:
        if self.pooled:
            self._lift_pool()
            return
        for broker in self.brokers:
            if broker.side or broker.balance >= 0.0:
                continue
            self.note(CODE["broker_loss"], broker.index, broker.balance, 0.0, stage="D")
            self._book(broker.index, BROKER_LOSS, -broker.balance)
            broker.balance = broker.equity = 0.0
            broker.ruined = True
            self._cancel_entries(CODE["cancelled_ruined"], (broker,))
            self._sums()

    def _lift_pool(self) -> None:
        if self.equity >= 0.0 or any(broker.side for broker in self.brokers):
            return
        shortfall = -self.equity
        self.note(CODE["broker_loss"], -1, self.equity, 0.0, stage="D")
        self._book(self.n, BROKER_LOSS, shortfall)
        self.reserve += shortfall
        self.ruined = True
        self._cancel_entries(CODE["cancelled_ruined"], self.brokers)
        self._sums()

    def _book(self, row: int, term: int, amount: float) -> None:
        self.ledger[(self.day * (self.n + 1) + row) * N_TERMS + term] += amount

    def _let_rules_look(self, new_day: bool) -> None:
        state = self.state
        if new_day:
            state.day_start_equity = self._last_equity
        self._last_equity = self.equity
        state.equity = self.equity
        state.peak = max(state.peak, self.equity)
        state.drawdown = rules.drawdown_of(self.equity, state.peak)
        state.time, state.day = int(self.plan.clock[self.step]), self.day
        state.month, state.new_day = self._months[self.day], new_day
        for verdict in self.risk.step(state):
            self.note(verdict.code, -1, verdict.before, verdict.after, stage="D")
            if verdict.cancel >= 0:
                self._cancel_entries(verdict.cancel, self.brokers)
            if verdict.flatten:
                for broker in self.brokers:
                    if broker.side:
                        broker.queue_exit(verdict.flatten)
        self.restless = self.risk.is_restless or self._flagged

    def _rebalance(self, weights: Any) -> None:
        self.weights = [float(w) for w in weights]
        needs = [
            0.0 if broker.ruined else rules.sleeve_transfer(weight, self.equity, broker.equity)
            for weight, broker in zip(self.weights, self.brokers)
        ]
        if not self.pooled:
            needs = self._segregated_transfers(needs)
        given = 0.0
        for broker, amount in zip(self.brokers, needs):
            if amount == 0.0:
                continue
            before = broker.equity
            broker.balance += amount
            broker.equity = broker.balance + broker.open_pnl
            given += amount
            self._book(broker.index, TRANSFERS, amount)
            self.note(CODE["rebalance"], broker.index, before, broker.equity, stage="D")
            self.touched.append(broker)
        self.reserve -= given
        self._book(self.n, TRANSFERS, -given)
        self._sums()

    def _segregated_transfers(self, needs: list[float]) -> list[float]:
        reserve_need = 0.0
        for need in needs:
            reserve_need -= need
        given, total_need = 0.0, 0.0
        gifts: list[float] = []
        for broker, need in zip(self.brokers, needs):
            gift = rules.donation(-need, broker.equity - broker.used) if need < 0.0 else 0.0
            gifts.append(gift)
            given += gift
            if need > 0.0:
                total_need += need
        if reserve_need < 0.0:
            given += rules.donation(-reserve_need, self.reserve)
        if reserve_need > 0.0:
            total_need += reserve_need
        return [
            rules.share_of_need(need, given, total_need) if need > 0.0 else -gift
            for need, gift in zip(needs, gifts)
        ]


def _free_of(broker: LeveragedBroker) -> float:
    if not broker.side:
        return broker.balance
    equity, used = broker.opening_figures(broker.at)
    return equity - used


def _smallest(live: list[LeveragedBroker]) -> LeveragedBroker | None:
    worst: LeveragedBroker | None = None
    for broker in live:
        if broker.side and (worst is None or broker.open_pnl < worst.open_pnl):
            worst = broker
    return worst


def rules_months(plan: RunPlan) -> list[int]:
    """Return the month number of every trading day of a plan."""
    months = plan.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return [int(month) for month in months]
