"""Quotes and fills: what a buyer pays and a seller gets (docs/account.md, section 2)."""

from __future__ import annotations

from typing import TypeVar

from numba.extending import register_jitable

from lockstep.core.bars import Array

#: Quotes are scalars while playing and whole columns while planning: one formula for both.
Quote = TypeVar("Quote", float, Array)


@register_jitable
def bid_of(price: Quote, spread: Quote, quotes_bid: bool) -> Quote:
    """Return the bid behind a quoted price; mid and last quotes lie half a spread above it."""
    if quotes_bid:
        return price
    return price - spread / 2.0


@register_jitable
def ask_of(bid: float, spread: float) -> float:
    """Return the ask of a bid."""
    return bid + spread


@register_jitable
def mid_of(bid: Quote, spread: Quote) -> Quote:
    """Return the middle of bid and ask."""
    return (bid + (bid + spread)) / 2.0


@register_jitable
def exit_quote(side: int, bid: float, spread: float) -> float:
    """Return the quote a position of `side` is closed at: bid for a long, ask for a short."""
    if side > 0:
        return bid
    return bid + spread


@register_jitable
def slip_of(price: float, slippage: float, slippage_bps: float) -> float:
    """Return the slippage of one market or stop fill, price units, >= 0."""
    return slippage + price * slippage_bps / 10_000.0


@register_jitable
def entry_fill(side: int, bid: float, spread: float, slip: float) -> float:
    """Return the fill of an opening market order: long at ask plus, short at bid minus slippage."""
    if side > 0:
        return (bid + spread) + slip
    return bid - slip


@register_jitable
def exit_fill(side: int, quote: float, slip: float) -> float:
    """Return the fill of a closing order at `quote` (a quote or a level), worsened by `slip`."""
    if side > 0:
        return quote - slip
    return quote + slip
