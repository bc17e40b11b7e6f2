"""A run of two assets over four days, small enough to work out by hand.

Capital 1000; sleeves A 500, B 400, reserve 100. On Wednesday's first step A has earned 10 and B
lost 10 when cash moves: targets 40 %, 50 %, 10 % of 1000.
"""

import numpy as np
import pandas as pd

from lockstep.core.result import LEDGER_TERMS, RunResult

DAYS = ["2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11"]
CLOCK = pd.DatetimeIndex([f"{day} {hour}:00" for day in DAYS for hour in (10, 15)], name="time")
A = [510.0, 505.0, 505.0, 505.0, 400.0, 400.0, 430.0, 430.0]
B = [400.0, 400.0, 380.0, 390.0, 500.0, 520.0, 520.0, 500.0]
PNL = {"A": [5.0, 0.0, 5.0, 30.0], "B": [0.0, -10.0, 20.0, -20.0]}
TRANSFERS = {"A": [0.0, 0.0, -110.0, 0.0], "B": [0.0, 0.0, 110.0, 0.0]}


def equity():
    frame = pd.DataFrame({"A": A, "B": B}, index=CLOCK.as_unit("ns"))
    frame["reserve"] = 100.0
    frame["total"] = frame["A"] + frame["B"] + frame["reserve"]
    return frame


def ledger():
    rows = []
    for asset in ("A", "B"):
        for day, pnl, moved in zip(DAYS, PNL[asset], TRANSFERS[asset]):
            terms = dict.fromkeys(LEDGER_TERMS, 0.0) | {"price_pnl": pnl, "transfers": moved}
            number = int(np.datetime64(day).astype("int64"))
            rows.append({"day": number, "asset": asset, "equity_change": pnl + moved, **terms})
    for day in DAYS:
        number = int(np.datetime64(day).astype("int64"))
        still = dict.fromkeys(LEDGER_TERMS, 0.0)
        rows.append({"day": number, "asset": "reserve", "equity_change": 0.0, **still})
    return pd.DataFrame(rows)


def weights():
    return pd.DataFrame(
        {"A": [0.5, 0.4], "B": [0.4, 0.5], "reserve": [0.1, 0.1]},
        index=pd.DatetimeIndex([CLOCK[0], CLOCK[4]], name="time").as_unit("ns"),
    )


def trades():
    rows = [
        # asset, entry, exit, net, R, risk, asked, reason, ambiguous, stop first, target first
        ("A", 0, 1, 5.0, 0.5, 10.0, 10.0, "target", False, 5.0, 5.0, "leverage_cap"),
        (
            "B",
            2,
            3,
            -10.0,
            -1.0,
            10.0,
            20.0,
            "stop_out",
            False,
            -10.0,
            -10.0,
            "leverage_cap,max_lot",
        ),
        ("A", 4, 6, 35.0, 3.5, 10.0, 10.0, "target", True, -10.0, 35.0, ""),
        ("B", 5, 7, 0.0, 0.0, 5.0, 20.0, "signal", False, 0.0, 0.0, np.nan),
    ]
    names = "asset entry exit net_pnl r_multiple risk_amount risk_asked exit_reason ambiguous"
    names += " pnl_stop_first pnl_target_first links"
    frame = pd.DataFrame(rows, columns=names.split())
    frame["entry_time"] = CLOCK[frame.pop("entry")].as_unit("ns")
    frame["exit_time"] = CLOCK[frame.pop("exit")].as_unit("ns")
    frame["spread_cost"] = 1.0
    frame["slippage_cost"] = 0.5
    frame["commission"] = 0.25
    frame["swap"] = -0.125
    frame["gross_pnl"] = frame["net_pnl"] + 1.875
    return frame.assign(
        trade_id=[1, 2, 3, 4],
        signal_time=frame["entry_time"] - pd.Timedelta(hours=1).as_unit("ns"),
        lots=[1.0, 1.0, 1.0, 0.5],
        bars_held=[2, 2, 3, 3],
        side=["long", "short", "long", "short"],
        units=[10.0, 10.0, 10.0, 5.0],
        entry_price=[100.0, 50.0, 100.0, 50.0],
        exit_price=[100.5, 51.0, 103.5, 50.0],
        stop_price=[99.0, 51.0, 99.0, 51.0],
        rate_entry=[1.0, 2.0, 1.0, 2.0],
        rate_exit=[1.0, 2.0, 1.0, 2.0],
        mae=[0.5, 1.0, 0.5, 0.0],
        mfe=[1.5, 0.25, 3.5, 0.0],
    )


def decisions():
    return pd.DataFrame(
        [
            (CLOCK[2], "D", "", "breaker_trip", 0.0248, 0.02, "."),
            (CLOCK[3], "B", "A", "no_margin", 2.0, 0.0, "."),
            (CLOCK[3], "D", "", "broker_loss", -3.0, 0.0, "."),
        ],
        columns=["time", "stage", "asset", "code", "before", "after", "sentence"],
    )


def solo_equity():
    return pd.DataFrame(
        {
            "A": [1010.0, 1010.0, np.nan, 1010.0, 1020.0, 1020.0, 1080.0, 1080.0],
            "B": [np.nan, np.nan, 960.0, 975.0, 975.0, 1015.0, 1015.0, 975.0],
        },
        index=CLOCK.as_unit("ns"),
    )


def run(**changes):
    level = [np.nan, 8.0, 0.4, 6.0, np.nan, np.inf, 5.0, np.nan]
    parts = {
        "facts": {
            "capital": 1000.0,
            "currency": "USD",
            "symbols": ["A", "B"],
            "weekend_days": False,
            "counts": {"A": {"in_position": 3}, "B": {"in_position": 1, "cooldown": 2}},
        },
        "config": {},
        "equity": equity(),
        "trades": trades(),
        "decisions": decisions(),
        "weights": weights(),
        "ledger": ledger(),
        "account": pd.DataFrame({"margin_level": level}, index=CLOCK),
        "solo_trades": trades().iloc[:2],
        "solo_equity": solo_equity(),
    }
    return RunResult(**(parts | changes))
