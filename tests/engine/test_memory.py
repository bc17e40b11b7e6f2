from __future__ import annotations

from lockstep.engine.memory import (
    BASE,
    CEREBRO,
    COMPILED,
    COMPILING,
    PROCESS_BAR,
    PROCESS_BASE,
    Need,
)


def test_the_need_is_the_base_and_so_much_a_bar() -> None:
    assert Need({"A": 1000, "B": 500}).bytes == BASE + 1500 * COMPILED
    assert Need({"A": 1000}, is_cerebro=True).bytes == BASE + 1000 * CEREBRO


def test_each_process_needs_its_own_base_and_at_most_the_longest_asset() -> None:
    apart = Need({"A": 1000, "B": 500}, processes=2, is_cerebro=True)
    together = Need({"A": 1000, "B": 500}, is_cerebro=True)
    assert apart.bytes - together.bytes == 2 * (PROCESS_BASE + 1000 * PROCESS_BAR)


def test_nothing_to_play_needs_the_base() -> None:
    assert Need({}, processes=0).bytes == BASE


def test_a_player_that_has_still_to_be_compiled_takes_more() -> None:
    assert Need({}, is_cold=True).bytes == BASE + COMPILING


def test_a_portfolio_in_a_process_of_its_own_holds_all_bars_once_more_after_the_solo_runs() -> None:
    bars = {"A": 1000, "B": 500}
    here = Need(bars, processes=1, is_cerebro=True).bytes
    assert Need(bars, processes=1, is_cerebro=True, is_apart=True).bytes - here == 500 * PROCESS_BAR
