"""Random order streams under every rule: the account keeps its laws, and no rule enlarges."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as draw

from lockstep.core.codes import DECISIONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.protocols import NOBODY, Silent
from lockstep.core.state import Entry
from lockstep.engine.cerebro.broker import LeveragedBroker
from lockstep.engine.cerebro.columns import Ticket
from lockstep.engine.cerebro.entries import EntryDesk
from lockstep.engine.cerebro.player import Lockstep
from lockstep.engine.identities import check_identities
from lockstep.engine.plan import rules_of
from lockstep.engine.played import Played
from lockstep.engine.tables import account_equity, exposures
from lockstep.risk.rule import UNLIMITED
from tests.engine.markets import SYMBOLS, market, portfolio, random_assets
from tests.kit import plan_of

DAYS = 12


def fractions(low: float, high: float) -> draw.SearchStrategy[float]:
    return draw.floats(low, high, allow_nan=False).map(lambda value: round(value, 4))


#: Every rule of the house, with parameters that bind in a wild fortnight.
RULES = draw.fixed_dictionaries(
    {
        "breaker": draw.fixed_dictionaries(
            {
                "limit": fractions(0.02, 0.3),
                "effect": draw.sampled_from(["flatten", "block_entries"]),
                "resume": draw.sampled_from(["never", "next_month"]),
            }
        )
        | draw.fixed_dictionaries(
            {
                "limit": fractions(0.011, 0.05),
                "effect": draw.sampled_from(["flatten", "block_entries"]),
                "resume": draw.just("days"),
                "resume_days": fractions(0.1, 2.0),
            }
        ),
        "daily_loss": draw.fixed_dictionaries(
            {
                "limit": fractions(0.005, 0.1),
                "effect": draw.sampled_from(["flatten", "block_entries"]),
            }
        ),
        "halts": draw.just({"spans": [["2025-02-26T12:00", "2025-02-26T18:00"]]}),
        "max_positions": draw.fixed_dictionaries({"limit": draw.integers(1, 6)}),
        "gross_exposure": draw.fixed_dictionaries({"limit": fractions(0.5, 8.0)}),
        "net_exposure": draw.fixed_dictionaries({"limit": fractions(0.3, 5.0)}),
        "currency_exposure": draw.fixed_dictionaries({"limit": fractions(0.3, 5.0)}),
        "asset_exposure": draw.fixed_dictionaries({"limit": fractions(0.3, 5.0)}),
        "drawdown_scaling": draw.fixed_dictionaries(
            {"start_at": fractions(0.0, 0.01), "floor": fractions(0.0, 1.0)}
        ),
        "correlation_scaling": draw.fixed_dictionaries(
            {"max_asset_correlation": fractions(0.0, 0.9), "floor": fractions(0.0, 1.0)}
        ),
    }
)
TERMS = draw.fixed_dictionaries(
    {
        "pooled": draw.booleans(),
        "size_on_account": draw.booleans(),
        "reject_short_margin": draw.booleans(),
        "risk_fraction": fractions(0.001, 0.3),
        "leverage_cap": fractions(1.0, 30.0),
        "cooldown_bars": draw.integers(0, 3),
        "ambiguous_bar": draw.sampled_from(["stop_first", "target_first", "nearest_to_open"]),
    }
)


def random_plan(
    seed: int, rules: dict[str, Any], terms: dict[str, Any], *, reckless: bool = False
) -> RunPlan:
    """Return a plan of random streams with known correlations and a rebalance in its middle."""
    assets = random_assets(market(SYMBOLS, seed, DAYS), seed, every=4)
    if reckless:
        assets = [leveraged(asset) for asset in assets]
    rng = np.random.default_rng([seed, 3])
    initial, later = (rng.dirichlet(np.ones(len(SYMBOLS) + 1))[:-1] for _ in range(2))
    monday = int(np.datetime64("2025-03-03", "D").astype(np.int64))
    plan = plan_of(
        *assets,
        rules=rules_of(portfolio(risk=rules)),
        weights=initial.tolist(),
        rebalances={monday: later.tolist()},
        weekend_days=True,
        **terms,
    )
    if len(plan.correlation):
        drawn = rng.uniform(-1.0, 1.0, plan.correlation.shape)
        plan.correlation[:] = (drawn + drawn.swapaxes(1, 2)) / 2
    return plan


def leveraged(asset: AssetPlan) -> AssetPlan:
    """Return an asset that a broker lends 500:1, with stops too far away to help."""
    unit = dataclasses.replace(asset.instrument, margin_rate=0.002)
    rows = asset.entries._replace(stop_distance=asset.entries.stop_distance * 20.0)
    return dataclasses.replace(asset, instrument=unit, entries=rows)


class WatchedDesk(EntryDesk):
    """Sizes entries as ever, and again without each rule at the very same state."""

    compared = 0

    def _size(self, broker: LeveragedBroker, ticket: Ticket, intent: Any) -> bool:
        without = self._lots_without_each_rule(broker, ticket)
        queued = super()._size(broker, ticket, intent)
        lots = ticket.lots if queued else 0.0
        for name, bound in without.items():
            assert lots <= bound, f"{name} enlarged {lots} from {bound}"
        self.compared += len(without)
        return queued

    def _lots_without_each_rule(self, broker: LeveragedBroker, ticket: Ticket) -> dict[str, float]:
        i, unit = broker.at, broker.unit
        bars, rate = broker.bars, broker.bars.rate_close[i]
        basis = self.account.equity if self.terms.size_on_account else broker.equity
        if not ticket.stop_distance > 0.0 or not basis > 0.0 or np.isnan(rate):
            return {}
        entry, guards = Entry(broker.index, ticket.side), self.account.risk.guards
        mid = (bars.bid_close[i] + (bars.bid_close[i] + bars.spread[i])) / 2.0
        factors = {name: guard.factor(self.state, entry)[0] for name, guard in guards.items()}
        rooms = {name: guard.room(self.state, entry) for name, guard in guards.items()}
        assert all(0.0 <= factor <= 1.0 for factor in factors.values())
        bounds = {}
        for left_out in (*guards, "all rules"):
            chosen = [n for n in guards if left_out not in (n, "all rules")]
            product = 1.0
            for name in chosen:
                product *= factors[name]
            limits = [(guards[n].limit_code, rooms[n]) for n in chosen if rooms[n] != UNLIMITED]
            sized = self.sizers[broker.index].size(
                basis, product, ticket.stop_distance, mid, rate, limits
            )
            bounds[left_out] = sized.lots
            assert sized.lots <= unit.max_lot
        return bounds


def watch(plan: RunPlan, monkeypatch: pytest.MonkeyPatch) -> tuple[Lockstep, Played]:
    """Play a plan while checking free margin after every accepted entry, and every sizing."""
    lockstep = Lockstep(plan, Silent(), None, SimpleNamespace(value=NOBODY))
    lockstep.desk = WatchedDesk(lockstep.account)
    account, opened = lockstep.account, LeveragedBroker.open_position

    def checked(broker: LeveragedBroker, i: int, lots: float, *rest: Any) -> None:
        assert lots <= broker.ticket.lots  # type: ignore[union-attr]
        opened(broker, i, lots, *rest)
        if plan.terms.pooled:
            free = account._free_at_open(broker)
        else:
            equity, used = broker.opening_figures(i)
            free = equity - used
        assert free >= -1e-9 * plan.terms.capital

    with monkeypatch.context() as patch:
        patch.setattr(LeveragedBroker, "open_position", checked)
        played = lockstep.run()
    check_identities(plan, played)
    return lockstep, played


ACTED: set[str] = set()


#: What is drawn depends on what else is imported; these limits are met whatever is drawn.
EAGER = {
    "pooled": True,
    "size_on_account": False,
    "reject_short_margin": False,
    "risk_fraction": 0.1,
    "leverage_cap": 20.0,
    "cooldown_bars": 2,
    "ambiguous_bar": "stop_first",
}


def only(**biting: dict[str, Any]) -> dict[str, Any]:
    """Return all rules, only these of them tight."""
    lenient: dict[str, Any] = {
        "breaker": {"limit": 0.3, "effect": "flatten", "resume": "never"},
        "daily_loss": {"limit": 0.1, "effect": "block_entries"},
        "halts": {"spans": [["2025-02-26T12:00", "2025-02-26T18:00"]]},
        "max_positions": {"limit": 6},
        **{f"{name}_exposure": {"limit": 8.0} for name in ("gross", "net", "currency", "asset")},
        "drawdown_scaling": {"start_at": 0.01, "floor": 1.0},
        "correlation_scaling": {"max_asset_correlation": 0.9, "floor": 1.0},
    }
    return lenient | biting


@settings(max_examples=30)
@example(seed=1, rules=only(asset_exposure={"limit": 0.3}), terms=EAGER)
@example(seed=1, rules=only(currency_exposure={"limit": 0.3}), terms=EAGER)
@example(seed=1, rules=only(net_exposure={"limit": 0.3}), terms=EAGER)
@example(seed=1, rules=only(gross_exposure={"limit": 0.5}), terms=EAGER)
@example(seed=1, rules=only(max_positions={"limit": 1}), terms=EAGER)
@given(seed=draw.integers(0, 10_000), rules=RULES, terms=TERMS)
def test_random_streams_keep_the_identities_and_no_rule_enlarges_a_position(
    seed: int, rules: dict[str, Any], terms: dict[str, Any]
) -> None:
    plan = random_plan(seed, rules, terms)
    with pytest.MonkeyPatch.context() as patch:
        lockstep, played = watch(plan, patch)
    # What the monitor saw as the account at each step is the sum of what the sleeves left behind.
    total = account_equity(played)
    assert np.array_equal(lockstep.account.monitor.equity, total)
    assert_money_adds_up(plan, played, total)
    assert_rules_were_kept(plan, played, rules)
    ACTED.update(DECISIONS[d.code] for d in played.decisions)


def assert_money_adds_up(plan: RunPlan, played: Played, total: np.ndarray) -> None:
    lifted = float(played.terms[:, :, -1].sum())
    profit = sum(trade.net_pnl for trade in played.trades)
    assert total[-1] - plan.terms.capital == pytest.approx(profit + lifted, abs=1e-4)
    assert np.all(played.used_margin >= 0.0)
    assert played.used_margin[-1] == 0.0
    for trade in played.trades:
        assert trade.spread_cost >= 0.0
        assert trade.slippage_cost >= 0.0
        assert trade.commission >= 0.0
        step = plan.assets[trade.asset].instrument.lot_step
        assert abs(trade.lots / step - round(trade.lots / step)) < 1e-6


def assert_rules_were_kept(plan: RunPlan, played: Played, rules: dict[str, Any]) -> None:
    open_now = (exposures(plan, played.trades) != 0.0).sum(axis=1)
    assert open_now.max(initial=0) <= rules["max_positions"]["limit"]
    spans = rules["halts"]["spans"]
    for trade in played.trades:
        signal = np.datetime64(int(plan.assets[trade.asset].time[trade.signal_bar]), "ns")
        for start, end in spans:
            assert not np.datetime64(start) <= signal < np.datetime64(end)


@settings(max_examples=12)
@given(seed=draw.integers(0, 10_000), terms=TERMS)
def test_reckless_leverage_ends_in_stop_outs_and_ruin_that_still_add_up(
    seed: int, terms: dict[str, Any]
) -> None:
    reckless = terms | {"risk_fraction": 3.0, "leverage_cap": 500.0, "cooldown_bars": 0}
    plan = random_plan(seed, {}, reckless, reckless=True)
    with pytest.MonkeyPatch.context() as patch:
        lockstep, played = watch(plan, patch)
    total = account_equity(played)
    assert np.array_equal(lockstep.account.monitor.equity, total)
    assert_money_adds_up(plan, played, total)
    assert total[-1] >= -1e-6
    ACTED.update(DECISIONS[d.code] for d in played.decisions)


def test_the_random_streams_met_every_rule_and_every_fate() -> None:
    """Runs after the properties: what their examples together must have come across."""
    if not ACTED:
        pytest.skip("the properties above were not run")
    assert {
        "no_margin",
        "margin_cut",
        "stop_out",
        "broker_loss",
        "blocked_ruined",
        "breaker_trip",
        "breaker_resume",
        "daily_loss_trip",
        "daily_loss_reset",
        "rebalance",
        "blocked_breaker",
        "blocked_daily_loss",
        "blocked_halts",
        "blocked_max_positions",
        "blocked_cooldown",
        "blocked_no_stop",
        "leverage_cap",
        "gross_exposure",
        "net_exposure",
        "currency_exposure",
        "asset_exposure",
        "min_lot",
        "drawdown_scaling",
        "correlation_scaling",
        "expired",
    } <= ACTED
