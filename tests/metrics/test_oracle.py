"""Two hundred random series against empyrical-reloaded and scipy, which were written by others.

Both take returns per day and a number of days per year; what they call a loss is negative, and
their drawdown looks at the same daily returns. Signs are turned where ours are the other way.
"""

import warnings

import numpy as np
import pytest

from lockstep.metrics import confidence, tails
from lockstep.metrics import returns as growth
from lockstep.metrics.blocks import performance
from lockstep.metrics.drawdown import max_drawdown
from lockstep.metrics.panel import Curve

SERIES = 200
EXACT = {"rel": 1e-12, "abs": 1e-12}


@pytest.fixture(scope="module")
def empyrical():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("empyrical")


def series(seed):
    """Return random daily returns (n,) and a number of days per year."""
    random = np.random.default_rng(seed)
    size = int(random.integers(100, 1500))
    scale, drift = 10.0 ** random.uniform(-4, -1.5), random.normal(0.0, 0.1)
    values = random.standard_t(4, size) if seed % 2 else random.normal(size=size)
    if seed % 3 == 0:
        values[1:] += 0.3 * values[:-1]
    if seed % 5 == 0:
        values[random.random(size) < 0.3] = 0.0  # flat days
    return np.clip(scale * (values + drift), -0.2, 0.5), float(random.uniform(250, 366))


def oracle(empyrical, values, per_year):
    """Return what empyrical says, in our names and signs."""
    year = {"annualization": per_year}
    return {
        "total_return": empyrical.cum_returns_final(values),
        "cagr": empyrical.cagr(values, **year),
        "volatility": empyrical.annual_volatility(values, **year),
        "sharpe": empyrical.sharpe_ratio(values, **year),
        "sortino": empyrical.sortino_ratio(values, **year),
        "calmar": empyrical.calmar_ratio(values, **year),
        "omega": empyrical.omega_ratio(values, **year),
        "max_drawdown": -empyrical.max_drawdown(values),
        "var_95": -empyrical.value_at_risk(values, 0.05),
        "var_99": -empyrical.value_at_risk(values, 0.01),
        "cvar_95": -empyrical.conditional_value_at_risk(values, 0.05),
        "cvar_99": -empyrical.conditional_value_at_risk(values, 0.01),
        "tail_ratio": empyrical.tail_ratio(values),
    }


def ours(values, per_year):
    final = float(np.prod(1.0 + values))
    rate = growth.cagr(1.0, final, len(values) / per_year)
    worst = max_drawdown(np.cumprod(1.0 + values), 1.0)
    return {
        "total_return": growth.total_return(1.0, final),
        "cagr": rate,
        "volatility": growth.volatility(values, per_year),
        "sharpe": growth.sharpe(values, per_year),
        "sortino": growth.sortino(values, per_year),
        "calmar": growth.calmar(rate, worst),
        "omega": growth.omega(values),
        "max_drawdown": worst,
        "var_95": tails.value_at_risk(values, 0.05),
        "var_99": tails.value_at_risk(values, 0.01),
        "cvar_95": tails.conditional_value_at_risk(values, 0.05),
        "cvar_99": tails.conditional_value_at_risk(values, 0.01),
        "tail_ratio": tails.tail_ratio(values),
    }


def test_every_metric_that_empyrical_has_agrees_with_it(empyrical):
    for seed in range(SERIES):
        values, per_year = series(seed)
        expected = oracle(empyrical, values, per_year)
        assert ours(values, per_year) == pytest.approx(expected, **EXACT), seed


def test_the_shape_of_returns_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    for seed in range(SERIES):
        values, _ = series(seed)
        assert tails.skewness(values) == pytest.approx(stats.skew(values), **EXACT)
        raw = stats.kurtosis(values, fisher=False)
        assert tails.kurtosis(values) == pytest.approx(raw, **EXACT)


def test_the_probability_of_skill_agrees_with_the_normal_distribution_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    for seed in range(SERIES):
        values, _ = series(seed)
        ratio = values.mean() / values.std(ddof=1)
        kurt = stats.kurtosis(values, fisher=False)
        error = np.sqrt(
            (1 - stats.skew(values) * ratio + (kurt - 1) / 4 * ratio**2) / (len(values) - 1)
        )
        expected = stats.norm.cdf(ratio / error)
        assert confidence.probabilistic_sharpe(values) == pytest.approx(expected, **EXACT)


def test_a_curve_of_money_gives_the_numbers_of_its_returns(empyrical):
    # Marks round the returns, so that ratios of a mean near zero lose some digits.
    for seed in range(0, SERIES, 10):
        values, _ = series(seed)
        marks = 1e5 * np.cumprod(1.0 + values)
        days = np.arange(19000, 19000 + len(values))
        curve = Curve(1e5, days * 86_400_000_000_000, marks, days, marks)
        block = performance(curve, growth.daily_returns(marks, 1e5))
        expected = oracle(empyrical, values, 365.25)
        found = {name: block[name] for name in expected}
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-12), seed
