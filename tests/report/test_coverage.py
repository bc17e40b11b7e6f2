"""Where most assets have no data, and how the figures over time say so."""

import dataclasses

import numpy as np
import pytest

from lockstep.core.registry import figures
from lockstep.report.canvas import dates, drawn
from lockstep.report.coverage import sparse
from tests.report.busy import reading_of, words_on
from tests.report.results import facts_of, made, names

DAYS = 70
FIRST, LAST = "2025-01-06T00:00:00Z", "2025-03-16T23:00:00Z"


def reading(spans):
    """Return a run of 70 days whose assets have data between such moments; None is all of it."""
    known = {
        name: {"first": begun or FIRST, "last": ended or LAST, "bars": 1}
        for name, (begun, ended) in zip(names(len(spans)), spans, strict=True)
    }
    facts = facts_of(names(len(spans)), DAYS, ranges=known)
    return reading_of(made(len(spans), DAYS, facts=facts))


def told(known):
    """Return what the figure of equity says of hatched edges."""
    lines = words_on(drawn(figures.get("equity")(), known)).split("\n")
    return "".join(line for line in lines if line.startswith("hatched"))


ALL = (None, None)
ENDED = (None, "2025-02-01T23:00:00Z")


def test_data_of_two_of_six_assets_after_a_day_are_told():
    known = reading([ALL, ENDED, ENDED, ENDED, ALL, ENDED])
    (edge,) = sparse(known)
    assert (edge.is_end, edge.having) == (True, 2)
    assert edge.start == np.datetime64("2025-02-01T23:00", "ns").astype(np.int64)
    assert edge.end == known.panel.account.time[-1]
    assert told(known) == "hatched: data of only 2 of 6 assets after 2025-02-01"


def test_assets_that_end_within_a_day_end_together_at_the_last_of_them():
    ends = ("2025-02-01T20:55:00Z", "2025-02-01T21:00:00Z", "2025-02-02T20:50:00Z")
    known = reading([ALL, *((None, end) for end in ends)])
    assert told(known) == "hatched: data of only 1 of 4 assets after 2025-02-02"


def test_the_beginning_counts_as_well_as_the_end():
    known = reading([("2025-01-20T00:00:00Z", None), ENDED])
    assert told(known) == (
        "hatched: data of only 1 of 2 assets until 2025-01-20, 1 of 2 assets after 2025-02-01"
    )


@pytest.mark.parametrize(
    "spans",
    [
        [ALL] * 3,
        [ENDED, ALL, ALL],  # most have data to the end
        [(None, "2025-03-10T00:00:00Z"), ALL],  # ends less than a week early
        [ENDED],  # the run of one asset ends with it
    ],
)
def test_nothing_is_told_where_most_have_data(spans):
    known = reading(spans)
    assert sparse(known) == []
    assert told(known) == ""


def test_nothing_is_told_of_runs_that_do_not_know_their_ranges():
    facts = facts_of(names(2), DAYS)
    assert sparse(reading_of(made(2, DAYS, facts={**facts, "ranges": {}}))) == []


def hatched(axes):
    """Return where axes are hatched, as matplotlib's days."""
    spans = [patch for patch in axes.patches if patch.get_hatch() == "//"]
    return [(span.get_x(), span.get_x() + span.get_width()) for span in spans]


@pytest.mark.parametrize("name", ["equity", "rolling", "margin", "exposure"])
def test_figures_over_time_hatch_what_few_assets_made_and_say_so(name):
    known = reading([ALL, ENDED, ENDED])
    account = known.result.account.assign(
        gross=1.0, net=0.0, used_margin=1.0, open_positions=1.0, exposure_EUR=1.0
    )
    known = dataclasses.replace(known, result=dataclasses.replace(known.result, account=account))
    figure = drawn(figures.get(name)(), known)
    assert "hatched: data of only 1 of 3 assets after 2025-02-01" in words_on(figure)
    (edge,) = sparse(known)
    wanted = tuple(dates(np.array([edge.start, edge.end])))
    panels = figure.axes[: 2 if name == "exposure" else 3]
    assert [hatched(axes) for axes in panels] == [[pytest.approx(wanted)]] * len(panels)


def test_every_asset_is_hatched_where_it_has_no_data_of_its_own():
    known = reading([ALL, ENDED, ("2025-01-20T00:00:00Z", None)])
    figure = drawn(figures.get("assets")(), known)
    counts = {axes.get_title(loc="left"): len(hatched(axes)) for axes in figure.axes}
    assert counts == {"ASSET00": 0, "ASSET01": 1, "ASSET02": 1}
    assert "Hatched: before the asset's data begin or after they end." in words_on(figure)
    whole = words_on(drawn(figures.get("assets")(), reading([ALL, ALL])))
    assert "atched" not in whole


def test_a_figure_that_shows_nothing_speaks_of_no_hatching():
    known = reading([ALL, ENDED])
    account = known.result.account.assign(margin_level=np.nan)
    known = dataclasses.replace(known, result=dataclasses.replace(known.result, account=account))
    assert "hatched" not in words_on(drawn(figures.get("margin")(), known))
