"""The page and the chart of a simulation, from numbers made by hand."""

import dataclasses

import numpy as np
import pytest

from lockstep.report.figures.fan_chart import Fan, draw, png
from lockstep.report.layout import WIDTH
from lockstep.report.montecarlo import MEANING, fan, page, short_labels
from tests.contracts.test_figures import text_boxes

LEVELS = (1, 5, 25, 50, 75, 95, 99)


def table(*values):
    names = [f"p{level}" for level in LEVELS]
    return {"mean": 0.0125, "std": 0.1, **dict(zip(names, values, strict=True))}


def chance(value, low=0.1, high=0.2):
    return {"value": value, "low": low, "high": high}


def block(reached=0.25):
    return {
        "final_equity": table(70e3, 80e3, 95e3, 101e3, 110e3, 125e3, 140e3),
        "total_return": table(-0.3, -0.2, -0.05, 0.01, 0.1, 0.25, 0.4),
        "max_drawdown": table(0.01, 0.02, 0.05, 0.1, 0.15, 0.3, 0.45),
        "expected_shortfall": {"5%": -0.25, "1%": None},
        "probability": {
            "loss": chance(0.45),
            "breaker": chance(reached),
            "ruin": chance(0.0125, 0.01, 0.015),
            "nothing_left": chance(0.0, 0.0, 0.0004),
        },
    }


def numbers(**changes):
    made = {
        "run_id": "20250301-120000-1a2b3c4d",
        "variant": "blocks",
        "labels": ["SYNTHETIC"],
        "notes": ["60 days in blocks of 6.0 are about 10 independent pieces."],
        "currency": "USD",
        "capital": 100_000.0,
        "settings": {
            "paths": 10_000,
            "horizon_days": 60,
            "seed": 7,
            "scheme": "stationary",
            "wrap": True,
            "block_days": 6.0,
            "block_chosen": True,
            "block_of_returns": 2.0,
            "block_of_sizes": 6.0,
            "ruin": 0.4,
            "breaker": 0.25,
            "breaker_is_the_runs": True,
        },
        "drawn_from": {
            "row": "trading day",
            "rows": 60,
            "first_day": "2025-01-06",
            "last_day": "2025-03-28",
            "assets": ["A", "B"],
        },
        "observed": {
            "final_equity": 103_000.0,
            "total_return": 0.03,
            "max_drawdown": 0.08,
            "max_drawdown_every_step": 0.0925,
            "rank_of_return": 0.5625,
            "rank_of_drawdown": 0.375,
        },
        **block(),
        "longest_under_water": table(5, 10, 20, 30, 40, 55, 60),
        "share_under_water": table(0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0),
        "with_breaker": block(),
        "contributions": {
            "A": table(-0.1, -0.05, 0.0, 0.01, 0.02, 0.05, 0.1) | {"loss": chance(0.3)},
            "B": table(-0.2, -0.1, 0.0, 0.02, 0.03, 0.06, 0.2) | {"loss": chance(0.2)},
        },
        "sensitivity": [
            {
                "block_days": length,
                "paths": 2000,
                "return_p5": -0.2,
                "return_p50": 0.01,
                "max_drawdown_p50": 0.1,
                "max_drawdown_p95": 0.3,
                "loss": 0.45,
                "breaker": 0.2,
            }
            for length in (1.0, 6.0)
        ],
        "undefined": {},
    }
    return made | changes


def test_the_page_begins_with_what_it_is_and_is_not():
    text = page(numbers())
    top = " ".join(text.split("WHAT WAS DRAWN")[0].replace("|", " ").split())
    assert "BOOTSTRAP OF A BACKTEST - the trading days of one run, drawn again in blocks" in top
    assert "Resampling cannot show a market that the history does not hold" in top
    assert "IN-SAMPLE - the days are those of the backtest." in top
    assert "SYNTHETIC - the prices are generated, not quoted." in top
    assert max(len(line) for line in text.splitlines()) <= WIDTH


def test_outcomes_stand_in_columns_of_percentiles():
    lines = page(numbers()).splitlines()
    (equity, _) = (line.split() for line in lines if "Final equity, USD" in line)
    expected = "70,000 80,000 95,000 101,000 110,000 125,000 140,000"
    assert " ".join(equity[3:10]) == expected
    (drawdown, _) = (line.split() for line in lines if "Max drawdown, %" in line)
    assert " ".join(drawdown[3:10]) == "1.00 2.00 5.00 10.00 15.00 30.00 45.00"
    text = " ".join(" ".join(lines).split())
    assert "Expected shortfall (mean return): -25.00% in the worst 5%." in text
    assert (
        "return 3.00% (above 56.25% of the paths), max drawdown 8.00% (deeper than 37.50%" in text
    )


def test_probabilities_stand_with_and_without_the_breaker():
    lines = page(numbers()).splitlines()
    (reached,) = (line for line in lines if "Drawdown of 25.00% (breaker)" in line)
    expected = "25.00% 10.00 to 20.00% 25.00% 10.00 to 20.00%"
    assert " ".join(reached.split()[4:]) == expected
    (ruin,) = (line for line in lines if "Equity of 60.00% or less (ruin)" in line)
    assert " ".join(ruin.split()).endswith("1.25% 1.00 to 1.50% 1.25% 1.00 to 1.50%")


def test_assets_are_sorted_by_what_they_added():
    lines = page(numbers()).splitlines()
    start = next(at for at, line in enumerate(lines) if "WHAT EACH ASSET ADDED" in line)
    assert [line.split()[0] for line in lines[start + 3 : start + 5]] == ["B", "A"]


def test_a_limit_that_no_path_reached_is_said_in_a_line():
    text = page(numbers(**block(reached=0.0)))
    assert "No path reached it: the same as above." in text
    assert text.count("Final equity, USD") == 1


def test_without_a_breaker_there_is_no_word_of_its_probability():
    given = numbers(with_breaker=None)
    given["settings"] = given["settings"] | {"breaker": None}
    text = page(given)
    assert "(breaker)" not in text
    assert "CLOSED FOR GOOD" not in text


def test_windows_are_not_called_draws():
    given = numbers(variant="starts", sensitivity=[])
    given["settings"] = given["settings"] | {
        "block_days": None,
        "seed": None,
        "paths": 31,
        "wrap": False,
    }
    given["observed"] = given["observed"] | {"rank_of_return": None}
    given["undefined"] = {"observed.rank_of_return": "the run is shorter than a path"}
    for event in (*given["probability"].values(), *given["with_breaker"]["probability"].values()):
        event.update(low=None, high=None)
    text = " ".join(page(given).replace("|", " ").split())
    assert "OTHER STARTS OF A BACKTEST - nothing is simulated" in text
    assert "60 days in a row from every start that fits: 31 windows" in text
    assert "Windows share their days" in text
    assert "95% interval" not in text
    assert "[1] the run is shorter than a path" in text
    assert not any(word in text for word in ("A block", "Seed", "OTHER BLOCKS"))


def test_a_run_without_an_id_is_called_unsaved():
    assert "Run (unsaved) | variant blocks" in page(numbers(run_id=None))


def test_labels_are_short_on_the_chart():
    assert short_labels(numbers()) == ["BOOTSTRAP OF A BACKTEST", "IN-SAMPLE", "SYNTHETIC"]
    assert {text.split(" - ")[0] for text in MEANING.values()} == {
        "BOOTSTRAP OF A BACKTEST",
        "THE TRADES OF A BACKTEST IN ANOTHER ORDER",
        "OTHER STARTS OF A BACKTEST",
    }


# The chart --------------------------------------------------------------------------------------


def arrays(paths=200, days=60, scale=1.0, width=0.02):
    steps = np.random.default_rng(2).normal(0.0005, width, (paths, days))
    equity = 100_000.0 * scale * np.cumprod(1.0 + steps, axis=1)
    equity = np.concatenate([np.full((paths, 1), 100_000.0 * scale), equity], axis=1)
    return {
        "days": np.arange(days + 1),
        "bands": np.percentile(equity, LEVELS, axis=0),
        "observed": equity[0],
        "final": equity[:, -1],
        "max_drawdown": (1.0 - equity / np.maximum.accumulate(equity, axis=1)).max(axis=1),
    }


def still():
    flat = {name: np.full(61, 100_000.0) for name in ("observed",)}
    bands = np.full((7, 61), 100_000.0)
    zero = np.zeros(3)
    return arrays() | flat | {"bands": bands, "final": zero + 100_000.0, "max_drawdown": zero}


FANS = {
    "usual": lambda: fan(numbers(), arrays()),
    "wide": lambda: fan(numbers(), arrays(days=900, width=0.06)),
    "large sums": lambda: fan(numbers(), arrays(scale=1e5)),
    "one path": lambda: fan(numbers(), arrays(paths=1)),
    "nothing happens": lambda: fan(numbers(), still()),
    "no breaker": lambda: dataclasses.replace(fan(numbers(), arrays()), limit=None),
    "far breaker": lambda: dataclasses.replace(fan(numbers(), arrays(width=1e-3)), limit=0.9),
    "many labels": lambda: dataclasses.replace(
        fan(numbers(), arrays()),
        labels=["in-sample selection: $A$, 銘柄 " + "X, " * 200],
        title="_",
    ),
    "a shorter run": lambda: fan(numbers(), arrays() | {"observed": np.full(20, 1e5)}),
}


@pytest.mark.parametrize("name", FANS)
def test_a_fan_chart_keeps_its_text_inside_and_apart(name):
    figure = draw(FANS[name]())
    figure.canvas.draw()
    boxes = text_boxes(figure)
    assert len(boxes) > 10
    frame = figure.bbox
    for index, (text, box) in enumerate(boxes):
        assert box.x0 >= frame.x0 and box.x1 <= frame.x1, text
        assert box.y0 >= frame.y0 and box.y1 <= frame.y1, text
        for other, against in boxes[index + 1 :]:
            assert not box.overlaps(against), (text, other)


def test_a_fan_chart_is_the_same_bytes_when_drawn_again():
    first = png(FANS["usual"]())
    assert first.startswith(b"\x89PNG")
    assert first == png(FANS["usual"]())


def test_a_fan_chart_draws_every_band_and_the_run_itself():
    chart = FANS["usual"]()
    top, ends, falls = draw(chart).axes
    assert top.get_xlabel() == "trading days after the start"
    assert top.get_ylabel() == "USD"
    assert np.array_equal(top.lines[0].get_ydata(), chart.bands[3])
    assert np.array_equal(top.lines[1].get_ydata(), chart.observed)
    assert len(top.collections) == 3
    bars = sum(bar.get_width() for bar in ends.patches)
    inside = np.mean((chart.final >= top.get_ylim()[0]) & (chart.final <= top.get_ylim()[1]))
    assert bars == pytest.approx(100.0 * inside)
    said = [text.get_text() for text in ends.get_legend().get_texts()]
    low, high = chart.bands[0][-1], chart.bands[-1][-1]
    assert said[0] == f"1% to 99%  {low:,.2f} to {high:,.2f}"
    assert falls.get_xlabel() == "max drawdown at daily marks, %"
    reached = np.mean(chart.max_drawdown >= 0.25)
    said = [text.get_text() for text in falls.get_legend().get_texts()]
    assert said[2] == f"breaker 25.00%: {reached:.2%} reach it"


def test_a_run_shorter_than_its_paths_is_ranked_nowhere():
    _, ends, falls = draw(FANS["a shorter run"]()).axes
    assert len(ends.lines) == 1
    assert falls.get_legend().get_texts()[1].get_text() == "the run 0.00%"


def test_a_fan_that_spreads_far_has_a_logarithmic_axis():
    top = draw(FANS["wide"]()).axes[0]
    assert (top.get_yscale(), top.get_ylabel()) == ("log", "USD (logarithmic)")
    assert draw(FANS["usual"]()).axes[0].get_yscale() == "linear"


def test_the_chart_says_what_a_day_of_trades_is():
    given = numbers(variant="order")
    given["drawn_from"] = given["drawn_from"] | {"row": "trading day on which a trade was closed"}
    chart = fan(given, arrays())
    assert isinstance(chart, Fan)
    assert chart.day == "trading days with a closed trade"
    assert "blocks of 6.0 days, seed 7" in chart.subtitle
    assert (
        "31 windows"
        in fan(
            numbers(variant="starts", settings={**given["settings"], "paths": 31}), arrays()
        ).subtitle
    )
