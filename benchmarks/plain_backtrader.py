"""The same strategy in plain backtrader (PandasData, its indicators, brackets) and in Lockstep."""

from __future__ import annotations

import dataclasses
from typing import Any

import backtrader as bt
import pandas as pd

from bench import backtester, options, paired, report
from lockstep.core.parameters import build
from lockstep.core.registry import strategies
from lockstep.engine.cerebro.player import play
from lockstep.engine.plan import plan_asset, plan_run


class RollingVwap(bt.Indicator):
    """VWAP of the last bars and the deviation of the typical price around it."""

    lines = ("vwap", "deviation")
    params = (("period", 20),)

    def __init__(self) -> None:
        typical = (self.data.high + self.data.low + self.data.close) / 3.0
        volume = bt.indicators.SumN(self.data.volume, period=self.p.period)
        money = bt.indicators.SumN(typical * self.data.volume, period=self.p.period)
        self.lines.vwap = money / volume
        self.lines.deviation = bt.indicators.StdDev(typical, period=self.p.period)


class MeanReversion(bt.Strategy):
    """Bollinger and VWAP bands, ATR stop, fixed reward to risk, time exit."""

    params = (("s", None), ("cash_risk", 0.01), ("max_bars", 72))

    def __init__(self) -> None:
        s = self.p.s
        self.band = bt.indicators.BollingerBands(
            period=s.bollinger_period, devfactor=s.bollinger_deviations
        )
        self.vwap = RollingVwap(self.data, period=s.vwap_period)
        self.atr = bt.indicators.ATR(period=s.atr_period)
        self.adx = bt.indicators.ADX(period=s.adx_period)
        self.orders: list[Any] = []
        self.opened = 0
        self.count = 0

    def notify_order(self, order: Any) -> None:
        if not order.alive():
            self.orders = [o for o in self.orders if o.ref != order.ref]

    def notify_trade(self, trade: Any) -> None:
        self.count += trade.isclosed

    def next(self) -> None:
        s, close = self.p.s, self.data.close[0]
        if self.position:
            if len(self) - self.opened >= self.p.max_bars:
                for order in self.orders:
                    self.cancel(order)
                self.close()
            return
        if self.orders:
            return
        lower = self.vwap.vwap[0] - s.vwap_deviations * self.vwap.deviation[0]
        upper = self.vwap.vwap[0] + s.vwap_deviations * self.vwap.deviation[0]
        stop = s.stop_multiplier * self.atr[0]
        if not stop > 0:
            return
        size = self.p.cash_risk * self.broker.getvalue() / stop
        prices = {"exectype": bt.Order.Market, "size": size}
        if close < self.band.bot[0] and close < lower:
            self.orders = self.buy_bracket(
                stopprice=close - stop, limitprice=close + s.reward_risk * stop, **prices
            )
        elif close > self.band.top[0] and close > upper:
            self.orders = self.sell_bracket(
                stopprice=close + stop, limitprice=close - s.reward_risk * stop, **prices
            )
        self.opened = len(self) + 1


def plain(frames: dict[str, pd.DataFrame], parameters: dict[str, Any]) -> int:
    """Run one plain Cerebro an asset; return the number of trades."""
    count = 0
    for symbol, frame in frames.items():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.adddata(bt.feeds.PandasData(dataname=frame))
        cerebro.addstrategy(MeanReversion, s=parameters[symbol])
        cerebro.broker.setcash(100_000.0)
        cerebro.broker.setcommission(commission=0.00005, stocklike=False, margin=1e-6, mult=1.0)
        count += cerebro.run()[0].count
    return count


def main() -> None:
    """Print the ratio of bars per second, indicators and feeds included on both sides."""
    sizes = options(__doc__, assets=3, bars=20_000, runs=3)
    run, bars = backtester(sizes.assets, {})
    cut = {asset.symbol: bars[asset.symbol].cut(slice(0, sizes.bars)) for asset in run.assets}
    strategy = {a.symbol: build(strategies.get("mean_reversion"), a.parameters) for a in run.assets}
    frames = {
        symbol: pd.DataFrame(
            {name: getattr(data, name) for name in ("open", "high", "low", "close")}
            | {"volume": data.volume + 1.0},
            index=pd.DatetimeIndex(data.time.astype("datetime64[ns]")),
        )
        for symbol, data in cut.items()
    }

    def lockstep() -> int:
        planned = []
        for asset in run.assets:
            dollars = asset.model_copy(
                update={"instrument": dataclasses.replace(asset.instrument, quote="USD")}
            )
            plan, _ = plan_asset(
                dollars, cut[asset.symbol], account_currency="USD", pairs=(), constants={}
            )
            planned.append(plan)
        return sum(
            len(play(plan_run([plan], run.terms, weekend_days=True)).trades) for plan in planned
        )

    figures = paired(lambda: plain(frames, strategy), lockstep, sizes.runs)
    count = sum(len(data) for data in cut.values())
    report(
        benchmark="plain backtrader / lockstep",
        assets=sizes.assets,
        asset_bars=count,
        plain_bars_per_s=round(count / figures["a_cpu_s"]),
        lockstep_bars_per_s=round(count / figures["b_cpu_s"]),
        plain_trades=plain(frames, strategy),
        lockstep_trades=lockstep(),
        **figures,
    )


if __name__ == "__main__":
    main()
