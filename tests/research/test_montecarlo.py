"""The simulation of a run: hand-made runs in, distributions with known answers out."""

import dataclasses
import json
import math

import numpy as np
import pytest

from lockstep.core.errors import ConfigError, DataError
from lockstep.metrics.distribution import LEVELS
from lockstep.metrics.resampling import Blocks, best_length, streams
from lockstep.research.montecarlo import UNUSED, VARIANTS, MonteCarlo
from lockstep.research.outcomes import arrays, outcomes
from lockstep.research.paths import curve
from lockstep.research.rows import Rows, day_rows, trade_rows
from tests.report import results

CAPITAL = results.CAPITAL


def made(pnl, **facts):
    """Return a run whose assets earn `pnl`, shape (n_days, n_assets)."""
    pnl = np.array(pnl, dtype=np.float64)
    run = results.made(pnl.shape[1], len(pnl), pnl=pnl)
    # the last hours of the clock belong to a trading day of their own
    return dataclasses.replace(run, equity=run.equity.iloc[:-3], facts={**run.facts, **facts})


def compounding(returns):
    """Return a run whose one asset earns these fractions of the account, day by day."""
    equity = CAPITAL * np.cumprod(1.0 + np.asarray(returns))
    return made(np.diff(equity, prepend=CAPITAL)[:, None])


def noise(days=60, count=3, seed=1):
    return made(np.random.default_rng(seed).normal(50.0, 700.0, (days, count)))


# Rows -------------------------------------------------------------------------------------------


def test_a_row_is_what_each_asset_added_to_the_account_of_the_day_before():
    pnl = np.zeros((30, 2))
    pnl[:3] = [[1000.0, 0.0], [-2020.0, 1010.0], [0.0, 999.9]]
    rows = day_rows(made(pnl))
    assert (rows.symbols, len(rows), rows.initial) == (("ASSET00", "ASSET01"), 30, CAPITAL)
    # 100,000 -> 101,000 -> 99,990 -> 100,989.9
    expected = [[0.01, 0.0], [-0.02, 0.01], [0.0, 0.01]]
    assert rows.returns[:3] == pytest.approx(np.array(expected))
    assert rows.growth[:3] == pytest.approx([1.01, 0.99, 1.01])


def test_rows_of_trades_hold_only_days_on_which_a_trade_was_closed():
    run = noise(days=40, count=2)
    every = trade_rows(run)
    assert every.returns == pytest.approx(day_rows(run).returns, abs=1e-12)
    # leave out the last ten trades, five days of both assets: the account ends where day 35 did
    fewer = dataclasses.replace(run, trades=run.trades.iloc[:-10], equity=run.equity.iloc[:-120])
    rows = trade_rows(fewer)
    assert len(rows) == 35
    assert rows.returns == pytest.approx(every.returns[:35], abs=1e-12)


def test_trades_that_close_on_one_day_share_a_row_however_they_are_sorted():
    run = noise(days=35, count=2)
    upside_down = dataclasses.replace(run, trades=run.trades.iloc[::-1])
    assert np.array_equal(trade_rows(upside_down).returns, trade_rows(run).returns)


def test_debt_that_the_broker_bore_belongs_to_no_trade():
    run = noise(days=35, count=2)
    equity = run.equity.copy()
    equity.loc[equity.index[-1], "total"] += 250.0
    ledger = run.ledger.copy()
    ledger.loc[len(ledger) - 1, "broker_loss"] = 250.0
    lifted = dataclasses.replace(run, equity=equity, ledger=ledger)
    assert trade_rows(lifted).final == pytest.approx(trade_rows(run).final)
    with pytest.raises(DataError, match="with a closed trade compound to"):
        trade_rows(dataclasses.replace(run, equity=equity))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: noise(days=29), "the run has 29 trading days; expected at least 30"),
        (results.partial, "the run holds no portfolio, only solo runs"),
        (lambda: made(np.zeros((40, 2))), "no day of the run earned or lost anything"),
        (lambda: compounding([0.01] * 30 + [-1.0] + [0.0] * 9), "fell to zero or below before"),
        (
            lambda: dataclasses.replace(noise(), ledger=noise(seed=2).ledger),
            "the trading days compound to .* but the run ended at",
        ),
    ],
)
def test_a_run_that_cannot_be_drawn_from_is_refused(run, message):
    with pytest.raises(DataError, match=message):
        MonteCarlo(paths=10).run(run())


def test_a_run_without_trades_has_no_order_to_change():
    run = noise()
    with pytest.raises(DataError, match="the run closed no trade"):
        MonteCarlo(variant="order").run(dataclasses.replace(run, trades=run.trades.iloc[:0]))
    stranger = run.trades.assign(asset="OTHER")
    with pytest.raises(DataError, match=r"trades.csv has trades of OTHER"):
        MonteCarlo(variant="trades").run(dataclasses.replace(run, trades=stranger))


# The distribution, against theory ---------------------------------------------------------------


def test_independent_days_have_the_mean_and_variance_of_theory():
    # log growth of a path is the sum of 50 independent draws from 80 known values
    returns = np.random.default_rng(3).normal(0.001, 0.02, 80)
    settings = MonteCarlo(paths=20_000, block_days=1.0, horizon_days=50, seed=11)
    logs = np.log(settings.run(compounding(returns)).paths.ends.final)
    each = np.log1p(returns)
    error = math.sqrt(50 * each.var() / 20_000)
    assert logs.mean() == pytest.approx(50 * each.mean(), abs=4 * error)
    assert logs.var() == pytest.approx(50 * each.var(), rel=4 * math.sqrt(2 / 20_000))


def test_the_mean_of_compounded_independent_days_is_the_power_of_their_mean():
    returns = np.random.default_rng(4).normal(0.002, 0.01, 40)
    found = MonteCarlo(paths=20_000, block_days=1.0, horizon_days=30).run(compounding(returns))
    final = found.paths.ends.final
    expected = (1.0 + returns.mean()) ** 30
    assert final.mean() == pytest.approx(expected, abs=4 * final.std() / math.sqrt(20_000))


def test_blocks_keep_the_variance_of_the_sums_of_their_days():
    # pairs of equal days: the sums of 20 days in a row vary more than those of 20 strangers
    logs = np.repeat(np.random.default_rng(5).normal(0.0, 0.01, 100), 2)
    run = compounding(np.expm1(logs))
    twice = np.concatenate([logs, logs])
    sums = np.array([twice[start : start + 20].sum() for start in range(200)])

    def spread(length):
        settings = MonteCarlo(paths=8000, block_days=length, scheme="circular", horizon_days=100)
        return np.log(settings.run(run).paths.ends.final).var()

    # 100 days are five independent blocks of 20, or a hundred days
    error = 4 * math.sqrt(2 / 8000)
    assert spread(20.0) == pytest.approx(5 * sums.var(), rel=error)
    assert spread(1.0) == pytest.approx(100 * logs.var(), rel=error)
    assert sums.var() > 1.5 * 20 * logs.var()


def test_assets_of_one_day_stay_together():
    # B is the mirror of A: apart they scatter, together no path moves
    a = np.random.default_rng(6).normal(0.0, 900.0, 60)
    found = MonteCarlo(paths=400).run(made(np.stack([a, -a], axis=1))).paths
    assert found.ends.final == pytest.approx(np.ones(400), abs=1e-12)
    assert found.contributions[:, 0].std() > 0.02
    assert np.corrcoef(found.contributions.T)[0, 1] == pytest.approx(-1.0, abs=1e-9)


def test_the_correlation_of_drawn_rows_is_that_of_the_run():
    draws = np.random.default_rng(7).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 250)
    rows = day_rows(made(300.0 * draws))
    index = Blocks("stationary", 5.0).drawn(streams(1), 200, 250, 250)
    drawn = rows.returns[index].reshape(-1, 2)
    known = np.corrcoef(rows.returns.T)[0, 1]
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(known, abs=0.02)


# Variants ---------------------------------------------------------------------------------------


def test_another_order_of_the_same_days_ends_at_the_same_equity():
    run = noise(days=50)
    found = MonteCarlo(variant="order", paths=300, block_days=3.0).run(run)
    final = run.equity["total"].iloc[-1] / CAPITAL
    assert found.paths.ends.final == pytest.approx(np.full(300, final), rel=1e-12)
    assert found.paths.ends.max_drawdown.std() > 0.01
    numbers = outcomes(found, run)
    assert numbers["observed"]["rank_of_return"] is None
    assert numbers["undefined"]["observed.rank_of_return"] == "every order ends at the same equity"


def test_other_starts_are_stretches_of_the_run_itself():
    run = noise(days=40)
    found = MonteCarlo(variant="starts", horizon_days=38).run(run)
    growth = day_rows(run).growth
    expected = [growth[0:38].prod(), growth[1:39].prod(), growth[2:40].prod()]
    assert found.paths.ends.final == pytest.approx(expected, rel=1e-12)
    assert (found.settings.paths, found.lengths, found.sensitivity) == (3, None, ())
    numbers = outcomes(found, run)
    assert numbers["probability"]["loss"]["low"] is None
    assert "share their days" in numbers["undefined"]["probability.loss.low"]
    assert numbers["settings"]["seed"] is None


def test_starts_that_wrap_begin_on_every_day():
    run = noise(days=40)
    found = MonteCarlo(variant="starts", horizon_days=40, wrap=True).run(run)
    whole = day_rows(run).growth.prod()
    assert found.paths.ends.final == pytest.approx(np.full(40, whole), rel=1e-12)


def test_starts_follow_half_the_run_unless_told_otherwise():
    found = MonteCarlo(variant="starts").run(noise(days=41))
    assert (found.settings.horizon_days, found.settings.paths) == (20, 22)


def test_what_a_variant_ignores_changes_nothing():
    run = noise(days=40)
    other = {
        "wrap": True,
        "horizon_days": 7,
        "paths": 3,
        "seed": 5,
        "scheme": "circular",
        "block_days": 9.0,
    }
    for variant in VARIANTS:
        plain = MonteCarlo(variant=variant, **({} if variant == "starts" else {"paths": 50}))
        changed = dataclasses.replace(plain, **{name: other[name] for name in UNUSED[variant]})
        first, second = plain.run(run).paths, changed.run(run).paths
        assert np.array_equal(first.fan, second.fan), variant


# Settings ---------------------------------------------------------------------------------------


def test_a_seed_repeats_a_simulation_and_another_does_not():
    run = noise()

    def final(**settings):
        return MonteCarlo(paths=200, **settings).run(run).paths.ends.final

    assert np.array_equal(final(seed=3), final(seed=3))
    assert not np.array_equal(final(seed=3), final(seed=4))
    # the run's own seed is 7
    assert np.array_equal(final(), final(seed=7))
    assert np.array_equal(
        final(seed=3)[:50], MonteCarlo(paths=50, seed=3).run(run).paths.ends.final
    )


def test_the_block_is_the_longer_of_those_for_returns_and_for_their_size():
    calm, wild = np.random.default_rng(8).normal(0.0, [[0.001], [0.02]], (2, 100))
    returns = np.concatenate([calm[:50], wild[:50], calm[50:], wild[50:]])
    found = MonteCarlo(paths=10).run(compounding(returns)).lengths
    growth = day_rows(compounding(returns)).growth - 1.0
    assert found.of_returns == best_length(growth, "stationary")
    assert found.of_sizes == best_length(np.abs(growth), "stationary")
    assert (found.used, found.chosen) == (found.of_sizes, True)
    assert found.of_sizes > 2 * found.of_returns
    given = MonteCarlo(paths=10, block_days=4.0).run(compounding(returns)).lengths
    assert (given.used, given.chosen, given.of_sizes) == (4.0, False, found.of_sizes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant": "luck"}, "variant is 'luck'; expected one of blocks, trades, order, starts"),
        ({"paths": 0}, "paths is 0; expected a number at least 1"),
        ({"paths": 200_000}, "paths is 200000; expected a number .* at most 100000"),
        ({"block_days": 0.5}, "block_days is 0.5; expected a number at least 1"),
        ({"ruin": 0.0}, "ruin is 0; expected a number above 0"),
        ({"breaker": 1.5}, "breaker is 1.5; expected a number above 0 and at most 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        MonteCarlo(**settings)


def test_a_block_or_a_window_longer_than_the_run_is_refused():
    with pytest.raises(ConfigError, match="block_days is 61; expected at most the 60 rows"):
        MonteCarlo(block_days=61.0).run(noise(days=60))
    with pytest.raises(ConfigError, match="horizon_days is 61; expected at most the 60 days"):
        MonteCarlo(variant="starts", horizon_days=61).run(noise(days=60))


def test_the_limit_is_that_of_the_runs_breaker_unless_one_is_given():
    run = noise()  # its config has a breaker at 25 %
    found = MonteCarlo(paths=20).run(run)
    assert (found.limit, found.own_limit) == (0.25, True)
    given = MonteCarlo(paths=20, breaker=0.1).run(run)
    assert (given.limit, given.own_limit) == (0.1, False)
    without = dataclasses.replace(run, facts={**run.facts, "rules": []})
    found = MonteCarlo(paths=20).run(without)
    assert (found.limit, found.paths.halted) == (None, None)
    numbers = outcomes(found, without)
    assert numbers["with_breaker"] is None
    assert numbers["undefined"]["with_breaker"].startswith("the run has no breaker")
    torn = dataclasses.replace(run, config={"portfolio": {"risk": {}}})
    with pytest.raises(DataError, match="names the rule breaker, but config"):
        MonteCarlo(paths=20).run(torn)


# Numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_numbers_are_plain_and_agree_with_each_other(variant):
    run = noise(days=70)
    simulation = MonteCarlo(variant=variant, **({} if variant == "starts" else {"paths": 500})).run(
        run
    )
    numbers = outcomes(simulation, run)
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    names = [f"p{level}" for level in LEVELS]
    tables = [
        *(numbers[key] for key in ("final_equity", "total_return", "max_drawdown")),
        *(numbers["with_breaker"][key] for key in ("final_equity", "max_drawdown")),
        *numbers["contributions"].values(),
    ]
    for table in tables:
        values = [table[name] for name in names]
        assert values == sorted(values)
    assert numbers["final_equity"]["p5"] == pytest.approx(
        CAPITAL * (1.0 + numbers["total_return"]["p5"])
    )
    mean = sum(asset["mean"] for asset in numbers["contributions"].values())
    assert mean == pytest.approx(numbers["total_return"]["mean"], abs=1e-12)
    chance = numbers["probability"]
    assert chance["nothing_left"]["value"] <= chance["ruin"]["value"]
    ends = simulation.paths.ends
    assert chance["loss"]["value"] == np.mean(ends.final < 1.0)
    assert chance["breaker"]["value"] == np.mean(simulation.paths.tripped)


def test_the_probabilities_of_a_coin_are_those_of_the_binomial():
    # days of +40 % and -40 %, drawn one by one: of three days the equities are
    # 2.744, 1.176 (3 ways), 0.504 (3 ways), 0.216
    returns = np.tile([0.4, -0.4], 20)
    run = compounding(returns)
    settings = MonteCarlo(paths=40_000, block_days=1.0, horizon_days=3, ruin=0.6, breaker=0.5)
    numbers = outcomes(settings.run(run), run)
    chance = numbers["probability"]

    def near(value):
        return pytest.approx(value, abs=0.01)

    assert chance["loss"]["value"] == near(4 / 8)
    # at or below 0.4: 1, 0.6, 0.36 begins with two losses, or 1.4, 0.84, 0.504 does not
    assert chance["ruin"]["value"] == near(2 / 8)
    # half lost from the peak: two losses in a row, 64 %; 0.6, 0.84, 0.504 is 49.6 %
    assert chance["breaker"]["value"] == near(3 / 8)
    assert chance["nothing_left"]["value"] == 0.0
    assert 0.0 < chance["nothing_left"]["high"] < 0.0002
    assert chance["loss"]["low"] < 0.5 + 0.01 and chance["loss"]["high"] > 0.5 - 0.01
    # with the breaker, all that began with two losses stays at 0.36
    assert numbers["with_breaker"]["probability"]["loss"]["value"] == near(4 / 8)
    assert numbers["with_breaker"]["final_equity"]["p5"] == pytest.approx(0.36 * CAPITAL)
    assert numbers["final_equity"]["p5"] == pytest.approx(0.216 * CAPITAL)
    assert numbers["observed"]["total_return"] == pytest.approx(1.4 * 0.6 * 1.4 - 1.0)


def test_a_day_that_takes_everything_ends_a_path_there():
    returns = np.full(40, 0.01)
    returns[-1] = -1.0  # the last day: the equity before it was still there
    run = compounding(returns)
    numbers = outcomes(MonteCarlo(paths=4000, block_days=1.0).run(run), run)
    # a path of 40 draws misses the day with probability (39/40)^40
    gone = 1.0 - (39 / 40) ** 40
    assert numbers["probability"]["nothing_left"]["value"] == pytest.approx(gone, abs=0.03)
    assert numbers["final_equity"]["p5"] == 0.0
    assert numbers["expected_shortfall"]["5%"] == -1.0


def test_constant_returns_make_one_path_and_say_so():
    run = compounding(np.full(40, 0.001))
    numbers = outcomes(MonteCarlo(paths=50).run(run), run)
    assert "The daily returns do not vary: every path is the same." in numbers["notes"]
    assert numbers["settings"]["block_days"] == 1.0
    assert numbers["final_equity"]["p1"] == pytest.approx(CAPITAL * 1.001**40)
    assert numbers["final_equity"]["p99"] == pytest.approx(CAPITAL * 1.001**40)
    assert numbers["probability"]["loss"]["value"] == 0.0
    assert numbers["max_drawdown"]["p99"] == 0.0


def test_a_run_shorter_than_its_paths_has_no_rank():
    run = noise(days=40)
    numbers = outcomes(MonteCarlo(paths=50, horizon_days=90).run(run), run)
    assert numbers["observed"]["rank_of_return"] is None
    assert numbers["undefined"]["observed.rank_of_drawdown"] == "the run is shorter than a path"
    assert "A path is longer than the run: days must come up repeatedly." in numbers["notes"]


def test_notes_tell_of_rules_that_are_not_played_again():
    run = noise(days=60)
    config = results.config_of(
        risk={"breaker": {"limit": 0.2, "effect": "block_entries", "resume": "next_month"}}
    )
    trip = results.decisions_of(("2025-01-20T00:00", "D", "", "breaker_trip", 0.2, 0.2, "."))
    run = dataclasses.replace(
        run,
        config=config,
        decisions=trip,
        facts={**run.facts, "rules": ["breaker", "drawdown_scaling"]},
    )
    said = " ".join(outcomes(MonteCarlo(paths=20, block_days=6.0).run(run), run)["notes"])
    assert "60 days in blocks of 6.0 are about 10 independent pieces" in said
    assert "The breaker tripped in the run (1 x)" in said
    assert "its drawdown scaling answered the run's own drawdown" in said
    assert "effect block_entries and resume next_month" in said


def test_other_blocks_are_tried_with_fewer_paths():
    run = noise(days=90)
    numbers = outcomes(MonteCarlo(paths=3000, block_days=6.0).run(run), run)
    lines = numbers["sensitivity"]
    assert [line["block_days"] for line in lines] == [1.0, 1.5, 6.0, 24.0]
    assert [line["paths"] for line in lines] == [2000, 2000, 3000, 2000]
    used = lines[2]
    assert used["return_p5"] == numbers["total_return"]["p5"]
    assert used["breaker"] == numbers["probability"]["breaker"]["value"]


def test_arrays_for_the_chart_are_money():
    run = noise(days=60)
    simulation = MonteCarlo(paths=200).run(run)
    found = arrays(simulation)
    numbers = outcomes(simulation, run)
    assert found["bands"].shape == (len(LEVELS), 61)
    assert found["bands"][:, 0] == pytest.approx(np.full(len(LEVELS), CAPITAL))
    ends = [numbers["final_equity"][f"p{level}"] for level in LEVELS]
    assert found["bands"][:, -1] == pytest.approx(ends)
    assert found["observed"][0] == CAPITAL
    assert found["observed"][-1] == pytest.approx(run.equity["total"].iloc[-1])
    assert found["days"].tolist() == list(range(61))


def test_a_curve_begins_at_one():
    rows = Rows(("A",), np.arange(2), np.array([[0.5], [-2.0]]), 1.0, 0.0)
    assert curve(rows.growth[None]).tolist() == [[1.0, 1.5, 0.0]]
