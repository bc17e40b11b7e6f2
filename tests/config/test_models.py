from __future__ import annotations

import pytest
from pydantic import ValidationError

from lockstep.config.models import PortfolioConfig


def test_the_defaults_are_those_of_the_documentation() -> None:
    portfolio = PortfolioConfig()
    assert (portfolio.capital, portfolio.currency, portfolio.margin) == (100_000.0, "USD", "pooled")
    assert (portfolio.risk_per_trade, portfolio.leverage_cap) == (0.01, 10.0)
    assert (portfolio.rebalance, portfolio.min_history) == ("monthly", 20)
    assert (portfolio.max_asset_weight, portfolio.risk["breaker"]) == (0.30, {"limit": 0.25})


def test_a_portfolio_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PortfolioConfig().capital = 1.0  # type: ignore[misc]


def test_a_percent_where_a_fraction_belongs_is_refused_from_python_too() -> None:
    with pytest.raises(ValidationError, match=r"Write 0.3 or max_asset_weight_pct: 30"):
        PortfolioConfig(max_asset_weight=30)


def test_rules_given_from_python_are_exactly_those() -> None:
    assert PortfolioConfig(risk={}).risk == {}
    assert PortfolioConfig(risk={"breaker": None}).risk == {}  # type: ignore[dict-item]


def test_a_rule_that_is_off_is_written_as_null() -> None:
    plain = PortfolioConfig(risk={"daily_loss": {}}).to_plain()
    assert plain["risk"] == {
        "daily_loss": {},
        "breaker": None,
        "drawdown_scaling": None,
        "correlation_scaling": None,
    }
