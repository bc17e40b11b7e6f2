from __future__ import annotations

import numpy as np
import pytest

from lockstep.core.bars import MINUTE_NS, TIMEFRAMES, Bars
from lockstep.core.signals import Signals
from tests.moments import ns


def five_bars() -> Bars:
    """Return bars labelled 10:00, 10:05, 10:10, 10:25 and 10:30, closes 1 to 5."""
    minutes = np.array([0, 5, 10, 25, 30], dtype=np.int64)
    column = np.arange(1.0, 6.0)
    return Bars(
        "EURUSD",
        TIMEFRAMES["5m"],
        ns("2025-01-15T10:00") + minutes * MINUTE_NS,
        column,
        column,
        column,
        column,
        np.zeros(5),
        source={"file": "a.csv"},
        notes=("one gap",),
    )


def closes(start: str, end: str) -> list[float]:
    return five_bars().between(ns(f"2025-01-15T{start}"), ns(f"2025-01-15T{end}")).close.tolist()


def test_a_range_keeps_its_first_label_and_leaves_out_its_last() -> None:
    assert closes("10:05", "10:25") == [2.0, 3.0]
    assert closes("10:00", "10:31") == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_range_may_begin_and_end_where_there_is_no_bar() -> None:
    assert closes("10:06", "10:26") == [3.0, 4.0]
    assert closes("10:11", "10:24") == []
    assert closes("11:00", "12:00") == []
    assert closes("08:00", "09:00") == []


def test_a_cut_keeps_what_is_known_of_the_bars_and_shares_their_memory() -> None:
    whole = five_bars()
    part = whole.between(ns("2025-01-15T10:05"), ns("2025-01-15T10:30"))
    assert (part.symbol, part.timeframe, part.notes) == ("EURUSD", 300_000_000_000, ("one gap",))
    assert part.source == {"file": "a.csv"}
    assert len(part) == len(part.time) == len(part.volume) == 3
    assert np.shares_memory(part.low, whole.low)


def test_volume_is_present_if_any_bar_has_some() -> None:
    bars = five_bars()
    assert not bars.has_volume
    bars.volume[3] = 1.0
    assert bars.has_volume


def test_signals_of_another_length_are_refused() -> None:
    side = np.zeros(5, dtype=np.int8)
    assert len(Signals(side, np.ones(5), strength=np.ones(5))) == 5
    with pytest.raises(ValueError, match=r"Signals.strength has shape \(4,\); expected one value"):
        Signals(side, np.ones(5), strength=np.ones(4))
