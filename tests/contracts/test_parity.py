"""The gate between the two players: the same plan gives the same account, bit for bit.

The Cerebro player is the reference. `pytest -m long` plays 5,000 more plans.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from lockstep.core.codes import DECISIONS, EXIT_REASONS, LINKS
from lockstep.core.plan import BAR, RunPlan
from lockstep.engine.cerebro.player import play as play_cerebro
from lockstep.engine.identities import check_identities
from lockstep.engine.kernel.player import play as play_kernel
from lockstep.engine.played import Played
from lockstep.research.parity import first_difference
from tests.engine.plans import AMBIGUOUS, World, plan_of_world, worlds

#: What only a rule of a user's own can decide, or cut.
BY_OWN_RULES = {"rule_factor", "rule_limit", "rule_block"}
RESUMES = ("days", "next_month", "recovers")
#: A plan in which each rare decision happens: it takes several things at once.
_TAKES_ALL = World(bars=60, calendar="holes", volatility=0.01, jumps=0.1, leverage="reckless",
                   every=3, rates="constant", rebalances=0, size_on_account=True, risk=0.5,
                   valid_minutes=9_000)  # fmt: skip
_LOSES = dataclasses.replace(_TAKES_ALL, volatility=0.002, risk=0.1)
_FLATTENS = ("effect", "flatten")
_RECOVERS = (("limit", 0.02), ("effect", "block_entries"), ("resume", "recovers"),
             ("resume_drawdown", 0.01))  # fmt: skip
RARE = {
    "cancelled_ruined": dataclasses.replace(_TAKES_ALL, seed=921, assets=3),
    "cancelled_stop_out": dataclasses.replace(_TAKES_ALL, seed=1, assets=3),
    "stop_out_flag": dataclasses.replace(_TAKES_ALL, seed=14, assets=2),
    "stop_out_clear": dataclasses.replace(_TAKES_ALL, seed=1037, assets=5),
    "cancelled_breaker": dataclasses.replace(
        _LOSES, seed=5, rules=(("breaker", (("limit", 0.02), _FLATTENS)),)
    ),
    "cancelled_daily_loss": dataclasses.replace(
        _LOSES, seed=3, leverage="greedy", rules=(("daily_loss", (("limit", 0.005), _FLATTENS)),)
    ),
    "day begun with nothing": dataclasses.replace(
        _TAKES_ALL, seed=1, rules=(("daily_loss", (("limit", 0.02),)),)
    ),
    "resumed recovers": World(seed=298, every=3, rules=(("breaker", _RECOVERS),)),
    **{f"ambiguous {rule}": World(seed=6, every=3, ambiguous=rule) for rule in AMBIGUOUS},
}
#: Everything that has to happen somewhere in the 600 plans.
EXPECTED = {
    *(f"exit {name}" for name in EXIT_REASONS[1:]),
    *(name for name in DECISIONS if name not in BY_OWN_RULES | RARE.keys()),
    *(f"link {name}" for name in LINKS if name not in BY_OWN_RULES),
    *(f"resumed {resume}" for resume in RESUMES if f"resumed {resume}" not in RARE),
    *("pooled stop_out", "segregated stop_out", "pooled broker_loss", "segregated broker_loss"),
    *("pooled rebalance", "segregated rebalance", "in_position", "swap", "translation"),
    *("moved stop", "no bar but one", "fifteen assets", "factor below 1", "tie of strength"),
}


def events(world: World, plan: RunPlan, played: Played) -> set[str]:
    """Return what happened in a played plan, by the names of `EXPECTED`."""
    decided = {DECISIONS[decision.code] for decision in played.decisions}
    found = decided | {f"exit {EXIT_REASONS[trade.exit_reason]}" for trade in played.trades}
    links = {bit for trade in played.trades for bit in range(len(LINKS)) if trade.links >> bit & 1}
    found |= {f"link {LINKS[bit]}" for bit in links}
    found |= {f"{'pooled' if world.pooled else 'segregated'} {name}" for name in decided}
    breaker = dict(dict(world.rules).get("breaker", ()))
    entered = Counter((trade.entry_bar, world.assets) for trade in played.trades)
    happened = {
        f"ambiguous {world.ambiguous}": any(trade.ambiguous for trade in played.trades),
        f"resumed {breaker.get('resume')}": "breaker_resume" in decided,
        "in_position": played.in_position.any(),
        "swap": played.terms[:, :, 4].any(),
        "translation": played.terms[:, :, 5].any(),
        "moved stop": any(_moved(trade.exit_level, trade.stop_price) for trade in played.trades),
        "no bar but one": any(len(asset) == 1 for asset in plan.assets),
        "fifteen assets": len(plan.assets) == 15,
        "day begun with nothing": "daily_loss" in dict(world.rules) and _begins_empty(plan, played),
        "factor below 1": any(factor < 1.0 for t in played.trades for factor in t.factors),
        "tie of strength": world.twins and max(entered.values(), default=0) > 1,
    }
    return found | {name for name, it_did in happened.items() if it_did}


def _moved(level: float, stop: float) -> bool:
    return not np.isnan(level) and level != stop


def _begins_empty(plan: RunPlan, played: Played) -> bool:
    """Return True if a trading day ends without equity and another follows."""
    ends = np.flatnonzero(np.diff(plan.day))
    return bool((played.account_equity[ends] <= 0.0).any())


def agree(world: World) -> set[str]:
    """Play a world with both players, hold them to each other, and return what happened."""
    plan = plan_of_world(world)
    reference = play_cerebro(plan)
    check_identities(plan, reference)
    assert first_difference(plan, reference, play_kernel(plan)) is None
    return events(world, plan, reference)


@pytest.mark.parametrize("name", RARE)
def test_what_seldom_happens_happens_alike_in_both_players(name: str) -> None:
    assert name in agree(RARE[name])


def test_six_hundred_plans_of_every_kind_are_played_alike_and_nothing_is_left_out() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=600, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def play(world: World) -> None:
        seen.update(agree(world))

    play()
    assert EXPECTED - seen.keys() == set()


@pytest.mark.parametrize("column", sorted(set(BAR.names or ()) - {"step"}))
def test_a_column_replaced_in_a_finished_plan_is_what_both_players_play(column: str) -> None:
    plan = plan_of_world(World(seed=6, every=3, assets=4))
    changed = []
    for asset in plan.assets:
        values = getattr(asset, column)
        other = values + 1 if column == "nights" else values * 1.01
        changed.append(dataclasses.replace(asset, **{column: other}))
    other_plan = dataclasses.replace(plan, assets=tuple(changed))
    reference = play_cerebro(other_plan)
    assert first_difference(plan, play_cerebro(plan), reference) is not None
    assert first_difference(other_plan, reference, play_kernel(other_plan)) is None


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("salt", range(1, 11))
def test_five_thousand_more_plans_are_played_alike(salt: int) -> None:
    @settings(max_examples=500, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def play(world: World) -> None:
        agree(dataclasses.replace(world, seed=world.seed + (salt << 32)))

    play()
