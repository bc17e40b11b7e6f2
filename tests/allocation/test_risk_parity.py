import numpy as np
import pytest

from lockstep.allocation.risk_parity import RiskParity, equal_risk
from lockstep.core.errors import ConfigError
from lockstep.core.market import MarketView
from lockstep.metrics.risk import risk_contributions


def view_of(returns):
    return MarketView(tuple(f"S{i:03d}" for i in range(returns.shape[1])), returns)


def weights_for(covariance):
    sigma = np.sqrt(np.diag(covariance))
    exposure = equal_risk(covariance / np.outer(sigma, sigma)) / sigma
    return exposure / exposure.sum()


def test_two_assets_are_weighted_by_inverse_volatility_whatever_their_correlation():
    for rho in (-0.9, -0.3, 0.0, 0.5, 0.99):
        covariance = np.array([[0.01**2, rho * 0.01 * 0.03], [rho * 0.01 * 0.03, 0.03**2]])
        assert weights_for(covariance) == pytest.approx([0.75, 0.25], abs=1e-12)


def test_uncorrelated_assets_are_weighted_by_inverse_volatility():
    assert weights_for(np.diag([1.0, 4.0, 16.0])) == pytest.approx([4 / 7, 2 / 7, 1 / 7], abs=1e-12)


def test_equally_correlated_assets_are_weighted_by_inverse_volatility():
    sigma = np.array([0.01, 0.02, 0.04, 0.04])
    covariance = (0.6 + 0.4 * np.eye(4)) * np.outer(sigma, sigma)
    assert weights_for(covariance) == pytest.approx([4 / 8, 2 / 8, 1 / 8, 1 / 8], abs=1e-12)


def test_a_pair_that_moves_as_one_counts_nearly_as_one_asset():
    # Assets 1 and 2 identical, 3 independent, unit volatilities: y1 = y2 = a, y3 = b with
    # a (2a) = b b, so b = a sqrt(2): weights 1 : 1 : sqrt(2).
    correlation = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    whole = 2 + 2**0.5
    assert weights_for(correlation) == pytest.approx(
        [1 / whole, 1 / whole, 2**0.5 / whole], abs=1e-12
    )


@pytest.mark.parametrize("count", [15, 100])
def test_risk_is_shared_equally_to_1e_8_among_many_assets_of_very_different_scale(count):
    random = np.random.default_rng(count)
    loadings = random.normal(size=(count, 3))
    covariance = loadings @ loadings.T + np.diag(random.uniform(0.1, 1.0, count))
    scale = 10.0 ** random.uniform(-4, 2, count)
    covariance = covariance * np.outer(scale, scale)
    shares = risk_contributions(weights_for(covariance), covariance)
    assert np.max(np.abs(shares * count - 1.0)) < 1e-8


def test_the_model_answers_with_equal_risk_on_its_own_covariance():
    random = np.random.default_rng(3)
    returns = random.normal(size=(120, 3)) * [0.01, 0.02, 0.04]
    answer = RiskParity().weights(view_of(returns))
    assert answer.fallback == ""
    assert answer.values.sum() == pytest.approx(1.0, abs=1e-15)
    assert answer.values == pytest.approx([4 / 7, 2 / 7, 1 / 7], rel=0.2)


def test_the_two_asset_model_equals_inverse_volatility_of_its_window():
    random = np.random.default_rng(4)
    returns = random.normal(size=(300, 2)) * [0.01, 0.03]
    sigma = returns[-252:].std(axis=0)
    answer = RiskParity().weights(view_of(returns))
    assert answer.values == pytest.approx((1 / sigma) / (1 / sigma).sum(), rel=1e-12)


def test_rows_before_an_asset_began_are_left_out_for_everyone():
    random = np.random.default_rng(5)
    returns = random.normal(size=(60, 3)) * 0.01
    late = returns.copy()
    late[:25, 2] = np.nan
    expected = RiskParity().weights(view_of(returns[25:]))
    assert np.array_equal(RiskParity().weights(view_of(late)).values, expected.values)


def test_too_few_common_days_hand_over_to_inverse_volatility_and_say_so():
    returns = np.full((40, 2), np.nan)
    returns[:, 0] = np.tile([0.01, -0.01], 20)
    returns[30:, 1] = np.tile([0.02, -0.02], 5)
    answer = RiskParity().weights(view_of(returns))
    assert answer.fallback == (
        "Risk parity found no answer (10 days have returns of all 2 assets; 20 are needed); "
        "inverse volatility stands instead."
    )
    one, two = returns[:, 0].std(ddof=1), returns[30:, 1].std(ddof=1)
    assert answer.values == pytest.approx([two / (one + two), one / (one + two)], rel=1e-12)


def test_an_asset_that_did_not_move_on_the_common_days_hands_over_to_the_configured_model():
    returns = np.tile([[0.01, 0.0], [-0.01, 0.0]], (20, 1))
    returns[0, 1] = np.nan
    answer = RiskParity(fallback="equal_weight").weights(view_of(returns))
    assert "S001 did not move on the common days" in answer.fallback
    assert "equal weight stands instead" in answer.fallback
    assert answer.values.tolist() == [0.5, 0.5]


def test_a_perfect_hedge_has_no_risk_to_share_and_hands_over():
    returns = np.tile([[0.01, -0.01], [-0.01, 0.01], [0.02, -0.02], [-0.02, 0.02]], (10, 1))
    answer = RiskParity().weights(view_of(returns))
    assert "Risk parity found no answer" in answer.fallback
    assert answer.values.tolist() == [0.5, 0.5]


def test_an_unknown_shrinkage_target_is_refused():
    with pytest.raises(ConfigError, match="shrink_to is 'zero'; expected one of"):
        RiskParity(shrink_to="zero")
