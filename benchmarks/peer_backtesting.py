"""W on one asset in backtesting.py, in its own environment: `PRICES.npy RUNS`."""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy, backtesting

warnings.filterwarnings("ignore")
if hasattr(backtesting, "_tqdm"):
    backtesting._tqdm = lambda values, **_: values


def wilder(values: np.ndarray, period: int) -> np.ndarray:
    seeded = pd.Series(values, copy=True)
    seeded.iloc[:period] = np.nan
    seeded.iloc[period] = np.mean(values[1 : period + 1])
    return seeded.ewm(alpha=1 / period, adjust=False).mean().to_numpy()


def bands(close: np.ndarray) -> tuple[pd.Series, pd.Series]:
    rolling = pd.Series(close).rolling(20)
    middle, deviation = rolling.mean(), rolling.std(ddof=0)
    return middle - 2 * deviation, middle + 2 * deviation


def rsi(close: np.ndarray) -> np.ndarray:
    change = np.diff(close, prepend=close[0])
    up, down = wilder(np.maximum(change, 0), 14), wilder(np.maximum(-change, 0), 14)
    return 100 * up / (up + down)


def atr(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    before = np.r_[close[0], close[:-1]]
    return wilder(np.maximum(high, before) - np.minimum(low, before), 14)


class MeanReversion(Strategy):
    def init(self) -> None:
        data = self.data
        self.band = self.I(bands, data.Close)
        self.strength = self.I(rsi, data.Close)
        self.reach = self.I(atr, data.High, data.Low, data.Close)

    def next(self) -> None:
        if self.position or self.orders:
            return
        close, reach = self.data.Close[-1], self.reach[-1]
        if close < self.band[0][-1] and self.strength[-1] < 30:
            side = 1
        elif close > self.band[1][-1] and self.strength[-1] > 70:
            side = -1
        else:
            return
        size = int(min(0.01 * self.equity / (1.5 * reach), 30 * self.equity / close))
        order = self.buy if side > 0 else self.sell
        order(size=size, sl=close - side * 1.5 * reach, tp=close + side * 2.0 * reach)


def main() -> None:
    columns = np.load(sys.argv[1])[0]
    index = pd.date_range("2015-01-01", periods=columns.shape[1], freq="5min")
    names = ("Open", "High", "Low", "Close")
    frame = pd.DataFrame(dict(zip(names, columns)), index=index)
    for _ in range(int(sys.argv[2])):
        test = Backtest(frame, MeanReversion, cash=100_000, commission=0.00005, margin=1 / 40)
        start = time.process_time()
        stats = test.run()
        seconds = time.process_time() - start
        print(json.dumps({"cpu_s": seconds, "trades": len(stats["_trades"])}), flush=True)


if __name__ == "__main__":
    main()
