import copy
import json

import numpy as np
import pytest

from lockstep.metrics.undefined import Undefined
from lockstep.report.layout import WIDTH
from lockstep.report.luck import NAMES, first_line, page, sentence
from lockstep.report.luck_figure import draw, picture, png
from lockstep.research.luck import LuckTest, Record, verdict
from lockstep.research.luck_numbers import arrays, numbers
from tests.research.trials import FIRST, days_of, failed, noise, trial


def of(trials, **given):
    found = verdict(trials, LuckTest(resamples=99), **given)
    return json.loads(json.dumps(numbers(found))), arrays(found)


@pytest.fixture(scope="module")
def planted():
    return of(noise(7, edge=0.004))


@pytest.fixture(scope="module")
def several():
    short = [trial(n, np.random.default_rng(n).normal(size=20), asset="SHORT") for n in range(3)]
    return of([*noise(7, edge=0.004), *noise(8, asset="B_2"), *short, failed(0, "DEAD")])


def with_verdict(numbers, *, level=None, sharpe=None, hurdle=None, deflated=None, pbo=None):
    """Return numbers of another verdict, its texts to be read."""
    found = copy.deepcopy(numbers)
    found["verdict"] |= {"level": level, "deflated_sharpe": deflated, "pbo": pbo,
                         "in_sample_sharpe": sharpe}  # fmt: skip
    found["in_sample"] |= {"sharpe": sharpe, "hurdle_sharpe": hurdle, "deflated_sharpe": deflated}
    return found


def test_the_first_line_holds_all_that_must_be_known(planted):
    told = with_verdict(
        planted[0], level="luck", sharpe=1.234, hurdle=2.5, deflated=0.1234, pbo=0.61
    )
    told["verdict"] |= {"trials": 1500, "effective_trials": 37.4}
    told["in_sample"]["middle_sharpe"] = -0.3
    assert first_line(told) == (
        "1,500 trials (about 37 independent) | Sharpe ratio in sample 1.23 | out of sample not "
        "measured | deflated Sharpe 12.34% | PBO 61.00% | LUCK IS ENOUGH: In sample the best of so "
        "many tries, none of them with any skill, would show about 2.50; this shows 1.23. What was "
        "best on one half of the days fell to the middle of the field or below on the other in "
        "61.00% of all halves of the days: which parameters come out best is close to a coin toss. "
        "Expect the middle of the field (Sharpe ratio -0.30), not its best."
    )


@pytest.mark.parametrize(
    ("level", "deflated", "pbo", "words"),
    [
        ("skill", 0.97, 0.05, "this shows 2.00, which is more with 97.00% confidence. What was"),
        ("skill", 0.97, 0.05, "stayed above the middle of the field on the other in 95.00%"),
        ("unclear", 0.80, 0.30, "Less than 95.00% is no reason to bet on it."),
        ("unclear", 0.80, 0.30, "in 30.00% of all halves of the days: expect less than the best"),
        ("unclear", 0.97, 0.30, "But drawn again without skill, the field does as well in 12.00%"),
        ("luck", 0.30, 0.60, "would show about 1.00; this shows 2.00. What was best"),
    ],
)
def test_the_sentence_says_what_the_numbers_say(planted, level, deflated, pbo, words):
    told = with_verdict(planted[0], level=level, sharpe=2.0, hurdle=1.0, deflated=deflated, pbo=pbo)
    told["false_discovery"]["benjamini_hochberg"] = {"A": 0.12}
    assert words in sentence(told)


def test_days_that_no_search_saw_are_told_first():
    dice = np.random.default_rng(1).normal(0.0, 0.01, 200)
    days = days_of(200, FIRST + 400)
    centred = dice - dice.mean()
    lost, _ = of(noise(7, edge=0.004), unseen=Record(days, centred - 0.001))
    share = f"{100 * (1 - np.prod(0.999 + centred)):.2f}%"
    assert sentence(lost).startswith(
        f"It lost {share} on 200 days that no choice had seen (Sharpe rat"
    )
    assert "LUCK IS ENOUGH: It lost " in first_line(lost)
    gained, _ = of(noise(8), unseen=Record(days, centred + 0.002))
    assert sentence(gained).startswith(
        "It gained on 200 days that no choice had seen: a Sharpe ratio"
    )
    assert "confidence, enough to rely on." in sentence(gained)
    faint, _ = of(noise(8), unseen=Record(days, centred + 1e-4))
    assert "confidence, too little to rely on." in sentence(faint)
    edge, _ = of(noise(7, edge=0.004), unseen=Record(days, centred + 1e-4))
    assert edge["verdict"]["deflated_sharpe"] > 0.95
    assert edge["verdict"]["level"] == "unclear"  # hindsight is no substitute for such days
    assert "But drawn again" not in sentence(edge)
    ruined, _ = of(noise(8), unseen=Record(days, np.empty(0)))
    assert sentence(ruined).startswith(
        "It lost all its equity on 200 days that no choice had seen."
    )
    assert "out of sample n/a" in first_line(ruined)
    flat, _ = of(noise(8), unseen=Record(days, np.zeros(200)))
    assert sentence(flat).startswith("It did not move on 200 days that no choice had seen.")
    assert "out of sample n/a" in first_line(flat)


def test_money_that_was_lost_is_a_loss_whatever_the_mean_of_its_days_is():
    daily = np.tile([0.10, -0.098], 100)  # a mean of 0.1 % a day, and 99.18 left of 100 every two
    told, _ = of(noise(7, edge=0.004), unseen=Record(days_of(200, FIRST + 400), daily))
    assert told["verdict"]["out_of_sample_sharpe"] > 0.0
    assert told["out_of_sample"]["total_return"] == pytest.approx(0.9922**100 - 1.0)
    assert told["verdict"]["level"] == "luck"
    assert sentence(told).startswith(
        "It lost 54.30% on 200 days that no choice had seen (Sharpe ratio"
    )


def test_of_a_walk_forward_the_windows_promised_and_one_search_of_all_days_is_held_against_luck():
    days = days_of(200, FIRST + 400)
    unseen = Record(days, np.random.default_rng(1).normal(0.001, 0.01, 200))
    told, _ = of([*noise(8), *noise(9, asset="B")], unseen=unseen, promised=2.345)
    line = first_line(told)
    assert "| Sharpe ratio in sample 2.35 (median of the windows) | out of sample" in line
    own, hurdle = told["in_sample"]["sharpe"], told["in_sample"]["hurdle_sharpe"]
    assert (
        "Chosen and shown on the same days, 2016-07-18 to 2017-03-14, the best of so many tries, "
        f"none of them with any skill, would show about {hurdle:.2f}; that of every asset at equal "
        f"weights shows {own:.2f}"
    ) in line
    alone, _ = of(noise(8), unseen=unseen, promised=Undefined("no window has a value"))
    assert "Sharpe ratio in sample n/a (median of the windows)" in first_line(alone)
    assert "; the best shows" in first_line(alone)


def test_where_nothing_can_be_judged_it_says_why():
    told, _ = of([failed(0), failed(1)])
    assert first_line(told) == (
        "2 trials (about 0 independent) | Sharpe ratio in sample n/a | out of sample not measured "
        "| deflated Sharpe n/a | PBO n/a | CANNOT BE JUDGED: There is nothing to judge: no trial "
        "may be chosen: none keeps the limits of the search."
    )


def test_the_page_fits_its_width_and_begins_with_the_first_line(several):
    told = {**several[0], "searches": ["20260105-101500-1a2b3c4d"]}
    lines = page(told).splitlines()
    assert max(map(len, lines)) <= WIDTH
    text = " ".join(line[2:-2] for line in lines if line.startswith("| "))
    assert first_line(told) in " ".join(text.split())
    assert "20260105-101500-1a2b3c4d" in lines[2]


def test_the_page_shows_every_asset_and_the_reason_of_every_gap(several):
    told, _ = several
    text = page(told)
    for asset in ("A", "B_2", "SHORT", "DEAD"):
        assert sum(line.startswith(f"  {asset} ") for line in text.splitlines()) == 3
    assert "n/a[" in text
    for reason in (
        "fewer than 40 trading days to be split",
        "fewer than 30 trading days to be drawn again",
        "no trial may be chosen: none keeps the limits of the search",
    ):
        assert reason in text
    assert "discoveries are: A (Benjamini" in " ".join(text.split())
    assert "nan" not in text and "None" not in text


def test_of_one_asset_nothing_is_said_of_several(planted):
    text = page(planted[0])
    assert "false dis-" not in text
    assert "All chosen at equal weights" not in text


def test_every_level_has_a_name():
    assert sorted(NAMES) == ["luck", "skill", "unclear", "unknown"]


@pytest.mark.parametrize("which", ["planted", "several"])
def test_the_picture_is_the_same_bytes_again_and_shows_the_numbers(which, request):
    told, drawn = request.getfixturevalue(which)
    shown = picture(told, drawn)
    assert png(shown) == png(picture(told, drawn))
    fields, ranks, cloud = draw(shown).axes
    names = [label.get_text() for label in fields.get_yticklabels()]
    assert names == [asset for asset in told["by_asset"] if len(drawn["fields"][asset])]
    chosen = [line.get_xdata()[0] for line in fields.lines if line.get_marker() == "D"]
    kept = [block["sharpe"] for block in told["by_asset"].values() if block["sharpe"] is not None]
    assert chosen == pytest.approx(kept)
    assert sum(bar.get_height() for bar in ranks.patches) == pytest.approx(100.0)
    low = sum(bar.get_height() for bar in ranks.patches if bar.get_x() < 50.0)
    assert low == pytest.approx(100.0 * np.mean(drawn["ranks"] < 0.5))
    assert len(cloud.collections[0].get_offsets()) <= 8_000


def test_without_a_trial_that_moves_the_picture_says_so():
    told, drawn = of([failed(0), failed(1)])
    figure = draw(picture(told, drawn))
    assert not figure.axes
    assert "No trial moved" in " ".join(text.get_text() for text in figure.texts)


def test_too_few_days_to_split_leave_their_panels_empty():
    short = [trial(n, np.random.default_rng(n).normal(size=20)) for n in range(3)]
    _, ranks, cloud = draw(picture(*of(short))).axes
    for axes in (ranks, cloud):
        assert [text.get_text() for text in axes.texts] == ["not measured"]


def test_of_one_try_no_best_of_many_is_told():
    told, _ = of([trial(0, np.random.default_rng(1).normal(0.001, 0.01, 240))])
    assert "In sample one try without any skill would show about 0; this shows" in sentence(told)
