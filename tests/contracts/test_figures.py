"""Every figure, by its mere presence: it draws any result, inside its frame, the same each time."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lockstep.core.registry import figures
from lockstep.metrics.summary import summarise
from lockstep.report.canvas import DPI, drawn, pictures, png_of
from lockstep.report.reading import read
from tests.report.results import decisions_of, facts_of, made, names, partial, without_trades

LABELS = [
    "SYNTHETIC",
    "in-sample selection: " + ", ".join(names(30)),
    "preset: balanced $x^2$ 銘柄",
]


def eventful():
    """Return thirty assets with rebalances, trips, resumes, stop-outs, long labels, few data."""
    result = made(30, 60)
    weights = pd.concat([result.weights] * 9)
    weights.index = result.equity.index[:: 24 * 7][:9]
    weights *= np.where(np.arange(len(weights)) % 2, 0.8, 1.0)[:, None]
    rows = [
        (f"2025-0{month}-{day:02d}T10:00", "D", "", code, 0.1, 0.1, ".")
        for month, day, code in (
            (1, 9, "breaker_trip"),
            (1, 20, "breaker_resume"),
            (2, 3, "stop_out"),
            (2, 3, "stop_out"),
            (2, 20, "breaker_trip"),
        )
    ]
    return dataclasses.replace(
        result,
        weights=weights,
        decisions=decisions_of(*rows),
        facts=facts_of(names(30), 60, labels=LABELS, ranges=few_data(names(30))),
    )


def few_data(symbols):
    """Return ranges of which few overlap: most assets begin late, and most end early."""
    spans = (
        ("2025-01-06", "2025-02-10"),
        ("2025-01-20", "2025-02-10"),
        ("2025-01-20", "2025-03-06"),
    )
    return {
        symbol: {"first": f"{first}T00:00:00Z", "last": f"{last}T23:00:00Z", "bars": 1}
        for symbol, (first, last) in zip(symbols, 10 * spans, strict=True)
    }


def underscored():
    """Return assets whose names matplotlib would hide or read as formulas, or a page as a tag."""
    result = made(4, 5)
    other = {
        "ASSET00": "_A$1_",
        "ASSET01": "X" * 32,
        "ASSET02": "$x^2$",
        "ASSET03": "<script>\\frac",
    }

    def renamed(table):
        return table.assign(asset=table["asset"].replace(other))

    return dataclasses.replace(
        result,
        equity=result.equity.rename(columns=other),
        weights=result.weights.rename(columns=other),
        ledger=renamed(result.ledger),
        trades=renamed(result.trades),
        solo_trades=renamed(result.solo_trades),
        solo_equity=result.solo_equity.rename(columns=other),
        facts=facts_of(list(other.values()), 5, labels=["a $\\frac{label}$"]),
    )


def ruined():
    """Return a run that lost more than it had."""
    return made(2, 70, pnl=np.full((70, 2), -1_000.0))


def one_step():
    """Return a run that ended after its first bar."""
    result = without_trades(1)
    return dataclasses.replace(
        result,
        equity=result.equity.iloc[:1],
        account=result.account.iloc[:1],
        solo_equity=result.solo_equity.iloc[:1],
        ledger=result.ledger.iloc[:2],
    )


def no_portfolio():
    """Return a partial run of many failed assets."""
    result = partial()
    failed = dict.fromkeys(names(60), "it failed")
    return dataclasses.replace(result, facts={**result.facts, "failed": failed, "labels": LABELS})


RESULTS = {
    "partial": partial,
    "no portfolio": no_portfolio,
    "no trades": without_trades,
    "one step": one_step,
    "one asset": lambda: made(1, 70),
    "two assets": lambda: made(2, 70),
    "fifteen assets": lambda: made(15, 70),
    "thirty assets": eventful,
    "eighty assets": lambda: made(80, 5),
    "large sums": lambda: made(2, 5, pnl=np.full((5, 2), 1.25e9)),
    "odd names": underscored,
    "ruined": ruined,
}
#: Results of which every figure, and every panel of it, has something to show.
FULL = ("one asset", "two assets", "fifteen assets", "thirty assets", "eighty assets")
#: No grid is darker, of 255; every line, bar, cell and letter is.
DARK = 205


@pytest.fixture(scope="module", params=RESULTS)
def reading(request):
    result = RESULTS[request.param]()
    return request.param, read(result, summarise(result))


@pytest.mark.parametrize("name", figures.names())
def test_a_figure_draws_any_result_whole_and_legibly(name, reading):
    case, known = reading
    figure = drawn(figures.get(name)(), known)
    if figure is None:
        assert_nothing_to_show(name, case, known)
        return
    image = png_of(figure)
    boxes = text_boxes(figure)
    assert_texts_are_apart_and_inside(figure, boxes)
    assert_texts_are_literal(figure)
    assert_headed(figure, boxes, known)
    assert_legends_beside_data(figure)
    pixels = assert_size(figure, image)
    if case in FULL:
        assert_no_panel_is_blank(figure, pixels)


def assert_nothing_to_show(name, case, known):
    """A figure may only be missing where there is nothing to draw it from."""
    nothing = {
        "correlation": len(known.metrics["diversification"].get("correlation", {})) < 2,
        "frontier": len(known.symbols) < 2,
        "weights": len(known.symbols) < 2,
        "price": not known.bars,
        "exposure": not any(c.startswith("exposure_") for c in known.result.account.columns),
    }
    assert not known.is_played or case == "one step" or nothing.get(name, False)


def assert_texts_are_apart_and_inside(figure, boxes):
    assert boxes
    frame = figure.bbox
    for text, box in boxes:
        assert box.x0 >= frame.x0 and box.x1 <= frame.x1, text
        assert box.y0 >= frame.y0 and box.y1 <= frame.y1, text
    for index, (text, box) in enumerate(boxes):
        for other, against in boxes[index + 1 :]:
            assert not box.overlaps(against), (text, other)


def assert_texts_are_literal(figure):
    """A dollar in a name begins no formula."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if text.get_visible() and "$" in text.get_text():
            assert not text.get_parse_math(), text.get_text()


def assert_headed(figure, boxes, known):
    """A subject, the run, and what must be known of it stand above everything else."""
    texts = [text for text, _ in boxes]
    assert any(known.facts["run_id"] in text for text in texts)
    for label in known.facts["labels"][:1]:
        assert any(label in text for text in texts), label
    top = max((axes.get_position().y1 for axes in figure.axes), default=0.0)
    assert top * figure.bbox.height < min(box.y0 for text, box in boxes if text.startswith("run "))


def assert_legends_beside_data(figure):
    from matplotlib.legend import Legend

    panels = [axes for axes in figure.axes if axes.axison]
    for key in figure.findobj(Legend):
        box = key.get_window_extent()
        for axes in panels:
            assert not box.overlaps(axes.bbox), [text.get_text() for text in key.get_texts()]


def assert_size(figure, image):
    """Return the pixels, shape (height, width)."""
    with Image.open(io.BytesIO(image)) as opened:
        assert opened.format == "PNG"
        assert opened.info["dpi"] == pytest.approx((DPI, DPI), rel=1e-3)
        assert opened.size == pytest.approx(figure.get_size_inches() * DPI, abs=1.0)
        return np.asarray(opened.convert("RGB")).min(axis=2)


def assert_no_panel_is_blank(figure, pixels):
    """Within its frame each panel shows more than its grid."""
    for axes in figure.axes:
        if not axes.get_visible():
            continue
        x0, y0, x1, y1 = (int(edge) for edge in axes.bbox.extents)
        inside = pixels[len(pixels) - y1 + 6 : len(pixels) - y0 - 6, x0 + 6 : x1 - 6]
        if inside.size:
            title = axes.get_title(loc="left") or axes.get_label()
            assert inside.std() > 0.0 and np.count_nonzero(inside < DARK) > 20, title


@pytest.mark.parametrize("name", figures.names())
def test_a_figure_is_the_same_bytes_when_drawn_again_under_another_style(name):
    import matplotlib as mpl

    result = made(3, 70)
    known = read(result, summarise(result))
    picture = figures.get(name)()
    first = drawn(picture, known)
    with mpl.rc_context({"font.size": 20.0, "axes.facecolor": "black", "text.usetex": True}):
        again = drawn(picture, known)
    assert (first is None) == (again is None)
    if first is not None:
        assert png_of(first) == png_of(again)


@pytest.mark.parametrize("name", figures.names())
def test_a_figure_is_described(name):
    page = Path(__file__).parents[2] / "docs" / "figures.md"
    assert f"| `figures/{name}.png` |" in page.read_text(encoding="utf-8")


def test_figures_have_titles_and_places_of_their_own():
    found = [picture for _, picture in pictures()]
    assert next(name for name, _ in pictures()) == "equity"
    assert len({picture.title for picture in found}) == len(found)
    assert len({picture.order for picture in found}) == len(found)


def text_boxes(figure):
    """Return (text, bounding box in pixels) of everything that is written on a figure."""
    from matplotlib.text import Text

    renderer = figure.canvas.get_renderer()
    hidden = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
        if not is_on_axis(axes, axis, tick)
    }
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]


def is_on_axis(axes, axis, tick):
    """Tell if a tick lies within the limits, so that its label is drawn."""
    low, high = sorted(axes.get_xlim() if axis is axes.xaxis else axes.get_ylim())
    return low <= tick.get_loc() <= high
