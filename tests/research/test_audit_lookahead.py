from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from lockstep.core.calendar import HOUR_NS
from lockstep.core.errors import AssetError, DataError
from lockstep.core.registry import strategies
from lockstep.core.signals import Signals
from lockstep.engine import plan
from lockstep.engine import portfolio as engine
from lockstep.research.audit_lookahead import audit_lookahead
from lockstep.research.cuts import CutsOfAsset, cut_moments
from lockstep.research.divergence import Place, indicator_divergences, signal_divergences
from lockstep.research.subject import differing, pair_before
from tests.engine.markets import MONDAY, market, pairs_of
from tests.research.cheats import CHEATS, Honest
from tests.research.subjects import subject

NAN = float("nan")
HOUR = HOUR_NS


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cheats be found by name, in these tests only."""
    for name, cheat in {**CHEATS, "Honest": Honest}.items():
        monkeypatch.setitem(strategies._found, name, cheat)


def firsts(audit: Any) -> list[tuple[str, str]]:
    return list(dict.fromkeys((r["kind"], r["name"]) for r in audit.records))


# Who is caught ---------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["breakout", "mean_reversion"])
@pytest.mark.parametrize("model", ["inverse_volatility", "equal_weight"])
def test_the_built_in_strategies_pass(strategy: str, model: str) -> None:
    parameters = {"atr_period": 10}
    audit = audit_lookahead(subject(strategy=strategy, parameters=parameters, allocation=model))
    assert audit.violations == ()
    assert audit.verdict == "Nothing before 5 cuts depends on data after them."
    (told,) = audit.tables[0].to_plain()
    assert (told["assets"], told["divergences"]) == (3, 0)
    assert told["behind_signals"] >= 40
    rows = audit.tables[1].to_plain()
    assert sum(row["trades"] for row in rows) > 100
    assert {row["why"] for row in rows} == {"month end", "behind an entry", "random"}


def test_an_honest_strategy_passes() -> None:
    audit = audit_lookahead(subject(strategy="Honest"), cuts=3)
    assert audit.violations == ()


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_caught_and_what_it_cheats_with_is_named_first(name: str) -> None:
    audit = audit_lookahead(subject(strategy=name), cuts=3)
    assert not audit.passed
    first = audit.records[0]
    assert (first["kind"], first["name"]) == CHEATS[name].guilty
    assert (first["strategy"], first["asset"]) == (name, "BTCUSD")
    accused = {r["name"] for r in audit.records if r["kind"] == first["kind"]}
    if first["kind"] == "indicator":
        assert accused == {first["name"]}
    assert re.match(
        rf"{name} on BTCUSD: {first['kind']} {first['name']} differs first at bar [\d,]+ "
        r"\(2025-\d\d-\d\d \d\d:\d\d\): .* with all data, .* with data before 2025-",
        audit.violations[0],
    )


def test_the_first_bar_and_both_values_of_a_divergence_are_named() -> None:
    given = subject(["EURUSD"], strategy="NextClose")
    audit = audit_lookahead(given, cuts=2, behind_signals=1)
    record = audit.records[0]
    bars = given.bars["EURUSD"]
    bar = record["bar"]
    # the last bar before a cut is the first whose successor is not known
    assert record["whole"] == bars.close[bar + 1]
    assert record["part"] == "nan"
    assert record["time"] == str(np.datetime64(int(bars.time[bar]), "s" if False else "ns"))[
        :19
    ] + ("Z")
    assert record["count"] == 1


def test_a_whole_series_differs_on_every_bar_before_the_cut() -> None:
    given = subject(["EURUSD"], strategy="WholeSeries")
    record = audit_lookahead(given, cuts=2).records[0]
    end = int(np.datetime64(record["cut"][:-1], "ns").astype(np.int64))
    assert record["bar"] == 0
    assert record["count"] == np.count_nonzero(given.bars["EURUSD"].time < end)


def test_one_who_peeks_rarely_is_found_behind_its_signals_and_not_at_a_month_end() -> None:
    given = subject(["EURUSD"], strategy="RarelyPeeking")
    assert audit_lookahead(given, cuts=1, behind_signals=0).passed
    assert not audit_lookahead(given, cuts=1, behind_signals=20).passed


def test_a_hand_written_strategy_is_judged_by_its_trades() -> None:
    honest = audit_lookahead(
        subject(["EURUSD"], days=42, strategy="tests.research.cheats:ReadsToday"), cuts=3
    )
    assert honest.passed
    assert "is written by hand" in honest.tables[0].notes[0]
    cheat = audit_lookahead(
        subject(["EURUSD"], days=42, strategy="tests.research.cheats:ReadsTomorrow"), cuts=3
    )
    assert firsts(cheat) == [("entry", "signal")]
    assert "ReadsTomorrow on EURUSD: entry signal differs first at bar" in cheat.violations[0]
    assert "'entered' with all data, 'no signal' with data before" in cheat.violations[0]


def test_a_strategy_that_fails_on_cut_bars_fails_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Fragile(Honest):
        def indicators(self, bars: Any) -> Any:
            assert len(bars) > 1000, "too short"
            return Honest.indicators(self, bars)

    monkeypatch.setitem(strategies._found, "Fragile", Fragile)
    with pytest.raises(AssetError, match="BTCUSD: its strategy failed with AssertionError: too"):
        audit_lookahead(subject(["BTCUSD"], days=42, strategy="Fragile"), cuts=2)


# What a run may not know -----------------------------------------------------------------------


def test_weights_that_know_the_future_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.solo_returns

    def peeking(days: Any, solos: Any, capital: float) -> Any:
        return real(days, solos, capital) * (1.0 + len(days) * np.arange(1, len(solos) + 1) / 1e3)

    monkeypatch.setattr(engine, "solo_returns", peeking)
    audit = audit_lookahead(subject(), cuts=3)
    kinds = [kind for kind, _ in firsts(audit)]
    assert kinds[0] == "weight"
    assert audit.records[0]["asset"] == "BTCUSD"
    assert "entry" in kinds
    assert "indicator" not in kinds


def test_rates_that_know_the_future_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = plan.rates_at

    def peeking(quote: str, account: str, moments: Any, pairs: Any, constants: Any) -> Any:
        return real(quote, account, moments + HOUR, pairs, constants)

    monkeypatch.setattr(plan, "rates_at", peeking)
    audit = audit_lookahead(subject(("EURUSD", "USDJPY"), allocation="equal_weight"), cuts=2)
    assert firsts(audit)[0] == ("rate", "rate_close")
    assert audit.records[0]["asset"] == "USDJPY"


# Where it is cut -------------------------------------------------------------------------------


def test_cuts_come_from_month_ends_entries_and_anywhere_in_turn() -> None:
    given = subject(days=70)
    entries = np.array([MONDAY + 400 * HOUR, MONDAY + 900 * HOUR])
    cuts = cut_moments(given, entries, 8, 1)
    assert [cut.moment for cut in cuts] == sorted({cut.moment for cut in cuts})
    kinds = [cut.why for cut in cuts]
    # 2025-02-24 to 2025-05-05 holds the ends of February, March and April
    assert (kinds.count("month end"), kinds.count("behind an entry")) == (3, 2)
    assert {cut.moment for cut in cuts if cut.why == "behind an entry"} == set(entries.tolist())
    assert cuts == cut_moments(given, entries, 8, 1)
    assert cuts != cut_moments(given, entries, 8, 2)


def test_a_month_ends_with_its_last_trading_day_in_new_york() -> None:
    cuts = cut_moments(subject(days=70), np.empty(0, dtype=np.int64), 6, 1)
    ends = [str(np.datetime64(c.moment, "ns"))[:16] for c in cuts if c.why == "month end"]
    # 17:00 New York: 22:00 UTC before the clocks change on 2025-03-09, 21:00 after
    assert ends == ["2025-02-28T22:00", "2025-03-31T21:00", "2025-04-30T21:00"]


def test_every_asset_has_bars_before_every_cut_and_what_that_leaves_out_is_said() -> None:
    given = subject(("BTCUSD", "EURUSD"), days=60)
    late = given.bars["EURUSD"].between(MONDAY + 700 * HOUR, 2**62)
    given = dataclasses.replace(given, bars={**given.bars, "EURUSD": late})
    cuts = cut_moments(given, np.empty(0, dtype=np.int64), 6, 1)
    assert min(cut.moment for cut in cuts) > late.time[0]
    audit = audit_lookahead(given, cuts=2)
    assert audit.passed
    assert "No run is cut before 2025-03-25" in audit.notes[0]
    assert "when the data of EURUSD begin" in audit.notes[0]


def test_too_short_a_run_is_refused() -> None:
    short = subject(["EURUSD"], days=1)
    with pytest.raises(DataError, match="only 23 labels follow the first bar"):
        cut_moments(short, np.empty(0, dtype=np.int64), 12, 0)


def test_cut_bars_end_right_behind_bars_with_a_signal_and_never_repeat_a_moment() -> None:
    bars = market(["EURUSD"], 1, 3)["EURUSD"]
    side = np.zeros(len(bars), dtype=np.int8)
    leave = np.zeros(len(bars), dtype=np.int8)
    side[[5, 11]], leave[20], side[-1] = 1, 1, 1
    signals = Signals(side=side, stop_distance=np.ones(len(bars)), exit=leave)
    at = CutsOfAsset([int(bars.time[12]), int(bars.time[30])], 10, [0])
    assert at.lengths(bars, signals) == ([12, 30], [6, 21])
    assert CutsOfAsset([int(bars.time[0])], 1, [0]).lengths(bars, signals)[0] == []


def test_a_pair_is_cut_by_when_its_prices_were_known() -> None:
    (pair,) = pairs_of(market(["EURUSD"], 1, 3))
    moment = int(pair.known_at[4])
    assert len(pair_before(pair, moment).mid) == 5
    assert len(pair_before(pair, moment - 1).mid) == 4


# How bits are compared -------------------------------------------------------------------------


def test_a_last_bit_a_sign_of_zero_and_a_nan_are_told_apart() -> None:
    whole = np.array([1.0, 0.0, NAN, NAN, 5.0])
    part = np.array([np.nextafter(1.0, 2.0), -0.0, NAN, 1.0, 5.0])
    assert differing(whole, part).tolist() == [0, 1, 3]
    assert differing(whole, -whole).tolist() == [0, 1, 4]
    assert differing(np.array([1, 2]), np.array([1, 3])).tolist() == [1]


def place(bars: int) -> Place:
    return Place("s", "A", MONDAY + HOUR * np.arange(bars), MONDAY + bars * HOUR)


def test_an_indicator_that_is_not_given_or_of_another_length_is_a_divergence() -> None:
    whole = {"a": np.arange(5.0), "b": np.arange(5.0), "c": np.arange(5.0)}
    part = {"a": np.arange(2.0), "b": np.arange(3.0), "d": np.arange(3.0)}
    found = {d.name: (d.whole, d.part) for d in indicator_divergences(place(3), whole, part)}
    assert found == {"c": ("given", "not given"), "d": ("not given", "given")}
    longer = {"a": np.arange(9.0)}
    (only,) = indicator_divergences(place(3), {"a": np.arange(5.0)}, longer)
    assert (only.whole, only.part) == ("shape (5,)", "shape (9,)")


def test_a_signal_array_that_is_left_out_stands_for_what_it_means() -> None:
    side, stop = np.zeros(4, dtype=np.int8), np.ones(4)
    off = Signals(side, stop)
    on = Signals(side, stop, np.zeros(4, dtype=np.int8), np.full(4, NAN), strength=np.ones(4))
    assert list(signal_divergences(place(4), on, off)) == []
    leaves = Signals(side, stop, exit=np.array([0, 0, 2, 0], dtype=np.int8))
    (found,) = signal_divergences(place(4), leaves, off)
    assert (found.kind, found.name, found.bar, found.whole, found.part) == (
        "signal",
        "exit",
        2,
        2,
        0,
    )
