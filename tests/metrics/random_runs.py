"""Runs of random money whose tables agree with one another, as those of the engine do."""

import numpy as np
import pandas as pd

from lockstep.core.result import RunResult
from tests.report.results import TRADE_DEFAULTS, decisions_of

FIRST = np.datetime64("2024-01-15", "D")
STEPS = 3
CAPITAL = 10_000.0


def random_run(seed: int, count: int, days: int) -> RunResult:
    """Return a run with transfers, a reserve, every ledger term and a broker loss."""
    rng = np.random.default_rng(seed)
    symbols = [f"S{index:02d}" for index in range(count)]
    pnl = rng.normal(0.0, 40.0, (days, STEPS, count)) * rng.integers(0, 2, (days, STEPS, count))
    moved = rng.normal(0.0, 100.0, (days, count)) * (rng.random((days, 1)) < 0.2)
    lent = np.where(rng.random(days) < 0.1, rng.uniform(0.0, 50.0, days), 0.0)
    first = np.zeros((days, STEPS, 1))
    first[:, 0] = 1.0
    steps = (pnl + moved[:, None, :] * first).reshape(-1, count)
    to_reserve = ((lent - moved.sum(axis=1))[:, None] * first[:, :, 0]).ravel()
    share = 0.9 / count
    sleeves = CAPITAL * share + np.cumsum(steps, axis=0)
    reserve = CAPITAL * (1.0 - share * count) + np.cumsum(to_reserve)
    clock = FIRST + np.repeat(np.arange(days), STEPS)
    hours = np.tile([9, 12, 15], days).astype("timedelta64[h]")
    time = pd.DatetimeIndex(clock.astype("datetime64[ns]") + hours, name="time").as_unit("ns")
    equity = pd.DataFrame(sleeves, index=time, columns=symbols)
    equity["reserve"] = reserve
    equity["total"] = sleeves.sum(axis=1) + reserve
    weights = pd.DataFrame([[share] * count + [0.1]], index=time[:1], columns=[*symbols, "reserve"])
    return RunResult(
        facts={"capital": CAPITAL, "currency": "USD", "weekend_days": True, "counts": {}},
        config={},
        equity=equity,
        trades=_trades(rng, symbols, pnl.sum(axis=(0, 1)), time),
        decisions=decisions_of(),
        weights=weights,
        ledger=_ledger(rng, symbols, pnl.sum(axis=1), moved, lent),
        account=pd.DataFrame({"margin_level": np.full(len(time), np.nan)}, index=time),
    )


def _ledger(rng, symbols, pnl, moved, lent):
    rows = []
    for day in range(len(pnl)):
        for asset, symbol in enumerate(symbols):
            spread, slippage, commission = rng.uniform(0.0, 5.0, 3)
            swap, translation = rng.normal(0.0, 3.0, 2)
            price = pnl[day, asset] + spread + slippage + commission - swap - translation
            terms = (price, spread, slippage, commission, swap, translation, moved[day, asset], 0.0)
            rows.append((FIRST + day, symbol, pnl[day, asset] + moved[day, asset], *terms))
        out = -moved[day].sum()
        still = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, out, lent[day])
        rows.append((FIRST + day, "reserve", out + lent[day], *still))
    names = "day asset equity_change price_pnl spread slippage commission swap translation"
    frame = pd.DataFrame(rows, columns=[*names.split(), "transfers", "broker_loss"])
    frame["day"] = frame["day"].to_numpy().astype("datetime64[ns]")
    return frame


def _trades(rng, symbols, pnl, time):
    """Return a few trades per asset; the last one closes what is left of its P&L."""
    rows = []
    for symbol, total in zip(symbols, pnl):
        parts = rng.normal(0.0, 50.0, int(rng.integers(0, 6)))
        for net in [*parts, total - parts.sum()]:
            entry, leave = np.sort(rng.integers(0, len(time), 2))
            own = {
                "trade_id": len(rows) + 1,
                "asset": symbol,
                "side": rng.choice(["long", "short"]),
                "exit_reason": rng.choice(["stop", "target", "time"]),
                "net_pnl": net,
                "r_multiple": net / 20.0,
                "gross_pnl": net + 3.75,
                "pnl_stop_first": net,
                "pnl_target_first": net,
                "signal_time": time[entry],
                "entry_time": time[entry],
                "exit_time": time[leave],
            }
            rows.append(TRADE_DEFAULTS | own)
    return pd.DataFrame(rows)
