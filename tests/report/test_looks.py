"""One asset, one look: told apart by every eye, and the same in every figure of a run."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from lockstep.core.registry import figures
from lockstep.report.canvas import drawn
from lockstep.report.looks import COLOURS, look_of, looks_of
from lockstep.report.studies.walkforward import Walked, parameters
from tests.report.busy import busy, frontier_of, reading_of
from tests.report.results import made

#: What is left of linear RGB without one kind of cone: Machado, Oliveira, Fernandes (2009), "A
#: physiologically-based model for simulation of color vision deficiency", severity 1.
EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
#: Least distance wanted, in hundredths of OKLab (white to black is 100, about 2 can just be seen).
APART = {"all cones": 11.5, "protanopia": 8.0, "deuteranopia": 6.4, "tritanopia": 7.0}
NEIGHBOURS = {"all cones": 12.5, "protanopia": 8.0, "deuteranopia": 7.5, "tritanopia": 7.0}


def linear(colours):
    """Return sRGB without its gamma, shape (n, 3)."""
    values = np.array([[int(c[at : at + 2], 16) for at in (1, 3, 5)] for c in colours]) / 255.0
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(light):
    """Return perceptual coordinates: Ottosson (2020), "A perceptual color space"."""
    cones = light @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(cones) @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ]
    )


def nearest(colours, eye):
    """Return the least distance of two colours to an eye, hundredths of OKLab."""
    seen = 100.0 * oklab(np.clip(linear(colours) @ EYES[eye].T, 0.0, 1.0))
    between = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    return between[np.triu_indices(len(colours), 1)].min()


def test_black_and_white_are_a_hundred_apart_to_every_eye():
    for eye in EYES:
        assert nearest(["#000000", "#FFFFFF"], eye) == pytest.approx(100.0, abs=0.1)


def test_red_and_green_of_one_lightness_are_alike_to_an_eye_without_green_cones():
    red, green = "#C0504D", "#7F7A3D"
    assert nearest([red, green], "all cones") > 10.0
    assert nearest([red, green], "deuteranopia") < 5.0


@pytest.mark.parametrize("eye", EYES)
def test_fifteen_assets_have_colours_that_every_eye_tells_apart(eye):
    fifteen = {look_of(place).colour for place in range(15)}
    assert len(fifteen) == 15
    assert nearest(sorted(fifteen), eye) >= APART[eye]
    assert nearest(COLOURS, eye) >= APART[eye]


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("half", [COLOURS[:8], COLOURS[8:]])
def test_colours_that_share_a_line_style_are_further_apart(eye, half):
    assert nearest(half, eye) >= NEIGHBOURS[eye]


def test_every_colour_is_seen_on_white():
    luminance = linear(COLOURS) @ np.array([0.2126, 0.7152, 0.0722])
    assert (1.05 / (luminance + 0.05)).min() >= 2.0


def test_thirty_two_assets_look_different_as_lines_and_as_areas():
    looks = [look_of(place) for place in range(32)]
    assert len({(look.colour, look.dashes) for look in looks}) == 32
    assert len({(look.colour, look.hatch) for look in looks}) == 32
    assert look_of(32) == look_of(0)


def test_of_thirty_assets_those_of_one_colour_differ_in_line_and_hatching():
    looks = [look_of(place) for place in range(30)]
    for place in range(16, 30):
        twin = looks[place - 16]
        assert looks[place].colour == twin.colour
        assert looks[place].dashes != twin.dashes
        assert looks[place].hatch != twin.hatch


def test_a_look_depends_on_the_assets_of_the_run_and_not_on_their_order():
    assert looks_of(["B", "C", "A"]) == looks_of("ABC")
    assert looks_of("ABC")["B"] == look_of(1)


def named(axes):
    """Return the last word of each key, and the colour beside it."""
    key = axes.get_legend()
    handles = [*key.get_lines(), *key.get_patches()]
    look = [h.get_facecolor() if hasattr(h, "get_facecolor") else h.get_color() for h in handles]
    found = {}
    for text, colour in zip(key.get_texts(), look, strict=True):
        (name,) = (word for word in text.get_text().split() if word[0].isalpha())
        found[name] = to_hex(colour).upper()
    return found


@pytest.mark.parametrize("count", [2, 15, 30])
def test_an_asset_has_one_colour_in_every_figure_of_a_run(count):
    known = reading_of(busy(count, 6), frontier=frontier_of(count))
    wanted = {symbol: look.colour for symbol, look in looks_of(known.symbols).items()}
    seen = {
        "equity": named(drawn(figures.get("equity")(), known).axes[1]),
        "weights": named(drawn(figures.get("weights")(), known).axes[0]),
        "frontier": named(drawn(figures.get("frontier")(), known).axes[1]),
    }
    assert set(seen["equity"]) == set(wanted)
    assert set(seen["weights"]) - {"reserve"} == set(wanted)
    for name, colours in seen.items():
        shared = set(colours) & set(wanted)
        assert len(shared) > 1, name
        assert {s: colours[s] for s in shared} == {s: wanted[s] for s in shared}, name


def test_the_lines_and_areas_themselves_have_the_colours_of_their_keys():
    known = reading_of(made(15, 6))
    wanted = looks_of(known.symbols)
    money = {known.metrics["assets"][s]["net_pnl"]: s for s in known.symbols}
    curves = drawn(figures.get("equity")(), known).axes[1].lines
    ends = {to_hex(c.get_color()).upper(): float(c.get_ydata()[-1]) for c in curves}
    for amount, symbol in money.items():
        assert ends[wanted[symbol].colour] == pytest.approx(amount)
    areas = drawn(figures.get("weights")(), known).axes[0].collections
    shown = [to_hex(area.get_facecolor()[0]).upper() for area in areas]
    assert shown[: len(wanted)] == [wanted[s].colour for s in reversed(known.symbols)]


def test_areas_read_from_the_top_in_the_order_of_the_assets():
    known = reading_of(busy(15, 6), frontier=frontier_of(15))
    for name, panel in (("weights", 0), ("frontier", 1)):
        keys = [s for s in named(drawn(figures.get(name)(), known).axes[panel]) if s != "reserve"]
        assert keys == sorted(keys), name


def test_the_ends_of_areas_are_called_what_they_are():
    known = reading_of(busy(15, 6), frontier=frontier_of(15))
    keys = {
        name: drawn(figures.get(name)(), known).axes[panel].get_legend().get_title().get_text()
        for name, panel in (("weights", 0), ("frontier", 1))
    }
    assert keys == {"weights": "first and last", "frontier": "calmest and highest return"}


def test_paths_of_parameters_have_the_colours_of_their_assets():
    path = {"atr_period": {"path": [12, 14], "stability": {"median": 12.0}}}
    told = {"C": path, "A": path, "B": path}
    settings = {"kind": "rolling", "in_sample_months": 2, "out_of_sample_months": 1}
    numbers = {"id": "x", "settings": settings, "windows": [], "labels": [], "parameters": told}
    nothing = np.empty(0)
    walked = Walked(numbers, nothing.astype(np.int64), nothing, nothing.astype(np.int64), nothing)
    (panel,) = parameters(walked).axes
    assert named(panel) == {s: look.colour for s, look in looks_of("ABC").items()}
