from __future__ import annotations

from typing import Any

import pytest

from lockstep.config.classes import block_of, class_defaults, codes_of
from lockstep.config.findings import Findings
from lockstep.config.instruments import InstrumentBlock, instrument_from
from lockstep.core.instrument import Instrument


def resolved(symbol: str, **block: Any) -> Instrument:
    findings = Findings()
    instrument = instrument_from(InstrumentBlock.model_validate(block), symbol, findings, "i")
    assert not findings.lines
    assert instrument is not None
    return instrument


def findings_of(symbol: str, **block: Any) -> str:
    findings = Findings()
    assert instrument_from(InstrumentBlock.model_validate(block), symbol, findings, "i") is None
    return "\n".join(findings.lines)


@pytest.mark.parametrize(
    ("symbol", "asset_class", "codes"),
    [
        ("EURUSD", "fx", ("EUR", "USD")),
        ("EURUSDX", "fx", ("EUR", "USD")),
        ("usdpln", "fx", ("USD", "PLN")),
        ("GOLDX", "metal", ("XAU", "USD")),
        ("SILVER", "metal", ("XAG", "USD")),
        ("XAUEUR", "metal", ("XAU", "EUR")),
        ("BTCUSDT", "crypto", ("BTC", "USDT")),
        ("BTCUSDX", "crypto", ("BTC", "USD")),
        ("ETHBTC", "crypto", ("ETH", "BTC")),
        ("US500", "index", ("US500", "")),
        ("NFLX", "share", ("NFLX", "")),
        ("EUR", "fx", ("", "")),
    ],
)
def test_codes_are_read_from_the_symbol(
    symbol: str, asset_class: str, codes: tuple[str, str]
) -> None:
    assert codes_of(symbol, asset_class) == codes


@pytest.mark.parametrize(
    ("asset_class", "base", "quote", "leverage"),
    [
        ("fx", "EUR", "USD", 30),
        ("fx", "GBP", "JPY", 30),
        ("fx", "AUD", "USD", 20),
        ("fx", "USD", "PLN", 20),
        ("metal", "XAU", "USD", 20),
        ("metal", "XAG", "USD", 10),
        ("index", "US500", "USD", 20),
        ("index", "DE40", "EUR", 20),
        ("index", "IT40", "EUR", 10),
        ("commodity", "BRENT", "USD", 10),
        ("share", "AAPL", "USD", 5),
        ("crypto", "BTC", "USD", 2),
    ],
)
def test_leverage_follows_the_retail_limits(
    asset_class: str, base: str, quote: str, leverage: float
) -> None:
    assert class_defaults(asset_class, base, quote)["margin_rate"] == 1 / leverage


def test_a_bare_fx_block_is_a_standard_lot_with_wednesday_as_triple_day() -> None:
    eurusd = resolved("EURUSDX", **{"class": "fx"})
    assert (eurusd.contract_size, eurusd.point, eurusd.tick) == (100_000.0, 0.00001, 0.00001)
    assert (eurusd.triple_day, eurusd.swap_basis, eurusd.always_open) == (2, 360.0, False)
    assert eurusd.spread == pytest.approx((0.00008,))
    # carry 2.15 % - 4.33 %, less 1 % for the broker on either side
    assert (eurusd.swap_long, eurusd.swap_short) == (-0.0318, 0.0118)


def test_a_yen_quote_has_points_of_a_thousandth() -> None:
    usdjpy = resolved("USDJPY", **{"class": "fx", "spread_pips": 1.5})
    assert usdjpy.point == 0.001
    assert usdjpy.spread == pytest.approx((0.015,))


def test_crypto_is_open_seven_nights_a_week_without_a_triple_day() -> None:
    bitcoin = resolved("BTCUSDX", **{"class": "crypto"})
    assert (bitcoin.always_open, bitcoin.triple_day, bitcoin.swap_basis) == (True, -1, 365.0)
    assert (bitcoin.contract_size, bitcoin.spread) == (1.0, (20.0,))


def test_an_index_is_financed_three_nights_on_friday() -> None:
    index = resolved("US500", **{"class": "index", "quote": "USD"})
    assert (index.triple_day, index.contract_size, index.base) == (4, 1.0, "US500")


def test_units_of_the_file_become_price_units_and_fractions() -> None:
    hours = [1.0] * 23 + [4.0]
    fx = resolved("GBPUSD", **{"class": "fx", "spread_pips": hours, "commission_bps": 0.3})
    assert len(fx.spread) == 24
    assert fx.spread[23] == pytest.approx(0.0004)
    assert fx.commission_rate == pytest.approx(0.00003)
    assert resolved("GBPUSD", **{"class": "fx", "leverage": 50}).margin_rate == 0.02


def test_a_stated_slippage_replaces_the_default_in_the_other_unit() -> None:
    fx = resolved("GBPUSD", **{"class": "fx", "slippage_bps": 0.5})
    assert (fx.slippage, fx.slippage_bps) == (0.0, 0.5)


@pytest.mark.parametrize(
    ("symbol", "block", "finding"),
    [
        ("EUR", {"class": "fx"}, 'i.base: is missing and cannot be read from the symbol "EUR"'),
        ("US500", {"class": "index"}, "i.quote: is missing and cannot be read from the symbol"),
        ("EUREUR", {"class": "fx"}, 'i.quote: is "EUR", the same as base; expected another.'),
        (
            "XRPUSD",
            {"class": "crypto"},
            "i.spread: is missing and class crypto has no typical value for XRP; write it.",
        ),
        (
            "EURUSD",
            {"class": "fx", "swap_unit": "points"},
            "i.swap_long: is missing and swap_unit is 'points'; write it.",
        ),
        (
            "EURUSD",
            {"class": "fx", "spread": 0.8},
            (
                "i.spread: makes 0.8 price units; expected at most 0.1. If pips are meant, write "
                "spread_pips: 0.8."
            ),
        ),
        (
            "EURUSD",
            {"class": "fx", "swap_long": -3.2},
            (
                "i.swap_long: is -3.2; expected an annual fraction in [-1, 1]. Write -0.032 or "
                "swap_long_pct: -3.2."
            ),
        ),
        (
            "EURUSD",
            {"class": "fx", "min_lot": 0.015},
            "i.min_lot: is 0.015; expected a multiple of lot_step 0.01.",
        ),
        (
            "EURUSD",
            {"class": "fx", "max_lot": 0.001},
            "i.max_lot: is 0.001; expected at least min_lot 0.01.",
        ),
        ("EURUSD", {"class": "fx", "leverage": 0.5}, "i.leverage: is 0.5; expected at least 1."),
        (
            "EURUSD",
            {"class": "fx", "spread": 0.0001, "spread_pips": 1},
            "i.spread_pips: says again what spread says; keep one of them.",
        ),
        (
            "XAUUSD",
            {"class": "metal", "spread_pips": 3},
            "i.spread_pips: has no meaning for class metal; write spread in price units.",
        ),
    ],
)
def test_an_instrument_that_makes_no_sense_is_refused(
    symbol: str, block: dict[str, Any], finding: str
) -> None:
    assert finding in findings_of(symbol, **block)


@pytest.mark.parametrize("leverage", [3, 7, 30, 49, 500])
@pytest.mark.parametrize("triple_day", ["monday", "friday", "none"])
def test_an_instrument_written_out_reads_back_equal(leverage: int, triple_day: str) -> None:
    one = resolved(
        "EURUSD",
        **{
            "class": "fx",
            "leverage": leverage,
            "triple_day": triple_day,
            "spread": [0.0001 + hour / 1e6 for hour in range(24)],
        },
    )
    assert resolved("EURUSD", **block_of(one)) == one
