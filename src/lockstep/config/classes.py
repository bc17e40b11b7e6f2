"""Class defaults: what a retail CFD account typically charges and asks for, by asset class.

They fill what a config omits. Leverage follows the ESMA retail limits (docs/account.md,
section 5). Costs are round numbers of retail accounts in 2025, meant to be replaced by one's own
broker's; where no typical number exists (the spread of any share, say) there is no default and the
configuration must say it.
"""

from __future__ import annotations

from typing import Any

from lockstep.core.instrument import Instrument

ClassDefaults = dict[str, Any]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

MAJOR_CURRENCIES = frozenset({"USD", "EUR", "JPY", "GBP", "CAD", "CHF"})
#: FTSE 100, CAC 40, DAX, DJIA, S&P 500, NASDAQ, Nikkei 225, ASX 200, Euro Stoxx 50, by the names
#: brokers give them.
MAJOR_INDICES = frozenset(
    {
        "UK100", "FTSE100", "FR40", "FRA40", "CAC40", "DE30", "DE40", "GER30", "GER40", "DAX",
        "US30", "DJ30", "WS30", "US500", "SPX500", "SP500", "NAS100", "US100", "USTEC", "NDX100",
        "JP225", "JPN225", "NIK225", "AUS200", "AU200", "EU50", "STOXX50", "EUSTX50",
    }
)  # fmt: skip
_TWO_DECIMALS_LESS = frozenset({"JPY", "HUF"})

#: Typical full spread in pips by pair, inside busy hours.
_FX_SPREAD_PIPS = {
    "EURUSD": 0.8, "GBPUSD": 1.1, "USDJPY": 0.9, "USDCHF": 1.2, "USDCAD": 1.3, "AUDUSD": 0.9,
    "NZDUSD": 1.3, "EURGBP": 1.1, "EURCHF": 1.5, "EURJPY": 1.4, "GBPJPY": 2.1, "AUDCHF": 1.8,
    "AUDJPY": 1.5, "USDPLN": 18.0,
}  # fmt: skip
_FX_OTHER_PIPS = 2.5
#: Policy rates around the middle of 2025 (annual fraction), the base of the default FX swap.
_POLICY_RATE = {
    "USD": 0.0433, "EUR": 0.0215, "GBP": 0.0425, "JPY": 0.0050, "CHF": 0.0025, "AUD": 0.0385,
    "NZD": 0.0325, "CAD": 0.0275, "PLN": 0.0525, "SEK": 0.0200, "NOK": 0.0425, "CZK": 0.0350,
    "HUF": 0.0650, "MXN": 0.0800, "ZAR": 0.0725, "TRY": 0.4600, "SGD": 0.0200, "HKD": 0.0250,
    "CNH": 0.0300,
}  # fmt: skip
#: What a retail broker keeps of the overnight rate, each side.
_SWAP_MARKUP = 0.01

_CRYPTO_SPREAD = {"BTC": 20.0, "ETH": 1.5}
_INDEX_SPREAD = {"US500": 0.5, "NAS100": 1.5, "US30": 2.5, "UK100": 1.2, "DE40": 1.4, "JP225": 8.0}
_METAL = {
    # contract size, spread, slippage, point
    "XAU": (100.0, 0.25, 0.05, 0.01),
    "XAG": (5_000.0, 0.02, 0.004, 0.001),
}
_OIL = frozenset({"WTI", "BRENT", "USOIL", "UKOIL"})
_METAL_NAMES = {"GOLD": ("XAU", "USD"), "SILVER": ("XAG", "USD")}
_CRYPTO_QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "JPY", "BTC", "ETH")


def codes_of(symbol: str, asset_class: str) -> tuple[str, str]:
    """Return base and quote as far as they can be read from a symbol; '' where they cannot.

    Examples
    --------
    >>> codes_of("EURUSDX", "fx"), codes_of("GOLDX", "metal"), codes_of("BTCUSDT", "crypto")
    (('EUR', 'USD'), ('XAU', 'USD'), ('BTC', 'USDT'))
    """
    for name in (symbol.upper(), symbol.upper().removesuffix("X")):
        if asset_class == "metal" and name in _METAL_NAMES:
            return _METAL_NAMES[name]
        if asset_class in {"fx", "metal"} and len(name) == 6 and name.isalpha():
            return name[:3], name[3:]
        if asset_class == "crypto":
            for quote in _CRYPTO_QUOTES:
                if name.endswith(quote) and len(name) > len(quote):
                    return name.removesuffix(quote), quote
    if asset_class == "share":
        return symbol.upper(), ""
    if asset_class in {"index", "commodity"}:
        return symbol.upper().removesuffix("X") or symbol.upper(), ""
    return "", ""


def class_defaults(asset_class: str, base: str, quote: str) -> ClassDefaults:
    """Return the default of every field of `Instrument` beyond its names; None has no default.

    Parameters
    ----------
    asset_class : str
        fx, metal, index, commodity, crypto or share.
    base, quote : str
        Codes; they decide leverage, spread and swap.
    """
    return (
        _COMMON
        | _BY_CLASS[asset_class](base, quote)
        | {"margin_rate": _margin(asset_class, base, quote)}
    )


def _margin(asset_class: str, base: str, quote: str) -> float:
    if asset_class == "fx":
        return 1 / 30 if {base, quote} <= MAJOR_CURRENCIES else 1 / 20
    if asset_class == "metal":
        return 1 / 20 if base == "XAU" else 1 / 10
    if asset_class == "index":
        return 1 / 20 if base in MAJOR_INDICES else 1 / 10
    return {"commodity": 1 / 10, "share": 1 / 5, "crypto": 1 / 2}[asset_class]


_COMMON: ClassDefaults = {
    "contract_size": None,
    "margin_rate": None,
    "lot_step": 0.01,
    "min_lot": 0.01,
    "max_lot": 100.0,
    "quote_side": "bid",
    "spread": None,
    "session_zone": "America/New_York",
    "slippage": 0.0,
    "slippage_bps": 0.0,
    "commission_rate": 0.0,
    "commission_per_lot": 0.0,
    "swap_unit": "rate",
    "swap_long": None,
    "swap_short": None,
    "swap_basis": 360.0,
    "point": 0.01,
    "triple_day": 2,
    "always_open": False,
    "stops_level": 0.0,
    "tick": 0.01,
}


def _fx(base: str, quote: str) -> ClassDefaults:
    point = 0.001 if quote in _TWO_DECIMALS_LESS else 0.00001
    pips = _FX_SPREAD_PIPS.get(base + quote, _FX_OTHER_PIPS)
    defaults: ClassDefaults = {
        "contract_size": 100_000.0,
        "spread": (pips * point * 10,),
        "slippage": point,
        "point": point,
        "tick": point,
    }
    if base in _POLICY_RATE and quote in _POLICY_RATE:
        carry = _POLICY_RATE[base] - _POLICY_RATE[quote]
        defaults["swap_long"] = round(carry - _SWAP_MARKUP, 6)
        defaults["swap_short"] = round(-carry - _SWAP_MARKUP, 6)
    return defaults


def _metal(base: str, quote: str) -> ClassDefaults:
    defaults: ClassDefaults = {"swap_long": -0.064, "swap_short": 0.010}
    if base in _METAL:
        size, spread, slippage, point = _METAL[base]
        defaults |= {"contract_size": size, "slippage": slippage, "point": point, "tick": point}
        defaults["spread"] = (spread,) if quote == "USD" else None
    return defaults


def _index(base: str, quote: str) -> ClassDefaults:
    spread = _INDEX_SPREAD.get(base)
    return {
        "contract_size": 1.0,
        "lot_step": 0.1,
        "min_lot": 0.1,
        "max_lot": 1_000.0,
        "spread": None if spread is None else (spread,),
        "slippage_bps": 0.2,
        "swap_long": -0.068,
        "swap_short": 0.012,
        "triple_day": 4,
        "point": 0.1,
        "tick": 0.1,
    }


def _commodity(base: str, quote: str) -> ClassDefaults:
    oil = base in _OIL
    return {
        "contract_size": 1_000.0 if oil else None,
        "spread": (0.03,) if oil else None,
        "slippage_bps": 0.5,
        "swap_long": -0.060,
        "swap_short": -0.030,
        "triple_day": 4,
    }


def _crypto(base: str, quote: str) -> ClassDefaults:
    spread = _CRYPTO_SPREAD.get(base) if quote in {"USD", "USDT", "USDC"} else None
    return {
        "contract_size": 1.0,
        "spread": None if spread is None else (spread,),
        "session_zone": "UTC",
        "slippage_bps": 1.0,
        "swap_long": -0.20,
        "swap_short": -0.10,
        "swap_basis": 365.0,
        "triple_day": -1,
        "always_open": True,
    }


def _share(base: str, quote: str) -> ClassDefaults:
    return {
        "contract_size": 1.0,
        "lot_step": 1.0,
        "min_lot": 1.0,
        "max_lot": 100_000.0,
        "slippage_bps": 1.0,
        "commission_rate": 0.001,
        "swap_long": -0.068,
        "swap_short": -0.010,
        "triple_day": 4,
    }


_BY_CLASS = {
    "fx": _fx,
    "metal": _metal,
    "index": _index,
    "commodity": _commodity,
    "crypto": _crypto,
    "share": _share,
}


def block_of(instrument: Instrument) -> dict[str, Any]:
    """Return the instrument as a complete block of plain data, from which it is rebuilt equal."""
    block: dict[str, Any] = {
        "class": instrument.asset_class,
        "base": instrument.base,
        "quote": instrument.quote,
    }
    for name in class_defaults(instrument.asset_class, instrument.base, instrument.quote):
        block[name] = getattr(instrument, name)
    spread = instrument.spread
    block["spread"] = spread[0] if len(spread) == 1 else list(spread)
    day = instrument.triple_day
    block["triple_day"] = "none" if day < 0 else WEEKDAYS[day]
    return block
