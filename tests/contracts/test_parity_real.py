"""The gate on real bars: every file of a run is the same, whichever player played it.

`pytest -m long` plays the whole data instead of two months.
"""

from __future__ import annotations

import dataclasses
import filecmp
import os
from pathlib import Path

import pytest

from lockstep.config.loading import load
from lockstep.config.models import RunConfig
from lockstep.core.bars import Bars
from lockstep.data.load import load_bars
from lockstep.data.pairs import load_pairs
from lockstep.data.rates import pair_from_bars, required_pairs
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.runs.comparison import COMPARED, first_difference
from lockstep.runs.store import save

EXAMPLE = Path(__file__).parents[2] / "examples" / "real_fx_crypto.json"
PLAYERS = ("cerebro", "kernel")


@pytest.fixture(scope="module")
def folder() -> Path:
    named = os.environ.get("LOCKSTEP_REAL_DATA")
    if not named:
        pytest.skip("LOCKSTEP_REAL_DATA names no folder of real bars")
    return Path(named) / "5m"


def example(**changes: object) -> RunConfig:
    """Return the real example weighed by risk parity, every rule of the house on."""
    config = load(EXAMPLE).config
    risk = {
        **config.portfolio.risk,
        "daily_loss": {"limit": 0.02},
        "max_positions": {"limit": 6},
        "gross_exposure": {"limit": 8.0},
        "net_exposure": {"limit": 5.0},
        "currency_exposure": {"limit": 4.0},
        "asset_exposure": {"limit": 3.0},
    }
    given = {"allocation": "risk_parity", "risk": risk, **changes}
    return config.model_copy(update={"portfolio": config.portfolio.model_copy(update=given)})


def played_by_each(config: RunConfig, folder: Path, place: Path) -> None:
    """Play a configuration with each player and save what each left behind."""
    portfolio = config.portfolio
    bars: dict[str, Bars] = load_bars(
        config.symbols, "5m", folder, start=portfolio.start_ns, end=portfolio.end_ns
    )
    units = [asset.instrument for asset in config.assets]
    own = [pair_from_bars(unit.base, unit.quote, bars[unit.symbol]) for unit in units]
    wanted = required_pairs([unit.quote for unit in units], "USD", own, portfolio.conversion)
    pairs = load_pairs(wanted, "5m", folder)
    for player in PLAYERS:
        result = PortfolioBacktester(config.assets, portfolio, jobs=2, player=player).run(
            bars, pairs
        )
        save(dataclasses.replace(result, config=config.to_plain()), place / player)


def assert_same_files(place: Path) -> None:
    assert first_difference(place / "cerebro", place / "kernel") is None
    apart = filecmp.cmpfiles(place / "cerebro", place / "kernel", COMPARED, shallow=False)
    assert apart[1:] == ([], [])


def test_two_months_of_every_real_asset_leave_the_same_files(folder: Path, tmp_path: Path) -> None:
    config = example(start="2019-03-01", end="2019-04-30", min_history=5, rebalance="weekly")
    played_by_each(config, folder, tmp_path)
    assert_same_files(tmp_path)
    trades = (tmp_path / "kernel" / "trades.csv").read_text(encoding="utf-8").splitlines()
    assert len(trades) > 300
    assert {line.split(",")[1] for line in trades[1:]} == set(config.symbols)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_all_real_data_leave_the_same_files(folder: Path, tmp_path: Path) -> None:
    played_by_each(example(), folder, tmp_path)
    assert_same_files(tmp_path)
