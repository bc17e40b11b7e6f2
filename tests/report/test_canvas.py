import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lockstep.report import canvas


def test_a_short_series_is_drawn_whole():
    assert canvas.thinned(np.arange(10.0), 5).tolist() == list(range(10))


@given(st.integers(1, 40), st.integers(0, 2_000), st.integers(0, 2**32 - 1))
def test_thinning_keeps_every_bucket_extreme_and_both_ends(buckets, length, seed):
    values = np.random.default_rng(seed).normal(size=length)
    at = canvas.thinned(values, buckets)
    assert np.all(np.diff(at) > 0)
    assert len(at) <= max(length, 0) if length <= 4 * buckets else len(at) <= 4 * buckets
    if length:
        kept = values[at]
        assert (kept.min(), kept.max()) == (values.min(), values.max())
        assert (at[0], at[-1]) == (0, length - 1)


def test_a_single_spike_in_a_million_steps_survives():
    values = np.zeros(1_000_000)
    values[123_456] = -5.0
    assert 123_456 in canvas.thinned(values, 1_500)


def test_thirty_two_assets_look_different():
    assert len({canvas.look_of(index) for index in range(32)}) == 32
    assert canvas.look_of(32) == canvas.look_of(0)


def test_letters_the_font_may_lack_become_question_marks():
    assert canvas.plain_latin("Zürich 銘柄") == "Zürich ??"
