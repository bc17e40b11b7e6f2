"""What every figure needs: bytes that do not change, thin lines from long series, safe colours."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.registry import figures
from lockstep.report.reading import Reading
from lockstep.report.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter

DPI = 150
#: Width and height in inches of a figure that needs no other, and its margins as fractions.
INCHES = (14.0, 9.0)
LEFT, RIGHT, TOP, BOTTOM = 0.075, 0.795, 0.875, 0.06
#: Pixels across such axes: one bucket of a long series each.
PIXELS = int((RIGHT - LEFT) * INCHES[0] * DPI)
WARNING = "#C0392B"
GREY = "#888888"
#: Money made and money lost, also for readers who cannot tell red from green.
GAIN, LOSS = "#2166AC", "#C0504D"
#: From loss through white to gain: the same two hues.
DIVERGING = "RdBu"
#: Letters of a name on an axis or in a legend.
LETTERS = 14
#: Assets that fit one column of the legend.
ONE_COLUMN = 16
#: Inches from the top of a figure to the middle of its line of facts.
_FACTS = 0.56
#: Units of money on an axis that ten of them fit, and what the axis is then called.
_UNITS = ((1e12, ", trillion"), (1e9, ", billion"), (1e6, ", million"))


class Picture(Protocol):
    """One figure: a frozen component, registered under the name of its file."""

    #: Figures stand in this order; ties by name.
    order: ClassVar[int]
    #: What it shows, in a few words: its heading in report.html.
    title: ClassVar[str]

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None if there is nothing to show."""


def pictures() -> list[tuple[str, Picture]]:
    """Return (name, figure) of the room, in their order."""
    found = [(name, figures.get(name)()) for name in figures.names()]
    return sorted(found, key=lambda item: (item[1].order, item[0]))


def drawn(picture: Picture, reading: Reading) -> Figure | None:
    """Draw under the default style, whatever the caller's matplotlib is set to."""
    from matplotlib import style

    with style.context("default"):
        return picture.draw(reading)


def blank(reading: Reading, subject: str, size: tuple[float, float] = INCHES) -> Figure:
    """Return a figure without axes, headed by its subject, the run and the run's labels.

    Parameters
    ----------
    reading : Reading
        Names the run; SYNTHETIC, IN-SAMPLE and other labels stand in red below it.
    subject : str
        What the figure shows.
    size : (float, float)
        Width and height, inches.
    """
    facts = reading.facts
    labels = [] if reading.is_played else ["PARTIAL: no portfolio"]
    labels += [plain(label) for label in facts.get("labels") or ()]
    run = f"run {facts.get('run_id', '(unsaved)')}  |  {facts.get('timeframe', '')} bars, UTC"
    return headed(subject, run, labels, size)


def headed(
    subject: str, said: str, labels: Sequence[str], size: tuple[float, float] = INCHES
) -> Figure:
    """Return a figure without axes, headed by its subject, a line of facts and red labels.

    Parameters
    ----------
    subject : str
        What the figure shows.
    said : str
        What it was made of.
    labels : sequence of str
        What a reader must know before any number.
    size : (float, float)
        Width and height, inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=DPI)
    FigureCanvasAgg(figure)
    height = size[1]
    warned = textwrap.wrap("  |  ".join(labels), int(10.7 * size[0]))
    if len(warned) > 1:
        warned = [f"{warned[0][: int(10.4 * size[0])]} ..."]
    lines = (
        (0.315, subject, {"fontsize": 15, "fontweight": "bold"}),
        (_FACTS, plain(said), {"fontsize": 9}),
        (0.75, "".join(warned), {"fontsize": 9, "color": WARNING, "fontweight": "bold"}),
    )
    for below, text, look in lines:
        figure.text(1.05 / size[0], 1.0 - below / height, plain_latin(text), va="center",
                    parse_math=False, **look)  # fmt: skip
    return figure


def aside(axes: Axes, sentence: str) -> None:
    """Say something of the whole figure in line with its facts, up to the right end of axes."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.text(axes.get_position().x1, 1.0 - _FACTS / figure.get_figheight(), sentence,
                fontsize=9, ha="right", va="center", parse_math=False)  # fmt: skip


def margins(
    figure: Figure,
    *,
    left: float = 1.05,
    right: float = 2.87,
    top: float = 1.13,
    below: float = 0.54,
) -> dict[str, float]:
    """Return where axes may stand, for ``figure.add_gridspec(..., **margins(figure))``.

    Parameters
    ----------
    figure : Figure
        Of any size, see `blank`.
    left, right, top, below : float
        Inches kept free on each side: of the heading on top, of a legend on the right. Without a
        legend 0.45 on the right is enough.
    """
    width, height = figure.get_size_inches()
    return {
        "left": left / width,
        "right": 1.0 - right / width,
        "top": 1.0 - top / height,
        "bottom": below / height,
    }


def note(figure: Figure, sentence: str) -> None:
    """Say in small letters at the foot what a reader must know of the whole figure.

    A line of them needs 0.25 inches more below the axes, see `margins`.
    """
    width, height = figure.get_size_inches()
    said = textwrap.fill(plain_latin(plain(sentence)), int(13.5 * width))
    figure.text(1.05 / width, 0.12 / height, said, fontsize=8, color="#555555", va="bottom",
                parse_math=False)  # fmt: skip


def instead(figure: Figure, sentence: str) -> Figure:
    """Say why there is nothing to see, in a figure as low as that needs."""
    height, low = figure.get_figheight(), min(figure.get_figheight(), 3.2)
    for heading in figure.texts:
        heading.set_y(1.0 - (1.0 - heading.get_position()[1]) * height / low)
    figure.set_figheight(low)
    said = "\n".join(textwrap.fill(plain_latin(plain(line)), 90) for line in sentence.split("\n"))
    figure.text(0.5, 0.4, said, fontsize=13, ha="center", va="center", parse_math=False)
    return figure


def dates(time: Ints) -> Array:
    """Return ns as matplotlib's days."""
    from matplotlib.dates import date2num

    moments = time.astype("datetime64[ns]")
    return np.asarray(date2num(moments), dtype=np.float64)  # type: ignore[no-untyped-call]


def line(axes: Axes, time: Ints, values: Array, buckets: int = PIXELS, **look: Any) -> Any:
    """Draw a long series over ns as it is, from no more points than can be seen."""
    at = thinned(values, buckets)
    # A line through one point cannot be seen.
    point = {"marker": "o"} if len(time) == 1 else {}
    return axes.plot(dates(time[at]), values[at], **(point | look))[0]


def span_of_time(axes: Axes, time: Ints) -> None:
    """Let axes show all of a clock in ns; of a single moment, the day around it."""
    first, last = dates(time[[0, -1]])
    room = 0.005 * (last - first) or 0.5
    axes.set_xlim(first - room, last + room)


def hatched(panels: Sequence[Axes], spans: Sequence[tuple[int, int]]) -> None:
    """Hatch spans of ns in panels over time, behind everything else."""
    for axes in panels:
        for start, end in dates(np.array(spans, dtype=np.int64)).reshape(-1, 2):
            axes.axvspan(start, end, facecolor="none", edgecolor="#D9D9D9", hatch="//",
                         linewidth=0.0, zorder=0)  # fmt: skip


def date_axis(
    bottom: Axes, others: Sequence[Axes] = (), *, ticks: tuple[int, int] = (5, 12)
) -> None:
    """Label dates on the lowest axes of a column; the others share them.

    Parameters
    ----------
    bottom : Axes
        Carries the labels.
    others : sequence of Axes
        Carry none.
    ticks : (int, int)
        Fewest and most labels; a narrow panel has room for few.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, num2date

    # With more the locator finds no step for some spans: 12 hours is its longest below a day.
    fewest = min(ticks[0], (ticks[1] - 1) // 2)
    locator = AutoDateLocator(minticks=fewest, maxticks=ticks[1])  # type: ignore[no-untyped-call]
    bottom.xaxis.set_major_locator(locator)
    first, last = (str(num2date(at))[:10] for at in bottom.get_xlim())  # type: ignore[no-untyped-call]
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    # The first of a month is labelled with its name, and midnight with its date: the last tick's
    # month or date would mislead.
    if first[:7] != last[:7]:
        formatter.offset_formats[2] = "%Y"
    if first != last and first[:4] == last[:4]:
        formatter.offset_formats[3] = "%Y"
    bottom.xaxis.set_major_formatter(formatter)
    bottom.xaxis.get_offset_text().set_fontsize(8.5)
    for axes in others:
        axes.tick_params(labelbottom=False)
        axes.xaxis.get_offset_text().set_visible(False)


def percent_ticks(axis: Axis) -> None:
    """Label values that are per cent as short as they are exact; the axis names the unit."""
    axis.set_major_formatter(_as_short_as_exact())


def _as_short_as_exact() -> Formatter:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{round(value, 6) + 0.0:g}")


def named_ticks(
    axis: Axis, names: Sequence[str], *, size: float = 8.5, letters: int = LETTERS
) -> None:
    """Label positions 0, 1, 2, ... of an axis with names, letter by letter as they are."""
    axis.set_ticks(range(len(names)), [short(name, letters) for name in names], fontsize=size)
    for label in axis.get_ticklabels():
        label.set_parse_math(False)


def short(name: str, letters: int = LETTERS) -> str:
    """Return a name that fits, its end kept: names that differ often differ there."""
    name = plain_latin(plain(name))
    # matplotlib leaves names with a leading underscore out of a legend.
    name = f" {name}" if name.startswith("_") else name
    return name if len(name) <= letters else f"{name[: letters - 6]}..{name[-4:]}"


def thinned(values: Array, buckets: int) -> Ints:
    """Return the positions that draw a long series as it is: each bucket's extremes and its ends.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite.
    buckets : int
        About the number of pixels across.

    Returns
    -------
    ndarray of int64, shape (m,), m <= 4 * buckets
        Ascending and without repetition; every position where n is small.
    """
    n = len(values)
    if n <= 4 * buckets:
        return np.arange(n, dtype=np.int64)
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)
    starts, ends = edges[:-1], edges[1:]
    order = np.lexsort((values, np.repeat(np.arange(buckets), ends - starts)))
    return np.unique(np.concatenate([starts, ends - 1, order[starts], order[ends - 1]]))


def plain_latin(text: str) -> str:
    """Return text with a ? for each character that the built-in font may lack."""
    return text.encode("latin-1", "replace").decode("latin-1")


def png_of(figure: Figure) -> bytes:
    """Return a figure as PNG without anything that changes from one drawing to the next."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def dress(axes: Axes, title: str, unit: str) -> None:
    """Give axes their title, the unit of their values, and a light grid."""
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=5, parse_math=False)
    axes.set_ylabel(unit, fontsize=9, parse_math=False)
    axes.tick_params(labelsize=8.5)
    axes.yaxis.set_major_formatter(_as_short_as_exact())
    axes.grid(True, color="#E3E3E3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.005)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def money_ticks(axes: Axes, *, across: bool = False) -> None:
    """Label values as money: whole units, cents where the axis spans few, millions where many.

    Parameters
    ----------
    axes : Axes
        With its data, its limits and the currency as its label.
    across : bool
        True labels the horizontal axis.
    """
    from matplotlib.ticker import FuncFormatter

    axis = axes.xaxis if across else axes.yaxis
    low, high = axis.get_view_interval()
    if high - low < 1.0:
        middle = (low + high) / 2
        (axes.set_xlim if across else axes.set_ylim)(middle - 1.0, middle + 1.0)
    unit, name = next((u for u in _UNITS if max(abs(low), abs(high)) >= 10.0 * u[0]), (1.0, ""))
    decimals = 0 if high - low >= 20.0 * unit else 2
    axis.set_label_text(f"{axis.get_label_text()}{name}")
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{round(value / unit, decimals) + 0.0:,.{decimals}f}")
    )


def legend(axes: Axes, handles: list[Any], labels: list[str], title: str = "") -> None:
    """Explain what is drawn, to the right of the axes."""
    columns = 1 if len(handles) <= ONE_COLUMN else 2
    drawn = axes.legend(
        handles, labels, title=title or None, loc="upper left", bbox_to_anchor=(1.005, 1.03),
        borderaxespad=0.0, frameon=False, ncols=columns, handlelength=2.2, columnspacing=0.8,
        labelspacing=0.35, handletextpad=0.5,
        prop={"family": "monospace", "size": 7.5 if columns == 1 else 6.2},
        title_fontproperties={"size": 8},
    )  # fmt: skip
    drawn.set_alignment("left")
    for text in drawn.get_texts():
        text.set_parse_math(False)
