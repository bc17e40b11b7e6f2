"""Each function of the ledger compiles, and its compiled form gives the same bits as Python's.

One driver a module calls all its functions; the driver itself is what is compiled.
"""

from __future__ import annotations

import inspect
import math
import struct
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numba
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as draw

from lockstep.ledger import exits, margin, money, prices, rules, sizing


def drive_exits(side, rule, queued, reason, bar, a, b, c, d, e, f, g, h):
    return (
        exits.opening_exit(side, a, b, c, queued),
        exits.worse_exit(queued, reason),
        exits.inside_exit(side, a, d, e, b, c, rule),
        exits.stop_is_inside_spread(side, b, a, f),
        exits.follow_stop(side, d, a, b, f, g, h, e),
        exits.time_is_up(bar, reason),
        exits.has_expired(bar * 7, bar, queued, reason),
        exits.is_cooling_down(bar, queued, reason),
    )


def drive_margin(side, rule, queued, reason, bar, a, b, c, d, e, f, g, h):
    return (
        margin.used_margin(a, b, c, d),
        margin.margin_per_lot(a, b, c, d, e, f, g),
        margin.must_stop_out(a, b, h),
    )


def drive_money(side, rule, queued, reason, bar, a, b, c, d, e, f, g, h):
    return (
        money.quote_pnl(side, a, b, c),
        money.notional(a, b, c),
        money.commission_of(a, b, c, d, e, f),
        money.night_weight(bar % 7, rule, side > 0),
        money.swap_by_rate(bar, a, 360.0, b, c, d),
        money.swap_by_points(bar, a, b, c, d),
        money.price_term(side, a, b, c, d),
        money.spread_term(a, b, c, d, e),
        money.slippage_term(a, b, c),
        money.translation_term(a, b, c),
    )


def drive_prices(side, rule, queued, reason, bar, a, b, c, d, e, f, g, h):
    return (
        prices.bid_of(a, b, side > 0),
        prices.ask_of(a, b),
        prices.mid_of(a, b),
        prices.exit_quote(side, a, b),
        prices.slip_of(a, b, c),
        prices.entry_fill(side, a, b, c),
        prices.exit_fill(side, a, b),
    )


def drive_rules(side, rule, queued, reason, bar, a, b, c, d, e, f, g, h):
    # Labels are whole minutes, as those of real bars: exact in a float of 53 bits.
    now = 1_736_899_200_000_000_000 + bar * 60_000_000_000
    then = 1_736_899_200_000_000_000
    return (
        rules.drawdown_of(a, h),
        rules.breaker_resumes(now, then, reason, queued, a, rule, b),
        rules.breaker_trips(a, b),
        rules.daily_loss_of(a, h),
        rules.drawdown_factor(a, b, c, c + h, e),
        rules.correlation_factor(a, 1.0 - h, c),
        rules.same_bet(side, -side, a),
        rules.room_of(a, b, side, c),
        rules.sleeve_transfer(a, b, c),
        rules.donation(a, b),
        rules.share_of_need(a, b, h),
    )


def drive_sizing(side, rule, queued, reason, bar, a, b, c, d, e, f, g, h):
    return (
        sizing.risk_lots(a, b, c, h, h, h),
        sizing.lots_for(a, h, h, h),
        sizing.floor_lots(h * 37.3, 0.1),
        sizing.risk_amount(a, b, c, d),
    )


DRIVERS: dict[ModuleType, Callable[..., tuple[Any, ...]]] = {
    exits: drive_exits,
    margin: drive_margin,
    money: drive_money,
    prices: drive_prices,
    rules: drive_rules,
    sizing: drive_sizing,
}
NAMES = [module.__name__.rsplit(".", 1)[1] for module in DRIVERS]


@cache
def compiled(driver: Callable[..., tuple[Any, ...]]) -> Any:
    return numba.njit(driver)


def bits(value: Any) -> Any:
    """Return a value so that equal means the same bits; any NaN equals any other."""
    if isinstance(value, tuple):
        return tuple(bits(item) for item in value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return int(value)


#: Prices and money as accounts see them, fractions, signed zeros, 0.1 + 0.2, and "off".
NUMBER = (
    draw.floats(-1e9, 1e9)
    | draw.floats(-2.0, 2.0)
    | draw.sampled_from([0.0, -0.0, 0.05, 0.1, 0.3, 0.1 + 0.2, 0.95, 1.0, math.nan])
)
POSITIVE = draw.floats(1e-3, 1e6) | draw.sampled_from([0.01, 0.1, 0.5])


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=NAMES)
@settings(max_examples=300)
@given(
    whole=draw.tuples(
        draw.sampled_from([1, -1]),
        draw.integers(0, 3),
        draw.integers(0, 10),
        draw.integers(0, 10),
        draw.integers(0, 1_000_000),
    ),
    numbers=draw.tuples(*[NUMBER] * 7, POSITIVE),
)
@example(whole=(1, 2, 0, 0, 0), numbers=(100.0, 98.5, 104.5, 98.0, 105.0, 0.1, 0.3, 0.1))
@example(whole=(-1, 1, 3, 6, 7200), numbers=(0.3, 0.1, -0.0, 0.0, 1.0, 0.2, 0.7, 0.1))
def test_compiled_and_python_give_the_same_bits(
    driver: Callable[..., tuple[Any, ...]],
    whole: tuple[int, ...],
    numbers: tuple[float, ...],
) -> None:
    fast = compiled(driver)
    assert bits(fast(*whole, *numbers)) == bits(driver(*whole, *numbers))
    assert len(fast.nopython_signatures) == 1


@pytest.mark.parametrize("module", DRIVERS, ids=NAMES)
def test_no_function_is_left_out(module: ModuleType) -> None:
    public = {
        name
        for name, item in inspect.getmembers(module, inspect.isfunction)
        if item.__module__ == module.__name__
    }
    assert public <= set(DRIVERS[module].__code__.co_names)
