from pathlib import Path

import numpy as np
import pytest

from lockstep.config.loading import load
from lockstep.config.selection import Selection
from lockstep.core.calendar import HOUR_NS
from lockstep.data.sample import SAMPLE_START, sample_bars
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics import activity
from lockstep.metrics.summary import summarise
from lockstep.metrics.undefined import Undefined

ROOT = Path(__file__).parents[2]
CLOCK = np.arange(10) * HOUR_NS
NONE = np.empty(0, dtype=np.int64)


def hours(*numbers):
    return np.array(numbers, dtype=np.int64) * HOUR_NS


@pytest.mark.parametrize(
    ("entries", "exits", "share"),
    [
        ([], [], 0.0),
        ([2], [5], 0.3),  # open after steps 2, 3 and 4
        ([2, 5], [5, 7], 0.5),  # one after the other
        ([2, 3, 3], [6, 4, 8], 0.6),  # inside and across one another: counted once
        ([4], [4], 0.0),  # gone before its bar was over
        ([0], [9], 0.9),
    ],
)
def test_exposure_is_the_share_of_steps_after_which_a_position_was_open(entries, exits, share):
    assert activity.exposure(hours(*entries), hours(*exits), CLOCK) == pytest.approx(share)


def test_without_a_clock_there_is_no_exposure():
    assert activity.exposure(NONE, NONE, NONE) == Undefined("there is no step")


def test_one_round_trip_of_the_whole_equity_a_year_is_a_turnover_of_one():
    marks = np.array([90.0, 110.0])
    assert activity.turnover_per_year(np.array([100.0, 100.0]), marks, 1.0) == 1.0
    assert activity.turnover_per_year(np.array([100.0, 300.0]), marks, 0.5) == 4.0
    assert activity.turnover_per_year(np.empty(0), marks, 1.0) == 0.0


@pytest.mark.parametrize(
    ("marks", "years", "reason"),
    [
        ([], 0.0, "there is no trading day"),
        ([1.0, -1.0], 1.0, "the equity was zero or below on average"),
    ],
)
def test_turnover_needs_time_and_equity(marks, years, reason):
    found = activity.turnover_per_year(np.array([1.0]), np.array(marks), years)
    assert found == Undefined(reason)


def test_trades_a_day_count_the_days_without_a_trade():
    assert activity.trades_per_day(3, 12) == 0.25
    assert activity.trades_per_day(0, 0) == Undefined("there is no trading day")


def test_holding_times_run_from_bar_to_bar():
    # 0, 1, ... 10 hours: mean and median 5; nine in ten stand at place 9.
    entries = hours(*[5] * 11)
    found = activity.holding_hours(entries, entries + hours(*range(11)))
    assert found == pytest.approx((5.0, 5.0, 9.0), rel=1e-12)
    assert activity.holding_hours(NONE, NONE) == (Undefined("no trade"),) * 3


def test_an_exit_at_the_best_price_is_efficient_and_one_at_the_worst_is_not():
    def place(moved, mae, mfe):
        return activity.exit_efficiency(*(np.array([value]) for value in (moved, mae, mfe)))

    assert place(2.0, 0.5, 2.0) == 1.0  # at the target, its best price
    assert place(-1.0, 1.0, 0.3) == 0.0  # at the stop, its worst
    assert place(0.5, 0.5, 1.5) == 0.5  # half way between -0.5 R and 1.5 R
    assert place(0.0, 0.0, 0.0) == Undefined("no trade whose price moved")


def test_trades_whose_price_never_moved_have_no_say_in_the_efficiency():
    moved, mae, mfe = np.array([[2.0, 0.5, 2.0], [0.0, 0.0, 0.0], [-1.0, 1.0, 1.0]]).T
    assert activity.exit_efficiency(moved, mae, mfe) == 0.5
    assert activity.exit_efficiency(*[np.empty(0)] * 3) == Undefined("no trade")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    symbols = ("BTCUSDX", "EURUSDX", "USDJPYX")
    loaded = load(
        ROOT / "assets_config_highperf.json",
        Selection(symbols=symbols),
        results_dir=tmp_path_factory.mktemp("results"),
    )
    weeks = {
        symbol: bars.between(SAMPLE_START, SAMPLE_START + 14 * 24 * HOUR_NS)
        for symbol, bars in sample_bars(symbols).items()
    }
    return PortfolioBacktester(loaded.config.assets, loaded.config.portfolio).run(weeks)


def test_a_played_run_is_exposed_at_the_steps_at_which_its_account_has_positions(played):
    block = summarise(played)["portfolio"]
    open_positions = played.account["open_positions"].to_numpy()
    assert 0.0 < block["exposure"] == np.mean(open_positions > 0) < 1.0


def test_every_exit_of_a_played_run_lies_inside_the_range_its_trade_saw(played):
    trades = played.trades
    assert len(trades) > 50
    sign = np.where(trades["side"] == "long", 1.0, -1.0)
    moved = sign * (trades["exit_price"] - trades["entry_price"])
    moved = (moved / (trades["entry_price"] - trades["stop_price"]).abs()).to_numpy()
    mae, mfe = trades["mae"].to_numpy(), trades["mfe"].to_numpy()
    assert np.all(-mae - 1e-9 <= moved) and np.all(moved <= mfe + 1e-9)
    found = summarise(played)["portfolio"]["exit_efficiency"]
    assert found == pytest.approx(activity.exit_efficiency(moved, mae, mfe), rel=1e-12)
    assert 0.0 < found < 1.0
