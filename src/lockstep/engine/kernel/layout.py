"""How a plan and the account's state lie in memory for the compiled loop.

Whatever belongs to one asset, one entry signal, one trade or one decision is a record; bars are
columns, the assets' one after another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Ints

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Records = npt.NDArray[np.void]


class Market(NamedTuple):
    """Bars, signals and schedule."""

    first: Ints  # (n + 1,) where each asset's bars begin
    bars: Records  # BAR
    exit: Int8s
    exit_first: Ints  # (n + 1,); equal neighbours: the asset never asks to leave
    rows: Records  # ROW, entry signals
    row_asset: Int32s  # whose each entry signal is
    spoken: Int32s  # entry signals in the order of the clock, then of the assets
    spoken_step: Int32s
    clock: Ints
    day: Int32s
    day_first: Ints  # (n_days,) first step of each trading day
    month: Ints  # (n_days,)
    rebalance: Int32s  # (n_steps,) row of weights, or -1
    weights: Array
    correlation: Array
    observations: Int32s


class Books(NamedTuple):
    """What is recorded: per step, per day, per trade, per decision."""

    equity: Array  # (n_steps, n)
    total: Array
    reserve: Array
    used: Array
    level: Array
    factor: Array
    terms: Array  # (n_days, n + 1, 8)
    trades: Records  # TRADE
    decisions: Records  # DECISION
    counts: Ints  # (2,) trades, decisions


def _record(**kinds: str) -> np.dtype[np.void]:
    codes = {"floats": "f8", "whole": "i8", "flags": "?"}
    fields = [(name, codes[kind]) for kind, names in kinds.items() for name in names.split()]
    return np.dtype(fields, align=True)


#: One entry signal, as `EntryRows`.
ROW = _record(
    floats="stop_distance target_distance strength trail_trigger trail_distance be_trigger "
    "be_offset",
    whole="bar side max_bars",
)
#: One instrument.
UNIT = _record(
    floats="contract_size margin_rate lot_step min_lot max_lot slippage slippage_bps "
    "commission_rate commission_per_lot swap_long swap_short swap_basis point stops_level",
    whole="timeframe base quote",
    flags="swap_in_points is_fx",
)
#: The numbers of the account.
TERMS = _record(
    floats="capital stop_out_level risk_fraction leverage_cap",
    whole="entry_valid ambiguous cooldown_bars",
    flags="pooled reject_short_margin size_on_account",
)
#: The numbers of the rules; a rule that is off has an infinite limit.
RULES = _record(
    floats="breaker breaker_resume_value daily_loss gross net currency asset drawdown_start "
    "drawdown_end drawdown_floor max_correlation correlation_floor",
    whole="breaker_resume max_positions",
    flags="breaker_flattens daily_loss_flattens scales_drawdown scales_correlation",
)
#: The state of one sleeve: money, position, queued entry, and the trade to be recorded.
SLEEVE = _record(
    floats="balance equity used pnl_quote open_pnl lots units fill stop target best mid "
    "end_adjustment entry_mid entry_half entry_slip pending_half pending_slip booked_mid "
    "booked_half booked_pnl booked_rate weight queued_lots queued_weight queued_asked "
    "queued_drawdown queued_correlation queued_exposure exposure trade_stop trade_target "
    "trade_rate trade_risk trade_asked trade_weight trade_drawdown trade_correlation "
    "trade_commission trade_swap need gift",
    whole="at side bars_held row queued_exit exit_bar live_step stopped_step mark_day asked_row "
    "next_step in_position queued queued_row queued_links trade_links trade_entry_bar",
    flags="trails best_known stop_out_flag ruined",
)
#: The state of the account.
ACCOUNT = _record(
    floats="reserve equity used peak drawdown day_start last_equity factor least_free",
    whole="stopped_step tripped_at tripped_month heard active",
    flags="ruined flagged tripped daily_tripped resumed",
)
#: One trade, with the names of `core.records.Trade`.
TRADE = _record(
    floats="lots entry_price stop_price target_price rate_entry risk_amount weight risk_asked "
    "exit_price exit_level rate_exit gross_pnl spread_cost slippage_cost commission swap net_pnl "
    "stop_first target_first drawdown correlation",
    whole="asset side signal_bar entry_bar exit_bar exit_reason bars_held links",
    flags="ambiguous",
)
#: One decision; `stage` indexes `codes.STAGES`.
DECISION = _record(floats="before after", whole="step stage asset code")

STAGE_B, STAGE_D, STAGE_E = 1, 3, 4
