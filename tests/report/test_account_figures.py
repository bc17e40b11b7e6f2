"""Figures of the account: margin, exposure, weights, interventions, and their buckets."""

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection

from lockstep.core.registry import figures
from lockstep.report.canvas import drawn, png_of
from lockstep.report.figures import interventions
from lockstep.report.figures._buckets import Buckets
from lockstep.report.figures._stack import layers_of
from lockstep.report.looks import looks_of
from tests.contracts.test_figures import text_boxes
from tests.report.busy import HOUR, busy, figure_of, frontier_of, reading_of, words_on
from tests.report.results import decisions_of, made, without_trades

NAMES = ("margin", "exposure", "weights", "frontier", "distributions", "costs", "interventions")


def picture(name):
    return figures.get(name)()


@functools.cache
def full(count):
    """Return the reading of a run in which every figure has something to show."""
    return reading_of(busy(count, 6), frontier=frontier_of(count))


@pytest.mark.parametrize("count", [1, 2, 15, 30])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_clipped_or_covered_with_every_table_full(name, count):
    reading = full(count)
    if name == "frontier" and count == 1:
        assert picture(name).draw(reading) is None
        return
    figure = figure_of(picture(name), reading)
    boxes = text_boxes(figure)
    for index, (text, box) in enumerate(boxes):
        assert box.x0 >= 0.0 and box.x1 <= figure.bbox.x1, text
        assert box.y0 >= 0.0 and box.y1 <= figure.bbox.y1, text
        for other, against in boxes[index + 1 :]:
            assert not box.overlaps(against), (text, other)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_figure_is_the_same_bytes_when_drawn_again(name):
    first, again = (png_of(drawn(picture(name), full(2))) for _ in range(2))
    assert first == again


@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_every_step_and_every_moment_is_in_exactly_one_bucket(steps, most, seed):
    random = np.random.default_rng(seed)
    time = np.cumsum(random.integers(1, 5, steps)) * HOUR
    values = random.normal(size=steps)
    buckets = Buckets.of(time, most)
    assert len(buckets.starts) <= min(steps, most)
    assert np.all(np.diff(buckets.edges) > 0)
    assert buckets.counted(time).sum() == steps
    assert buckets.lowest(values).min() == values.min()
    assert buckets.highest(values).max() == values.max()
    weights = np.diff(np.append(buckets.starts, steps))
    assert buckets.mean(values) @ weights == pytest.approx(values.sum(), abs=1e-9)


def test_a_bucket_of_nothing_known_is_not_known():
    buckets = Buckets.of(np.arange(4) * HOUR, 2)
    values = np.array([np.nan, np.nan, 3.0, np.nan])
    assert np.isnan(buckets.lowest(values)[0])
    assert buckets.lowest(values)[1] == buckets.highest(values)[1] == 3.0


def test_the_margin_figure_marks_both_levels_and_the_closest_call():
    result = busy(2)
    level = result.account["margin_level"].to_numpy()
    figure = figure_of(picture("margin"), reading_of(result))
    top = figure.axes[0]
    flat = [float(line.get_ydata()[0]) for line in top.lines if len(set(line.get_ydata())) == 1]
    assert {100.0, 50.0} <= set(flat)
    assert any(at == pytest.approx(100.0 * np.nanmin(level)) for at in flat)
    day = str(result.equity.index[int(np.nanargmin(level))])[:10]
    assert f"lowest {np.nanmin(level):.2%}, {day}" in words_on(figure)
    assert "stop-outs: 1" in words_on(figure)
    assert "entries cut or refused: 1" in words_on(figure)
    assert "limit 8" in words_on(figure)


def test_a_level_at_or_below_zero_is_drawn_at_the_foot_and_named_as_it_was():
    result = busy(2)
    account = result.account.copy()
    account.iloc[30, account.columns.get_loc("margin_level")] = -0.25
    figure = figure_of(picture("margin"), reading_of(dataclasses.replace(result, account=account)))
    assert "lowest -25.00%" in words_on(figure)
    assert figure.axes[0].get_ylim()[0] > 0.0


def test_without_a_position_the_account_figures_say_so():
    account = without_trades().account.assign(gross=0.0, net=0.0, used_margin=0.0)
    reading = reading_of(dataclasses.replace(without_trades(), account=account))
    assert "no margin was used" in words_on(figure_of(picture("margin"), reading))
    assert "nothing was in the market" in words_on(figure_of(picture("exposure"), reading))
    assert "No rule and no check" in words_on(figure_of(picture("interventions"), reading))


def test_exposure_is_in_multiples_of_equity_and_names_what_went_furthest():
    result = busy(2)
    total = result.equity["total"].to_numpy()
    gross = result.account["gross"].to_numpy() / total
    dollars = result.account["exposure_USD"].to_numpy() / total
    figure = figure_of(picture("exposure"), reading_of(result))
    said = words_on(figure)
    assert f"highest {gross.max():>6.2f} x" in said
    assert f"{dollars.min():+8.2f} {dollars.max():+8.2f}" in said
    assert [t.get_text() for t in figure.axes[2].get_yticklabels()] == ["EUR", "JPY", "USD"]
    for limit in ("limit     6.00 x", "limit 3.00 x", "limit 2.00 x"):
        assert limit in said


def test_where_there_is_no_equity_left_no_multiple_of_it_is_drawn():
    result = busy(1)
    equity = result.equity.copy()
    equity.iloc[5] = -1.0
    figure = figure_of(picture("exposure"), reading_of(dataclasses.replace(result, equity=equity)))
    assert "highest   2." in words_on(figure)


@pytest.mark.parametrize(("hours", "said"), [(1, "60 minutes"), (48, "48 hours"), (72, "3 days"),
                                             (80, "3.3 days")])  # fmt: skip
def test_the_length_of_a_bucket_is_told_in_the_unit_that_fits(hours, said):
    assert Buckets.of(np.arange(5, dtype=np.int64) * hours * HOUR).length == said


@pytest.mark.parametrize(
    ("values", "extend"),
    [
        ([0.0, 1.0, -1.0] * 48, "neither"),
        ([0.5] * 143 + [3.0], "max"),
        ([-4.0] + [0.5] * 143, "min"),
    ],
)
def test_the_key_of_colours_is_pointed_where_values_lie_beyond_it(values, extend):
    known = full(2)
    held = np.array(values) * known.panel.account.equity
    names = [name for name in known.result.account if name.startswith("exposure_")]
    account = known.result.account.drop(columns=names).assign(exposure_EUR=held)
    known = dataclasses.replace(known, result=dataclasses.replace(known.result, account=account))
    (key,) = figure_of(picture("exposure"), known).axes[2].child_axes
    assert key._colorbar.extend == extend


def test_weights_and_reserve_fill_the_account():
    result = busy(3)
    layers = layers_of(
        ("ASSET00", "ASSET01", "ASSET02"),
        result.weights[["ASSET00", "ASSET01", "ASSET02"]].to_numpy(),
        reserve=result.weights["reserve"].to_numpy(),
        looks=looks_of(["ASSET00", "ASSET01", "ASSET02"]),
    )
    assert [layer.name for layer in layers] == ["ASSET02", "ASSET01", "ASSET00", "reserve"]
    assert np.sum([layer.shares for layer in layers], axis=0) == pytest.approx(1.0)


def test_of_many_assets_the_largest_have_a_layer_and_the_rest_share_one():
    weights = np.full((2, 40), 0.02)
    weights[:, 7] = 0.21
    weights[:, 38] = 0.03
    symbols = [f"A{n:02d}" for n in range(40)]
    layers = layers_of(symbols, weights, reserve=np.zeros(2), looks=looks_of(symbols))
    assert [layer.name for layer in layers[:2]] == ["A38", "A28"]
    assert layers[29].name == "A00"
    assert layers[-1].name == "10 others"
    assert len(layers) == 31
    assert np.sum([layer.shares for layer in layers], axis=0) == pytest.approx(1.0)


def test_a_rebalance_moves_half_the_sum_of_changes():
    # The first asset gains 5 % from the reserve, then gives it back: 5 % moved twice.
    said = words_on(figure_of(picture("weights"), reading_of(busy(2))))
    assert "rebalances (monthly) 2" in said
    assert "mean 5.00%, most 5.00%" in said


def test_one_asset_with_all_of_the_account_needs_no_figure_of_weights():
    assert picture("weights").draw(reading_of(made(1))) is None


def test_each_code_has_a_row_with_its_number_the_gravest_first():
    figure = figure_of(picture("interventions"), reading_of(busy(2)))
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == [
        "stop out", "breaker trip", "breaker resume", "daily loss trip", "blocked max positions",
        "min lot", "no margin", "leverage cap", "correlation scaling", "rebalance",
        "a code of tomorrow",
    ]  # fmt: skip
    said = words_on(figure)
    assert "1,000, at most" in said
    assert "Rules and checks: 1,010 decisions" in said


def test_periods_of_a_tripped_rule_are_shaded_from_trip_to_resume():
    result = busy(2)
    figure = figure_of(picture("interventions"), reading_of(result))
    share = f"{24 / len(result.equity):.2%}"
    assert f"breaker tripped ({share} of time)" in words_on(figure)
    assert "daily loss tripped" in words_on(figure)


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_spans_cover_exactly_the_steps_at_which_a_rule_was_tripped(tripped):
    covered = np.zeros(len(tripped), dtype=bool)
    for start, end in interventions._spans(np.array(tripped)):
        assert start <= end
        covered[start : end + (end == len(tripped) - 1 and tripped[-1])] = True
    assert covered.tolist() == tripped


def test_entries_are_counted_as_taken_in_full_taken_smaller_and_refused():
    result = busy(2)
    trades = result.trades.assign(links="", factor_drawdown_scaling=1.0)
    trades.loc[:2, "links"] = "leverage_cap"
    trades.loc[2:6, "factor_drawdown_scaling"] = 0.5
    said = words_on(
        figure_of(picture("interventions"), reading_of(dataclasses.replace(result, trades=trades)))
    )
    assert f"taken in full   {len(trades) - 7:>9,}" in said
    assert "taken smaller           7" in said
    assert "refused                 3" in said


def test_a_lonely_decision_among_many_steps_can_be_seen():
    result = busy(
        1, 20, decisions=decisions_of(("2025-01-10T10:00", "D", "", "stop_out", 1, 1, ""))
    )
    figure = figure_of(picture("interventions"), reading_of(result))
    needles = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
    assert needles
    assert min(needle.get_linewidths()[0] for needle in needles) >= 2.0
    assert "1, 2025-01-10" in words_on(figure)


def test_names_of_currencies_and_codes_are_taken_as_they_are():
    result = busy(2)
    account = result.account.rename(columns={"exposure_JPY": "exposure_$x^2$<b>"})
    decisions = pd.concat(
        [result.decisions, decisions_of(("2025-01-10T10:00", "D", "", "$\\frac{1}$", 1, 1, ""))]
    )
    reading = reading_of(dataclasses.replace(result, account=account, decisions=decisions))
    assert "$x^2$<b>" in words_on(figure_of(picture("exposure"), reading))
    assert "$\\frac{1}$" in words_on(figure_of(picture("interventions"), reading))
