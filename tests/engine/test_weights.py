"""The weight schedule: when it acts, on what it looks, who takes part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from lockstep.allocation.equal_weight import EqualWeight
from lockstep.allocation.fixed import Fixed
from lockstep.core.bars import Array, Ints
from lockstep.core.codes import DECISIONS
from lockstep.core.market import MarketView, Weights
from lockstep.engine.weights import Schedule, solo_returns, weight_schedule

SYMBOLS = ("AAA", "BBB", "CCC")


@dataclass
class Notebook:
    """A model that writes down what it was shown and answers 3/4 to the first asset."""

    needs_history: ClassVar[bool] = True
    seen: list[MarketView] = field(default_factory=list)

    def weights(self, view: MarketView) -> Weights:
        self.seen.append(view)
        values = np.full(len(view.symbols), 0.25 / max(1, len(view.symbols) - 1))
        values[0] = 0.75 if len(view.symbols) > 1 else 1.0
        return Weights(values)


def days_from(first: str, count: int) -> Ints:
    """Return trading days: Monday to Friday from a date on."""
    start = np.datetime64(first, "D")
    return np.array(
        [int((start + i).astype(np.int64)) for i in range(2 * count) if np.is_busday(start + i)][
            :count
        ],
        dtype=np.int64,
    )


def noise(n_days: int, n_assets: int = 3) -> Array:
    return np.random.default_rng(0).normal(0.0, 0.01, (n_days, n_assets))


def scheduled(
    model: Any,
    days: Ints,
    returns: Array,
    *,
    has_bars: np.ndarray | None = None,
    rebalance: str = "weekly",
    min_history: int = 2,
    cap: float = 1.0,
) -> Schedule:
    bars = np.ones(returns.shape, dtype=bool) if has_bars is None else has_bars
    return weight_schedule(
        model,
        SYMBOLS[: returns.shape[1]],
        days,
        returns,
        bars,
        rebalance=rebalance,
        min_history=min_history,
        cap=cap,
    )


def dates(schedule: Schedule) -> list[str]:
    return [str(day) for day in schedule.days.astype("datetime64[D]")]


@pytest.mark.parametrize(
    "rebalance, expected",
    [
        ("weekly", ["2025-03-03", "2025-03-10", "2025-03-17", "2025-03-24", "2025-03-31"]),
        ("monthly", ["2025-03-03"]),
        ("quarterly", []),
    ],
)
def test_cash_moves_on_the_first_trading_day_of_a_new_period(
    rebalance: str, expected: list[str]
) -> None:
    days = days_from("2025-02-24", 26)  # to Monday 2025-03-31
    assert dates(scheduled(Notebook(), days, noise(26), rebalance=rebalance)) == expected


def test_a_quarter_begins_with_its_first_day_that_has_bars() -> None:
    days = days_from("2025-03-24", 10)
    days = days[days != int(np.datetime64("2025-04-01", "D").astype(np.int64))]
    schedule = scheduled(Notebook(), days, noise(len(days)), rebalance="quarterly")
    assert dates(schedule) == ["2025-04-02"]


def test_a_hole_of_several_weeks_is_one_rebalance() -> None:
    days = np.concatenate([days_from("2025-03-03", 5), days_from("2025-04-07", 5)])
    assert dates(scheduled(Notebook(), days, noise(10))) == ["2025-04-07"]


def test_a_model_sees_returns_strictly_before_the_day_and_nothing_else() -> None:
    days, returns = days_from("2025-03-03", 15), noise(15)
    model = Notebook()
    scheduled(model, days, returns)
    assert [len(view.returns) for view in model.seen] == [5, 10]
    for view, n in zip(model.seen, (5, 10)):
        assert np.array_equal(view.returns, returns[:n])


def test_at_the_start_a_model_without_history_gives_everyone_the_same() -> None:
    schedule = scheduled(Notebook(), days_from("2025-03-03", 4), noise(4))
    assert schedule.initial.tolist() == pytest.approx([1 / 3] * 3)
    assert [(row, asset, DECISIONS[code]) for row, asset, code, *_ in schedule.notes] == [
        (-1, asset, "no_history") for asset in range(3)
    ]
    assert scheduled(EqualWeight(), days_from("2025-03-03", 4), noise(4)).notes == ()


def test_an_asset_is_eligible_if_it_had_a_bar_in_the_last_five_trading_days() -> None:
    """CCC's last bar is on day 4: on Monday, day 5, it still counts, on day 10 no more."""
    days, returns = days_from("2025-03-03", 15), noise(15)
    has_bars = np.ones((15, 3), dtype=bool)
    has_bars[5:, 2] = False
    returns[5:, 2] = 0.0
    model = Notebook()
    schedule = scheduled(model, days, returns, has_bars=has_bars)
    assert schedule.weights[0].tolist() == pytest.approx([0.75, 0.125, 0.125])
    assert schedule.weights[1].tolist() == pytest.approx([0.75, 0.25, 0.0])
    assert [view.symbols for view in model.seen] == [("AAA", "BBB", "CCC"), ("AAA", "BBB")]
    # A bar on day 5, the day after, keeps it eligible on day 10.
    has_bars[5, 2] = True
    assert scheduled(Notebook(), days, returns, has_bars=has_bars).weights[1, 2] > 0.0


def test_an_asset_that_begins_today_has_to_wait_for_the_next_rebalance() -> None:
    days, returns = days_from("2025-03-03", 15), noise(15)
    has_bars = np.ones((15, 3), dtype=bool)
    returns[:5, 2] = np.nan
    has_bars[:5, 2] = False
    schedule = scheduled(Notebook(), days, returns, has_bars=has_bars)
    assert schedule.weights[0].tolist() == pytest.approx([0.75, 0.25, 0.0])
    assert schedule.weights[1, 2] > 0.0


def test_an_asset_with_too_little_history_gets_its_equal_share_and_the_model_the_rest() -> None:
    days, returns = days_from("2025-03-03", 10), noise(10)
    returns[:2, 2] = np.nan
    schedule = scheduled(Notebook(), days, returns, min_history=4)
    assert schedule.weights[0].tolist() == pytest.approx([0.75 * 2 / 3, 0.25 * 2 / 3, 1 / 3])
    late = [note for note in schedule.notes if note[0] == 0]
    assert [(note[1], DECISIONS[note[2]]) for note in late] == [(2, "no_history")]
    assert late[0][4] == pytest.approx(1 / 3)
    assert late[0][5] == (
        "CCC has 3 of the 4 daily returns a model needs; an equal share stands instead: 33.33%."
    )


def test_with_none_a_model_acts_once_when_everyone_has_its_history() -> None:
    days, returns = days_from("2025-03-03", 20), noise(20)
    returns[:3, 1] = np.nan
    schedule = scheduled(Notebook(), days, returns, rebalance="none", min_history=6)
    # BBB has its sixth return on day 8: the first day that knows it is day 9.
    assert schedule.days.tolist() == [days[9]]
    assert schedule.weights.tolist() == [pytest.approx([0.75, 0.125, 0.125])]


def test_with_none_a_model_that_needs_no_history_never_moves_cash() -> None:
    days, returns = days_from("2025-03-03", 20), noise(20)
    for model in (EqualWeight(), Fixed({"AAA": 0.2, "BBB": 0.3})):
        schedule = scheduled(model, days, returns, rebalance="none")
        assert len(schedule.days) == 0
    assert schedule.initial.tolist() == [0.2, 0.3, 0.0]


def test_with_none_and_a_history_that_never_suffices_the_start_stands() -> None:
    days, returns = days_from("2025-03-03", 6), noise(6)
    schedule = scheduled(Notebook(), days, returns, rebalance="none", min_history=6)
    assert len(schedule.days) == 0  # the sixth return ends with the last day
    assert schedule.weights.shape == (0, 3)


def test_the_cap_leaves_the_excess_in_reserve() -> None:
    days, returns = days_from("2025-03-03", 10), noise(10)
    schedule = scheduled(Notebook(), days, returns, cap=0.4)
    assert schedule.weights[0].tolist() == pytest.approx([0.4, 0.125, 0.125])
    assert scheduled(EqualWeight(), days, returns, cap=0.2).initial.tolist() == [0.2] * 3


# Solo returns ----------------------------------------------------------------------------------


def test_solo_returns_are_day_by_day_zero_without_bars_and_unknown_before_the_first() -> None:
    days = np.array([10, 11, 12, 13, 14])
    early = (np.array([10, 12]), np.array([110.0, 121.0]))
    late = (np.array([12, 13, 14]), np.array([90.0, 90.0, 99.0]))
    matrix = solo_returns(days, [early, late], 100.0)
    assert matrix[:, 0] == pytest.approx([0.1, 0.0, 0.1, 0.0, 0.0])
    assert np.isnan(matrix[:2, 1]).all()
    assert matrix[2:, 1] == pytest.approx([-0.1, 0.0, 0.1])


def test_after_ruin_a_solo_return_is_zero() -> None:
    matrix = solo_returns(np.arange(3), [(np.arange(3), np.array([50.0, 0.0, 0.0]))], 100.0)
    assert matrix[:, 0] == pytest.approx([-0.5, -1.0, 0.0])


# On a clock ------------------------------------------------------------------------------------


def test_a_schedule_of_some_assets_keeps_their_columns_and_notes() -> None:
    notes = (
        (-1, 0, 1, 0.0, 0.1, "a"),
        (0, 1, 1, 0.0, 0.2, "b"),
        (0, 2, 1, 0.0, 0.3, "c"),
        (0, -1, 2, 0.0, 0.0, "all"),
    )
    full = Schedule(np.array([0.2, 0.3, 0.5]), np.array([7]), np.array([[0.1, 0.0, 0.9]]), notes)
    part = full.only([0, 2])
    assert part.initial.tolist() == [0.2, 0.5]
    assert part.weights.tolist() == [[0.1, 0.9]]
    assert [(n[0], n[1], n[5]) for n in part.notes] == [
        (-1, 0, "a"),
        (0, 1, "c"),
        (0, -1, "all"),
    ]


def test_cash_moves_in_the_first_step_of_the_day() -> None:
    clock = np.arange(6)
    days, day = np.array([20, 21, 22]), np.array([0, 0, 1, 1, 1, 2])
    schedule = Schedule(np.ones(1), np.array([21, 22]), np.array([[0.5], [0.6]]))
    steps, weights, _ = schedule.on(clock, days, day)
    assert steps.tolist() == [2, 5]
    assert weights.tolist() == [[0.5], [0.6]]


def test_rebalance_days_a_clock_lacks_move_to_its_next_day_the_last_of_them_counts() -> None:
    """The asset with bars on 21, 22 and 25 failed: cash moves on 23; after 24 there is no clock."""
    days, day = np.array([20, 23, 24]), np.array([0, 1, 1, 2])
    weights = np.array([[0.1], [0.2], [0.3], [0.4]])
    notes = tuple((row, 0, 1, 0.0, 0.0, f"row {row}") for row in (-1, 0, 1, 2, 3))
    schedule = Schedule(np.ones(1), np.array([21, 22, 24, 25]), weights, notes)
    steps, kept, told = schedule.on(np.arange(4), days, day)
    assert steps.tolist() == [1, 3]
    assert kept.tolist() == [[0.2], [0.3]]
    assert [(note[0], note[5]) for note in told] == [(-1, "row -1"), (0, "row 1"), (1, "row 2")]
