import dataclasses

import numpy as np
import pytest

from lockstep.allocation._schedule import allocate
from lockstep.core.calendar import DAY_NS, HOUR_NS
from lockstep.core.errors import ConfigError, DataError
from lockstep.core.parameters import build
from lockstep.core.registry import allocation, strategies
from lockstep.core.trial import Trial
from lockstep.engine.plan import spoken
from lockstep.research.objectives import Constraints
from lockstep.research.refit import Fit, History, Tuning, fit, longest_lookback, most_wanted
from lockstep.research.space import Space
from lockstep.research.stitch import Choice, said_in_turn, weigh
from lockstep.research.walkforward import WalkForwardAnalyzer
from lockstep.research.windows import Plot
from tests.engine.markets import asset_configs, market, portfolio
from tests.research.test_optimizer import Shelf

TRIO = ("BTCUSD", "EURUSD", "XAUUSD")
RANGES = {"entry_period": [12, 24, 48], "stop_multiplier": [1.5, 3.0]}


def small_space(evaluator):
    return Space.of(evaluator.asset, RANGES)


def tuning(**given):
    usual = {"space": small_space, "method": "grid", "trials": None, "assets": "all"}
    return Tuning(**usual | {"constraints": Constraints(min_trades=1)} | given)


def analyzer(bars, symbols=TRIO, **given):
    settings = {"allocation": "inverse_volatility", "rebalance": "weekly", "min_history": 5}
    usual = {"plot": Plot(2, 1), "tuning": tuning(), "hindsight": False}
    return WalkForwardAnalyzer(asset_configs(symbols), portfolio(**settings), bars, **usual | given)


@pytest.fixture(scope="module")
def bars():
    return market(TRIO, seed=3, days=190)


@pytest.fixture(scope="module")
def walk(bars):
    return analyzer(bars).run()


def poisoned(bars, moment):
    """Return bars that are garbage from a label on."""
    found = {}
    for symbol, one in bars.items():
        late = one.time >= moment
        rng = np.random.default_rng(1)
        price = np.where(late, 1.0 + rng.random(len(one)) * 1e4, one.close)
        found[symbol] = dataclasses.replace(
            one, open=np.where(late, price, one.open), close=price,
            high=np.where(late, price + 1.0, one.high), low=np.where(late, 0.5, one.low),
        )  # fmt: skip
    return found


def facts(one: Fit):
    trials = [
        (dict(t.parameters), dict(t.metrics), t.daily.tobytes(), t.days.tobytes())
        for t in one.trials
    ]
    return one.until, one.purge_bars, one.score, one.why_not, trials


def entered(walk, before=None):
    """Return what can be known of the trades that were closed before a moment."""
    times = {plan.symbol: plan.time for plan in walk.plan.assets}
    trades = [
        (walk.plan.symbols[t.asset], times[walk.plan.symbols[t.asset]][t.entry_bar],
         times[walk.plan.symbols[t.asset]][t.exit_bar], t.side, t.lots, t.net_pnl)
        for t in walk.played.trades
    ]  # fmt: skip
    return [trade for trade in trades if before is None or trade[2] < before]


def test_no_in_sample_window_sees_a_bar_that_is_traded_later(bars, walk):
    for number, window in enumerate(walk.windows):
        spoiled = poisoned(bars, window.choice.window.begin)
        again = analyzer(spoiled)
        for asset in again.stitcher.assets:
            history = History(asset, again.portfolio, spoiled[asset.symbol], again.stitcher.pairs)
            found = fit(history, again.windows()[number], again.tuning)
            assert facts(found) == facts(window.fits[asset.symbol])


def test_data_that_end_earlier_give_the_same_account_before_their_end(bars, walk):
    third = walk.windows[2].choice.window
    for cut in (third.begin + 11 * DAY_NS + 5 * HOUR_NS, third.end - 2 * DAY_NS):
        short = analyzer({s: one.between(0, cut) for s, one in bars.items()}).run()
        last = cut - 7 * DAY_NS  # positions that the end of the data closed are left out
        assert len(entered(short, last)) > 20
        assert entered(short, last) == entered(walk, last)
        known = short.outside.days < last // DAY_NS
        assert known.sum() > 40
        assert np.array_equal(short.outside.days[known], walk.outside.days[: known.sum()])
        assert np.array_equal(short.outside.marks[known], walk.outside.marks[: known.sum()])


def test_the_search_stops_short_of_the_window_by_purge_and_embargo(bars, walk):
    for window in walk.windows:
        for symbol, one in window.fits.items():
            time = bars[symbol].time
            assert one.purge_bars == 49  # entry_period 48 + 1; nothing leaves by time
            between = (time >= one.until) & (time < window.choice.window.until)
            assert between.sum() == 49
            assert window.choice.window.begin - window.choice.window.until == DAY_NS
            last = max(int(trial.days[-1]) for trial in one.trials)
            assert last <= one.until // DAY_NS + 1


def test_the_longest_lookback_is_that_of_the_slowest_point(bars):
    asset = asset_configs(["EURUSD"])[0]
    evaluator = History(asset, portfolio(), bars["EURUSD"]).evaluator(0)
    assert longest_lookback(evaluator, small_space(evaluator)) == 49
    wide = Space.of(asset, {"entry_period": "10:600:1"})
    assert longest_lookback(evaluator, wide) == 601


def test_parameters_that_never_change_make_the_run_without_windows(bars, walk):
    asset = asset_configs(["EURUSD"])[0]
    same = {"entry_period": 24}
    choices = [Choice(w.choice.window, {"EURUSD": same}, np.ones(1)) for w in walk.windows]
    begin, end = choices[0].window.begin, choices[-1].window.end
    known = bars["EURUSD"].between(0, end)
    strategy = build(strategies.get("breakout"), {**asset.parameters, **same})
    first = int(np.searchsorted(known.time, begin))
    rows, leave = spoken(strategy.signals(known, strategy.indicators(known)), first)
    found, mask = said_in_turn(asset, bars["EURUSD"], choices, len(known) - first)
    for name, column in rows._asdict().items():
        assert np.array_equal(getattr(found, name), column, equal_nan=True), name
    assert np.array_equal(mask, leave)


def test_each_window_speaks_with_its_own_parameters(bars, walk):
    asset = asset_configs(["EURUSD"])[0]
    windows = [w.choice.window for w in walk.windows[:2]]
    fast, slow = {"stop_multiplier": 1.0}, {"stop_multiplier": 4.0}
    origin = int(np.searchsorted(bars["EURUSD"].time, windows[0].begin))
    border = int(np.searchsorted(bars["EURUSD"].time, windows[1].begin)) - origin
    count = int(np.searchsorted(bars["EURUSD"].time, windows[1].end)) - origin

    def said(*given):
        choices = [Choice(w, {"EURUSD": g}, np.ones(1)) for w, g in zip(windows, given)]
        return said_in_turn(asset, bars["EURUSD"], choices, count)[0]

    mixed, one, other = said(fast, slow), said(fast, fast), said(slow, slow)
    early, late = mixed.bar < border, mixed.bar >= border
    assert early.any()
    assert late.any()
    assert np.array_equal(mixed.stop_distance[early], one.stop_distance[one.bar < border])
    assert np.array_equal(mixed.stop_distance[late], other.stop_distance[other.bar >= border])


def test_an_asset_that_is_dropped_is_not_entered_but_still_watched(bars, walk):
    asset = asset_configs(["EURUSD"])[0]
    first, second = (w.choice.window for w in walk.windows[:2])
    choices = [Choice(first, {"EURUSD": {}}, np.ones(1)), Choice(second, {}, np.zeros(1))]
    time = bars["EURUSD"].time
    origin, border, end = np.searchsorted(time, [first.begin, second.begin, second.end])
    rows, leave = said_in_turn(asset, bars["EURUSD"], choices, int(end - origin))
    assert rows.bar.max() < border - origin
    assert leave[border - origin :].any()


def test_positions_are_carried_over_the_border_of_windows(walk):
    borders = [w.choice.window.begin for w in walk.windows[1:]]
    crossing = [t for t in entered(walk) if any(t[1] < border <= t[2] for border in borders)]
    assert crossing


def test_weights_are_those_of_the_model_on_in_sample_returns(walk):
    for window in walk.windows:
        chosen = {s: one.chosen for s, one in window.fits.items() if one.trades}
        assert set(chosen) == set(TRIO)
        inverse = np.array([1.0 / np.std(_on_all_days(chosen, s), ddof=1) for s in TRIO])
        assert window.choice.weights == pytest.approx(inverse / inverse.sum(), rel=1e-12)
    assert walk.plan.weights[0] == pytest.approx(walk.windows[0].choice.weights)
    assert walk.plan.initial_weights == pytest.approx(walk.windows[0].choice.weights)
    assert walk.plan.weights[-1] == pytest.approx(walk.windows[-1].choice.weights)


def _on_all_days(chosen, symbol):
    days = np.unique(np.concatenate([trial.days for trial in chosen.values()]))
    own = chosen[symbol]
    values = np.zeros(len(days))
    values[np.searchsorted(days, own.days)] = own.daily
    return values[np.searchsorted(days, own.days[0]) :]


def test_assets_that_do_not_trade_get_no_weight_and_the_cap_holds():
    days = np.arange(20_000, 20_040, dtype=np.int64)
    rng = np.random.default_rng(1)
    chosen = {s: Trial(0, s, {}, days=days, daily=rng.normal(0.0, 0.01, 40)) for s in ("A", "C")}
    account = portfolio(allocation="risk_parity", max_asset_weight=0.4)
    weights, notes = weigh(account, ("A", "B", "C"), chosen)
    model = build(allocation.get("risk_parity"), {})
    both = np.column_stack([chosen["A"].daily, chosen["C"].daily])
    alone, _ = allocate(model, ("A", "C"), both, np.ones(2, dtype=bool), min_history=20, cap=0.4)
    assert weights[[0, 2]] == pytest.approx(alone)
    assert weights[1] == 0.0
    assert weights.max() <= 0.4
    assert notes == ()


def test_correlations_are_known_on_the_first_day(walk):
    known = walk.plan.observations[0]
    assert known[0, 1] >= 40
    assert np.isfinite(walk.plan.correlation[0][np.triu_indices(3, 1)]).all()


def test_an_asset_that_made_no_money_in_sample_is_left_out(bars):
    walk = analyzer(bars, tuning=tuning(assets="profitable")).run()
    for window in walk.windows:
        for symbol, one in window.fits.items():
            assert one.trades == (one.chosen.metrics["net_pnl"] > 0.0)
            assert (symbol in window.choice.parameters) == one.trades
            assert (window.choice.weights[TRIO.index(symbol)] > 0.0) == one.trades
    assert any(not one.trades for window in walk.windows for one in window.fits.values())


def test_only_the_best_assets_trade_if_their_number_is_limited():
    fits = {s: Fit(1, s, 0, score=score) for s, score in (("A", 1.0), ("B", 2.0), ("C", 2.0))}
    fits["D"] = Fit(1, "D", 0, score=9.0, why_not="the chosen trial made no money in sample")
    found = most_wanted(fits, 1)
    assert [one.asset for one in found.values() if one.trades] == ["B"]
    assert found["D"].why_not.endswith("no money in sample")
    assert found["A"].why_not == "not among the 1 assets of the largest objective"


def test_a_walk_in_which_nothing_is_chosen_stays_in_cash(bars):
    walk = analyzer(bars, tuning=tuning(constraints=Constraints(min_trades=10_000))).run()
    assert walk.played.trades == []
    assert set(walk.outside.marks) == {100_000.0}
    assert all(window.inside is None for window in walk.windows)
    assert {one.why_not for w in walk.windows for one in w.fits.values()} == {
        "none of 6 trials could be chosen (0 failed)"
    }


def test_a_walk_that_goes_on_pays_for_no_trial_twice(bars, walk, monkeypatch):
    shelf = Shelf()
    first = analyzer(bars, tuning=tuning(store=shelf)).run()
    monkeypatch.setattr("lockstep.research.evaluation.Evaluator.evaluate", None)
    again = analyzer(bars, tuning=tuning(store=shelf)).run()
    assert np.array_equal(first.outside.marks, walk.outside.marks)
    assert np.array_equal(again.outside.marks, walk.outside.marks)
    assert again.trials == walk.trials == 3 * 6 * len(walk.windows)


def test_processes_find_what_one_process_finds(bars, walk):
    apart = analyzer(bars, jobs=2).run()
    assert np.array_equal(apart.outside.marks, walk.outside.marks)
    for one, other in zip(apart.windows, walk.windows):
        assert [facts(f) for f in one.fits.values()] == [facts(f) for f in other.fits.values()]


def test_an_asset_whose_data_begin_late_joins_when_it_has_enough(bars, walk):
    begin = walk.windows[0].choice.window.begin - 15 * DAY_NS
    found = analyzer({**bars, "XAUUSD": bars["XAUUSD"].between(begin, 2**62)}).run()
    assert found.windows[0].fits["XAUUSD"].why_not == "13 in-sample days with bars; 20 are needed"
    assert found.windows[0].choice.weights[TRIO.index("XAUUSD")] == 0.0
    assert found.windows[-1].fits["XAUUSD"].trades


def test_one_asset_holds_all_the_capital(bars):
    walk = analyzer({"EURUSD": bars["EURUSD"]}, ("EURUSD",)).run()
    assert walk.weights.tolist() == [[1.0]] * len(walk.windows)
    assert len(walk.played.trades) > 20


def test_hindsight_is_chosen_on_the_span_it_is_shown_on(bars):
    walk = analyzer(bars, hindsight=True).run()
    span = walk.hindsight.choice.window
    assert span.in_sample == walk.windows[0].choice.window.begin
    assert span.until == walk.windows[-1].choice.window.end
    assert walk.hindsight.inside.days[0] == walk.outside.days[0]
    assert walk.trials == 3 * 6 * len(walk.windows)


def test_missing_bars_and_no_assets_are_refused(bars):
    with pytest.raises(DataError, match="no bars for EURUSD, XAUUSD"):
        analyzer({"BTCUSD": bars["BTCUSD"]})
    with pytest.raises(ConfigError, match="assets is empty"):
        WalkForwardAnalyzer([], portfolio(), bars)


@pytest.mark.parametrize(
    "given",
    [{"method": "bayesian", "trials": 6}, {"select": "plateau"}],
    ids=["bayesian", "plateau"],
)
def test_searches_that_learn_or_look_beside_see_no_later_bar_either(bars, given):
    pair = {symbol: bars[symbol] for symbol in ("EURUSD", "XAUUSD")}
    usual = {"symbols": tuple(pair), "tuning": tuning(**given)}
    whole = analyzer(pair, **usual).run()
    border = whole.windows[1].choice.window.begin
    spoiled = analyzer(poisoned(pair, border), **usual).run()
    for before, after in zip(whole.windows[:2], spoiled.windows[:2]):
        assert before.choice.parameters == after.choice.parameters
        assert np.array_equal(before.choice.weights, after.choice.weights)
        for symbol in pair:
            assert facts(before.fits[symbol]) == facts(after.fits[symbol])
    assert entered(whole, border) == entered(spoiled, border)
    apart = analyzer(pair, **usual, jobs=2).run()
    assert entered(apart) == entered(whole)


def test_a_plateau_is_chosen_among_the_five_best_of_the_window(bars):
    found = analyzer({"EURUSD": bars["EURUSD"]}, ("EURUSD",), tuning=tuning(select="plateau")).run()
    for window in found.windows:
        one = window.fits["EURUSD"]
        own = [t for t in one.trials if not t.study.endswith("-beside")]
        ranks = sorted(own, key=lambda t: (-t.metrics["sharpe"], t.number))
        assert one.chosen in ranks[:5]
        assert len(one.trials) > len(own) == 6
        assert one.paid == len(one.trials)
