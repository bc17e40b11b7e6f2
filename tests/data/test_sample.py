"""The built-in sample: its statistics, its calendars, its crosses, its cache."""

from pathlib import Path

import numpy as np
import pytest

from lockstep.core.bars import TIMEFRAMES
from lockstep.core.calendar import DAY_NS, HOUR_NS, NEW_YORK, local_hours
from lockstep.core.errors import DataError, UsageError
from lockstep.data.quality import Origin, gate
from lockstep.data.resample import resample
from lockstep.data.sample import (
    SAMPLE_END,
    SAMPLE_SEED,
    SAMPLE_START,
    SAMPLE_SYMBOLS,
    cache_folder,
    is_sample,
    sample_bars,
)
from lockstep.data.synthetic import CROSSES, LEGS, generate, reverting
from tests.data.making import make_bars, ns

STEP = 300_000_000_000
YEAR = 365.25 * DAY_NS
COLUMNS = ("time", "open", "high", "low", "close", "volume")
TICKS = {leg.symbol: leg.tick for leg in LEGS} | {cross[0]: cross[4] for cross in CROSSES}
FX = [leg.symbol for leg in LEGS if leg.hours not in ("metal", "crypto")]
FX += [cross[0] for cross in CROSSES]
METALS, CRYPTO = ["GOLDX", "SILVERX"], ["BTCUSDX", "ETHUSDX"]
VOLATILITY = (
    dict.fromkeys(FX, (0.06, 0.11))
    | {"GOLDX": (0.12, 0.18), "SILVERX": (0.22, 0.35)}
    | dict.fromkeys(CRYPTO, (0.50, 0.90))
)


@pytest.fixture(scope="module")
def sample():
    return sample_bars()


def correlation(left, right):
    _, a, b = np.intersect1d(left.time, right.time, return_indices=True)
    adjacent = np.diff(left.time[a]) == STEP
    returns = [
        np.diff(np.log(bars.close[rows]))[adjacent] for bars, rows in ((left, a), (right, b))
    ]
    return float(np.corrcoef(*returns)[0, 1])


def yearly_volatility(bars, per_day):
    close = bars.close
    if per_day:
        close = close[np.flatnonzero(np.diff(bars.time // DAY_NS, append=0))]
    returns = np.diff(np.log(close))
    span = (bars.time[-1] - bars.time[0]) / YEAR
    return float(np.std(returns) * np.sqrt(len(returns) / span))


def same_bytes(left, right):
    return all(getattr(left, c).tobytes() == getattr(right, c).tobytes() for c in COLUMNS)


def test_the_sample_has_fifteen_assets_of_six_months(sample):
    assert tuple(sample) == SAMPLE_SYMBOLS == tuple(sorted(SAMPLE_SYMBOLS))
    assert len(sample) == 15
    assert set(VOLATILITY) == set(SAMPLE_SYMBOLS)
    assert {int(bars.time[-1] + STEP) for bars in sample.values()} == {SAMPLE_END}
    assert sample["BTCUSDX"].time[0] == SAMPLE_START == ns("2025-01-01")
    assert is_sample("EURUSDX")
    assert not is_sample("EURUSD")


@pytest.mark.parametrize(
    ("left", "right", "low", "high"),
    [
        ("EURUSDX", "GBPUSDX", 0.5, 0.8),
        ("EURUSDX", "USDCHFX", -1.0, -0.5),
        ("BTCUSDX", "ETHUSDX", 0.6, 1.0),
        ("GOLDX", "SILVERX", 0.5, 0.9),
        ("AUDUSDX", "NZDUSDX", 0.5, 0.9),
    ],
)
def test_returns_are_correlated_as_their_market_is(sample, left, right, low, high):
    assert low < correlation(sample[left], sample[right]) < high


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
@pytest.mark.parametrize("per_day", [False, True])
def test_yearly_volatility_is_typical_of_the_class(sample, symbol, per_day):
    low, high = VOLATILITY[symbol]
    assert low <= yearly_volatility(sample[symbol], per_day) <= high


@pytest.mark.parametrize(("cross", "first", "second", "product", "tick"), CROSSES)
def test_crosses_open_and_close_within_a_tick_of_their_legs(
    sample, cross, first, second, product, tick
):
    for column in ("open", "close"):
        left, right = getattr(sample[first], column), getattr(sample[second], column)
        implied = left * right if product else left / right
        assert np.max(np.abs(getattr(sample[cross], column) - implied)) <= tick


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_prices_lie_on_the_tick_and_inside_their_bars(sample, symbol):
    bars = sample[symbol]
    for column in ("open", "high", "low", "close"):
        ticks = getattr(bars, column) / TICKS[symbol]
        np.testing.assert_allclose(ticks, np.rint(ticks), rtol=0, atol=1e-4)
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))
    assert np.all(bars.volume >= 1)
    assert np.mean(bars.high > bars.low) > 0.95


@pytest.mark.parametrize(
    ("last", "first"),
    [
        ("2025-02-28T21:55", "2025-03-02T22:00"),  # New York winter
        ("2025-03-07T21:55", "2025-03-09T21:00"),  # springs forward on the 9th
        ("2025-03-28T20:55", "2025-03-30T21:00"),  # Europe springs forward on the 30th
    ],
)
@pytest.mark.parametrize("symbol", FX)
def test_the_fx_week_ends_friday_and_begins_sunday_seventeen_new_york(sample, symbol, last, first):
    time = sample[symbol].time
    row = int(np.searchsorted(time, ns(last)))
    assert time[row] == ns(last)
    assert time[row + 1] == ns(first)


@pytest.mark.parametrize("symbol", METALS)
def test_metals_pause_from_seventeen_to_eighteen_new_york_every_day(sample, symbol):
    time = sample[symbol].time
    assert 17 not in local_hours(time, NEW_YORK)
    assert int(np.diff(time).min()) == STEP
    pauses = np.diff(time)[np.diff(time) > STEP]
    # Monday to Thursday an hour; weekends 49 h, an hour less when the clocks go forward
    assert sorted({int(p - STEP) // HOUR_NS for p in pauses}) == [1, 48, 49]
    sunday = time[np.searchsorted(time, ns("2025-03-09T00:00"))]
    assert sunday == ns("2025-03-09T22:00")


@pytest.mark.parametrize("symbol", CRYPTO)
def test_crypto_never_closes(sample, symbol):
    time = sample[symbol].time
    assert np.all(np.diff(time) == STEP)
    assert len(time) == (SAMPLE_END - SAMPLE_START) // STEP


@pytest.mark.parametrize("symbol", ["EURUSDX", "GOLDX", "BTCUSDX"])
def test_volatility_follows_the_hours_and_clusters(sample, symbol):
    bars = sample[symbol]
    returns = np.abs(np.diff(np.log(bars.close)))
    hours = local_hours(bars.time[1:], NEW_YORK)
    assert returns[hours == 9].mean() > 1.25 * returns[hours == 21].mean()
    day = bars.time[1:] // DAY_NS
    daily = np.array([returns[day == d].mean() for d in np.unique(day) if (d + 3) % 7 < 5])
    assert np.corrcoef(daily[1:], daily[:-1])[0, 1] > 0.3


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_prices_are_pulled_back_over_an_hour_and_have_fat_tails(sample, symbol):
    close = np.log(sample[symbol].close)
    one, twelve = np.diff(close), close[12:] - close[:-12]
    ratio = np.var(twelve) / (12 * np.var(one))
    assert ratio < 0.95
    assert np.mean((one - one.mean()) ** 4) / np.var(one) ** 2 > 4


def test_the_sample_passes_the_gate_it_is_held_to(sample):
    for bars in sample.values():
        origin = Origin("the sample", "row", np.arange(len(bars), dtype=np.int64))
        always = bars.symbol in CRYPTO
        assert not [n for n in gate(bars, origin, always_open=always).notes if "weekend" in n]


def test_two_calls_and_a_fresh_drawing_give_the_same_bytes(sample):
    again = sample_bars(["EURGBPX", "GOLDX"])
    drawn = generate(SAMPLE_START, SAMPLE_END, SAMPLE_SEED)
    for symbol, bars in again.items():
        assert same_bytes(bars, sample[symbol])
        assert drawn[symbol].time.tobytes() == bars.time.tobytes()
        assert drawn[symbol].columns[3].tobytes() == bars.close.tobytes()


def test_another_seed_is_another_market(monkeypatch, tmp_path, sample):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    other = sample_bars(["EURUSDX"], seed=11)["EURUSDX"]
    assert other.source["seed"] == 11
    assert other.source["sample"] != sample["EURUSDX"].source["sample"]
    assert not np.array_equal(other.close, sample["EURUSDX"].close)


def test_a_damaged_cache_is_drawn_again(sample):
    (path,) = cache_folder().glob(f"sample-{sample['GOLDX'].source['sample']}.npz")
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    for damaged in (b"", b"no zip at all", whole[:middle], flipped):
        path.write_bytes(damaged)
        assert all(same_bytes(bars, sample[name]) for name, bars in sample_bars().items())
    assert path.read_bytes() == whole
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch, tmp_path, sample):
    (tmp_path / "lockstep").write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert same_bytes(sample_bars(["GOLDX"])["GOLDX"], sample["GOLDX"])


def test_a_user_without_a_home_is_served(monkeypatch, sample):
    def homeless(path):
        raise RuntimeError(f"Could not determine home directory for {path}.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA")
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert cache_folder() is None
    assert same_bytes(sample_bars(["GOLDX"])["GOLDX"], sample["GOLDX"])


def test_an_unknown_symbol_or_timeframe_is_refused():
    with pytest.raises(DataError, match="the sample has no 'EURUSD'; did you mean 'EURUSDX'"):
        sample_bars(["EURUSD"])
    with pytest.raises(UsageError, match="timeframe '7m' is unknown"):
        sample_bars(["EURUSDX"], "7m")
    with pytest.raises(DataError, match="EURUSDX has bars of 5 minutes; bars of 1 minutes cannot"):
        sample_bars(["EURUSDX"], "1m")


def test_longer_bars_are_exact_aggregates_by_hand():
    bars = make_bars(4, start="2024-03-04T00:50")
    long = resample(bars, TIMEFRAMES["15m"])
    assert long.time.tolist() == [ns("2024-03-04T00:45"), ns("2024-03-04T01:00")]
    assert long.open.tolist() == [bars.open[0], bars.open[2]]
    assert long.high.tolist() == [max(bars.high[:2]), max(bars.high[2:])]
    assert long.low.tolist() == [min(bars.low[:2]), min(bars.low[2:])]
    assert long.close.tolist() == [bars.close[1], bars.close[3]]
    assert long.volume.tolist() == [bars.volume[:2].sum(), bars.volume[2:].sum()]
    assert long.timeframe == TIMEFRAMES["15m"]


def test_the_sample_is_aggregated_to_longer_timeframes(sample):
    hourly = sample_bars(["EURUSDX"], "1h")["EURUSDX"]
    five = sample["EURUSDX"]
    assert hourly.timeframe == HOUR_NS
    assert np.all(hourly.time % HOUR_NS == 0)
    assert (hourly.high.max(), hourly.low.min()) == (five.high.max(), five.low.min())
    assert hourly.volume.sum() == five.volume.sum()
    assert len(hourly) * 12 == len(five)


def test_the_unrolled_recursion_equals_the_plain_one():
    shocks = np.random.default_rng(3).standard_normal((2, 400))
    decay = 0.5 ** (1 / 5.0)
    plain = shocks.copy()
    for t in range(1, 400):
        plain[:, t] = decay * plain[:, t - 1] + np.sqrt(1 - decay * decay) * shocks[:, t]
    np.testing.assert_allclose(reverting(shocks.copy(), 5.0), plain, rtol=0, atol=1e-8)


def test_each_legs_factor_loadings_leave_it_variance_of_its_own():
    for leg in LEGS:
        assert sum(loading * loading for loading in leg.factors) < 1
