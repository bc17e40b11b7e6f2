"""EntryDesk: stage E of a step. What strategies want becomes sized and queued, or refused."""

from __future__ import annotations

import math

from lockstep.core.codes import CODE, LINK_BIT
from lockstep.core.state import Entry
from lockstep.engine.cerebro.account import Account
from lockstep.engine.cerebro.broker import LeveragedBroker
from lockstep.engine.cerebro.columns import Ticket
from lockstep.engine.cerebro.strategy import Intent
from lockstep.ledger import exits, money, prices, sizing
from lockstep.risk.sizing import RiskManager

NAN = float("nan")


class EntryDesk:
    """Sizes the entries of all assets, one after another, from the state of the account.

    Parameters
    ----------
    account : Account
        The account whose equity, rules and weights count.
    """

    def __init__(self, account: Account) -> None:
        self.account, self.terms, self.state = account, account.terms, account.state
        self.sizers = [RiskManager(a.instrument, account.terms) for a in account.plan.assets]

    def size_entries(self, wanted: list[tuple[LeveragedBroker, Ticket, Intent | None]]) -> None:
        """Size the entries wanted at this step, larger strength first, and queue them."""
        self._fill_state()
        wanted.sort(key=lambda item: (-item[1].strength, item[0].index))
        for broker, ticket, intent in wanted:
            if broker.side or broker.ticket is not None:
                self.account.in_position[broker.index] += 1
                queued = False
            else:
                queued = self._size(broker, ticket, intent)
            if intent is not None and not queued:
                broker.show_rejected(intent)

    def _fill_state(self) -> None:
        state, account = self.state, self.account
        state.equity, state.day = account.equity, account.day
        state.time = int(account.plan.clock[account.step])
        for j, broker in enumerate(account.brokers):
            state.side[j] = broker.side
            state.exposure[j] = broker.exposure()
            ticket = broker.ticket
            state.queued[j] = ticket.side if ticket is not None else 0
            state.queued_exposure[j] = broker.queued_exposure if ticket is not None else 0.0

    def _blocked(self, broker: LeveragedBroker, ticket: Ticket, entry: Entry) -> bool:
        code, before, after = "", NAN, NAN
        if not ticket.stop_distance > 0.0 or math.isinf(ticket.stop_distance):
            code, before = "blocked_no_stop", ticket.stop_distance
        elif exits.is_cooling_down(broker.at, broker.exit_bar, self.terms.cooldown_bars):
            code = "blocked_cooldown"
        elif self.account.step in (self.account.stopped_step, broker.stopped_step):
            code = "blocked_stop_out"
        elif self.account.ruined or broker.ruined:
            code = "blocked_ruined"
        elif not broker.equity > 0.0 or not self.account.equity > 0.0:
            code, before = "blocked_no_equity", broker.equity
        elif broker.at == broker.last_bar:
            code = "cancelled_data_end"
        elif math.isnan(broker.bars.rate_close[broker.at]):
            code = "blocked_no_rate"
        if code:
            self.account.note(CODE[code], broker.index, before, after, stage="E")
            return True
        verdict = self.account.risk.block(self.state, entry)
        if verdict is not None:
            self.account.note(verdict.code, broker.index, verdict.before, verdict.after, stage="E")
        return verdict is not None

    def _size(self, broker: LeveragedBroker, ticket: Ticket, intent: Intent | None) -> bool:
        state, i, j = self.state, broker.at, broker.index
        entry = Entry(j, ticket.side)
        if self._blocked(broker, ticket, entry):
            return False
        factors, verdicts = self.account.risk.factors(state, entry)
        product = 1.0
        for factor in factors:
            product *= factor
        basis = self.account.equity if self.terms.size_on_account else broker.equity
        rate = broker.bars.rate_close[i]
        mid = prices.mid_of(broker.bars.bid_close[i], broker.bars.spread[i])
        rooms = self.account.risk.rooms(state, entry)
        sized = self.sizers[j].size(basis, product, ticket.stop_distance, mid, rate, rooms)
        for verdict in (*verdicts, *sized.cuts):
            self.account.note(verdict.code, j, verdict.before, verdict.after, stage="E")
            ticket.links |= LINK_BIT.get(verdict.code, 0)
        if sized.lots == 0.0:
            return False
        ticket.lots, ticket.factors, ticket.weight = sized.lots, factors, self.account.weights[j]
        ticket.risk_asked = sizing.risk_amount(
            sized.asked, ticket.stop_distance, broker.unit.contract_size, rate
        )
        broker.ticket = ticket
        units = ticket.lots * broker.unit.contract_size
        broker.queued_exposure = ticket.side * money.notional(units, mid, rate)
        state.queued[j], state.queued_exposure[j] = ticket.side, broker.queued_exposure
        self._show(broker, ticket, units, intent)
        return True

    @staticmethod
    def _show(broker: LeveragedBroker, ticket: Ticket, units: float, intent: Intent | None) -> None:
        close = broker.bars.bid_close[broker.at]
        sign = ticket.side
        stop = close - sign * ticket.stop_distance
        target = close + sign * ticket.target_distance
        broker.show_queued(sign, units, stop, target, intent.orders if intent else ())
