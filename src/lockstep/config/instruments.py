"""The instrument block of a config file: what may be written, and what it resolves to."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from lockstep.config.classes import WEEKDAYS, ClassDefaults, class_defaults, codes_of
from lockstep.config.findings import Findings, shown
from lockstep.config.models import Number, Strict
from lockstep.core.instrument import Instrument

#: Fractions of the instrument block that may be written as ``<name>_pct``.
PERCENT_FIELDS = ("swap_long", "swap_short", "commission_rate")
_HOURS = 24
#: A spread wider than this many points is a mistake of units (0.8 pips written as 0.8).
_ABSURD_POINTS = 10_000
_POINTS_PER_PIP = 10
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,15}")


def _code(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise ValueError(f"is {shown(code)}; expected a code in capitals, such as EUR or BTC.")
    return code


def _spread(value: Any) -> Any:
    values = value if isinstance(value, list | tuple) else [value]
    if isinstance(value, list | tuple) and len(values) not in {1, _HOURS}:
        raise ValueError(
            f"has {len(values)} values; expected one number, or {_HOURS} by hour of session_zone."
        )
    for item in values:
        if isinstance(item, bool) or not isinstance(item, int | float):
            raise ValueError(f"is {shown(item)}; expected a number (without quotes).")
        if not math.isfinite(item) or item < 0:
            raise ValueError(f"is {item:g}; expected a finite number of at least 0.")
    return tuple(float(item) for item in values)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"is {shown(name)}; expected an IANA time zone, such as America/New_York."
        ) from None
    return name


_Positive = Annotated[Number, Field(gt=0)]
_NotNegative = Annotated[Number, Field(ge=0)]
_Spread = Annotated[tuple[float, ...], BeforeValidator(_spread)]
_Code = Annotated[str, AfterValidator(_code)]


class InstrumentBlock(Strict):
    """What a config file may say of an instrument; None takes the default of the class.

    Prices in price units, rates as fractions, ``_pips`` in 10 points (FX only), ``_bps`` in
    1/10,000; commissions are per side.
    """

    asset_class: Annotated[
        Literal["fx", "metal", "index", "commodity", "crypto", "share"], Field(alias="class")
    ]
    base: _Code | None = None
    quote: _Code | None = None
    contract_size: _Positive | None = None
    leverage: _Positive | None = None
    margin_rate: Annotated[Number, Field(gt=0, le=1)] | None = None
    lot_step: _Positive | None = None
    min_lot: _Positive | None = None
    max_lot: _Positive | None = None
    quote_side: Literal["bid", "mid", "last"] | None = None
    spread: _Spread | None = None
    spread_pips: _Spread | None = None
    session_zone: Annotated[str, AfterValidator(_zone)] | None = None
    slippage: _NotNegative | None = None
    slippage_bps: _NotNegative | None = None
    commission_rate: Annotated[Number, Field(ge=0, le=0.1)] | None = None
    commission_bps: Annotated[Number, Field(ge=0, le=1000)] | None = None
    commission_per_lot: _NotNegative | None = None
    swap_unit: Literal["rate", "points"] | None = None
    swap_long: Number | None = None
    swap_short: Number | None = None
    swap_basis: _Positive | None = None
    point: _Positive | None = None
    triple_day: Literal[WEEKDAYS + ("none",)] | None = None  # type: ignore[valid-type]
    always_open: Annotated[bool, Field(strict=True)] | None = None
    stops_level: _NotNegative | None = None
    tick: _Positive | None = None


#: Pairs of keys that say the same thing in two units.
_EXCLUSIVE = (
    ("spread", "spread_pips"),
    ("leverage", "margin_rate"),
    ("commission_rate", "commission_bps"),
)


def instrument_from(
    block: InstrumentBlock, symbol: str, findings: Findings, path: str
) -> Instrument | None:
    """Return the instrument with class defaults filled in, or None after recording findings.

    Parameters
    ----------
    block : InstrumentBlock
        What the file says.
    symbol : str
        Name of the asset; base and quote are inferred from it where the file is silent.
    findings : Findings
        Receives what is wrong.
    path : str
        Where the block stands in the file.
    """
    known = len(findings.lines)
    _check_pairs(block, findings, path)
    base, quote = codes_of(symbol, block.asset_class)
    base, quote = block.base or base, block.quote or quote
    for name, code in (("base", base), ("quote", quote)):
        if not code:
            findings.add(
                f"{path}.{name}",
                f"is missing and cannot be read from the symbol {shown(symbol)}; write it.",
            )
    if block.asset_class == "fx" and base and base == quote:
        findings.add(f"{path}.quote", f"is {shown(quote)}, the same as base; expected another.")
    if len(findings.lines) > known:
        return None
    values = _values(block, class_defaults(block.asset_class, base, quote))
    _check_missing(values, block, base, findings, path)
    if len(findings.lines) == known:
        _check_sense(values, block, findings, path)
    if len(findings.lines) > known:
        return None
    return Instrument(
        symbol=symbol, asset_class=block.asset_class, base=base, quote=quote, **values
    )


def _check_pairs(block: InstrumentBlock, findings: Findings, path: str) -> None:
    for one, other in _EXCLUSIVE:
        if getattr(block, one) is not None and getattr(block, other) is not None:
            findings.add(f"{path}.{other}", f"says again what {one} says; keep one of them.")
    if block.spread_pips is not None and block.asset_class != "fx":
        findings.add(
            f"{path}.spread_pips",
            f"has no meaning for class {block.asset_class}; write spread in price units.",
        )


def _values(block: InstrumentBlock, defaults: ClassDefaults) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: getattr(block, name) if getattr(block, name, None) is not None else default
        for name, default in defaults.items()
    }
    if block.leverage is not None:
        values["margin_rate"] = 1.0 / block.leverage
    if block.commission_bps is not None:
        values["commission_rate"] = block.commission_bps / 10_000
    if block.spread_pips is not None:
        pip = values["point"] * _POINTS_PER_PIP
        values["spread"] = tuple(pips * pip for pips in block.spread_pips)
    if block.slippage is not None and block.slippage_bps is None:
        values["slippage_bps"] = 0.0
    if block.slippage_bps is not None and block.slippage is None:
        values["slippage"] = 0.0
    if block.triple_day is not None:
        name = block.triple_day
        values["triple_day"] = -1 if name == "none" else WEEKDAYS.index(name)
    if values["swap_unit"] == "points":
        values["swap_long"], values["swap_short"] = block.swap_long, block.swap_short
    return values


def _check_missing(
    values: dict[str, Any], block: InstrumentBlock, base: str, findings: Findings, path: str
) -> None:
    for name, value in values.items():
        if value is None:
            reason = (
                "swap_unit is 'points'"
                if name.startswith("swap")
                else f"class {block.asset_class} has no typical value for {base}"
            )
            findings.add(f"{path}.{name}", f"is missing and {reason}; write it.")


def _check_sense(
    values: dict[str, Any], block: InstrumentBlock, findings: Findings, path: str
) -> None:
    step, low, high = values["lot_step"], values["min_lot"], values["max_lot"]
    if abs(low / step - round(low / step)) > 1e-6 or low < step * (1 - 1e-9):
        findings.add(f"{path}.min_lot", f"is {low:g}; expected a multiple of lot_step {step:g}.")
    if high < low:
        findings.add(f"{path}.max_lot", f"is {high:g}; expected at least min_lot {low:g}.")
    if values["margin_rate"] > 1.0:
        findings.add(f"{path}.leverage", f"is {block.leverage:g}; expected at least 1.")
    if values["swap_unit"] == "rate":
        _check_swap(values, findings, path)
    widest, limit = max(values["spread"]), _ABSURD_POINTS * values["point"]
    if block.asset_class == "fx" and widest > limit:
        given = "spread" if block.spread_pips is None else "spread_pips"
        findings.add(
            f"{path}.{given}",
            f"makes {widest:g} price units; expected at most {limit:g}. "
            f"If pips are meant, write spread_pips: {widest:g}.",
        )


def _check_swap(values: dict[str, Any], findings: Findings, path: str) -> None:
    for name in ("swap_long", "swap_short"):
        rate = values[name]
        if abs(rate) > 1.0:
            findings.add(
                f"{path}.{name}",
                f"is {rate:g}; expected an annual fraction in [-1, 1]. "
                f"Write {rate / 100:g} or {name}_pct: {rate:g}.",
            )
