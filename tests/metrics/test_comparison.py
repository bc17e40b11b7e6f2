import numpy as np

from lockstep.metrics.comparison import naive_solo_pnl, weighted_solo_pnl, weights_in_force


def test_a_rebalance_holds_from_its_own_day_on_and_the_start_before_everything():
    schedule = np.array([[0.5, 0.5], [0.2, 0.8]])
    held = weights_in_force(np.array([9, 10, 11, 12, 13]), np.array([10, 12]), schedule)
    assert held[:, 0].tolist() == [0.5, 0.5, 0.5, 0.2, 0.2]


def test_n_full_capital_runs_promise_n_times_what_equal_weights_share_out():
    pnl = np.array([[10.0, -5.0, 7.0, 0.0], [3.0, 1.0, -2.0, 2.0]])
    held = np.full((2, 4), 0.25)
    assert naive_solo_pnl(pnl) == 16.0
    assert weighted_solo_pnl(held, pnl) == 4.0
