import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex

from lockstep.report.studies.walkforward import Walked, equity, parameters, windows, written
from lockstep.report.walkforward import page, spans, verdict
from lockstep.research import luck_numbers
from lockstep.research.judgement import numbers
from lockstep.research.objectives import Constraints
from lockstep.research.walk_luck import luck
from tests.engine.markets import market
from tests.research.test_walkforward import TRIO, analyzer, tuning


def study(symbols=TRIO, **given):
    bars = market(symbols, seed=3, days=130)
    made_by = analyzer(bars, symbols, **given)
    walk = made_by.run()
    told = {
        "id": "20250101-000000-0badcafe", "run_id": "20250101-000000-0badcafe",
        "labels": ["SYNTHETIC", "OUT-OF-SAMPLE (walk-forward)"],
        **numbers(walk, made_by), "luck": luck_numbers.numbers(luck(walk, made_by)),
    }  # fmt: skip
    naive = walk.hindsight.inside if walk.hindsight else None
    none = walk.outside.days[:0], walk.outside.marks[:0]
    return Walked(told, walk.outside.days, walk.outside.marks,
                  *(none if naive is None else (naive.days, naive.marks)))  # fmt: skip


@pytest.fixture(scope="module")
def full():
    return study(hindsight=True)


@pytest.fixture(scope="module")
def empty():
    return study(tuning=tuning(constraints=Constraints(min_trades=10_000)))


def test_a_page_is_a_hundred_columns_wide_and_begins_with_labels_and_verdict(full):
    text = page(full.numbers)
    assert max(map(len, text.splitlines())) <= 100
    assert (
        text.index("SYNTHETIC - ") < text.index("trials (about") < text.index("PROMISED AND KEPT")
    )
    assert verdict(full.numbers).split(" | ")[0].startswith("54 trials (about ")


def test_what_a_page_says_is_in_the_numbers(full):
    said = " ".join(page(full.numbers).split())
    whole = full.numbers["out_of_sample"]
    assert f"{whole['net_pnl']:+,.2f} USD" in said
    assert f"Sharpe ratio {full.numbers['in_sample']['median_sharpe']:.2f} (median" in said
    assert f"{full.numbers['degradation']['sharpe']:.2f} of the Sharpe ratio" in said
    assert f"{full.numbers['consistency']['gaining']:.2%} of the windows gained" in said
    for window in full.numbers["windows"]:
        assert f"{window['in_sample_days'][0]} {window['in_sample_days'][1]}" in said


def test_a_window_that_chose_nothing_says_why(empty):
    said = " ".join(page(empty.numbers).split())
    last = len(empty.numbers["windows"])
    assert f"EURUSD in windows 1-{last}: none of 6 trials could be chosen (0 failed)" in said
    assert "n/a[1]" in said
    assert "no asset was chosen in this window" in said
    assert "No window chose any parameter." in said


def test_paths_are_told_in_runs(full):
    path = {"path": [12, 12, 24, None], "stability": {"median": 12.0, "low": 12.0, "high": 18.0,
                                                      "changes": 1, "iqr": 6.0}}  # fmt: skip
    told = {**full.numbers, "parameters": {"EURUSD": {"entry_period": path}}}
    assert "12(x2) 24 -" in page(told)


def test_a_study_without_any_trial_is_told(full):
    told = {**full.numbers, "luck": None, "undefined": {"luck": "no trial was made"}}
    assert verdict(told) == "NOTHING WAS TRIED: no trial was made."


def test_bars_are_the_sharpe_ratios_of_the_windows(full):
    told = full.numbers["windows"]
    calendar, ratios = windows(full).axes
    heights = sorted(bar.get_height() for bar in ratios.patches)
    known = [w[part]["sharpe"] for w in told for part in ("in_sample", "out_of_sample")]
    assert heights == pytest.approx(sorted(known))
    assert len(calendar.patches) == 2 * len(told)


def test_a_window_without_a_ratio_points_to_the_page_that_says_why(full):
    def foot(walked):
        return " ".join(text.get_text().replace("\n", " ") for text in windows(walked).texts)

    one = dict(full.numbers["windows"][0])
    one["out_of_sample"] = {**one["out_of_sample"], "sharpe": None}
    told = {**full.numbers, "windows": [one, *full.numbers["windows"][1:]]}
    assert "n/a: see walkforward.txt." in foot(dataclasses.replace(full, numbers=told))
    assert "n/a" not in foot(full)


def test_levels_are_seen_across_the_bars_they_cross(full):
    ratios = windows(full).axes[1]
    bars = {to_hex(bar.get_facecolor()) for bar in ratios.patches}
    assert len(bars) == 2
    assert not bars & {to_hex(line.get_color()) for line in ratios.lines}


def test_the_account_and_the_naive_curve_are_drawn_as_they_are(full):
    curve, falls = equity(full).axes
    drawn = [np.asarray(one.get_ydata()) for one in curve.lines[:2]]
    assert np.array_equal(drawn[0], full.marks)
    assert np.array_equal(drawn[1], full.naive_marks)
    peak = np.maximum.accumulate(np.append(100_000.0, full.marks))[1:]
    assert np.asarray(falls.lines[-1].get_ydata()) == pytest.approx(100 * (full.marks / peak - 1))


def test_windows_in_which_nothing_was_traded_are_hatched(full):
    def hatches(axes):
        return [patch for patch in axes.patches if patch.get_hatch()]

    first, *others = full.numbers["windows"]
    told = {**full.numbers, "windows": [{**first, "assets": []}, *others]}
    figure = equity(dataclasses.replace(full, numbers=told))
    assert [len(hatches(axes)) for axes in figure.axes] == [1, 1]
    assert "hatched: 1 window without an asset" in [t.get_text() for t in figure.texts]
    assert not any(hatches(axes) for axes in equity(full).axes)


def test_every_asset_has_its_path_in_every_panel(full):
    panels = parameters(full).axes
    assert [axes.get_title(loc="left") for axes in panels] == ["entry_period", "stop_multiplier"]
    assert [len(axes.lines) for axes in panels] == [3, 3]


def test_many_assets_are_rows_of_colours_that_white_leaves_out(full):
    def path(*chosen):
        return {"atr_period": {"path": [*chosen], "stability": {"median": 12.0}}}

    told = {f"S{k}": path(12, 14, None, 16) for k in range(5)} | {"XAUUSD": {}}
    (panel,) = parameters(
        dataclasses.replace(full, numbers={**full.numbers, "parameters": told})
    ).axes
    (mesh,) = panel.collections
    drawn = mesh.get_array()
    assert drawn.shape == (6, 4)
    assert drawn[0].tolist() == [12.0, 14.0, None, 16.0]
    assert drawn[5].mask.all()
    assert panel.get_title(loc="left") == "atr_period"
    assert panel.get_xlabel() == "12 (light) to 16 (dark)"
    assert [one.get_text() for one in panel.get_yticklabels()] == list(told)
    assert panel.get_ylim() == (5.5, -0.5)  # the first asset on top


def test_figures_are_drawn_for_one_asset_and_for_nothing_chosen(empty):
    assert set(written(empty)) == {"windows.png", "equity.png", "parameters.png"}
    alone = study(("EURUSD",))
    assert len(written(alone)["equity.png"]) > 10_000
    many = {f"p{k}": alone.numbers["parameters"]["EURUSD"]["entry_period"] for k in range(30)}
    wide = dataclasses.replace(alone, numbers={**alone.numbers, "parameters": {"EURUSD": many}})
    assert len(parameters(wide).axes) == 16


def test_windows_in_a_row_are_told_as_one_span():
    assert spans([1, 3, 4, 5, 8]) == "1, 3-5, 8"
    assert spans([]) == ""
