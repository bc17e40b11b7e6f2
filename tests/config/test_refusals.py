from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.config.files import EURUSD, content, refused

INSTRUMENT = "assets.EURUSD_5m.instrument"


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        (
            {"assets__eurusd__instrument__spread": "0.0001"},
            f'{INSTRUMENT}.spread: is "0.0001"; expected a number (without quotes).',
        ),
        (
            {"assets__eurusd__instrument__lot_step": "0.01"},
            f'{INSTRUMENT}.lot_step: is "0.01"; expected a number (without quotes).',
        ),
        (
            {"assets__eurusd__instrument__lot_step": True},
            f"{INSTRUMENT}.lot_step: is true; expected a number (without quotes).",
        ),
        (
            {"assets__eurusd__instrument__swap_long_pct": "1"},
            f'{INSTRUMENT}.swap_long_pct: is "1"; expected a number (without quotes).',
        ),
        (
            {"assets__eurusd__instrument__comission_rate": 0.1},
            f"{INSTRUMENT}.comission_rate: is unknown; did you mean 'commission_rate'?",
        ),
        (
            {"assets__eurusd__instrument__class": "forex"},
            (
                f"{INSTRUMENT}.class: is \"forex\"; expected 'fx', 'metal', 'index', 'commodity', "
                "'crypto' or 'share'."
            ),
        ),
        (
            {"assets__eurusd__instrument__spread": [1.0, 2.0]},
            (
                f"{INSTRUMENT}.spread: has 2 values; expected one number, or 24 by hour of "
                "session_zone."
            ),
        ),
        (
            {"assets__eurusd__instrument__spread": -1},
            f"{INSTRUMENT}.spread: is -1; expected a finite number of at least 0.",
        ),
        (
            {"assets__eurusd__instrument__contract_size": 0},
            f"{INSTRUMENT}.contract_size: is 0; expected a number above 0.",
        ),
        (
            {"assets__eurusd__instrument__session_zone": "New York"},
            (
                f'{INSTRUMENT}.session_zone: is "New York"; expected an IANA time zone, such as '
                "America/New_York."
            ),
        ),
        (
            {"assets__eurusd__instrument__always_open": "yes"},
            f'{INSTRUMENT}.always_open: is "yes"; expected true or false.',
        ),
        (
            {"assets__eurusd__instrument": {}},
            f"{INSTRUMENT}.class: is missing; it has no default.",
        ),
        (
            {"assets__eurusd__instrument": None},
            f'{INSTRUMENT}: is missing; expected an object with at least "class".',
        ),
        (
            {"assets__eurusd__parameters__reward_risk": "2"},
            (
                "assets.EURUSD_5m.parameters: reward_risk is '2'; expected a number "
                "(without quotes)."
            ),
        ),
        (
            {"assets__eurusd__parameters__reward_risc": 2},
            ("assets.EURUSD_5m.parameters: reward_risc is unknown; did you mean 'reward_risk'?"),
        ),
        (
            {"assets__eurusd__parameters__reward_risk": -1},
            (
                "assets.EURUSD_5m.parameters: reward_risk is -1; expected a number at "
                "least 0 and at most 20."
            ),
        ),
        (
            {"assets__eurusd__strategy": "mean_revision"},
            (
                "assets.EURUSD_5m.strategy: strategy 'mean_revision' is unknown; did you "
                "mean 'mean_reversion'?"
            ),
        ),
        (
            {"assets__eurusd__strategy": 3},
            "assets.EURUSD_5m.strategy: is 3; expected a name, or module:Class.",
        ),
        (
            {"assets__eurusd__performance": {"sharpe": "1.2"}},
            ('assets.EURUSD_5m.performance: sharpe is "1.2"; expected a number (without quotes).'),
        ),
        (
            {"assets__eurusd__performance": {"start": "last year"}},
            (
                'assets.EURUSD_5m.performance: is "last year"; expected an ISO date or '
                "time, such as 2025-01-31 or 2025-01-31T08:00 (UTC unless it carries an offset)."
            ),
        ),
        (
            {"assets__eurusd__strateggy": "x"},
            "assets.EURUSD_5m.strateggy: is unknown; did you mean 'strategy'?",
        ),
        (
            {"portfolio__capital": "100000"},
            'portfolio.capital: is "100000"; expected a number (without quotes).',
        ),
        (
            {"portfolio__capital": -5},
            "portfolio.capital: is -5; expected a number above 0.",
        ),
        (
            {"portfolio__captial": 5},
            "portfolio.captial: is unknown; did you mean 'capital'?",
        ),
        (
            {"portfolio__max_asset_weight": 30},
            (
                "portfolio.max_asset_weight: is 30; expected a fraction in (0, 1]. "
                "Write 0.3 or max_asset_weight_pct: 30."
            ),
        ),
        (
            {"portfolio__risk_per_trade_pct": 130},
            ("portfolio.risk_per_trade_pct: is 130; expected a percentage of at most 100."),
        ),
        (
            {"portfolio__risk_per_trade_pct": 1, "portfolio__risk_per_trade": 0.01},
            (
                "portfolio.risk_per_trade_pct: says again what risk_per_trade says; keep "
                "one of them."
            ),
        ),
        (
            {"portfolio__cooldown_bars": 1.5},
            ("portfolio.cooldown_bars: is 1.5; expected a whole number (without quotes)."),
        ),
        (
            {"portfolio__margin": "pool"},
            "portfolio.margin: is \"pool\"; expected 'pooled' or 'segregated'.",
        ),
        (
            {"portfolio__currency": "usd"},
            ('portfolio.currency: is "usd"; expected a currency code in capitals, such as USD.'),
        ),
        (
            {"portfolio__allocation": "risk_party"},
            (
                "portfolio.allocation: allocation model 'risk_party' is unknown; did you "
                "mean 'risk_parity'?"
            ),
        ),
        (
            {"portfolio__risk__braker": {}},
            "portfolio.risk: risk rule 'braker' is unknown; did you mean 'breaker'?",
        ),
        (
            {"portfolio__risk__breaker": {"limit": 25}},
            ("portfolio.risk.breaker: limit is 25; expected a number above 0 and at most 1."),
        ),
        (
            {"portfolio__risk__breaker": {"resume": "recovers"}},
            (
                "portfolio.risk.breaker: resume is 'recovers' with effect 'flatten'; a "
                "flat account cannot recover. Use effect: block_entries, or resume: days or "
                "next_month."
            ),
        ),
        (
            {"portfolio__risk__breaker": 0.25},
            (
                "portfolio.risk.breaker: is 0.25; expected its parameters ({} for the "
                "defaults), or null to switch it off."
            ),
        ),
        (
            {"portfolio__conversion": {"USDTUSD": 1.0}},
            ('portfolio.conversion: pair "USDTUSD" is no BASE/QUOTE; write it like USDT/USD.'),
        ),
        (
            {"portfolio__start": "2025-02-01", "portfolio__end": "2025-01-31"},
            "portfolio: start 2025-02-01 is not before end 2025-01-31.",
        ),
        (
            {"portfolio__start": "31.01.2025"},
            (
                'portfolio.start: is "31.01.2025"; expected an ISO date or time, such as '
                "2025-01-31 or 2025-01-31T08:00 (UTC unless it carries an offset)."
            ),
        ),
        ({"asets": {}}, "asets: is unknown; did you mean 'assets'?"),
        (
            {"assets": {}},
            ('assets: is {}; expected an object such as {"EURUSD_5m": {"instrument": ...}}.'),
        ),
        (
            {"portfolio": []},
            "portfolio: is []; expected an object of keys and values.",
        ),
        (
            {"assets__EURUSD": EURUSD},
            "assets.EURUSD: has no timeframe; expected a key like EURUSD_5m.",
        ),
        (
            {"assets__EURUSD_7m": EURUSD},
            ('assets.EURUSD_7m: timeframe is "7m"; expected one of 1m, 5m, 15m, 30m, 1h, 4h, 1d.'),
        ),
        (
            {"assets__../x_5m": EURUSD},
            (
                'assets.../x_5m: symbol "../x" is not safe; expected 1 to 32 characters '
                "of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter, a digit or '_'."
            ),
        ),
        (
            {"assets__total_5m": EURUSD},
            'assets.total_5m: symbol "total" is reserved for a column of the results.',
        ),
    ],
)
def test_a_bad_value_is_named_with_file_path_value_and_remedy(
    tmp_path: Path, changes: dict[str, Any], finding: str
) -> None:
    assert f"assets.json: {finding}" in refused(tmp_path, content(**changes))
