"""Rolling VWAP: by hand, without volume, and no look ahead."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw

from lockstep.indicators.rolling import moments
from lockstep.indicators.vwap import typical_price, vwap, weighs_equally
from tests.strategies.markets import random_bars

law = settings(max_examples=40, deadline=None, derandomize=True)


def weighted(prices: list[float], volume: list[float], period: int) -> tuple[np.ndarray, ...]:
    flat = np.array(prices)
    return tuple(vwap(flat, flat, flat, np.array(volume), period))


def test_vwap_and_its_deviation_by_hand() -> None:
    mean, std = weighted([10.0, 20.0, 40.0], [3.0, 1.0, 1.0], 2)
    # (3 x 10 + 20) / 4 = 12.5, variance (3 x 2.5^2 + 7.5^2) / 4 = 18.75; then equal volumes.
    np.testing.assert_allclose(mean, [np.nan, 12.5, 30.0], rtol=1e-15)
    np.testing.assert_allclose(std, [np.nan, 18.75**0.5, 10.0], rtol=1e-15)


def test_the_price_of_a_bar_is_the_mean_of_high_low_and_close() -> None:
    price = typical_price(np.array([4.0]), np.array([1.0]), np.array([2.5]))
    assert price[0] == 2.5
    assert typical_price(*np.array([[7.0], [1.0], [4.0]]))[0] == 4.0


def test_a_bar_without_range_has_exactly_its_price() -> None:
    prices = np.random.default_rng(4).uniform(1, 2, 10_000)
    assert typical_price(prices, prices, prices).tobytes() == prices.tobytes()


def test_bars_without_volume_weigh_equally() -> None:
    mean, std = weighted([1.0, 3.0, 8.0], [0.0, 0.0, 0.0], 2)
    np.testing.assert_array_equal(mean, [np.nan, 2.0, 5.5])
    np.testing.assert_array_equal(std, [np.nan, 1.0, 2.5])


def test_only_the_windows_without_volume_fall_back_to_equal_weights() -> None:
    prices, volume = [1.0, 3.0, 8.0, 2.0], [0.0, 0.0, 5.0, 5.0]
    mean, _ = weighted(prices, volume, 2)
    np.testing.assert_array_equal(mean, [np.nan, 2.0, 8.0, 5.0])
    fallback = weighs_equally(np.array(volume), 2)
    np.testing.assert_array_equal(fallback, [False, True, False, False])


def test_missing_and_negative_volume_is_no_volume() -> None:
    mean, _ = weighted([1.0, 3.0, 8.0], [np.nan, -4.0, 2.0], 3)
    assert mean[2] == 8.0
    assert not weighs_equally(np.array([np.nan, -4.0, 2.0]), 3).any()


def test_equal_volumes_give_the_plain_moments() -> None:
    bars = random_bars(seed=2, n_bars=400)
    ours = vwap(bars.high, bars.low, bars.close, np.full(400, 7.0), 30)
    plain = moments(typical_price(bars.high, bars.low, bars.close), 30)
    np.testing.assert_allclose(ours.mean, plain.mean, rtol=1e-14)
    np.testing.assert_allclose(ours.std, plain.std, rtol=1e-9, atol=1e-15)


def test_values_agree_with_numpy_window_by_window() -> None:
    bars = random_bars(seed=6, n_bars=700, volume="all")
    mean, std = vwap(bars.high, bars.low, bars.close, bars.volume, 50)
    price = (bars.high + bars.low + bars.close) / 3
    for i in range(49, 700, 13):
        window, load = price[i - 49 : i + 1], bars.volume[i - 49 : i + 1]
        expected = np.average(window, weights=load)
        assert mean[i] == pytest.approx(expected, rel=1e-14)
        spread = np.average((window - expected) ** 2, weights=load) ** 0.5
        assert std[i] == pytest.approx(spread, rel=1e-8)


@law
@given(
    seed=draw.integers(0, 10_000),
    n_bars=draw.integers(0, 150),
    volume=draw.sampled_from(["all", "some", "none"]),
    period=draw.integers(1, 30),
    data=draw.data(),
)
def test_cutting_the_bars_changes_no_bit_before_the_cut(
    seed: int, n_bars: int, volume: str, period: int, data: draw.DataObject
) -> None:
    bars = random_bars(seed=seed, n_bars=n_bars, volume=volume)
    bars.volume[: n_bars // 2] = 0.0  # the first volume may lie behind the cut
    short = bars.cut(slice(0, data.draw(draw.integers(0, n_bars))))
    whole = vwap(bars.high, bars.low, bars.close, bars.volume, period)
    part = vwap(short.high, short.low, short.close, short.volume, period)
    for before, after in zip(part, whole):
        assert before.tobytes() == after[: len(short)].tobytes()
    equally = weighs_equally(short.volume, period)
    assert equally.tobytes() == weighs_equally(bars.volume, period)[: len(short)].tobytes()


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one value per bar"):
        vwap(np.ones(3), np.ones(3), np.ones(3), np.ones(2), 1)
