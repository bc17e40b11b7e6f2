"""Figures of trades: distributions, costs, prices, and the frontier of the solo runs."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.core.registry import figures
from lockstep.report.canvas import png_of
from lockstep.report.figures import distributions, frontier, price
from tests.contracts.test_figures import text_boxes
from tests.report.busy import bars_of, busy, figure_of, frontier_of, reading_of, words_on
from tests.report.results import made, partial, without_trades


def picture(name):
    return figures.get(name)()


@given(st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=60))
def test_zero_is_an_edge_of_the_bins_and_there_are_not_too_many(r):
    edges = distributions._edges(np.array(r))
    assert np.min(np.abs(edges)) < 1e-9
    assert np.all(np.diff(edges) > 0.0)
    assert len(edges) <= 90


@given(st.lists(st.integers(0, 30), min_size=1, max_size=80))
def test_every_trade_is_in_exactly_one_class_of_holding_time(held):
    hours = np.array(held, dtype=np.float64) / 4.0
    classes = distributions._classes(hours)
    assert np.sum([inside for _, inside in classes], axis=0).tolist() == [1] * len(hours)
    assert len(classes) <= 8


@pytest.mark.parametrize(
    ("hours", "said"), [(0.0, "0m"), (0.25, "15m"), (1.5, "1.5h"), (36.0, "36h"), (60.0, "2.5d")]
)
def test_a_holding_time_is_said_briefly(hours, said):
    assert distributions._span(hours) == said


def test_the_histogram_holds_every_trade_and_losses_have_their_own_colour():
    result = made(2, 20)
    r = result.trades["r_multiple"].to_numpy()
    figure = figure_of(picture("distributions"), reading_of(result))
    bars = figure.axes[0].patches
    assert sum(bar.get_height() for bar in bars) == len(r)
    lost = sum(bar.get_height() for bar in bars if bar.get_x() < -1e-9)
    assert lost == np.sum(r < 0.0)
    assert len({bar.get_facecolor() for bar in bars}) == 2
    assert f"made money {np.mean(r > 0.0):.2%}" in words_on(figure)


def test_exits_are_summed_by_reason():
    result = made(1, 4, pnl=np.array([[10.0], [-4.0], [6.0], [1.0]]))
    trades = result.trades.assign(exit_reason=["target", "stop", "target", "time"])
    reading = reading_of(dataclasses.replace(result, trades=trades))
    said = words_on(figure_of(picture("distributions"), reading))
    for sentence in ("+16.00: 2 x +8.00", "-4.00: 1 x -4.00", "+1.00: 1 x +1.00"):
        assert sentence in said


def test_trades_on_the_edges_of_the_excursions_are_counted():
    result = made(2, 250)  # 500 trades: one of them lies beyond the central 99.8 %
    mae = np.full(500, 0.5)
    mae[7] = 30.0
    trades = result.trades.assign(mae=mae, mfe=1.0)
    said = words_on(
        figure_of(picture("distributions"), reading_of(dataclasses.replace(result, trades=trades)))
    )
    assert "worst moment (MAE), R (1 further out stand on the edges)" in said
    whole = words_on(figure_of(picture("distributions"), reading_of(made(2, 20))))
    assert "worst moment (MAE), R\n" in whole


def test_a_target_missed_by_rounding_is_not_further_out():
    result = made(2, 250)
    r = np.tile([-1.0, 1.0, 1.0 + 4e-16, 1.0 + 2e-15], 125)
    trades = result.trades.assign(r_multiple=r, mae=1.0 + 2e-15, mfe=r + 1.0)
    known = reading_of(dataclasses.replace(result, trades=trades))
    assert "further out" not in words_on(figure_of(picture("distributions"), known))
    r[0] = -9.0
    known = reading_of(dataclasses.replace(result, trades=trades.assign(r_multiple=r)))
    assert "R (1 further out" in words_on(figure_of(picture("distributions"), known))


def test_exit_efficiency_is_the_one_of_the_metrics():
    reading = reading_of(made(2, 20))
    reading = dataclasses.replace(
        reading,
        metrics=dict(reading.metrics)
        | {"portfolio": reading.metrics["portfolio"] | {"exit_efficiency": 0.625}},
    )
    assert "exit efficiency 62.50%" in words_on(figure_of(picture("distributions"), reading))


def test_the_waterfall_goes_from_gross_to_net_by_every_cost():
    # made() gives each trade: gross = net + 3.75 = net + spread 2 + slippage 1 + commission 0.5
    # + swap paid 0.25.
    result = made(2, 10)
    net = result.trades["net_pnl"].sum()
    figure = figure_of(picture("costs"), reading_of(result))
    bars = figure.axes[0].patches[:6]
    assert [round(bar.get_height(), 9) for bar in bars] == [
        pytest.approx(abs(net + 75.0)), 40.0, 20.0, 10.0, 5.0, pytest.approx(abs(net))
    ]  # fmt: skip
    ends = [bar.get_y() + (bar.get_height() if net + 75.0 > 0 else 0.0) for bar in bars]
    assert ends[0] == pytest.approx(net + 75.0)
    said = words_on(figure)
    for part in ("-40.00\n-2.00 a trade", "-20.00\n-1.00", "-10.00\n-0.50", "-5.00\n-0.25"):
        assert part in said


def test_costs_in_r_are_the_mean_over_trades_that_links_gross_and_net_expectancy():
    # 3.75 paid a trade, on risks of 10 and 40: 0.375 and 0.09375 R, 0.234 on average; the ratio
    # of the sums, 0.15, would not lead from the mean R before costs to the one after.
    result = made(1, 2)
    trades = result.trades.assign(risk_amount=[10.0, 40.0])
    said = words_on(
        figure_of(picture("costs"), reading_of(dataclasses.replace(result, trades=trades)))
    )
    assert "in R a trade      -0.234" in said
    assert "7.50, 0.234 R a trade" in said


def test_a_swap_that_was_earned_is_a_gain():
    result = made(1, 10)
    trades = result.trades.assign(swap=0.25, gross_pnl=result.trades["net_pnl"] + 3.25)
    figure = figure_of(picture("costs"), reading_of(dataclasses.replace(result, trades=trades)))
    assert "+2.50\n+0.25 a trade" in words_on(figure)
    left = [bar for bar in figure.axes[1].patches if bar.get_width() < 0.0]
    assert [bar.get_width() for bar in left] == [-2.5]


def test_of_many_assets_the_most_expensive_have_a_bar_and_the_rest_share_one():
    figure = figure_of(picture("costs"), reading_of(made(45, 1)))
    names = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert len(names) == 31
    assert names[-1] == "15 others"


@pytest.mark.parametrize("name", ["distributions", "costs"])
def test_without_trades_the_figure_says_so(name):
    assert "No trade was closed" in words_on(figure_of(picture(name), reading_of(without_trades())))


@pytest.mark.parametrize("name", ["distributions", "costs", "price", "frontier"])
def test_without_a_portfolio_there_is_no_figure(name):
    assert picture(name).draw(reading_of(partial())) is None


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9))
def test_labels_keep_their_order_their_distance_and_the_frame(wanted):
    heights = frontier._spread(wanted, 0.1)
    ordered = [heights[at] for at in sorted(range(len(wanted)), key=lambda at: (wanted[at], at))]
    assert np.all(np.diff(ordered) >= 0.1 - 1e-9)
    assert min(heights) >= 0.05 - 1e-9
    assert max(heights) <= 0.95 + 1e-9


def test_every_mark_is_named_with_its_numbers_and_called_no_advice():
    hand = frontier_of(2)
    figure = figure_of(picture("frontier"), reading_of(busy(2), frontier=hand))
    said = words_on(figure)
    # half of 1 % at 2 % and of 2 % at 3 %: 1.5 % at sqrt(1 + 2.25) %
    assert "equal weight\n1.50% at 1.80%\nSharpe 0.83" in said
    for name in (
        "run, mean weights, 10.00% cash",
        "risk parity",
        "smallest variance",
        "largest Sharpe",
    ):
        assert name in said
    assert said.count("not advice") >= 2
    assert "120 common trading days" in said


def test_marks_on_one_spot_do_not_hide_one_anothers_names():
    hand = frontier_of(3)
    hand["marks"] = dict.fromkeys(hand["marks"], hand["points"][0])
    figure = figure_of(picture("frontier"), reading_of(busy(3), frontier=hand))
    boxes = [box for text, box in text_boxes(figure) if "Sharpe" in text]
    assert len(boxes) == 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_a_frontier_of_one_point_is_still_a_picture():
    hand = frontier_of(2)
    hand["points"] = hand["points"][:1]
    figure = figure_of(picture("frontier"), reading_of(busy(2), frontier=hand))
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_a_mark_without_numbers_is_left_out():
    hand = frontier_of(2)
    hand["marks"]["max_sharpe"] = None
    assert "largest Sharpe\n" not in words_on(
        figure_of(picture("frontier"), reading_of(busy(2), frontier=hand))
    )


def test_a_mark_that_does_not_exist_has_its_reason_at_the_foot():
    hand = frontier_of(2)
    hand["marks"]["max_sharpe"] = None
    undefined = {"frontier.marks.max_sharpe": "no mix had a positive mean return"}
    reading = reading_of(busy(2), frontier=hand, undefined=undefined)
    said = words_on(figure_of(picture("frontier"), reading)).replace("\n", " ")
    assert "No largest Sharpe: no mix had a positive mean return." in said


def test_without_a_frontier_the_reason_stands_in_its_place():
    result = busy(2)
    reading = reading_of(result, frontier=None, undefined={"frontier": "3 common days; 20 needed"})
    assert "3 common days; 20 needed" in words_on(figure_of(picture("frontier"), reading))
    assert picture("frontier").draw(reading_of(result, frontier=None, undefined={})) is None


def test_prices_are_shown_of_the_asset_that_made_most_and_of_the_one_that_made_least():
    result = made(3, 2, pnl=np.array([[1.0, -5.0, 9.0], [1.0, -5.0, 9.0]]))
    assert price.subjects(result) == ["ASSET02", "ASSET01"]
    assert price.subjects(made(1)) == ["ASSET00"]
    assert price.subjects(without_trades()) == []


def prices(count=2, days=20):
    result = busy(count, days)
    return reading_of(result, {symbol: bars_of(symbol, days) for symbol in result.symbols})


def test_entries_and_exits_stand_where_they_were_filled():
    reading = prices(1)
    figure = figure_of(picture("price"), reading)
    assert len(figure.axes) == 3
    trades = reading.result.trades
    drawn = [line for axes in figure.axes for line in axes.lines if line.get_marker() in ("^", "v")]
    x = np.concatenate([line.get_xdata() for line in drawn])
    y = np.concatenate([line.get_ydata() for line in drawn])
    entered = pd.DatetimeIndex(trades["entry_time"]).asi8 / 86_400e9
    assert set(np.round(x, 6)) <= set(np.round(entered, 6))
    assert set(y) == {1.1}


def test_levels_far_from_the_prices_leave_the_axis_to_the_bars():
    reading = prices(1)
    far = reading.result.trades.assign(stop_price=0.2, target_price=9.0)
    result = dataclasses.replace(reading.result, trades=far)
    figure = figure_of(picture("price"), dataclasses.replace(reading, result=result))
    bars = reading.bars["ASSET00"]
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert 0.9 * bars.low.min() < low < high < 1.1 * bars.high.max()


def test_the_busiest_weeks_stand_in_the_order_of_time_and_count_their_entries():
    reading = prices(1)
    titles = [axes.get_title(loc="left") for axes in figure_of(picture("price"), reading).axes]
    assert titles == [
        "ASSET00, week of 2025-01-06: 7 entries",
        "ASSET00, week of 2025-01-13: 7 entries",
        "ASSET00, week of 2025-01-20: 6 entries",
    ]


def test_an_exit_inside_its_bar_stands_in_the_middle_and_one_at_the_open_at_its_start():
    trades = made(1, 2).trades.assign(exit_reason=["target", "time"])
    hour = 3_600_000_000_000
    start, end = price._moments(trades, hour)
    assert np.round((end - start) * 24.0, 6).tolist() == [1.5, 1.0]


@pytest.mark.parametrize("why", ["EURUSD.csv is gone.", "EURUSD.csv has changed since the run."])
def test_without_bars_the_figure_says_why(why):
    reading = reading_of(made(1), {"ASSET00": why})
    assert why in words_on(figure_of(picture("price"), reading)).replace("\n", " ")


def test_one_asset_without_bars_does_not_cost_the_other_its_prices():
    reading = reading_of(busy(2), {"ASSET00": bars_of("ASSET00"), "ASSET01": "the file is gone."})
    figure = figure_of(picture("price"), reading)
    assert "the file is gone." in words_on(figure)
    assert sum(bool(axes.lines) for axes in figure.axes) == 1


def test_bars_of_another_time_are_not_taken_for_those_of_the_week():
    late = bars_of("ASSET00")
    late = dataclasses.replace(late, time=late.time + 400 * 86_400_000_000_000)
    reading = reading_of(made(1), {"ASSET00": late})
    assert "no bar lies in that week" in words_on(figure_of(picture("price"), reading))


def test_no_figure_of_prices_is_made_where_no_bars_were_asked_for():
    assert picture("price").draw(reading_of(made(2))) is None


def test_any_asset_has_a_figure_of_its_own_which_is_the_same_bytes_again():
    reading = prices(3)
    first, again = (price.of_asset(reading, "ASSET01") for _ in range(2))
    assert png_of(first) == png_of(again)
    assert "ASSET01, week of 2025-01-06: 7 entries" in words_on(first)


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_of_the_prices_is_clipped_or_covered(count):
    figure = figure_of(picture("price"), prices(count))
    boxes = text_boxes(figure)
    for index, (text, box) in enumerate(boxes):
        assert box.x0 >= 0.0 and box.x1 <= figure.bbox.x1, text
        assert box.y0 >= 0.0 and box.y1 <= figure.bbox.y1, text
        for other, against in boxes[index + 1 :]:
            assert not box.overlaps(against), (text, other)


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_file_of_prices_cannot_leave_its_folder_and_belongs_to_one_asset(one, other):
    name = price.file_of(one)
    assert "/" not in name and "\\" not in name and "\0" not in name
    assert name.startswith("price_") and name.endswith(".png")
    assert name.isascii() and len(name) < 120
    assert (name == price.file_of(other)) == (one == other)
