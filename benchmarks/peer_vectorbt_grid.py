"""A grid by broadcasting in vectorbt, in its own environment: `peer_vectorbt_grid.py PRICES N`.

Less work than the grid it is compared with: Bollinger bands and ATR, no VWAP, no time exit, one
currency, no swap, size fixed from the starting equity; stops live from the bar after the entry.
Bands and ATR are computed once a width, signals and stops are broadcast over `COLUMNS` points at a
time (all 1,000 would need 40 GB). Prints CPU milliseconds a point.
"""

import itertools
import json
import sys
import time

import numpy as np
import pandas as pd
import vectorbt as vbt

WIDTHS = np.round(np.linspace(1.25, 3.5, 10), 2)
STOPS = np.round(np.linspace(1.5, 6.0, 10), 2)
REWARDS = np.round(np.linspace(0.5, 2.75, 10), 2)
COLUMNS = 50


def main() -> None:
    prices = np.load(sys.argv[1])
    chunks = int(sys.argv[2])
    index = pd.date_range("2015-01-01", periods=prices.shape[1], freq="5min")
    opening, high, low, close = (pd.Series(row, index=index) for row in prices)
    points = list(itertools.product(WIDTHS, STOPS, REWARDS))

    def later(array: np.ndarray, fill: float | bool) -> np.ndarray:
        return np.concatenate([np.full((1, array.shape[1]), fill), array[:-1]])

    def chunk(some: list[tuple[float, float, float]]) -> int:
        width, stop, reward = (np.array(column) for column in zip(*some, strict=True))
        own, at = np.unique(width, return_inverse=True)
        band = vbt.BBANDS.run(close, window=30, alpha=list(own))
        reach = vbt.ATR.run(high, low, close, window=27, ewm=True).atr.to_numpy()[:, None]
        values = close.to_numpy()[:, None]
        long = later(values < band.lower.to_numpy().reshape(len(close), -1), False)[:, at]
        short = later(values > band.upper.to_numpy().reshape(len(close), -1), False)[:, at]
        size = later(np.minimum(1000.0 / (stop * reach), 3_000_000.0 / values), np.nan)
        distance = later(stop * reach, np.nan) / opening.to_numpy()[:, None]

        def wide(series: pd.Series) -> pd.DataFrame:
            spread = np.broadcast_to(series.to_numpy()[:, None], (len(series), len(some)))
            return pd.DataFrame(spread, index=index)

        portfolio = vbt.Portfolio.from_signals(
            close=wide(close),
            open=wide(opening),
            high=wide(high),
            low=wide(low),
            price=wide(opening),
            entries=long,
            short_entries=short,
            exits=False,
            short_exits=False,
            size=size,
            size_type="amount",
            sl_stop=distance,
            tp_stop=distance * reward,
            stop_entry_price="fillprice",
            upon_opposite_entry="ignore",
            fees=0.00005,
            init_cash=4_000_000.0,
            freq="5min",
        )
        portfolio.final_value()
        return int(portfolio.trades.closed.count().sum())

    chunk(points[:COLUMNS])  # compiles
    for number in range(chunks):
        some = points[number * COLUMNS : (number + 1) * COLUMNS]
        start = time.process_time()
        trades = chunk(some)
        seconds = time.process_time() - start
        print(
            json.dumps({"points": len(some), "ms_a_point": 1e3 * seconds / COLUMNS, "n": trades}),
            flush=True,
        )


if __name__ == "__main__":
    main()
