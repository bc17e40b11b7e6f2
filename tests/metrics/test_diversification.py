import numpy as np
import pandas as pd
import pytest

from lockstep.metrics.diversification import effective_bets, nested_correlation
from lockstep.metrics.summary import summarise
from lockstep.metrics.undefined import Undefined
from tests.metrics import samples
from tests.report.results import made

#: Columns of equal length, orthogonal to each other and to 1.
STRANGERS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 0.01


def test_equal_strangers_are_as_many_bets():
    bets = effective_bets(STRANGERS)
    assert list(bets.values()) == pytest.approx([3.0, 3.0, 3.0], rel=1e-12)


def test_twins_are_one_bet_by_ratio_and_entropy_but_carry_equal_shares():
    bets = effective_bets(np.repeat(STRANGERS[:, :1], 4, axis=1))
    assert bets["ratio_squared"] == pytest.approx(1.0)
    assert bets["entropy"] == pytest.approx(1.0)
    assert bets["risk_shares"] == pytest.approx(4.0)


def test_half_correlated_equals_are_n_over_one_plus_n_minus_one_rho():
    # Four orthogonal columns of +-1 (n = 8): x_i = own + common, so rho = 1/2.
    grid = np.array(np.meshgrid([1, -1], [1, -1], [1, -1])).reshape(3, -1).T
    common = grid.prod(axis=1)[:, None]
    bets = effective_bets((grid + common) * 0.01)
    assert bets["ratio_squared"] == pytest.approx(3 / 2, rel=1e-12)
    assert bets["entropy"] == pytest.approx(1.0, rel=1e-9)


def test_unequal_strangers_are_worked_by_hand():
    swings = np.array([[1.0, 2.0], [1.0, -2.0], [-1.0, 2.0], [-1.0, -2.0]])
    bets = effective_bets(swings)
    assert bets["ratio_squared"] == pytest.approx(9 / 5)
    assert bets["entropy"] == pytest.approx(np.exp(-0.2 * np.log(0.2) - 0.8 * np.log(0.8)))
    assert bets["risk_shares"] == pytest.approx(1 / (0.04 + 0.64))


def test_bets_that_cancel_or_too_few_days_have_no_number():
    hedge = np.column_stack([STRANGERS[:, 0], -STRANGERS[:, 0]])
    assert effective_bets(hedge) == Undefined("the account's daily returns do not vary")
    assert effective_bets(hedge[:1]) == Undefined("fewer than two trading days")
    assert effective_bets(Undefined("why")) == Undefined("why")


def test_correlation_inside_the_account_is_of_contributions():
    block = summarise(samples.run())["diversification"]
    before = np.array([1000, 1005, 995, 1020])
    rho = np.corrcoef(*(np.array(samples.PNL[s]) / before for s in "AB"))[0, 1]
    assert block["correlation_inside"]["A"]["B"] == pytest.approx(rho, rel=1e-12)
    assert block["mean_correlation_inside"] == pytest.approx(rho, rel=1e-12)


def test_one_asset_correlates_with_nobody():
    mean, nested = nested_correlation(STRANGERS[:, :1], ["A"])
    assert mean == nested == Undefined("one asset has nobody to correlate with")


def test_the_worst_days_are_the_tenth_with_the_lowest_returns_of_the_account():
    result = made(3, 120)
    block = summarise(result)["diversification"]["worst_days"]
    marks = result.equity["total"].to_numpy()
    days = (result.equity.index.asi8 + 7 * 3_600_000_000_000) // 86_400_000_000_000
    pnl = result.ledger.pivot(index="day", columns="asset", values="equity_change")
    pnl = pnl.drop(columns="reserve").to_numpy()
    whole = pnl.sum(axis=1)
    before = 100_000.0 + np.concatenate([[0.0], np.cumsum(whole)[:-1]])
    worst = np.argsort(whole / before)[:12]
    assert (block["days"], len(days), len(marks)) == (12, 2880, 2880)
    assert block["best_of_them"] == pytest.approx(np.sort(whole / before)[11], rel=1e-9)
    expected = np.corrcoef((pnl / before[:, None])[worst], rowvar=False)
    inside = pd.DataFrame(block["correlation_inside"]).to_numpy()
    assert inside == pytest.approx(expected, abs=1e-9)
    assert block["mean_correlation_inside"] == pytest.approx(
        expected[np.triu_indices(3, 1)].mean(), abs=1e-9
    )
    assert block["correlation"]["ASSET00"]["ASSET00"] == pytest.approx(1.0)


def test_too_few_days_have_no_worst_tenth():
    result = summarise(made(2, 98))
    assert result["diversification"]["worst_days"] is None
    reason = result["undefined"]["diversification.worst_days"]
    assert reason == "the worst tenth of the run's days has 9; 10 are needed"


def test_sharpe_is_compared_with_the_weighted_solo_runs():
    result = summarise(samples.run())
    block, solo = result["diversification"], result["solo"]
    average = (0.45 * solo["A"]["sharpe"] + 0.45 * solo["B"]["sharpe"]) / 0.9
    assert block["weighted_solo_sharpe"] == pytest.approx(average, rel=1e-12)
    assert block["sharpe_gain"] == pytest.approx(result["portfolio"]["sharpe"] - average, rel=1e-12)
