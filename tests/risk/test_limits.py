"""An account of 100,000; EURUSD, USDJPY and GBPUSD where nothing else is said."""

from __future__ import annotations

import math

import pytest

from lockstep.core.codes import CODE
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import build
from lockstep.core.state import Entry
from lockstep.risk.asset_exposure import AssetExposure
from lockstep.risk.currency_exposure import CurrencyExposure, exposure_to
from lockstep.risk.gross_exposure import GrossExposure
from lockstep.risk.halts import Halts
from lockstep.risk.max_positions import MaxPositions
from lockstep.risk.net_exposure import NetExposure
from lockstep.risk.rule import UNLIMITED, Verdict
from tests.kit import unit
from tests.moments import ns
from tests.risk.states import LONG, SHORT, state_of

PAIRS = ("EURUSD", "USDJPY", "GBPUSD")


def test_gross_exposure_counts_longs_and_shorts_open_and_queued() -> None:
    # 5 x 100,000 less 120,000 long, 80,000 short and 50,000 queued short.
    state = state_of(*PAIRS, exposure=[0.0, 120_000.0, -80_000.0])
    state.queued_exposure = [-50_000.0, 0.0, 0.0]
    guard = GrossExposure(5.0).start()
    assert guard.room(state, LONG) == guard.room(state, SHORT) == 250_000.0
    assert guard.limit_code == CODE["gross_exposure"]


def test_net_exposure_leaves_more_room_to_the_other_side() -> None:
    # Net 120,000 - 80,000 + 60,000 queued = 100,000 long of 200,000.
    state = state_of(*PAIRS, exposure=[0.0, 120_000.0, -80_000.0])
    state.queued_exposure = [60_000.0, 0.0, 0.0]
    guard = NetExposure(2.0).start()
    assert guard.room(state, LONG) == 100_000.0
    assert guard.room(state, SHORT) == 300_000.0
    assert guard.limit_code == CODE["net_exposure"]


def test_a_single_asset_may_hold_its_limit_whatever_others_hold() -> None:
    state = state_of(*PAIRS, exposure=[0.0, 900_000.0, 0.0])
    guard = AssetExposure(1.5).start()
    assert guard.room(state, LONG) == guard.room(state, SHORT) == 150_000.0
    assert guard.limit_code == CODE["asset_exposure"]


def test_a_pair_adds_to_its_base_and_takes_from_its_quote_currency() -> None:
    # Long 100,000 EURUSD, short 40,000 USDJPY, queued long 10,000 GBPUSD.
    state = state_of(*PAIRS, exposure=[100_000.0, -40_000.0, 0.0])
    state.queued_exposure = [0.0, 0.0, 10_000.0]
    held = {currency: exposure_to(state, currency) for currency in ("EUR", "JPY", "GBP", "USD")}
    assert held == {"EUR": 100_000.0, "JPY": 40_000.0, "GBP": 10_000.0, "USD": -150_000.0}


def test_the_smaller_room_of_the_two_currencies_counts_the_accounts_own_included() -> None:
    """Long 150,000 GBPUSD: +150,000 pounds, -150,000 dollars; 200,000 allowed in each.

    Long EURUSD  euros 200,000, dollars (sold further) 50,000   -> 50,000
    Short EURUSD euros 200,000, dollars (bought back) 350,000   -> 200,000
    """
    state = state_of(*PAIRS, exposure=[0.0, 0.0, 150_000.0])
    guard = CurrencyExposure(2.0).start()
    assert guard.room(state, LONG) == 50_000.0
    assert guard.room(state, SHORT) == 200_000.0
    # Long USDJPY buys the dollars back: 350,000 dollars, 200,000 yen.
    assert guard.room(state, Entry(1, 1)) == 200_000.0
    assert guard.room(state, Entry(1, -1)) == 50_000.0
    assert guard.limit_code == CODE["currency_exposure"]


def test_only_fx_has_currency_exposure() -> None:
    gold = unit("XAUUSD", asset_class="metal")
    state = state_of(gold, "EURUSD", exposure=[500_000.0, 0.0])
    guard = CurrencyExposure(2.0).start()
    assert guard.room(state, LONG) == UNLIMITED
    assert guard.room(state, Entry(1, 1)) == 200_000.0


def test_a_limit_already_passed_leaves_less_than_no_room() -> None:
    state = state_of("EURUSD", "GBPUSD", exposure=[0.0, 250_000.0])
    assert GrossExposure(2.0).start().room(state, LONG) == -50_000.0


def test_open_and_queued_positions_are_counted_up_to_the_limit() -> None:
    guard = MaxPositions(2).start()
    state = state_of(*PAIRS, side=[0, -1, 0])
    assert guard.block(state, LONG) is None
    state.queued = [0, 0, 1]
    assert guard.block(state, LONG) == Verdict(CODE["blocked_max_positions"], 2.0, 2.0)


def test_a_halt_holds_from_its_first_moment_until_just_before_its_last() -> None:
    guard = build(Halts, {"spans": [["2025-01-15T10:00", "2025-01-15T11:00"]]}).start()
    state = state_of("EURUSD")
    blocked = {}
    for text in ("09:55", "10:00", "10:55", "11:00"):
        state.time = ns(f"2025-01-15T{text}")
        blocked[text] = guard.block(state, LONG) is not None
    assert blocked == {"09:55": False, "10:00": True, "10:55": True, "11:00": False}


def test_a_halt_says_nothing_but_that_it_blocked() -> None:
    guard = Halts((("2025-01-15", "2025-01-16"),)).start()
    verdict = guard.block(state_of("EURUSD"), LONG)
    assert verdict is not None
    assert verdict.code == CODE["blocked_halts"]
    assert math.isnan(verdict.before)
    assert math.isnan(verdict.after)


def test_a_halt_may_be_written_with_an_offset_and_several_may_follow() -> None:
    # 10:00-05:00 is 15:00 UTC.
    spans = [["2025-01-10", "2025-01-11"], ["2025-01-15T10:00-05:00", "2025-01-15T11:00-05:00"]]
    guard = build(Halts, {"spans": spans}).start()
    assert guard.block(state_of("EURUSD", time=ns("2025-01-15T15:00")), LONG) is not None
    assert guard.block(state_of("EURUSD", time=ns("2025-01-15T10:00")), LONG) is None
    assert guard.block(state_of("EURUSD", time=ns("2025-01-10T23:55")), LONG) is not None


@pytest.mark.parametrize(
    ("spans", "sentence"),
    [
        ("2025-01-15", r"spans is '2025-01-15'; expected a list of \[from, to\]"),
        (None, r"spans is None; expected a list"),
        (["2025-01-15"], r"halt '2025-01-15' is no pair; expected \[from, to\]"),
        ([["2025-01-15"]], r"halt \('2025-01-15',\) is no pair"),
        ([["2025-01-16", "2025-01-15"]], r"halt from 2025-01-16 to 2025-01-15 is empty; expected"),
        ([["2025-01-15", "2025-01-15"]], r"is empty; expected from before to"),
        ([["15.01.2025", "2025-01-16"]], r"halt time '15\.01\.2025' is no ISO time; expected for"),
        ([[1, 2]], r"halt time 1 is no ISO time"),
    ],
)
def test_a_span_that_is_no_span_is_refused(spans: object, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        build(Halts, {"spans": spans})


@pytest.mark.parametrize("rule", [GrossExposure, NetExposure, AssetExposure, CurrencyExposure])
def test_a_limit_of_nothing_is_refused(rule: type) -> None:
    with pytest.raises(ConfigError, match=r"^limit is 0; expected a number above 0\.$"):
        build(rule, {"limit": 0})


def test_a_limit_on_positions_is_a_whole_number_of_at_least_one() -> None:
    with pytest.raises(ConfigError, match=r"^limit is 0; expected a number at least 1\.$"):
        build(MaxPositions, {"limit": 0})
    with pytest.raises(ConfigError, match=r"^limit is 2\.5; expected a whole number\.$"):
        build(MaxPositions, {"limit": 2.5})
