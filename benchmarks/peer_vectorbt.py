"""W in vectorbt, in its own environment: `python peer_vectorbt.py PRICES.npy RUNS`.

Nearest equivalent: signals shifted one bar and filled at the open, size in units fixed from the
starting equity (no compounding), stops live from the bar after the entry. Prints CPU seconds of
`Portfolio.from_signals` alone, one line a run.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
import vectorbt as vbt


def main() -> None:
    columns = np.load(sys.argv[1])
    n_assets, _, n_bars = columns.shape
    index = pd.date_range("2015-01-01", periods=n_bars, freq="5min")
    opening, high, low, close = (
        pd.DataFrame(np.ascontiguousarray(columns[:, row].T), index=index) for row in range(4)
    )
    band = vbt.BBANDS.run(close, window=20, alpha=2.0)
    strength = vbt.RSI.run(close, window=27, ewm=True).rsi.to_numpy()
    reach = vbt.ATR.run(high, low, close, window=27, ewm=True).atr.to_numpy()
    values = close.to_numpy()
    long = (values < band.lower.to_numpy()) & (strength < 30)
    short = (values > band.upper.to_numpy()) & (strength > 70)
    long[:19] = short[:19] = False

    def later(array: np.ndarray, fill: float | bool) -> np.ndarray:
        return np.concatenate([np.full((1, n_assets), fill), array[:-1]])

    size = later(np.minimum(1000.0 / (1.5 * reach), 3_000_000.0 / values), np.nan)
    stop = later(1.5 * reach, np.nan) / opening.to_numpy()
    target = later(2.0 * reach, np.nan) / opening.to_numpy()
    entries, shorts = later(long, False), later(short, False)
    for _ in range(int(sys.argv[2]) + 1):
        start = time.process_time()
        portfolio = vbt.Portfolio.from_signals(
            close=close,
            open=opening,
            high=high,
            low=low,
            price=opening,
            entries=entries,
            short_entries=shorts,
            exits=False,
            short_exits=False,
            size=size,
            size_type="amount",
            sl_stop=stop,
            tp_stop=target,
            stop_entry_price="fillprice",
            upon_opposite_entry="ignore",
            fees=0.00005,
            init_cash=4_000_000.0,
            freq="5min",
        )
        seconds = time.process_time() - start
        print(json.dumps({"cpu_s": seconds, "trades": len(portfolio.trades.records)}), flush=True)


if __name__ == "__main__":
    main()
