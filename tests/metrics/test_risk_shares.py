from math import sqrt

import numpy as np
import pytest

from lockstep.metrics.risk import (
    correlation,
    diversification_ratio,
    risk_contributions,
    volatility_reduction,
)
from lockstep.metrics.undefined import Undefined


def test_risk_shares_are_worked_by_hand():
    # w = (1, 1), C = [[1, 1], [1, 4]]: C w = (2, 5), variance 7.
    shares = risk_contributions(np.array([1.0, 1.0]), np.array([[1.0, 1.0], [1.0, 4.0]]))
    assert shares == pytest.approx([2 / 7, 5 / 7], rel=1e-14)


def test_a_hedge_has_a_negative_share():
    shares = risk_contributions(np.array([2.0, 1.0]), np.array([[1.0, -0.9], [-0.9, 1.0]]))
    assert shares[1] < 0.0
    assert shares.sum() == pytest.approx(1.0, rel=1e-12)


def test_nothing_to_share_out_is_refused():
    with pytest.raises(ValueError, match="portfolio variance is 0; expected a positive number"):
        risk_contributions(np.zeros(2), np.eye(2))


@pytest.mark.parametrize("metric", [risk_contributions, diversification_ratio])
def test_shapes_that_disagree_are_refused(metric):
    with pytest.raises(ValueError, match=r"weights have shape \(2,\) and covariance \(3, 3\)"):
        metric(np.ones(2), np.eye(3))


def test_diversification_is_one_for_twins_and_root_n_for_strangers():
    assert diversification_ratio(np.array([0.3, 0.7]), np.ones((2, 2))) == pytest.approx(1.0)
    assert diversification_ratio(np.full(9, 1 / 9), np.eye(9)) == pytest.approx(3.0)
    assert diversification_ratio(np.array([0.5, 0.5]), np.array([[1.0, 0.5], [0.5, 1.0]])) == (
        pytest.approx(1 / sqrt(0.75))
    )


def test_a_perfect_hedge_has_no_diversification_ratio():
    hedge = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert isinstance(diversification_ratio(np.array([0.5, 0.5]), hedge), Undefined)


def test_volatility_reduction_compares_with_the_weighted_solo_average():
    assert volatility_reduction(0.07, 0.1) == pytest.approx(0.3)
    assert volatility_reduction(0.12, 0.1) == pytest.approx(-0.2)
    assert isinstance(volatility_reduction(0.0, 0.0), Undefined)
    assert volatility_reduction(Undefined("a"), 0.1) == Undefined("a")
    assert volatility_reduction(0.1, Undefined("b")) == Undefined("b")


def test_correlation_uses_the_days_both_assets_have():
    one = np.array([0.01, 0.02, -0.01, np.nan, 0.03])
    two = np.array([np.nan, 0.01, -0.02, 0.5, 0.01])
    matrix = correlation(np.array([one, two]).T)
    expected = np.corrcoef(one[[1, 2, 4]], two[[1, 2, 4]])[0, 1]
    assert matrix[0, 1] == matrix[1, 0] == pytest.approx(expected, rel=1e-12)
    assert matrix[0, 0] == pytest.approx(1.0, rel=1e-12)


def test_correlation_with_what_never_moves_is_unknown():
    matrix = correlation(np.array([[0.01, 0.0, np.nan], [0.02, 0.0, 0.01]]))
    assert np.isnan(matrix[0, 1]) and np.isnan(matrix[1, 1]) and np.isnan(matrix[0, 2])
