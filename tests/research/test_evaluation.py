import pickle

import numpy as np
import pytest

from lockstep.config.loading import load
from lockstep.config.selection import Selection
from lockstep.core.errors import ConfigError
from lockstep.data.load import load_bars
from lockstep.engine.kernel.player import walked
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.summary import summarise
from lockstep.research.evaluation import METRICS, Evaluator
from tests.research.worlds import small_evaluator

GRID = [
    {"bollinger_period": period, "stop_multiplier": stop, "bollinger_deviations": width}
    for period in (15, 30)
    for stop in (1.5, 3.0)
    for width in (1.5, 2.5)
]


@pytest.fixture(scope="module")
def world():
    config = load(None, Selection(symbols=("EURGBPX",))).config
    asset = config.assets[0]
    bars = load_bars([asset.symbol], "5m", None, instruments={asset.symbol: asset.instrument})[
        asset.symbol
    ].cut(slice(0, 12_000))
    return asset, config.portfolio.model_copy(update={"conversion": {"GBP/USD": 1.3}}), bars


def plain_run(asset, portfolio, bars, parameters, player):
    own = asset.model_copy(update={"parameters": {**asset.parameters, **parameters}})
    run = PortfolioBacktester([own], portfolio, rules=False, player=player)
    return run.run({asset.symbol: bars})


@pytest.mark.parametrize("point", range(len(GRID)))
def test_every_point_of_a_grid_is_a_run_of_the_cerebro_player_trade_for_trade(world, point):
    asset, portfolio, bars = world
    evaluator = Evaluator(asset, portfolio, bars)
    played = walked(evaluator.plan(GRID[point]))
    found = evaluator.measure(played)
    result = plain_run(asset, portfolio, bars, GRID[point], "cerebro")
    whole = summarise(result)["solo"][asset.symbol]
    assert whole["trades"] > 20
    for name in METRICS:
        assert found.metrics[name] == whole[name], name
    for column in ("net_pnl", "entry_price", "exit_price", "lots", "stop_price"):
        assert np.array_equal(played.trades[column], result.solo_trades[column]), column


def test_indicators_that_parameters_do_not_touch_are_computed_once(world):
    asset, portfolio, bars = world
    evaluator = Evaluator(asset, portfolio, bars)
    evaluator.evaluate({"stop_multiplier": 1.5})
    before = evaluator.bars.memo.misses
    evaluator.evaluate({"stop_multiplier": 2.5, "bollinger_deviations": 1.9})
    assert evaluator.bars.memo.misses == before
    evaluator.evaluate({"bollinger_period": 33})
    assert evaluator.bars.memo.misses == before + 1


def test_bars_before_the_start_warm_indicators_up_and_are_not_traded(world):
    asset, portfolio, bars = world
    start = int(bars.time[6_000])
    warm = Evaluator(asset, portfolio, bars, start=start)
    plan = warm.plan({})
    assert plan.clock[0] == start
    assert warm.evaluate({}).days[0] == plan.days[0]
    whole = Evaluator(asset, portfolio, bars).plan({}).assets[0].entries
    late = whole.bar >= 6_000
    assert np.array_equal(plan.assets[0].entries.bar, whole.bar[late] - 6_000)
    assert np.array_equal(plan.assets[0].entries.stop_distance, whole.stop_distance[late])


def test_wrong_parameters_are_named(world):
    asset, portfolio, bars = world
    evaluator = Evaluator(asset, portfolio, bars)
    with pytest.raises(ConfigError, match=r"bolinger_period is unknown.*bollinger_period"):
        evaluator.evaluate({"bolinger_period": 20})
    with pytest.raises(ConfigError, match=r"stop_multiplier is -1; expected a number at least"):
        evaluator.evaluate({"stop_multiplier": -1})


def test_a_hand_written_strategy_cannot_be_searched(world):
    asset, portfolio, bars = world
    own = asset.model_copy(update={"strategy": "mine:Strategy"})
    with pytest.raises(ConfigError, match="mine:Strategy is written by hand"):
        Evaluator(own, portfolio, bars)


def test_an_evaluator_that_has_travelled_measures_the_same_to_the_bit():
    evaluator = small_evaluator()
    there = pickle.loads(pickle.dumps(evaluator))
    one, other = (each.evaluate({"stop_multiplier": 2.5}) for each in (evaluator, there))
    assert one.metrics == other.metrics
    assert one.daily.tobytes() == other.daily.tobytes()
    assert one.days.tobytes() == other.days.tobytes()
