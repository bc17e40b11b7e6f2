import numpy as np
import pytest

from lockstep.allocation._covariance import ledoit_wolf


def loops_of_the_paper(returns):
    """Ledoit and Wolf (2004), "Honey", appendix B, literally: sums over days and pairs."""
    days, count = returns.shape
    x = returns - returns.mean(axis=0)
    s = np.array(
        [
            [sum(x[t, i] * x[t, j] for t in range(days)) / days for j in range(count)]
            for i in range(count)
        ]
    )
    r = [s[i, j] / (s[i, i] * s[j, j]) ** 0.5 for i in range(count) for j in range(i + 1, count)]
    mean = sum(r) / len(r)
    pi = rho = gamma = 0.0
    for i in range(count):
        for j in range(count):
            f = s[i, i] if i == j else mean * (s[i, i] * s[j, j]) ** 0.5
            gamma += (f - s[i, j]) ** 2
            pi_ij = sum((x[t, i] * x[t, j] - s[i, j]) ** 2 for t in range(days)) / days
            pi += pi_ij
            if i == j:
                rho += pi_ij
                continue
            ti, tj = (
                sum((x[t, k] ** 2 - s[k, k]) * (x[t, i] * x[t, j] - s[i, j]) for t in range(days))
                / days
                for k in (i, j)
            )
            rho += mean / 2 * ((s[j, j] / s[i, i]) ** 0.5 * ti + (s[i, i] / s[j, j]) ** 0.5 * tj)
    return max(0.0, min(1.0, (pi - rho) / gamma / days))


def sample_returns(days, count, seed=7):
    random = np.random.default_rng(seed)
    factor = random.normal(size=(days, 1))
    return (factor + random.normal(size=(days, count))) * random.uniform(0.002, 0.02, count)


def test_scaled_identity_shrinks_the_hand_worked_case_by_three_fifths():
    # Centred rows (2,0) (-2,0) (0,1) (0,-1), n = 4: S = diag(2, 1/2), mean variance m = 5/4.
    # |S - mI|^2 = (3/4)^2 + (3/4)^2 = 9/8.
    # sum_t |x_t x_t' - S|^2 = sum_t |x_t|^4 - n |S|^2 = (16 + 16 + 1 + 1) - 4 (4 + 1/4) = 17.
    # b^2 = 17 / 16 = 1.0625 < 9/8, so d = (17/16) / (9/8) = 17/18.
    returns = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    covariance, shrinkage = ledoit_wolf(returns, "scaled_identity")
    assert shrinkage == pytest.approx(17 / 18, abs=1e-15)
    assert covariance == pytest.approx(np.diag([1.25 + 0.75 / 18, 1.25 - 0.75 / 18]), abs=1e-14)


def test_scaled_identity_agrees_with_scikit_learn():
    oracle = pytest.importorskip("sklearn.covariance")
    for days, count in ((30, 4), (60, 15), (10, 12)):
        returns = sample_returns(days, count)
        covariance, shrinkage = ledoit_wolf(returns, "scaled_identity")
        expected, expected_shrinkage = oracle.ledoit_wolf(returns)
        assert shrinkage == pytest.approx(expected_shrinkage, rel=1e-9)
        assert covariance == pytest.approx(expected, rel=1e-9, abs=1e-18)


@pytest.mark.parametrize(("days", "count"), [(12, 3), (40, 5), (6, 4)])
def test_constant_correlation_agrees_with_the_sums_of_the_paper(days, count):
    returns = sample_returns(days, count)
    _, shrinkage = ledoit_wolf(returns, "constant_correlation")
    assert shrinkage == pytest.approx(loops_of_the_paper(returns), rel=1e-9)
    assert 0.0 < shrinkage <= 1.0


def test_constant_correlation_keeps_variances_and_moves_correlations_to_their_mean():
    returns = sample_returns(40, 5)
    covariance, shrinkage = ledoit_wolf(returns, "constant_correlation")
    sample = np.cov(returns.T, bias=True)
    assert np.diag(covariance) == pytest.approx(np.diag(sample), rel=1e-12)
    sigma = np.sqrt(np.diag(sample))
    before = (sample / np.outer(sigma, sigma))[np.triu_indices(5, 1)]
    after = (covariance / np.outer(sigma, sigma))[np.triu_indices(5, 1)]
    assert after == pytest.approx((1 - shrinkage) * before + shrinkage * before.mean(), rel=1e-9)


def test_two_assets_have_one_correlation_so_nothing_can_move():
    returns = sample_returns(30, 2)
    covariance, _ = ledoit_wolf(returns, "constant_correlation")
    assert covariance == pytest.approx(np.cov(returns.T, bias=True), rel=1e-12)


@pytest.mark.parametrize("target", ["constant_correlation", "scaled_identity"])
def test_a_common_factor_of_scale_changes_nothing_but_the_scale(target):
    returns = sample_returns(30, 4)
    plain, shrinkage = ledoit_wolf(returns, target)
    tiny, tiny_shrinkage = ledoit_wolf(returns * 2.0**-300, target)
    assert tiny_shrinkage == shrinkage
    assert np.array_equal(tiny, plain * 2.0**-600)
