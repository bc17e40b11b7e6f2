"""The compiled player on W, all rules on: against the Cerebro player, a plain loop, and peers.

Peers are run by the Python of an environment of their own:
`python kernel.py --peers PATH/TO/python` with `pip install vectorbt==1.2.0 backtesting==0.6.6`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from numba import njit

from bench import cpu_seconds, report
from lockstep.core.plan import RunPlan
from lockstep.engine.cerebro.player import play as play_cerebro
from lockstep.engine.kernel import player as kernel
from lockstep.engine.kernel.walk import SCRATCH, walk
from w import plan, saved


@njit(cache=True)
def plain_loop(opening, high, low, close, side, stop, target, equity):  # type: ignore[no-untyped-def]
    """Trade one asset without an account: no margin, no rules, no ledger. Returns trades."""
    trades, position, cash = 0, 0, 100_000.0
    units = level = goal = fill = 0.0
    wanted, distance, reach = 0, 0.0, 0.0
    for i in range(len(close)):
        if wanted != 0:
            position, fill = wanted, opening[i]
            units = min(0.01 * cash / distance, 30.0 * cash / fill)
            level, goal = fill - position * distance, fill + position * reach
            cash -= 0.00005 * units * fill
            wanted = 0
        if position != 0:
            price = 0.0
            if (position > 0 and low[i] <= level) or (position < 0 and high[i] >= level):
                price = level
            elif (position > 0 and high[i] >= goal) or (position < 0 and low[i] <= goal):
                price = goal
            if price != 0.0:
                cash += position * (price - fill) * units - 0.00005 * units * price
                position = 0
                trades += 1
        elif side[i] != 0:
            wanted, distance, reach = side[i], stop[i], target[i]
        equity[i] = cash + position * (close[i] - fill) * units
    return trades


def run_plain(columns: np.ndarray, given: list[tuple[np.ndarray, ...]], equity: np.ndarray) -> int:
    """Play every asset by the plain loop; return the trades."""
    return sum(plain_loop(*columns[a], *given[a], equity[a]) for a in range(len(columns)))


def walked(prepared: RunPlan) -> float:
    """Return the CPU seconds of the loop alone, on a fresh state."""
    market, rows = kernel.market_of(prepared), len(kernel.market_of(prepared).rows)
    rules, halts = kernel.rules_of(prepared)
    sleeves = kernel.sleeves_of(prepared)
    account, books = kernel.account_of(prepared, sleeves), kernel.books_of(prepared, rows)
    books.equity.fill(0.0)
    scratch = np.zeros((SCRATCH, len(prepared.assets)), dtype=np.int64)
    units, terms = kernel.units_of(prepared), kernel.terms_of(prepared)
    state = (market, units, terms, rules, halts, sleeves, books, account, scratch)
    return cpu_seconds(lambda: walk(*state, 0))


def peer(python: str, script: str, path: Path, runs: int) -> list[dict[str, float]]:
    """Return what a peer's script printed, the first run dropped."""
    command = [python, str(Path(__file__).with_name(script)), str(path), str(runs)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return lines[1:] if len(lines) > 1 else lines


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def main() -> None:
    """Print a line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=15)
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", help="Python of an environment with vectorbt and backtesting.py")
    sizes = parser.parse_args()
    path, columns = saved(sizes.assets, sizes.bars)
    prepared = plan(columns)
    count = sizes.assets * sizes.bars
    kernel.play(prepared)
    loop = [walked(prepared) for _ in range(sizes.runs)]
    whole = [cpu_seconds(lambda: kernel.play(prepared)) for _ in range(sizes.runs)]
    trades = len(kernel.play(prepared).trades)
    report(
        benchmark="kernel on W, all rules on",
        asset_bars=count,
        trades=trades,
        loop_cpu_s=round(median(loop), 4),
        loop_m_bars_per_s=round(count / median(loop) / 1e6, 1),
        plan_to_result_cpu_s=round(median(whole), 4),
        plan_to_result_m_bars_per_s=round(count / median(whole) / 1e6, 1),
    )
    _against_plain(columns, prepared, sizes.runs)
    _against_cerebro(columns[:, :, :10_000])
    if sizes.peers:
        for script, label in (("peer_vectorbt.py", "vectorbt"),):
            found = peer(sizes.peers, script, path, sizes.runs)
            seconds = median([line["cpu_s"] for line in found])
            report(
                benchmark=f"{label} Portfolio.from_signals / kernel",
                peer_cpu_s=round(seconds, 4),
                peer_trades=found[0]["trades"],
                ratio_loop=round(seconds / median(loop), 1),
                ratio_plan_to_result=round(seconds / median(whole), 1),
            )
        _against_backtesting(sizes.peers, columns)


def _against_plain(columns: np.ndarray, prepared: RunPlan, runs: int) -> None:
    from w import signals

    given = []
    for asset in columns:
        found = signals(asset)
        given.append((found.side, found.stop_distance, found.target_distance))
    columns = np.ascontiguousarray(columns)
    equity = np.zeros((len(columns), columns.shape[2]))
    run_plain(columns, given, equity)
    pairs = [
        (walked(prepared), cpu_seconds(lambda: run_plain(columns, given, equity)))
        for _ in range(runs)
    ]
    report(
        benchmark="kernel loop / plain loop without an account",
        plain_m_bars_per_s=round(equity.size / median([b for _, b in pairs]) / 1e6, 1),
        ratio=round(median([a / b for a, b in pairs]), 2),
    )


def _against_cerebro(columns: np.ndarray) -> None:
    prepared = plan(columns)
    kernel.play(prepared)
    pairs = [
        (
            cpu_seconds(lambda: play_cerebro(prepared)),
            walked(prepared),
            cpu_seconds(lambda: kernel.play(prepared)),
        )
        for _ in range(3)
    ]
    report(
        benchmark="lockstep Cerebro player / kernel, the same plan",
        asset_bars=columns[:, 0].size,
        cerebro_bars_per_s=round(
            columns.shape[0] * columns.shape[2] / median([a for a, *_ in pairs])
        ),
        ratio_loop=round(median([a / b for a, b, _ in pairs])),
        ratio_plan_to_result=round(median([a / c for a, _, c in pairs])),
    )


def _against_backtesting(python: str, columns: np.ndarray) -> None:
    path = Path(saved(1, columns.shape[2])[0])
    prepared = plan(np.load(path))
    kernel.play(prepared)
    found = peer(python, "peer_backtesting.py", path, 2)
    seconds = median([line["cpu_s"] for line in found])
    loop = median([walked(prepared) for _ in range(5)])
    whole = median([cpu_seconds(lambda: kernel.play(prepared)) for _ in range(5)])
    report(
        benchmark="backtesting.py / kernel, one asset",
        peer_cpu_s=round(seconds, 3),
        peer_trades=found[0]["trades"],
        ratio_loop=round(seconds / loop),
        ratio_plan_to_result=round(seconds / whole),
    )


if __name__ == "__main__":
    sys.exit(main())
