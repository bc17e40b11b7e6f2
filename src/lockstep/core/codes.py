"""The closed lists of reasons: what ended a trade, and what a rule decided. Codes are indices."""

from __future__ import annotations

#: Why a position ended. Codes 1-7 are in the order of precedence at an opening quote.
EXIT_REASONS = (
    "none",
    "gap_stop",
    "gap_target",
    "stop_out",
    "breaker",
    "daily_loss",
    "signal",
    "time",
    "stop",
    "target",
    "data_end",
)
(
    NO_EXIT,
    GAP_STOP,
    GAP_TARGET,
    STOP_OUT_EXIT,
    BREAKER_EXIT,
    DAILY_LOSS_EXIT,
    SIGNAL_EXIT,
    TIME_EXIT,
    STOP,
    TARGET,
    DATA_END,
) = range(len(EXIT_REASONS))

#: What a rule or a check decided. `before` and `after` of a decision are lots unless stated.
DECISIONS = (
    "expired",  # B: the next bar came later than the order's validity
    "stop_inside_spread",  # B: the stop would lie at or beyond the exit quote
    "no_margin",  # B: free margin buys less than the minimum lot
    "margin_cut",  # B: free margin bought fewer lots than ordered
    "stop_out",  # D: the broker closed the smallest open P&L (margin level before and after)
    "stop_out_flag",  # D: a shut position is closed at its next open (margin level before, nan)
    "stop_out_clear",  # D: the margin level recovered before the flagged exits filled
    "broker_loss",  # D: a balance below zero was lifted to zero (money before and after)
    "breaker_trip",  # D: drawdown reached the limit (drawdown, limit)
    "breaker_resume",  # D: trading again; the breaker's peak is re-based (peak before and after)
    "daily_loss_trip",  # D: the day's loss reached the limit (loss, limit)
    "daily_loss_reset",  # D: a new trading day lifts the block (loss, 0)
    "rebalance",  # D: cash moved to the sleeve's target (sleeve equity before and after)
    "cancelled_stop_out",  # D: a queued entry was cancelled
    "cancelled_breaker",
    "cancelled_daily_loss",
    "cancelled_ruined",
    "cancelled_data_end",  # E: there is no later bar to fill it on
    "blocked_stop_out",  # E: nothing is sized in a stop-out step
    "blocked_ruined",  # E: trading has ended
    "blocked_no_equity",  # E: the sleeve or the account has no equity
    "blocked_breaker",
    "blocked_daily_loss",
    "blocked_halts",
    "blocked_cooldown",
    "blocked_no_stop",
    "blocked_no_rate",
    "blocked_max_positions",  # (open and queued positions, limit)
    "leverage_cap",
    "max_lot",
    "gross_exposure",
    "net_exposure",
    "currency_exposure",
    "asset_exposure",
    "min_lot",  # the chain ended below the minimum lot (lots, 0)
    "drawdown_scaling",  # (factor before = 1, after)
    "correlation_scaling",
    "correlation_unknown",  # fewer than 20 common returns: factor 1 (observations, 1)
    "no_history",  # D: an asset without enough history received 1/N (weight before, after)
    "allocation_fallback",  # D: the model could not answer; the configured fallback did
    "rule_factor",  # a user's own rule scaled the entry
    "rule_limit",  # a user's own rule limited the entry
    "rule_block",  # a user's own rule blocked the entry
)
CODE = {name: index for index, name in enumerate(DECISIONS)}

#: What can cut an entry; a trade's `links` has the bit of each that did, in this order.
LINKS = (
    "leverage_cap",
    "max_lot",
    "gross_exposure",
    "net_exposure",
    "currency_exposure",
    "asset_exposure",
    "rule_limit",
    "margin_cut",
)
LINK_BIT = {CODE[name]: 1 << bit for bit, name in enumerate(LINKS)}

STAGES = "ABCDE"
