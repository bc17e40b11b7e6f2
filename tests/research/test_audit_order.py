from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.result import RunResult
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.research import audit_order as room
from lockstep.research.audit_order import TABLES, audit_order, digest
from tests.research.subjects import subject


@pytest.fixture(scope="module")
def result() -> RunResult:
    given = subject(days=21)
    return given.backtester().run(given.bars, given.pairs)


def test_every_order_of_the_assets_gives_the_same_bytes() -> None:
    audit = audit_order(subject(days=21), shuffles=2)
    assert audit.passed
    rows = audit.tables[0].to_plain()
    assert [r["order"] for r in rows] == ["as configured", "reversed", "shuffle 1", "shuffle 2"]
    assert len({row["digest"] for row in rows}) == 1
    assert {row["identical"] for row in rows} == {len(TABLES)}
    assert rows[0]["rows"] > 1000


def test_an_engine_that_forgets_to_sort_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = PortfolioBacktester.__init__

    def unsorted_(self: Any, assets: Any, *given: Any, **options: Any) -> None:
        real(self, assets, *given, **options)
        first = assets[0].symbol
        self.terms = dataclasses.replace(self.terms, risk_fraction=0.01 + len(first) / 1e4)
        if first == "XAUUSD":
            self.terms = dataclasses.replace(self.terms, risk_fraction=0.02)

    monkeypatch.setattr(PortfolioBacktester, "__init__", unsorted_)
    audit = audit_order(subject(days=21), shuffles=0)
    assert not audit.passed
    assert audit.verdict == "The order of assets changes the result."
    assert audit.violations[0].startswith("reversed: equity.BTCUSD differs first in row ")
    assert audit.tables[0].to_plain()[1]["identical"] < len(TABLES)


def test_a_single_asset_has_one_order() -> None:
    audit = audit_order(subject(["EURUSD"], days=14), shuffles=1)
    assert audit.passed
    assert audit.notes == ("One asset has one order.",)


@pytest.mark.parametrize("table", ["trades", "decisions", "equity", "weights"])
def test_a_single_changed_cell_changes_the_digest_and_is_named(
    result: RunResult, table: str
) -> None:
    frame: pd.DataFrame = getattr(result, table).copy()
    column = {"trades": "asset", "decisions": "sentence", "equity": "total", "weights": "reserve"}
    values = frame[column[table]].to_numpy(copy=True)
    values[1] = np.nextafter(values[1], 9.0) if values.dtype.kind == "f" else "other"
    frame[column[table]] = values
    changed = dataclasses.replace(result, **{table: frame})
    assert digest(changed) != digest(result)
    sentence = room._first_difference(result, changed, table)
    assert sentence.startswith(f"{table}.{column[table]} differs first in row 1: ")


def test_rows_and_columns_that_are_missing_are_named(result: RunResult) -> None:
    fewer = dataclasses.replace(result, trades=result.trades.iloc[:-1])
    rows = len(result.trades)
    words = f"trades has {rows - 1} rows instead of {rows}."
    assert room._first_difference(result, fewer, "trades") == words
    narrow = dataclasses.replace(result, trades=result.trades.drop(columns="mae"))
    assert room._first_difference(result, narrow, "trades") == "trades has other columns."
    assert room._first_difference(result, result, "trades") == ""
