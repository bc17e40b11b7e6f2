import numpy as np
import pytest

from lockstep.allocation.equal_weight import EqualWeight
from lockstep.allocation.fixed import Fixed
from lockstep.allocation.inverse_volatility import InverseVolatility
from lockstep.allocation.performance_weighted import PerformanceWeighted
from lockstep.core.errors import ConfigError
from lockstep.core.market import MarketView
from lockstep.core.parameters import build


def view_of(returns):
    return MarketView(tuple("ABCDEFGH"[: returns.shape[1]]), np.asarray(returns, dtype=float))


def test_equal_weight_gives_a_quarter_to_each_of_four():
    assert EqualWeight().weights(view_of(np.zeros((0, 4)))).values.tolist() == [0.25] * 4


def test_a_third_of_the_volatility_gets_three_times_the_weight():
    returns = np.tile([[0.01, 0.03], [-0.01, -0.03]], (10, 1))
    assert InverseVolatility().weights(view_of(returns)).values == pytest.approx([0.75, 0.25])


def test_each_asset_is_judged_by_its_own_days():
    returns = np.tile([[0.01, 0.01], [-0.01, -0.01]], (10, 1))
    returns[:10, 1] = np.nan
    one = np.std(returns[:, 0], ddof=1)
    two = np.std(returns[10:, 1], ddof=1)
    answer = InverseVolatility().weights(view_of(returns)).values
    assert answer == pytest.approx([two / (one + two), one / (one + two)], rel=1e-12)


def test_volatility_is_read_from_the_window_only():
    returns = np.tile([[0.05, 0.01], [-0.05, -0.01]], (15, 1))
    returns[-20:, 0] /= 5.0
    answer = InverseVolatility(lookback_days=20).weights(view_of(returns)).values
    assert answer == pytest.approx([0.5, 0.5], rel=1e-12)


def test_a_strategy_silent_inside_the_window_is_judged_by_its_whole_history():
    returns = np.tile([[0.01, 0.01], [-0.01, -0.01]], (20, 1))
    returns[-30:, 1] = 0.0
    one, two = np.std(returns[-30:, 0], ddof=1), np.std(returns[:, 1], ddof=1)
    answer = InverseVolatility(lookback_days=30).weights(view_of(returns)).values
    assert answer == pytest.approx([two / (one + two), one / (one + two)], rel=1e-12)


def test_a_volatility_below_the_floor_counts_as_the_floor():
    returns = np.tile([[1e-9, 0.01], [-1e-9, -0.01]], (10, 1))
    sigma = np.std(returns[:, 1], ddof=1)
    answer = InverseVolatility(floor=1e-3).weights(view_of(returns)).values
    assert answer[0] / answer[1] == pytest.approx(sigma / 1e-3, rel=1e-12)


def test_the_score_is_the_shrunk_daily_sharpe_of_the_lagged_window():
    # The window is rows 1..4 (lookback 4, lag 1): A has 0.02, 0, 0.02, 0: mean 0.01,
    # deviation 0.01 sqrt(4/3), four days against four of doubt: half of sqrt(3/4).
    a = [9.0, 0.02, 0.0, 0.02, 0.0, -9.0]
    b = [9.0, -0.02, 0.0, -0.02, 0.0, 9.0]
    model = PerformanceWeighted(lookback_days=4, lag_days=1, prior_days=4.0, shrink=0.5)
    view = view_of(np.array([a, b]).T)
    assert model.scores(view.returns) == pytest.approx([0.5 * 0.75**0.5, 0.0], rel=1e-12)
    assert model.weights(view).values == pytest.approx([0.75, 0.25], rel=1e-12)


def test_scores_share_out_the_part_that_is_not_equal():
    # Equal deviations, means 0.03 and 0.01: scores 3 : 1, half of the weight follows them.
    base = np.tile([0.01, -0.01], 10)
    view = view_of(np.array([base + 0.03, base + 0.01]).T)
    model = PerformanceWeighted(lag_days=0, shrink=0.5)
    assert model.weights(view).values == pytest.approx([0.625, 0.375], rel=1e-12)


def test_a_short_record_counts_for_less_than_a_long_one():
    base = np.tile([0.02, 0.0], 20)
    returns = np.array([base, base]).T
    returns[:30, 1] = np.nan
    long, short = PerformanceWeighted(lag_days=0, prior_days=60.0).scores(returns)
    assert long == pytest.approx(0.01 / np.std(base, ddof=1) * 40 / 100, rel=1e-12)
    assert short == pytest.approx(0.01 / np.std(base[30:], ddof=1) * 10 / 70, rel=1e-12)


def test_losers_only_get_equal_weights_and_a_recorded_reason():
    base = np.tile([0.01, -0.02], 10)
    answer = PerformanceWeighted().weights(view_of(np.array([base, base * 2]).T))
    assert answer.values.tolist() == [0.5, 0.5]
    assert answer.fallback == (
        "No asset has a positive score over the last 120 days; equal weights stand instead."
    )


def test_the_latest_lagged_day_cannot_change_the_weights():
    random = np.random.default_rng(2)
    returns = random.normal(0.001, 0.01, size=(50, 3))
    other = returns.copy()
    other[-1] = 0.5
    model = PerformanceWeighted(lag_days=1)
    assert np.array_equal(
        model.weights(view_of(returns)).values, model.weights(view_of(other)).values
    )


def test_fixed_gives_the_stated_fractions_and_nothing_to_the_unnamed():
    model = Fixed({"C": 0.2, "A": 0.5})
    assert model.fractions == (("A", 0.5), ("C", 0.2))
    assert model.weights(view_of(np.zeros((0, 3)))).values.tolist() == [0.5, 0.0, 0.2]


def test_fixed_is_built_from_a_config_mapping_or_from_its_own_pairs():
    model = build(Fixed, {"fractions": {"A": 0.5, "B": 0.5}})
    assert model == build(Fixed, {"fractions": [["B", 0.5], ["A", 0.5]]})


def test_fractions_that_exceed_one_by_rounding_are_scaled_back_to_one():
    model = Fixed(dict.fromkeys("ABCDEFGHIJ", 0.1 + 1e-11))
    assert sum(value for _, value in model.fractions) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"A": 0.7, "B": 0.4}, "fractions sum to 1.1; expected at most 1"),
        ({"A": 30}, r"fractions of A is 30; expected a fraction in \[0, 1\]. Write 0.3 for 30 %"),
        ({"A": -0.1}, "fractions of A is -0.1; expected a fraction"),
        ({"A": float("nan")}, "fractions of A is nan; expected a fraction"),
        ({"A": "0.1"}, "fractions of A is '0.1'; expected a number"),
        ({"A": True}, "fractions of A is True; expected a number"),
        ([["A", 0.1], ["A", 0.2]], "fractions names 'A' twice"),
        (0.5, "fractions is 0.5; expected a fraction by symbol"),
        ([0.5], r"fractions is \[0.5\]; expected a fraction by symbol"),
    ],
)
def test_fixed_refuses_what_is_no_schedule(given, words):
    with pytest.raises(ConfigError, match=words):
        Fixed(given)


def test_fixed_names_the_symbol_that_no_asset_bears():
    with pytest.raises(
        ConfigError, match="names 'EURUSD', which is no asset; did you mean 'EURUSDX'"
    ):
        Fixed({"EURUSD": 0.5}).check_symbols(["EURUSDX", "GOLDX"])
    assert Fixed({"EURUSDX": 0.5}).check_symbols(["EURUSDX", "GOLDX"]) is None


@pytest.mark.parametrize("model", [InverseVolatility, PerformanceWeighted])
def test_a_floor_of_zero_is_refused(model):
    with pytest.raises(ConfigError, match="floor is 0; expected a number above 0"):
        model(floor=0.0)


def test_percents_of_a_mapping_are_refused_rather_than_taken_for_fractions():
    with pytest.raises(ConfigError, match="fractions_pct is unknown; did you mean 'fractions'"):
        build(Fixed, {"fractions_pct": {"A": 0.5}})


def test_percents_of_a_number_are_divided_by_100():
    assert build(PerformanceWeighted, {"shrink_pct": 25}).shrink == 0.25
