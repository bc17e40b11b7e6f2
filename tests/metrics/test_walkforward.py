import numpy as np
import pytest

from lockstep.metrics.undefined import Undefined
from lockstep.metrics.walkforward import (
    Stability,
    degradation,
    efficiency,
    kept_share,
    middle,
    selection_turnover,
    share_above,
    stability,
    weight_turnover,
)

WHY = Undefined("no losing day")


def test_degradation_is_what_was_promised_less_what_was_kept():
    assert degradation(2.0, 0.5) == 1.5
    assert degradation(0.0, 0.5) == -0.5
    assert degradation(WHY, 0.5) == Undefined("in sample: no losing day")
    assert degradation(2.0, WHY) == Undefined("out of sample: no losing day")


@pytest.mark.parametrize(("inside", "outside", "share"), [
    (2.0, 0.5, 0.25), (2.0, 3.0, 1.5), (1.0, -0.5, -0.5), (0.1, 0.05, 0.5),
])  # fmt: skip
def test_the_share_kept_is_out_of_sample_over_in_sample(inside, outside, share):
    assert kept_share(inside, outside) == pytest.approx(share)


@pytest.mark.parametrize("inside", [0.0, 0.09, -0.5, -3.0])
def test_a_ratio_to_nothing_or_to_a_loss_is_undefined(inside):
    found = kept_share(inside, 1.0)
    assert found == Undefined(f"the in-sample number, {inside:.2f}, is not above 0.1")


def test_efficiency_gives_every_window_the_same_say():
    inside = [np.array([0.02, 0.02]), np.array([0.04] * 10), np.empty(0)]
    outside = [np.array([0.01]), np.array([0.02, 0.0, 0.04]), np.array([9.0])]
    assert efficiency(inside, outside) == pytest.approx((0.01 + 0.02) / (0.02 + 0.04))
    assert efficiency([-inside[0]], [outside[0]]) == Undefined(
        "the mean return in sample is not above zero"
    )
    assert efficiency([np.empty(0)], [outside[0]]) == Undefined("no window has both returns")
    with pytest.raises(ValueError, match="1 and 2 windows; expected as many of each"):
        efficiency(inside[:1], outside[:2])


def test_shares_count_undefined_values_as_not_above():
    assert share_above([1.0, -1.0, WHY, 0.0], 0.0) == 0.25
    assert share_above([], 0.0) == Undefined("there is no window")
    assert share_above([1.0], WHY) is WHY


def test_the_middle_is_the_median_of_what_is_defined():
    assert middle([3.0, WHY, 1.0]) == 2.0
    assert middle([WHY]) == Undefined("no window has a value")


def test_selection_turnover_is_the_mean_jaccard_distance():
    assert selection_turnover([{"A", "B"}, {"B", "C"}, {"B", "C"}]) == pytest.approx(
        (2 / 3 + 0) / 2
    )
    assert selection_turnover([{"A"}, set(), set()]) == 0.5
    assert selection_turnover([{"A"}]) == Undefined("fewer than two windows")


def test_weight_turnover_counts_each_unit_of_capital_once():
    assert weight_turnover(np.array([[0.5, 0.5], [0.0, 1.0]])) == pytest.approx(0.5)
    assert weight_turnover(np.array([[0.5, 0.5], [0.0, 0.0]])) == pytest.approx(1.0)
    assert weight_turnover(np.array([[1.0]])) == Undefined("fewer than two windows")


def test_stability_tells_median_quartiles_and_changes():
    assert stability([1.0, 2.0, 2.0, 5.0]) == Stability(2.0, 1.75, 2.75, 2)
    found = stability([1.0, 2.0, 2.0, 5.0])
    assert not isinstance(found, Undefined)
    assert found.iqr == 1.0
    assert stability([]) == Undefined("nothing was chosen in any window")
