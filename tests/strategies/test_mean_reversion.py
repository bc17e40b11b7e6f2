"""Mean reversion: every rule by hand, its switches one by one, and real bars done another way."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.bars import TIMEFRAMES, Bars
from lockstep.core.errors import ConfigError
from lockstep.core.signals import Signals
from lockstep.strategies.mean_reversion import MeanReversionStrategy, regime_score
from tests.strategies.markets import MONDAY, bars_of, random_bars

HOUR = 3_600_000_000_000
#: Two bars of warm-up, then a drop from 10 to 6: mean 9, deviation sqrt(3), true range 4.
DROP = bars_of([10.0, 10.0, 10.0, 6.0])
SMALL = {
    "bollinger_period": 4,
    "bollinger_deviations": 1.0,
    "vwap_period": 4,
    "vwap_deviations": 1.0,
    "atr_period": 1,
}


def signals(bars: Bars, **parameters: Any) -> Signals:
    strategy = MeanReversionStrategy(**parameters)
    return strategy.signals(bars, strategy.indicators(bars))


def test_a_close_below_both_bands_is_bought_with_a_stop_and_a_target() -> None:
    said = signals(DROP, **SMALL)
    assert said.side.tolist() == [0, 0, 0, 1]
    assert said.stop_distance[3] == 2.0 * 4.0
    assert said.target_distance[3] == 1.5 * 8.0
    assert said.strength[3] == pytest.approx((9 - 3**0.5 - 6) / 4, rel=1e-14)
    assert said.exit is None


def test_a_close_above_both_bands_is_sold_the_same_way() -> None:
    said = signals(bars_of([10.0, 10.0, 10.0, 14.0]), **SMALL)
    assert said.side.tolist() == [0, 0, 0, -1]
    assert said.stop_distance[3] == 8.0
    assert said.strength[3] == pytest.approx((14 - 11 - 3**0.5) / 4, rel=1e-14)


@pytest.mark.parametrize("band", ["bollinger_deviations", "vwap_deviations"])
def test_one_band_alone_is_not_enough(band: str) -> None:
    assert signals(DROP, **(SMALL | {band: 1.73})).side[3] == 1  # 9 - 1.73 x 1.732 = 6.0036
    assert signals(DROP, **(SMALL | {band: 1.74})).side[3] == 0  # 9 - 1.74 x 1.732 = 5.986


def test_strength_counts_from_the_farther_band_and_ends_at_one() -> None:
    far = signals(DROP, **(SMALL | {"vwap_deviations": 1.5}))
    assert far.strength[3] == pytest.approx((9 - 1.5 * 3**0.5 - 6) / 4, rel=1e-14)
    strategy = MeanReversionStrategy(**SMALL)
    indicators = strategy.indicators(DROP) | {"atr": np.full(4, 0.1)}
    assert strategy.signals(DROP, indicators).strength.tolist() == [0.0, 0.0, 0.0, 1.0]


def test_an_entry_without_range_has_no_valid_stop() -> None:
    strategy = MeanReversionStrategy(**SMALL)
    indicators = strategy.indicators(DROP) | {"atr": np.zeros(4)}
    said = strategy.signals(DROP, indicators)
    assert said.side[3] == 1
    assert np.isnan(said.stop_distance[3])
    assert said.strength[3] == 0.0


def test_a_market_that_does_not_move_is_left_alone() -> None:
    assert not signals(bars_of([1.10007] * 400)).side.any()


def test_volume_moves_the_weighted_band() -> None:
    # All volume at 7: VWAP 7 without spread, so that 6 is still below it; all at 6: it is not.
    bars = bars_of([10.0, 10.0, 7.0, 6.0])
    heavy = dataclasses.replace(bars, volume=np.array([0.0, 0.0, 5.0, 0.0]))
    late = dataclasses.replace(bars, volume=np.array([0.0, 0.0, 0.0, 5.0]))
    assert signals(heavy, **SMALL).side[3] == 1
    assert signals(late, **SMALL).side[3] == 0


def test_a_mirrored_market_gives_mirrored_entries() -> None:
    bars = random_bars(seed=11, n_bars=4000)
    mirror = dataclasses.replace(
        bars, open=2.2 - bars.open, high=2.2 - bars.low, low=2.2 - bars.high, close=2.2 - bars.close
    )
    said, mirrored = signals(bars), signals(mirror)
    assert said.side.any()
    np.testing.assert_array_equal(mirrored.side, -said.side)
    np.testing.assert_allclose(mirrored.stop_distance, said.stop_distance, rtol=1e-9)
    np.testing.assert_allclose(mirrored.strength, said.strength, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("timeframe", "minutes", "max_bars"),
    [
        ("5m", -1, 72),
        ("15m", -1, 48),
        ("1h", -1, 48),
        ("30m", -1, 48),
        ("5m", 61, 13),
        ("1h", 1, 1),
    ],
)
def test_the_time_exit_is_whole_bars_of_the_asset(
    timeframe: str, minutes: int, max_bars: int
) -> None:
    bars = random_bars(seed=1, n_bars=10, timeframe=timeframe)
    assert signals(bars, max_minutes=minutes).max_bars.tolist() == [max_bars] * 10


def test_exits_by_time_target_trail_and_break_even_can_be_off() -> None:
    said = signals(DROP, **SMALL, max_minutes=0, reward_risk=0.0)
    assert said.max_bars is None
    assert said.target_distance is None
    assert (said.trail_trigger, said.trail_distance) == (None, None)
    assert (said.be_trigger, said.be_offset) == (None, None)


def test_trailing_and_break_even_are_multiples_of_the_stop_distance() -> None:
    said = signals(
        DROP, **SMALL, trail_trigger_r=1.5, trail_distance_r=0.5, be_trigger_r=1.0, be_offset_r=0.25
    )
    assert (said.trail_trigger[3], said.trail_distance[3]) == (12.0, 4.0)
    assert (said.be_trigger[3], said.be_offset[3]) == (8.0, 2.0)


def test_a_trail_without_trigger_starts_at_once() -> None:
    said = signals(DROP, **SMALL, trail_distance_r=0.5)
    assert (said.trail_trigger[3], said.trail_distance[3]) == (0.0, 4.0)


@pytest.mark.parametrize(
    ("limit", "open_at", "shut_at"),
    [
        ({"adx_max": 30.0}, {"adx": 30.0}, {"adx": 30.1}),
        ({"volatility_min": 0.2}, {"atr_rank": 0.2}, {"atr_rank": 0.19}),
        ({"volatility_max": 0.8}, {"atr_rank": 0.8}, {"atr_rank": 0.81}),
        # 50 x (1 - 20 / 50 + 1 - 0.2) = 70; a rank of 0.25 makes it 67.5
        ({"score_min": 69.0}, {"adx": 20.0, "atr_rank": 0.2}, {"adx": 20.0, "atr_rank": 0.25}),
    ],
)
def test_a_regime_limit_blocks_what_lies_beyond_it_and_what_is_unknown(
    limit: dict[str, float], open_at: dict[str, float], shut_at: dict[str, float]
) -> None:
    strategy = MeanReversionStrategy(**SMALL, **limit)
    known = strategy.indicators(DROP)
    assert np.isnan(known["adx"]).all()
    for change, side in ((open_at, 1), (shut_at, 0), ({}, 0)):
        indicators = known | {key: np.full(4, value) for key, value in change.items()}
        assert strategy.signals(DROP, indicators).side[3] == side


def test_the_regime_score_is_half_ranging_half_calm() -> None:
    trend, rank = np.array([0.0, 25.0, 50.0, 80.0, np.nan]), np.array([0.0, 0.4, 1.0, 0.5, 0.5])
    np.testing.assert_allclose(regime_score(trend, rank), [100, 55, 0, 25, np.nan], rtol=1e-14)


def test_a_regime_limit_lengthens_the_look_back() -> None:
    assert MeanReversionStrategy().lookback_bars == 50
    assert MeanReversionStrategy(adx_max=25.0, adx_period=40).lookback_bars == 80
    assert MeanReversionStrategy(volatility_max=0.9).lookback_bars == 14 + 200
    assert MeanReversionStrategy(atr_period=60).lookback_bars == 61


def hours_of_entries(bars: Bars, **parameters: Any) -> list[int]:
    """Return the UTC hours at which entries are decided, with an entry wanted on every bar."""
    strategy = MeanReversionStrategy(**parameters)
    wanted = {"bollinger_middle": bars.close + 9, "vwap": bars.close + 9, "atr": bars.close}
    flat = dict.fromkeys(strategy.indicators(bars), np.zeros(len(bars)))
    side = strategy.signals(bars, flat | wanted).side
    return sorted(set(((bars.time[side != 0] + bars.timeframe) // HOUR % 24).tolist()))


def test_hours_bound_the_moment_of_decision_and_may_run_past_midnight() -> None:
    week = bars_of([1.0] * 24 * 7, minutes=60)
    assert hours_of_entries(week) == list(range(24))
    assert hours_of_entries(week, hour_start=8, hour_end=11) == [8, 9, 10]
    assert hours_of_entries(week, hour_start=22, hour_end=2) == [0, 1, 22, 23]
    assert hours_of_entries(week, hour_start=21, hour_end=0) == [21, 22, 23]
    assert hours_of_entries(week, hour_start=5, hour_end=5) == list(range(24))


def test_hours_follow_the_clock_of_their_zone_through_daylight_saving() -> None:
    summer = MONDAY + 24 * HOUR * 182  # 2017-07-03
    zone = {"hour_start": 9, "hour_end": 11, "hour_zone": "America/New_York"}
    assert hours_of_entries(bars_of([1.0] * 48, minutes=60), **zone) == [14, 15]
    assert hours_of_entries(bars_of([1.0] * 48, minutes=60, start=summer), **zone) == [13, 14]


def test_notes_say_where_vwap_had_to_do_without_volume() -> None:
    strategy = MeanReversionStrategy(vwap_period=2)
    bars = bars_of([1.0] * 4)
    assert strategy.notes(bars) == ("VWAP weighs all bars equally: the bars carry no volume.",)
    some = dataclasses.replace(bars, volume=np.array([0.0, 0.0, 3.0, 1.0]))
    assert strategy.notes(some) == (
        "VWAP weighs bars equally in 1 of 3 windows: they hold no volume.",
    )
    assert strategy.notes(dataclasses.replace(bars, volume=np.ones(4))) == ()


def test_notes_say_which_time_exit_was_assumed() -> None:
    bars = dataclasses.replace(bars_of([1.0] * 60, minutes=30), volume=np.ones(60))
    (sentence,) = MeanReversionStrategy().notes(bars)
    assert sentence.startswith("No usual time exit is known for 30-minute bars: positions are left")
    assert MeanReversionStrategy(max_minutes=600).notes(bars) == ()


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"bollinger_period": 1}, "bollinger_period is 1; expected a number at least 2"),
        ({"bollinger_period": 20.5}, r"bollinger_period is 20\.5; expected a whole number"),
        ({"stop_multiplier": "2"}, "stop_multiplier is '2'; expected a number"),
        ({"reward_risk": float("nan")}, "reward_risk is NaN"),
        ({"atr_period": True}, "atr_period is True; expected a whole number"),
        ({"hour_zone": "Mars/Olympus"}, "hour_zone is 'Mars/Olympus'; expected an IANA time zone"),
        ({"hour_zone": ""}, "hour_zone is ''; expected an IANA time zone"),
        ({"hour_zone": "America"}, "hour_zone is 'America'; expected an IANA time zone"),
        ({"volatility_min": 1.0}, "volatility_min is 1; expected less than volatility_max, 1"),
        ({"be_trigger_r": 1.0, "be_offset_r": 1.0}, "be_offset_r is 1; expected less than"),
        ({"be_offset_r": 0.1}, r"be_offset_r is 0\.1; expected less than be_trigger_r, 0"),
        ({"trail_trigger_r": 1.0}, "trail_trigger_r is 1, but nothing trails"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_value(wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        MeanReversionStrategy(**wrong)


def real_bars(name: str) -> Bars:
    folder = os.environ.get("LOCKSTEP_REAL_DATA")
    if not folder:
        pytest.skip("LOCKSTEP_REAL_DATA names no folder of real bars")
    frame = pd.read_parquet(Path(folder) / "5m" / f"{name}.parquet").iloc[:30_000]
    time = pd.DatetimeIndex(frame.index).tz_localize(None).as_unit("ns").asi8
    columns = (frame[c].to_numpy(np.float64) for c in ("open", "high", "low", "close", "volume"))
    return Bars(name, TIMEFRAMES["5m"], time, *columns)


@pytest.mark.parametrize("name", ["EURUSD", "BTCUSDT"])
def test_entries_on_real_bars_agree_with_pandas(name: str) -> None:
    bars = real_bars(name)
    close = pd.Series(bars.close)
    price = np.asarray((close + bars.high + bars.low) / 3)
    prices = np.lib.stride_tricks.sliding_window_view(price, 50)
    weight = bars.volume if bars.has_volume else np.ones(len(bars))
    weights = np.lib.stride_tricks.sliding_window_view(weight, 50)
    vwap, spread = np.full((2, len(bars)), np.nan)
    vwap[49:] = np.average(prices, axis=1, weights=weights)
    spread[49:] = np.average((prices - vwap[49:, None]) ** 2, axis=1, weights=weights) ** 0.5
    middle, deviation = close.rolling(20).mean(), close.rolling(20).std(ddof=0)
    lower = np.minimum(middle - 2 * deviation, vwap - 1.5 * spread)
    upper = np.maximum(middle + 2 * deviation, vwap + 1.5 * spread)
    said = signals(bars)
    expected = (close < lower).to_numpy().astype(int) - (close > upper).to_numpy()
    clear = np.minimum(abs(close - lower), abs(close - upper)) > 1e-6 * close
    assert clear.mean() > 0.95
    assert np.count_nonzero(said.side) > 500
    np.testing.assert_array_equal(said.side[clear], expected[clear])
