"""The figures of a search draw any search, inside their frame, the same each time."""

import numpy as np
import pytest

from lockstep.metrics.undefined import Undefined
from lockstep.report.studies.frame import score_range
from lockstep.report.studies.search import PICTURES, pictures
from lockstep.report.studies.study import Axis, quartiles
from tests.report.png import ink, margin, size_of
from tests.report.studies import AXES, study, trial

ONE = AXES[:1]
LABELS = ("SYNTHETIC", "a label $x^2$ 銘柄 " * 20)
STUDIES = {
    "none": lambda: study(0),
    "one trial": lambda: study(1),
    "all alike": lambda: study(2, trials=(trial(3), trial(3))),
    "two goals": lambda: study(60, goals=2, labels=LABELS),
    "three goals": lambda: study(60, goals=3),
    "nothing allowed": lambda: study(20, is_allowed=np.zeros(20, bool), chosen=None),
    "many": lambda: study(600),
}


@pytest.mark.parametrize("name", STUDIES)
def test_every_figure_draws_every_search(name):
    for file, png in pictures(STUDIES[name]()).items():
        assert ink(png) > 0.003, file
        assert max(size_of(png)) < 4000
        assert margin(png) == 255, file


def test_a_front_and_a_map_are_drawn_where_there_is_one():
    assert set(pictures(study(goals=2))) == set(PICTURES)
    assert set(pictures(study(axes=ONE))) == set(PICTURES) - {"contour", "pareto"}


def test_the_same_search_makes_the_same_bytes():
    made = [pictures(study(30, axes=AXES[:2], goals=2)) for _ in range(2)]
    assert made[0] == made[1]


def test_duplicates_and_failures_have_no_say_in_quartiles_and_importance():
    made = study(60)
    assert 12 not in made.scored
    assert 10 not in made.scored
    assert len(made.metric("sharpe")) == 60 - 5 - 4
    assert len(made.metric("profit_factor")) < len(made.metric("sharpe"))


def test_what_decides_comes_first_among_the_importances():
    found = study(300).importances()
    assert list(found)[-1] == "exit"
    assert found["exit"] < 0.05
    assert found["period"] > 0.2
    assert study(1).importances()["period"] == Undefined("fewer than two trials have a score")


def test_one_outlier_does_not_stretch_the_scale():
    low, high = score_range(np.array([-1e6, *np.linspace(0.0, 1.0, 20)]))
    assert low > -10.0
    assert high == 1.0
    assert score_range(np.array([2.0])) == (1.5, 2.5)


def test_names_are_placed_by_their_order():
    axis = Axis("exit", ("target", "signal"), is_number=False)
    assert axis.places(["signal", "target"]).tolist() == [1.0, 0.0]
    assert quartiles(np.array([1.0, 2.0, 3.0])) == (1.5, 2.0, 2.5)
    assert quartiles(np.empty(0)) is None
