"""backtrader's own analyzers, observers and writers, attached to a run of the account."""

from __future__ import annotations

import io
from typing import Any

import backtrader as bt
import numpy as np
import pytest

from lockstep.core.plan import RunPlan
from lockstep.engine.played import Played
from tests.engine.hands import scripted
from tests.engine.single import flat
from tests.kit import asset, make_bars, plan_of, play_checked, unit

ROWS = [
    flat(150.0),
    flat(150.0),
    (150.0, 150.9, 150.0, 150.8),  # the first long reaches its target of 150.75
    flat(150.8),
    (150.8, 150.8, 150.0, 150.1),  # the second is stopped at 150.3
    flat(150.1),
    flat(150.1),
    flat(150.4),
    flat(150.4),  # the third ends with the data
]
ENTRIES = [
    {"bar": 0, "side": 1, "stop": 0.5, "target": 0.75},
    {"bar": 2, "side": 1, "stop": 0.5},
    {"bar": 5, "side": -1, "stop": 0.5, "target": 1.0},
]
#: Wednesday's rollover lies before the last bar but one.
LABELS = [*range(256, 263), 264, 265]
RATES = np.linspace(0.0066, 0.0067, len(ROWS))


def yen_plan(symbol: str = "USDJPY", **terms: Any) -> RunPlan:
    instrument = unit(symbol, commission_per_lot=3.0, swap_short=-0.05, slippage=0.01)
    bars = make_bars(symbol, ROWS, labels=LABELS)
    return plan_of(asset(instrument, bars, ENTRIES, rate=RATES), **terms)


def watched(plan: RunPlan, *analyzers: Any, **options: Any) -> tuple[Played, Any]:
    """Play with analyzers attached; return the run and the first asset's strategy."""
    cerebros = []

    def configure(cerebro: bt.Cerebro, symbol: str) -> None:
        cerebros.append(cerebro)
        for analyzer in analyzers:
            cerebro.addanalyzer(analyzer)
        for add in options.values():
            add(cerebro)

    played = play_checked(plan, configure=configure)
    return played, cerebros[0].runstrats[0][0]


def test_a_trade_analyzer_counts_the_ledgers_trades_and_its_profit_before_swap():
    played, strategy = watched(yen_plan(), bt.analyzers.TradeAnalyzer)
    found = strategy.analyzers.tradeanalyzer.get_analysis()
    assert found.total.closed == found.total.total == len(played.trades) == 3
    gross = sum(t.gross_pnl - t.spread_cost - t.slippage_cost for t in played.trades)
    net = sum(t.net_pnl - t.swap for t in played.trades)
    assert sum(t.swap for t in played.trades) < -50.0
    assert found.pnl.gross.total == pytest.approx(gross, rel=1e-12)
    assert found.pnl.net.total == pytest.approx(net, rel=1e-12)
    assert (found.won.total, found.lost.total) == (1, 2)
    assert (found.long.total, found.short.total) == (2, 1)


def test_watching_changes_nothing():
    alone = play_checked(yen_plan())
    played, _ = watched(yen_plan(), bt.analyzers.TradeAnalyzer, bt.analyzers.TimeReturn)
    assert repr(played.trades) == repr(alone.trades)
    assert np.array_equal(played.equity, alone.equity)


def test_time_return_measures_the_sleeves_equity():
    played, strategy = watched(yen_plan(), bt.analyzers.TimeReturn)
    returns = strategy.analyzers.timereturn.get_analysis()
    growth = np.prod([1.0 + r for r in returns.values()])
    assert growth == pytest.approx(played.equity[-1, 0] / 100_000, rel=1e-12)


def test_transactions_are_the_fills():
    played, strategy = watched(yen_plan(), bt.analyzers.Transactions)
    fills = [row[:2] for rows in strategy.analyzers.transactions.get_analysis().values()
             for row in rows]  # fmt: skip
    expected = []
    for trade in played.trades:
        units = trade.side * trade.lots * 100_000
        expected += [[units, trade.entry_price], [-units, trade.exit_price]]
    assert fills == expected


def test_other_analyzers_run_and_say_something():
    kinds = ("DrawDown", "PeriodStats", "SQN", "PositionsValue", "PyFolio", "GrossLeverage",
             "LogReturnsRolling")  # fmt: skip
    played, strategy = watched(yen_plan(), *(getattr(bt.analyzers, kind) for kind in kinds))
    assert strategy.analyzers.sqn.get_analysis().trades == 3
    worst = strategy.analyzers.drawdown.get_analysis().max.drawdown
    peak = np.maximum.accumulate(played.equity[:, 0])
    assert worst == pytest.approx(100 * np.max(1 - played.equity[:, 0] / peak))
    assert all(len(analyzer.get_analysis()) for analyzer in strategy.analyzers)


def test_each_asset_of_several_has_its_own_analyzers():
    seen = {}

    def configure(cerebro: bt.Cerebro, symbol: str) -> None:
        cerebro.addanalyzer(bt.analyzers.TradeAnalyzer)
        seen[symbol] = cerebro

    first, second = yen_plan("USDJPY").assets[0], yen_plan("EURJPY").assets[0]
    played = play_checked(plan_of(first, second), configure=configure)
    for index, symbol in enumerate(["EURJPY", "USDJPY"]):
        (strategy,) = (runs[0] for runs in seen[symbol].runstrats)
        net = strategy.analyzers.tradeanalyzer.get_analysis().pnl.net.total
        own = [t.net_pnl - t.swap for t in played.trades if t.asset == index]
        assert net == pytest.approx(sum(own), rel=1e-12)


def test_observers_watch_cash_value_and_trades():
    def observe(cerebro: bt.Cerebro) -> None:
        cerebro.addobserver(bt.observers.Broker)
        cerebro.addobserver(bt.observers.Trades)
        cerebro.addobserver(bt.observers.BuySell)
        cerebro.addobserver(bt.observers.DrawDown)

    played, strategy = watched(yen_plan(), observers=observe)
    broker = strategy.stats.broker
    assert list(broker.lines.value.array[:9]) == played.equity[:, 0].tolist()
    free = played.equity[:, 0] - played.used_margin
    assert list(broker.lines.cash.array[:9]) == pytest.approx(free.tolist())
    trades = strategy.stats.trades
    pnl = np.nansum([*trades.lines.pnlplus.array, *trades.lines.pnlminus.array])
    assert pnl == pytest.approx(sum(t.net_pnl - t.swap for t in played.trades))


def test_a_writer_writes_a_row_per_bar_and_begins_with_the_sleeves_capital():
    out = io.StringIO()

    def write(cerebro: bt.Cerebro) -> None:
        cerebro.addwriter(bt.WriterFile, out=out, csv=True, rounding=5)

    played, _ = watched(yen_plan(capital=50_000.0), bt.analyzers.TradeAnalyzer, writers=write)
    lines = out.getvalue().splitlines()
    rows = [line for line in lines if ",USDJPY," in line and line[0].isdigit()]
    assert len(rows) == len(ROWS)
    assert "150.8" in rows[2]
    assert any(line.strip() == "- Begin: 50000.0" for line in lines)
    end = next(line for line in lines if line.strip().startswith("- End:"))
    assert float(end.split(":")[1]) == pytest.approx(played.equity[-1, 0])


def test_indicators_added_from_outside_are_computed():
    script = {6: lambda s: s.enter(1, 0.5)}
    bars = scripted(ROWS, script, instrument=unit("USDJPY"), rate=RATES)
    _, strategy = watched(
        plan_of(bars), indicators=lambda c: c.addindicator(bt.indicators.SMA, period=3)
    )
    (average,) = strategy.getindicators()
    assert average.lines.sma.array[4] == pytest.approx((150.8 + 150.8 + 150.1) / 3)
    assert len(strategy.broker.trades) == 1
