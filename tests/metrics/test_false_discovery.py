import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics.false_discovery import benjamini_hochberg, benjamini_yekutieli, holm

#: Benjamini and Hochberg (1995), section 3: fifteen outcomes of a trial of two medicines.
PUBLISHED = np.array(
    [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
     0.5719, 0.6528, 0.7590, 1.0]
)  # fmt: skip
ALL = (benjamini_hochberg, benjamini_yekutieli, holm)
p_values = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12).map(np.array)


def test_four_of_the_published_outcomes_are_discoveries_and_three_without_any_false_one():
    assert int(np.sum(benjamini_hochberg(PUBLISHED) <= 0.05)) == 4
    assert int(np.sum(holm(PUBLISHED) <= 0.05)) == 3
    # times 1 + 1/2 + ... + 1/15 = 3.318: 0.0095 x 15 / 4 x 3.318 = 0.118 is none any more
    assert int(np.sum(benjamini_yekutieli(PUBLISHED) <= 0.05)) == 3


@given(p_values)
def test_adjusted_rates_are_those_of_scipy(values):
    from scipy.stats import false_discovery_control

    assert benjamini_hochberg(values) == pytest.approx(false_discovery_control(values))
    assert benjamini_yekutieli(values) == pytest.approx(
        false_discovery_control(values, method="by")
    )


def test_holm_by_hand():
    # 0.01 x 4, 0.03 x 3, then 0.04 x 2 = 0.08 lifted to the one before, 0.5
    assert holm(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.09, 0.09, 0.5])


@pytest.mark.parametrize("adjust", ALL)
@given(values=p_values)
def test_adjusting_keeps_the_order_and_never_lowers(adjust, values):
    found = adjust(values)
    assert np.all(found >= values - 1e-15)
    assert np.all(found <= 1.0)
    assert np.all(np.diff(found[np.argsort(values, kind="stable")]) >= -1e-15)


@pytest.mark.parametrize("adjust", ALL)
def test_one_test_is_left_as_it_is_and_none_is_none(adjust):
    assert adjust(np.array([0.03])).tolist() == [0.03]
    assert adjust(np.array([])).tolist() == []


@pytest.mark.parametrize("adjust", ALL)
@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(adjust, wrong):
    with pytest.raises(ValueError, match="expected numbers from 0 to 1"):
        adjust(np.array([0.5, wrong]))
