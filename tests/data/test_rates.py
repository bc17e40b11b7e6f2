"""Conversion rates by hand: paths, directions, and nothing known before its time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw

from lockstep.core.errors import DataError
from lockstep.data.rates import Pair, pair_from_bars, rates_at, required_pairs
from tests.data.making import make_bars


def pair(base, quote, known, mids):
    return Pair(base, quote, np.array(known, dtype=np.int64), np.array(mids, dtype=np.float64))


USDJPY = pair("USD", "JPY", [10, 20], [150.0, 160.0])
EURUSD = pair("EUR", "USD", [15, 25], [1.10, 1.20])
MOMENTS = np.array([5, 10, 19, 20, 30], dtype=np.int64)


def test_the_account_currency_converts_at_one_without_any_pair():
    assert rates_at("EUR", "EUR", MOMENTS, [], {}).tolist() == [1.0] * 5


def test_an_inverse_pair_is_turned_over_and_unknown_before_its_first_price():
    rates = rates_at("JPY", "USD", MOMENTS, [USDJPY], {})
    assert np.isnan(rates[0])
    assert rates[1:].tolist() == [1 / 150, 1 / 150, 1 / 160, 1 / 160]


def test_a_direct_pair_is_used_as_it_stands():
    rates = rates_at("EUR", "USD", MOMENTS, [EURUSD], {})
    assert np.isnan(rates[:2]).all()
    assert rates[2:].tolist() == [1.10, 1.10, 1.20]


def test_two_foreign_currencies_meet_in_the_dollar():
    rates = rates_at("JPY", "EUR", MOMENTS, [USDJPY, EURUSD], {})
    assert np.isnan(rates[:2]).all()
    assert rates[2:].tolist() == [
        (1 / 150) * (1 / 1.1),
        (1 / 160) * (1 / 1.1),
        (1 / 160) * (1 / 1.2),
    ]


def test_the_path_leads_through_the_dollar_even_beside_a_cross():
    eurjpy = pair("EUR", "JPY", [1], [999.0])
    rates = rates_at("JPY", "EUR", MOMENTS[-1:], [eurjpy, USDJPY, EURUSD], {})
    assert rates.tolist() == [(1 / 160) * (1 / 1.2)]


def test_the_direct_pair_goes_before_its_inverse():
    jpyusd = pair("JPY", "USD", [0], [0.007])
    assert rates_at("JPY", "USD", MOMENTS, [USDJPY, jpyusd], {}).tolist() == [0.007] * 5


def test_the_first_of_two_like_pairs_is_used():
    other = pair("EUR", "USD", [0], [2.0])
    assert rates_at("EUR", "USD", MOMENTS[:1], [other, EURUSD], {}).tolist() == [2.0]


@pytest.mark.parametrize(
    ("constants", "rate"), [({"USDT/USD": 1.25}, 1.25), ({"USD/USDT": 0.5}, 2.0)]
)
def test_a_stated_constant_holds_at_every_moment_either_way_round(constants, rate):
    assert rates_at("USDT", "USD", MOMENTS, [], constants).tolist() == [rate] * 5


def test_a_stated_constant_goes_before_a_pair():
    assert rates_at("EUR", "USD", MOMENTS, [EURUSD], {"EUR/USD": 1.5}).tolist() == [1.5] * 5


def test_a_missing_path_names_the_pair_to_bring():
    expected = "no rate from PLN to USD: expected bars of PLNUSD or USDPLN among the assets"
    with pytest.raises(DataError, match=expected):
        rates_at("PLN", "USD", MOMENTS, [USDJPY], {})


def test_both_missing_halves_of_a_path_are_named():
    with pytest.raises(DataError, match=r"(?s)no rate from PLN to USD.*no rate from USD to GBP"):
        rates_at("PLN", "GBP", MOMENTS, [USDJPY], {})


def test_required_pairs_lists_what_neither_pairs_nor_constants_give():
    quotes = ["USD", "JPY", "PLN", "GBP", "USDT", "EUR"]
    needed = required_pairs(quotes, "EUR", [USDJPY, EURUSD], {"USDT/USD": 1.0})
    assert needed == (("GBP", "USD"), ("PLN", "USD"))
    assert required_pairs(["USD"], "GBP", [], {}) == (("USD", "GBP"),)


def test_a_price_is_known_when_its_own_bar_is_complete():
    bars = make_bars(3, timeframe="1h")
    hourly = pair_from_bars("EUR", "USD", bars)
    label = bars.time[1]
    moments = np.array([label, bars.time[2] - 1, bars.time[2]], dtype=np.int64)
    rates = rates_at("EUR", "USD", moments, [hourly], {})
    assert rates.tolist() == [bars.close[0], bars.close[0], bars.close[1]]


def test_given_mids_replace_the_closes():
    bars = make_bars(2)
    assert pair_from_bars("EUR", "USD", bars, bars.close + 0.5).mid.tolist() == [
        bars.close[0] + 0.5,
        bars.close[1] + 0.5,
    ]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    known=draw.lists(draw.integers(0, 1000), min_size=1, max_size=30, unique=True).map(sorted),
    moments=draw.lists(draw.integers(-10, 1010), min_size=1, max_size=30),
    cut=draw.integers(0, 1000),
)
def test_later_prices_never_change_an_earlier_rate(known, moments, cut):
    mids = np.arange(1.0, len(known) + 1.0)
    whole = pair("EUR", "USD", known, mids)
    kept = [k for k in known if k <= cut]
    part = pair("EUR", "USD", kept, mids[: len(kept)])
    early = np.array([m for m in moments if m <= cut], dtype=np.int64)
    np.testing.assert_array_equal(
        rates_at("EUR", "USD", early, [whole], {}), rates_at("EUR", "USD", early, [part], {})
    )
