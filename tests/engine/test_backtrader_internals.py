"""A guard: the inside of backtrader that the player replaces, re-implements or relies on.

Each function's source (comments and blank lines aside) is hashed. If a hash changes, backtrader
has changed there: read the new source, re-check what is named beside it, and only then write
down the new hash, which the failing test shows.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import backtrader as bt
import pytest
from backtrader.linebuffer import LineBuffer
from backtrader.lineiterator import LineIterator
from backtrader.lineseries import Lines, LineSeries

WALK = "engine/cerebro/player.py: nested runs, LockstepCerebro._runonce, Lockstep._walk"
BAR = "engine/cerebro/slot.py: Slot.next and is_quiet"
TELL = "engine/cerebro/orders.py: OrderPlumbing.notify, deliver and what is shown of orders"
ORDERS = "engine/cerebro/orders.py: submit, cancel, brackets and the legs that are made there"
FILLS = "engine/cerebro/orders.py: _execute_leg, _resize and AccountCommission"
FEED = "engine/cerebro/feed.py: ArrayFeed.preload, advance and stand_at"

#: (what, where we lean on it, sha256 of its source).
GUARDED: list[tuple[Callable[..., Any], str, str]] = [
    (bt.Cerebro.run, WALK, "df79f27e4dee2852"),
    (bt.Cerebro.runstrategies, WALK, "0098634d865ae5f1"),
    (bt.Cerebro._runonce, WALK, "ae711d4880f18196"),
    (bt.Cerebro._brokernotify, WALK, "3d721107f237a692"),
    (bt.Cerebro.addstrategy, WALK, "579148749ab22cf6"),
    (bt.Cerebro._add_timer, WALK, "88789c5541e684e6"),
    (bt.Cerebro._disable_runonce, WALK, "2c2408d60a61d554"),
    (bt.Cerebro.stop_writers, WALK, "1183eb77bd639ce0"),
    (LineIterator._once, WALK, "b2daf8b1984bc4b3"),
    (bt.Strategy._start, WALK, "028a969032e322a3"),
    (bt.Strategy._stop, WALK, "9a2543cd1f0ce29e"),
    (bt.Strategy.reset, WALK, "93dd2c8b323c6859"),
    (bt.Strategy._oncepost, BAR, "f771c5a6ccfc9921"),
    (bt.Strategy._getminperstatus, BAR, "a76ebb87103db6b6"),
    (bt.Strategy._next_analyzers, BAR, "736336386e8fa7a7"),
    (bt.Strategy._next_observers, BAR, "aa559d7e45d26844"),
    (bt.Strategy.clear, BAR, "b0672df29fa417eb"),
    (bt.Cerebro._next_writers, BAR, "f124e0e5ff9929f8"),
    (bt.Strategy.getwriterinfo, BAR, "c3d63513acef9ad1"),
    (bt.Strategy._addnotification, TELL, "c27d0707cb8b8c5b"),
    (bt.Strategy._notify, TELL, "50e94a1dd5886c24"),
    (bt.Order.clone, TELL, "9bdeb50976e0d0c6"),
    (bt.order.OrderData.clone, TELL, "26ed9c8cb72494f9"),
    (bt.order.OrderData.markpending, TELL, "a0fd98df49af19d7"),
    (bt.order.OrderData.iterpending, TELL, "3fc1413f887a3346"),
    (bt.Trade.update, TELL, "c5012525a60a82ce"),
    (bt.Strategy.buy, ORDERS, "36e99bca50547fae"),
    (bt.Strategy.sell, ORDERS, "15a970aac118d75d"),
    (bt.Strategy.buy_bracket, ORDERS, "8eefbb8916316244"),
    (bt.Strategy.sell_bracket, ORDERS, "90575288290243f1"),
    (bt.Strategy.cancel, ORDERS, "39b5fe36a932eb39"),
    (bt.Strategy.setsizer, ORDERS, "31c60b9223c57228"),
    (bt.brokers.BackBroker.init, ORDERS, "7f77045d7c13ff0f"),
    (bt.broker.BrokerBase.start, ORDERS, "8ec542eb8cbb725b"),
    (bt.brokers.BackBroker.buy, ORDERS, "a8d66f8dab3b3231"),
    (bt.brokers.BackBroker.sell, ORDERS, "5a3f454f5b64c665"),
    (bt.brokers.BackBroker.submit, ORDERS, "a377d4f63d270b57"),
    (bt.brokers.BackBroker.transmit, ORDERS, "a0bd2226227db1df"),
    (bt.brokers.BackBroker.submit_accept, ORDERS, "d0f16929d07fea94"),
    (bt.brokers.BackBroker._take_children, ORDERS, "7654cd7735f02e58"),
    (bt.brokers.BackBroker.cancel, ORDERS, "7606803cb19179d1"),
    (bt.brokers.BackBroker._bracketize, ORDERS, "5607edf2cb60ec61"),
    (bt.brokers.BackBroker._ococheck, ORDERS, "bbbdb92962906651"),
    (bt.order.OrderBase.__init__, ORDERS, "20b8b0007e00661f"),
    (bt.order.OrderBase.submit, ORDERS, "64b43c1a40285496"),
    (bt.order.OrderBase.accept, ORDERS, "86b0f20a0e3f74d7"),
    (bt.order.OrderBase.reject, ORDERS, "b15e67d936591cee"),
    (bt.order.OrderBase.cancel, ORDERS, "c1c76566c7a57298"),
    (bt.order.OrderBase.margin, ORDERS, "78c421c2197f5984"),
    (bt.order.OrderBase.alive, ORDERS, "fd6407fa60682691"),
    (bt.order.OrderBase.activate, ORDERS, "5fe35428955fd4ca"),
    (bt.order.OrderBase.execute, FILLS, "634b7df4b5faa52c"),
    (bt.Order.execute, FILLS, "cd324cd5729fa4d8"),
    (bt.order.OrderData.add, FILLS, "eec6a61b6e55460e"),
    (bt.order.OrderData.addbit, FILLS, "3cd63ab76d08307d"),
    (bt.position.Position.update, FILLS, "86408e75be698529"),
    (bt.CommInfoBase.__init__, FILLS, "ff31b2ea9298d334"),
    (bt.CommInfoBase.getvaluesize, FILLS, "19a43ad43484cd15"),
    (bt.broker.BrokerBase.getcommissioninfo, FILLS, "73d6026cd8a8f604"),
    (bt.feed.AbstractDataBase.advance, FEED, "d2f3f2fca36e7e4d"),
    (bt.feed.AbstractDataBase.home, FEED, "0639445a818796f7"),
    (bt.feed.AbstractDataBase._start, FEED, "e71633b5525527b8"),
    (bt.feed.AbstractDataBase.preload, FEED, "21d9b033ab0899cb"),
    (LineSeries.advance, FEED, "f53b4fc6df070364"),
    (LineSeries.home, FEED, "0639445a818796f7"),
    (Lines.advance, FEED, "e7a98a19a1448e6a"),
    (Lines.home, FEED, "4f851012aaad58ef"),
    (LineBuffer.advance, FEED, "55230db8e13432c7"),
    (LineBuffer.home, FEED, "231a57bd3bf22d86"),
    (LineBuffer.get_idx, FEED, "530841dbf5d86d03"),
    (LineBuffer.set_idx, FEED, "4ef5ecc7dc623843"),
    (LineBuffer.reset, FEED, "ec3af69f5cf84ab3"),
]


def fingerprint(function: Callable[..., Any]) -> str:
    """Return a hash of the source without its comment lines, blank lines and indentation."""
    lines = (line.strip() for line in inspect.getsource(function).splitlines())
    kept = "\n".join(line for line in lines if line and not line.startswith("#"))
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def test_the_version_that_was_read_is_the_one_installed() -> None:
    assert bt.__version__ == "1.9.78.123"


@pytest.mark.parametrize(
    ("function", "leaning", "known"), GUARDED, ids=[f.__qualname__ for f, *_ in GUARDED]
)
def test_the_internals_we_lean_on_are_those_we_have_read(
    function: Callable[..., Any], leaning: str, known: str
) -> None:
    found = fingerprint(function)
    assert found == known, (
        f"backtrader's {function.__qualname__} has changed; re-check {leaning}, then write {found}."
    )
