"""optimization.txt: the warning first, then the chosen beside the middle of all."""

import dataclasses

import numpy as np
import pytest

from lockstep.report.layout import WIDTH
from lockstep.report.optimization import page
from tests.report.studies import AXES, study, trial

#: What the first line of luck.json is made of.
NUMBERS = {
    "verdict": {
        "level": "luck",
        "trials": 60,
        "effective_trials": 12.4,
        "in_sample_sharpe": 1.2,
        "in_sample_of": "chosen",
        "out_of_sample_sharpe": None,
        "deflated_sharpe": 0.31,
        "pbo": 0.62,
    },
    "in_sample": {
        "sharpe": 1.2,
        "deflated_sharpe": 0.31,
        "hurdle_sharpe": 1.5,
        "middle_sharpe": 0.1,
    },
    "out_of_sample": {"days": 0, "sharpe": None, "probabilistic_sharpe": None},
    "false_discovery": {"benjamini_hochberg": {}},
    "by_asset": {},
    "undefined": {},
}


def flat(text):
    return " ".join(text.replace("|", " ").split())


def test_the_first_line_below_the_name_is_the_chance_that_it_was_luck():
    said = flat(page(study(), NUMBERS))
    assert "trials (about" in said
    assert said.index("deflated Sharpe") < said.index("WHAT WAS CHOSEN")


def test_without_a_measurement_of_luck_it_counts_as_luck():
    assert "was NOT MEASURED: take it for luck." in flat(page(study()))


@pytest.mark.parametrize(
    "made",
    [
        study(0),
        study(1),
        study(goals=2),
        study(goals=3, labels=("SYNTHETIC",)),
        study(20, is_allowed=np.zeros(20, bool), chosen=None),
        study(3, trials=tuple(trial(n, state="failed", metrics={}, error="x") for n in range(3))),
        study(axes=AXES[:1], plateau={}),
    ],
)
def test_every_search_has_a_page_that_fits(made):
    assert max(map(len, page(made).splitlines())) <= WIDTH


def test_quartiles_are_of_all_trials_and_not_of_those_that_may_be_chosen():
    made = study()
    low, middle, high = np.percentile(made.metric("sharpe"), [25, 50, 75])
    row = next(line for line in page(made).splitlines() if line.startswith("  Sharpe ratio"))
    best = made.best.metrics["sharpe"]
    assert [float(cell) for cell in row.split()[2:]] == pytest.approx(
        [best, low, middle, high], abs=0.006
    )


def test_the_best_ten_are_in_order_and_no_limit_is_broken():
    text = page(study(200))
    rows = text.split("THE BEST 10 BY SHARPE")[1].split("---")
    block = text[text.index("THE BEST 10") : text.index("--- ROBUSTNESS")].splitlines()
    scores = [float(line.split()[1]) for line in block if line.strip()[:1].isdigit()]
    assert len(rows) > 1
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 10


def test_a_choice_at_the_end_of_its_range_is_told():
    best = trial(1, parameters={"period": 40, "multiplier": 1.0, "exit": "target"})
    made = study(1, trials=(best,), is_allowed=np.array([True]), chosen=0)
    assert page(made).count("at the end of the range") == 1


def test_nothing_chosen_is_said_with_the_limits():
    made = study(20, is_allowed=np.zeros(20, bool), chosen=None)
    assert "NOTHING WAS CHOSEN: no trial keeps the limits (30 trades or more" in flat(page(made))


def test_failures_are_counted_by_their_reason():
    said = flat(page(study(60)))
    assert "5 trials failed: ValueError: no" in said
    assert "60 trials, 4 repetitions among them" in said


def test_robustness_names_the_parameter_that_loses_most_first():
    text = page(study())
    assert "25.00% on average" in text
    falls = text[text.index("largest fall") : text.index("WHICH PARAMETERS")]
    assert falls.index("period") < falls.index("multiplier")
    losing = dataclasses.replace(study(), plateau={"score": -1.0, "fall": None, "falls": {}})
    assert "n/a: the score is not above zero" in page(losing)


def test_of_several_assets_each_page_tells_its_own_luck_too():
    own = {"trials": {"made": 60}, "sharpe": 1.2, "deflated_sharpe": 0.4, "pbo": None}
    several = {**NUMBERS, "by_asset": {"EURUSD": own, "AUDUSD": own}}
    said = flat(page(study(), several))
    assert "EURUSD alone: 60 trials, Sharpe ratio in sample 1.20" in said
    assert "PBO n/a." in said


def test_the_configured_parameters_stand_beside_the_chosen():
    text = page(dataclasses.replace(study(), configured={"sharpe": -0.5, "net_pnl": None}))
    row = next(line for line in text.splitlines() if line.startswith("  Sharpe ratio"))
    assert row.split()[2] == "-0.50"


def test_dates_are_utc_money_has_a_currency_and_labels_say_what_they_mean():
    data = {"start": "2025-01-01T00:00:00", "end": "2025-07-01T00:00:00", "currency": "CHF"}
    said = flat(page(study(data=data, labels=("IN-SAMPLE",)), NUMBERS))
    assert "2025-01-01 00:00 to 2025-07-01 00:00 UTC" in said
    assert "Net P&L, CHF" in said
    assert "IN-SAMPLE - chosen on the very days it is shown on." in said


def test_a_goal_that_is_a_metric_of_another_name_has_one_column():
    made = study(goals=2)
    goals = (made.goals[0], dataclasses.replace(made.goals[1], name="pnl"))
    text = page(dataclasses.replace(made, goals=goals))
    (head,) = [
        line for line in text.splitlines() if line.split()[:3] == ["trial", "sharpe", "pnl"]
    ][:1]
    assert "net P&L" not in head
