import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics.overlap import overlap
from lockstep.metrics.panel import nanoseconds
from tests.metrics import samples

TIME = nanoseconds(samples.CLOCK)


def test_positions_open_together_are_counted_by_hand():
    # A is open after steps 0, 4, 5; B after 2, 5, 6: together after step 5, A long and B short.
    trades = samples.trades()
    trades["side"] = ["long", "long", "long", "short"]
    found = overlap(trades, TIME, ["A", "B"])
    assert found["mean_open"] == 6 / 8
    assert (found["max_open"], found["any"], found["two_or_more"]) == (2, 5 / 8, 1 / 8)
    assert found["by_asset"] == {"A": 3 / 8, "B": 3 / 8}
    assert found["pairs"] == [
        {"assets": ["A", "B"], "share": 1 / 8, "if_independent": 9 / 64, "same_side": 0.0}
    ]


def test_what_opens_and_closes_within_a_bar_is_never_open_after_a_step():
    trades = samples.trades()
    trades["exit_time"] = trades["entry_time"]
    found = overlap(trades, TIME, ["A", "B"])
    assert (found["mean_open"], found["max_open"], found["pairs"]) == (0.0, 0, [])


def test_no_trade_overlaps_with_nothing():
    found = overlap(samples.trades().iloc[:0], TIME, ["A", "B"])
    assert (found["mean_open"], found["any"], found["by_asset"]) == (0.0, 0.0, {"A": 0.0, "B": 0.0})


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(2, 60))
def test_stretches_give_what_counting_step_by_step_gives(seed, count, steps):
    rng = np.random.default_rng(seed)
    symbols = [f"S{i}" for i in range(count)]
    clock = pd.date_range("2024-01-01", periods=steps, freq="h").as_unit("ns")
    held, rows = np.zeros((steps, count)), []
    for asset, symbol in enumerate(symbols):
        cuts = np.sort(rng.choice(steps, rng.integers(0, steps // 2 + 1), replace=False))
        for begin, end in zip(cuts[::2], cuts[1::2]):
            side = int(rng.choice([-1, 1]))
            held[begin:end, asset] = side
            rows.append((symbol, "long" if side > 0 else "short", clock[begin], clock[end]))
    trades = pd.DataFrame(rows, columns=["asset", "side", "entry_time", "exit_time"])
    found = overlap(trades, nanoseconds(clock), symbols)
    number = np.abs(held).sum(axis=1)
    assert found["mean_open"] == pytest.approx(number.mean(), abs=1e-12)
    assert found["max_open"] == number.max()
    assert found["two_or_more"] == pytest.approx((number > 1).mean(), abs=1e-12)
    for pair in found["pairs"]:
        one, other = (held[:, symbols.index(name)] for name in pair["assets"])
        both = (one != 0) & (other != 0)
        assert pair["share"] == pytest.approx(both.mean(), abs=1e-12)
        assert pair["same_side"] == pytest.approx((one[both] == other[both]).mean(), abs=1e-9)
