from __future__ import annotations

import numpy as np
import pytest

from lockstep.core.registry import strategies
from lockstep.research.audit_warmup import audit_warmup, difference_pct
from tests.research.cheats import EndlessMemory, Honest
from tests.research.subjects import subject

NAN = float("nan")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for strategy in (EndlessMemory, Honest):
        monkeypatch.setitem(strategies._found, strategy.__name__, strategy)


def test_a_difference_is_in_percent_of_the_larger_value() -> None:
    whole = np.array([1.0, -2.0, 0.0, 0.0, 5.0, NAN, NAN])
    part = np.array([1.0, -1.0, 0.0, 3.0, -5.0, NAN, 4.0])
    assert difference_pct(whole, part).tolist() == [0.0, 50.0, 0.0, 100.0, 200.0, 0.0, 100.0]


def test_wilders_mean_forgets_its_first_bars_at_the_rate_its_formula_says() -> None:
    given = subject(["EURUSD"], parameters={"entry_period": 20, "exit_period": 5, "atr_period": 10})
    audit = audit_warmup(given, starts=[50])
    assert audit.passed
    rows = {row["indicator"]: row for row in audit.tables[0].to_plain()}
    assert rows["atr"]["memory"] == "recursive"
    assert {rows[n]["memory"] for n in rows if n != "atr"} == {"finite"}
    assert rows["entry_upper"]["settled_bars"] == 0
    # by hand: the difference of two Wilder means of period 10 shrinks to 0.9 of itself a bar
    bars = given.bars["EURUSD"]
    high, low, close = (values[50:] for values in (bars.high, bars.low, bars.close))
    late, whole = wilder(high, low, close), wilder(bars.high, bars.low, bars.close)[50:]
    off = 100.0 * np.abs(late - whole) / np.maximum(late, whole)
    expected = int(np.flatnonzero(off >= 0.01)[-1]) + 1
    assert rows["atr"]["settled_bars"] == expected
    # 0.01 % of what was off at the seed, or a little later where ranges are small
    seed = off[10]
    assert expected == pytest.approx(10 + np.log(0.01 / seed) / np.log(0.9), abs=12)
    assert rows["atr"]["at_first_signal_pct"] == pytest.approx(off[20], rel=1e-9)
    assert rows["atr"]["at_end_pct"] < 1e-9


def wilder(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    ranges = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    means = np.full(len(high), NAN)
    means[10] = ranges[:10].mean()
    for bar in range(11, len(high)):
        means[bar] = means[bar - 1] + (ranges[bar - 1] - means[bar - 1]) / 10
    return means


def test_an_indicator_that_never_forgets_is_a_violation() -> None:
    audit = audit_warmup(subject(["EURUSD"], strategy="EndlessMemory"), starts=[100])
    (violation,) = audit.violations
    assert violation.startswith("EndlessMemory: level never settles: it is 0.")
    assert "off at the last bar of EURUSD" in violation
    assert audit.tables[0].to_plain()[0]["settled_bars"] is None
    assert audit.verdict.startswith("1 indicator depends on where the data begin")


def test_signals_that_change_are_counted_and_those_that_change_late_apart() -> None:
    rows = audit_warmup(subject(["EURUSD"], strategy="EndlessMemory"), starts=[10, 200])
    early, late = rows.tables[1].to_plain()
    assert (early["start_bars"], late["start_bars"]) == (10, 200)
    given = subject(["EURUSD"]).bars["EURUSD"]
    sides = []
    for start in (0, 200):
        close = given.close[start:]
        level = np.cumsum(close) / np.arange(1, len(close) + 1)
        sides.append(np.sign(close - level))
    whole, part = sides[0][200:][9:], sides[1][9:]
    assert late["signals"] == np.count_nonzero(whole)
    assert late["changed"] == np.count_nonzero(whole != part)
    assert late["changed"] > early["changed"] > 0
    assert late["changed_late"] == 0


def test_a_window_forgets_everything_that_lies_before_it() -> None:
    audit = audit_warmup(subject(["EURUSD"], strategy="Honest"), starts=[1, 37])
    (row,) = audit.tables[0].to_plain()
    assert (row["memory"], row["settled_bars"], row["settled_on"]) == ("finite", 0, "")
    assert all(row["changed"] == row["changed_late"] == 0 for row in audit.tables[1].to_plain())


def test_too_few_bars_and_strategies_that_show_nothing_are_said() -> None:
    audit = audit_warmup(subject(["EURUSD"], days=14), starts=[1, 1000])
    assert audit.notes == ("EURUSD has too few bars (241) to start 1000 later.",)
    hidden = audit_warmup(subject(["EURUSD"], strategy="tests.research.cheats:ReadsToday"))
    assert "is written by hand: what it computes is not visible." in hidden.notes[0]
    assert hidden.tables[0].rows == ()
    assert hidden.verdict == "Nothing could be compared: see the notes."
    assert not hidden.judges


def test_an_indicator_that_is_never_known_is_said_and_not_called_settled() -> None:
    audit = audit_warmup(
        subject(["EURUSD"], strategy="mean_reversion", parameters={"volatility_period": 5000}),
        starts=[10],
    )
    assert audit.notes == ("mean_reversion: atr_rank is never known on EURUSD.",)
    assert "atr_rank" not in {row["indicator"] for row in audit.tables[0].to_plain()}
