"""The statistics of an account, worked by hand, and what is left of them when nothing happened."""

import json

import numpy as np
import pandas as pd
import pytest

from lockstep.core.calendar import DAY_NS
from lockstep.metrics.blocks import performance, trading
from lockstep.metrics.panel import Curve
from lockstep.metrics.returns import daily_returns
from lockstep.metrics.summary import summarise
from lockstep.metrics.undefined import Undefined
from tests.metrics import samples

#: Keys of `performance` in money: all others are free of the unit of the account.
MONEY = {"initial_equity", "final_equity", "net_pnl"}
RETURNS = np.array([5 / 1000, -10 / 1005, 25 / 995, 10 / 1020])


@pytest.fixture(scope="module")
def numbers():
    return summarise(samples.run())


def curve_of(*marks, initial=1000.0):
    equity = np.array(marks, dtype=float)
    days = np.arange(19700, 19700 + len(equity))
    return Curve(initial, days * DAY_NS, equity, days, equity)


def block_of(curve):
    return performance(curve, daily_returns(curve.marks, curve.initial))


def test_portfolio_assets_and_solo_runs_have_the_same_statistics(numbers):
    own = set(block_of(curve_of(1001.0))) | set(trading(samples.trades(), curve_of(1001.0)))
    for room in ("portfolio", "assets", "solo"):
        blocks = [numbers[room]] if room == "portfolio" else numbers[room].values()
        for block in blocks:
            assert own <= set(block)


def test_the_dates_of_the_maximum_drawdown_are_those_of_the_clock(numbers):
    # 1010 1005, 985 995, 1000 1020, 1050 1030: from 1010 on Monday to 985 on Tuesday.
    block = numbers["portfolio"]
    found = [block[f"max_drawdown_{name}"] for name in ("start", "valley", "recovery")]
    assert found == ["2024-01-08T10:00:00Z", "2024-01-09T10:00:00Z", "2024-01-10T15:00:00Z"]


def test_the_worst_drawdowns_are_listed_and_one_that_lasts_says_why_it_has_no_recovery(numbers):
    first, second = numbers["portfolio"]["worst_drawdowns"]
    assert first == {
        "depth": pytest.approx(25 / 1010),
        "start": "2024-01-08T10:00:00Z",
        "valley": "2024-01-09T10:00:00Z",
        "recovery": "2024-01-10T15:00:00Z",
        "days": pytest.approx(2 + 5 / 24),
    }
    assert (second["depth"], second["recovery"]) == (pytest.approx(20 / 1050), None)
    reason = numbers["undefined"]["portfolio.worst_drawdowns.1.recovery"]
    assert reason == "not recovered by the end of the run"


def test_ratios_of_the_portfolio_are_worked_by_hand(numbers):
    block = numbers["portfolio"]
    gained, lost = 5 / 1000 + 25 / 995 + 10 / 1020, 10 / 1005
    assert block["omega"] == pytest.approx(gained / lost, rel=1e-12)
    # Marks 1005, 995, 1020, 1030: below the peak on Tuesday only.
    ulcer = (10 / 1005) / 2
    assert block["ulcer_index"] == pytest.approx(ulcer, rel=1e-12)
    assert block["ulcer_performance_index"] == pytest.approx(block["cagr"] / ulcer, rel=1e-12)
    assert (block["best_day"], block["best_day_date"]) == (pytest.approx(25 / 995), "2024-01-10")
    assert (block["worst_day"], block["worst_day_date"]) == (
        pytest.approx(-10 / 1005),
        "2024-01-09",
    )
    centred = RETURNS - RETURNS.mean()
    expected = (centred**3).mean() / (centred**2).mean() ** 1.5
    assert block["skewness"] == pytest.approx(expected, rel=1e-9)


def test_four_days_are_too_few_for_tails_and_autocorrelations_and_the_summary_says_so(numbers):
    block, why = numbers["portfolio"], numbers["undefined"]
    for name, days in (("var_95", 20), ("cvar_95", 20), ("var_99", 100), ("cvar_99", 100)):
        assert block[name] is None
        assert why[f"portfolio.{name}"].startswith(f"fewer than {days} trading days")
    assert block["sharpe_autocorrelation_adjusted"] is None
    assert why["portfolio.sharpe_autocorrelation_adjusted"] == "fewer than 30 trading days"


def test_trades_are_counted_in_time_notional_and_hours(numbers):
    block, a = numbers["portfolio"], numbers["assets"]["A"]
    # Open after steps 0; 2; 4, 5; 5, 6 of eight, A after 0; 4, 5.
    assert (block["exposure"], a["exposure"]) == (5 / 8, 3 / 8)
    assert (block["trades_per_day"], a["trades_per_day"]) == (1.0, 0.5)
    assert block["holding_hours_mean"] == (5 + 5 + 24 + 24) / 4
    assert (block["holding_hours_median"], a["holding_hours_p90"]) == (14.5, 5 + 0.9 * 19)
    # Fills of 1000 1005, 1000 1020, 1000 1035, 500 500, on 1012.5 for four days.
    year = 4 / 365.25
    assert block["turnover_per_year"] == pytest.approx(7060 / 2 / 1012.5 / year, rel=1e-12)
    parts = [asset["turnover_per_year"] for asset in numbers["assets"].values()]
    assert sum(parts) == pytest.approx(block["turnover_per_year"], rel=1e-12)


def test_excursions_and_exits_are_worked_by_hand_for_long_and_short(numbers):
    block, b = numbers["portfolio"], numbers["assets"]["B"]
    assert (block["mae_r_mean"], block["mfe_r_mean"]) == (0.5, 5.25 / 4)
    # Long +0.5 R in [-0.5, 1.5]: 0.5. Short -1 R in [-1, 0.25]: 0. Long 3.5 R, its best: 1.
    assert block["exit_efficiency"] == pytest.approx(0.5, rel=1e-12)
    assert b["exit_efficiency"] == 0.0


def test_what_was_won_and_lost_is_worked_by_hand(numbers):
    block = numbers["portfolio"]
    assert (block["average_win"], block["average_loss"], block["expectancy"]) == (20.0, -10.0, 7.5)
    assert (block["longest_winning_streak"], block["longest_losing_streak"]) == (1, 1)
    # Wilson, 2 of 4, z^2 = 3.841459: (0.980182 -+ 1.959964 x 0.350033) / 1.960365
    assert (block["win_rate_low"], block["win_rate_high"]) == pytest.approx(
        (0.150039, 0.849961), abs=1e-6
    )
    # R -1, 0, 0.5, 3.5
    assert block["r_distribution"]["p50"] == 0.25
    assert (block["r_distribution"]["min"], block["r_distribution"]["max"]) == (-1.0, 3.5)
    assert block["r_distribution"]["p25"] == -0.25


@pytest.mark.parametrize(
    ("marks", "key", "reason"),
    [
        ((), "best_day", "there is no trading day"),
        ((), "ulcer_index", "there is no trading day"),
        ((), "sharpe", "fewer than two trading days"),
        ((1010.0,), "omega", "fewer than two trading days"),
        ((1010.0,), "skewness", "fewer than two trading days"),
        ((1010.0,), "max_drawdown_start", "no drawdown"),
        ((1000.0,) * 50, "kurtosis", "the daily returns do not vary"),
        ((1000.0,) * 50, "min_track_record_days", "the daily returns do not vary"),
        ((1000.0,) * 50, "sharpe_autocorrelation_adjusted", "the daily returns do not vary"),
        ((1000.0,) * 50, "ulcer_performance_index", "no drawdown"),
        ((1010.0, 1030.0, 1040.0), "omega", "no losing day"),
        ((990.0, 970.0, 960.0), "min_track_record_days", "the Sharpe ratio is not above 0"),
        ((990.0, 970.0, 960.0), "max_drawdown_recovery", "not recovered by the end of the run"),
        ((500.0, -1.0, 5.0), "var_95", "the equity fell to zero or below"),
        ((500.0, -1.0, 5.0), "worst_day_date", "the equity fell to zero or below"),
        ((500.0, -1.0, 5.0), "sharpe_autocorrelation_lags", "the equity fell to zero or below"),
    ],
)
def test_a_curve_that_cannot_say_it_leaves_the_reason(marks, key, reason):
    found = block_of(curve_of(*marks))[key]
    assert isinstance(found, Undefined)
    assert found.reason.startswith(reason)


def test_ruin_keeps_its_drawdown_and_its_dates():
    block = block_of(curve_of(1100.0, -220.0, -110.0))
    assert block["max_drawdown"] == pytest.approx(1.2)
    assert block["max_drawdown_valley"] == "2023-12-10T00:00:00Z"
    assert isinstance(block["max_drawdown_recovery"], Undefined)


def test_without_initial_equity_nothing_can_be_a_fraction_of_it():
    block = block_of(curve_of(1.0, 2.0, initial=0.0))
    for name in ("max_drawdown", "worst_drawdowns", "max_drawdown_start", "ulcer_index"):
        assert block[name] == Undefined("there was no initial equity")


def test_no_trade_leaves_each_statistic_of_trades_its_reason():
    block = trading(pd.DataFrame(), curve_of(1000.0, 1000.0))
    names = ("win_rate_low", "win_rate_high", "expectancy", "average_trade")
    names += ("holding_hours_mean", "holding_hours_median", "holding_hours_p90")
    names += ("mae_r_mean", "mfe_r_mean", "exit_efficiency")
    assert {block[name] for name in names} == {Undefined("no trade")}
    assert set(block["r_distribution"].values()) == {Undefined("no trade")}
    still = ("exposure", "turnover_per_year", "trades_per_day", "longest_winning_streak")
    assert [block[name] for name in still] == [0.0, 0.0, 0.0, 0]


def test_winners_alone_have_no_mean_loss_and_losers_alone_no_mean_win():
    frame = samples.trades()
    won = trading(frame.iloc[[0, 2]], curve_of(1000.0))
    lost = trading(frame.iloc[[1]], curve_of(1000.0))
    assert won["average_loss"] == won["profit_factor"] == Undefined("no losing trade")
    assert lost["average_win"] == Undefined("no winning trade")
    assert (won["win_rate_high"], lost["win_rate_low"]) == (1.0, 0.0)


def test_the_reasons_of_a_run_without_a_trade_reach_json():
    result = summarise(samples.run(trades=pd.DataFrame(), solo_trades=pd.DataFrame()))
    why = json.loads(json.dumps(result, allow_nan=False))["undefined"]
    assert why["portfolio.r_distribution.p50"] == "no trade"
    assert why["assets.A.exit_efficiency"] == "no trade"
    assert why["solo.B.win_rate_low"] == "no trade"


@pytest.mark.parametrize("scale", [0.25, 2.0, 1024.0])
def test_a_statistic_does_not_know_the_currency_of_the_account(scale):
    marks = 1000.0 * np.cumprod(1.0 + np.random.default_rng(9).normal(0.001, 0.02, 300))
    plain = block_of(curve_of(*marks))
    scaled = block_of(curve_of(*(scale * marks), initial=scale * 1000.0))
    for name, value in plain.items():
        assert scaled[name] == (scale * value if name in MONEY else value), name
