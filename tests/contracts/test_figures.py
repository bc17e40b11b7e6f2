"""Every figure, by its mere presence: it draws any result, inside its frame, the same each time."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from lockstep.core.registry import figures
from lockstep.metrics.summary import summarise
from lockstep.report.canvas import drawn, png_of
from lockstep.report.reading import read
from tests.report.results import decisions_of, facts_of, made, names, partial, without_trades

LABELS = [
    "SYNTHETIC",
    "in-sample selection: " + ", ".join(names(30)),
    "preset: balanced $x^2$ 銘柄",
]


def eventful():
    """Return thirty assets with rebalances, trips, resumes, stop-outs and long labels."""
    result = made(30, 60)
    weights = pd.concat([result.weights] * 9)
    weights.index = result.equity.index[:: 24 * 7][:9]
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
        facts=facts_of(names(30), 60, labels=LABELS),
    )


def underscored():
    """Return assets whose names matplotlib would hide or read as formulas."""
    result = made(2, 5)
    other = {"ASSET00": "_A$1_", "ASSET01": "X" * 32}

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
        facts=facts_of(list(other.values()), 5),
    )


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
    "one asset": lambda: made(1),
    "fifteen assets": lambda: made(15),
    "thirty assets": eventful,
    "eighty assets": lambda: made(80, 5),
    "large sums": lambda: made(2, 5, pnl=np.full((5, 2), 1.25e9)),
    "odd names": underscored,
}


@pytest.fixture(scope="module", params=RESULTS)
def result(request):
    return RESULTS[request.param]()


@pytest.mark.parametrize("name", figures.names())
def test_a_figure_draws_any_result_without_text_outside_or_on_top_of_text(name, result):
    figure = drawn(figures.get(name)(), read(result, summarise(result)))
    if figure is None:  # nothing to show
        return
    figure.canvas.draw()
    boxes = text_boxes(figure)
    assert boxes
    frame = figure.bbox
    for text, box in boxes:
        assert box.x0 >= frame.x0 and box.x1 <= frame.x1, text
        assert box.y0 >= frame.y0 and box.y1 <= frame.y1, text
    for index, (text, box) in enumerate(boxes):
        for other, against in boxes[index + 1 :]:
            assert not box.overlaps(against), (text, other)


@pytest.mark.parametrize("name", figures.names())
def test_a_figure_is_the_same_bytes_when_drawn_again(name):
    result = made(3, 10)
    reading = read(result, summarise(result))
    picture = figures.get(name)()
    figure = drawn(picture, reading)
    if figure is None:  # nothing to show
        return
    first = png_of(figure)
    assert first.startswith(b"\x89PNG")
    assert first == png_of(drawn(picture, reading))


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
