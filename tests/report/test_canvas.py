import numpy as np
import pytest
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


def test_letters_the_font_may_lack_become_question_marks():
    assert canvas.plain_latin("Zürich 銘柄") == "Zürich ??"


def test_names_too_long_for_their_place_keep_their_beginning_and_their_end():
    assert canvas.short("ABCDEFGHIJKLMN") == "ABCDEFGHIJKLMN"
    assert canvas.short("ABCDEFGHIJKLMNO") == "ABCDEFGH..LMNO"
    assert canvas.short("_hidden") == " _hidden"


def test_margins_are_the_same_inches_in_every_size():
    from matplotlib.figure import Figure

    found = canvas.margins(Figure(figsize=(10.0, 5.0)), left=1.0, right=2.0, top=0.5, below=0.25)
    assert found == {"left": 0.1, "right": 0.8, "top": 0.9, "bottom": 0.05}


def test_percent_ticks_are_as_short_as_they_are_exact():
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    canvas.percent_ticks(axes.yaxis)
    label = axes.yaxis.get_major_formatter()
    assert [label(value) for value in (-0.0, 0.30000000000000004, -5.0)] == ["0", "0.3", "-5"]


@pytest.mark.parametrize(
    ("start", "days", "said"),
    [
        ("2018-07-16T00:00", 3.5, "2018"),  # labels name midnights by month and day
        ("2018-07-16T00:00", 0.9, "2018-Jul-16"),
        ("2018-12-30T00:00", 3.5, "2019-Jan-02"),  # no year is that of all labels
        ("2018-07-28T00:00", 14.0, "2018"),
        ("2018-07-01T00:00", 14.0, "2018-Jul"),
    ],
)
def test_what_stands_beside_dates_is_true_of_all_of_them(start, days, said):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot()
    begun = np.datetime64(start, "ns").astype(np.int64)
    axes.set_xlim(*canvas.dates(np.array([begun, begun + int(days * 86_400e9) - 1])))
    canvas.date_axis(axes)
    figure.draw_without_rendering()
    assert axes.xaxis.get_offset_text().get_text() == said


@pytest.mark.parametrize("ticks", [(5, 12), (5, 10), (3, 7), (2, 4)])
def test_clocks_of_any_length_get_dates_that_fit(ticks):
    from matplotlib.figure import Figure

    for minutes in np.geomspace(1, 30 * 365 * 1440, 60):
        axes = Figure().add_subplot()
        start = 1_735_689_600_000_000_000
        canvas.span_of_time(axes, np.array([start, start + int(minutes * 60e9)], dtype=np.int64))
        canvas.date_axis(axes, ticks=ticks)
        assert 1 <= len(axes.xaxis.get_major_locator()()) <= ticks[1] + 2
