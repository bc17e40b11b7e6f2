"""What the figures of equity, assets, months and correlations say, against values by hand."""

import dataclasses

import numpy as np
import pytest

from lockstep.metrics.summary import summarise
from lockstep.report import canvas
from lockstep.report.canvas import drawn
from lockstep.report.figures import correlation
from lockstep.report.figures.assets import Assets
from lockstep.report.figures.contributions import Contributions
from lockstep.report.figures.correlation import Correlation
from lockstep.report.figures.drawdowns import Drawdowns
from lockstep.report.figures.equity import Equity
from lockstep.report.figures.monthly import Monthly, months_of
from lockstep.report.figures.rolling import WINDOW, Rolling
from lockstep.report.reading import read
from lockstep.report.wording import percent, points
from tests.report.results import made


def reading_of(count, days, **changes):
    result = made(count, days, **changes)
    return read(result, summarise(result))


def with_metrics(known, **changes):
    return dataclasses.replace(known, metrics={**known.metrics, **changes})


def texts_of(figure):
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_a_year_compounds_its_months_and_months_without_a_day_stay_empty():
    known = months_of(
        {
            "2019-12": {"return": 0.10, "net_pnl": 10.0},
            "2020-02": {"return": -0.50, "net_pnl": -55.0},
            "2020-03": {"return": 1.00, "net_pnl": 55.0},
        }
    )
    table = known.table()
    assert known.years.tolist() == [2019, 2020]
    assert table[:, 12] == pytest.approx([0.10, 0.0])
    assert table[0, 11] == 0.10
    assert table[1, 1:3].tolist() == [-0.5, 1.0]
    assert np.count_nonzero(np.isnan(table)) == 2 * 13 - 5


def test_a_year_with_a_month_that_began_without_equity_has_no_return():
    known = months_of(
        {
            "2020-02": {"return": -1.0, "net_pnl": -55.0},
            "2020-03": {"return": None, "net_pnl": 0.0},
        }
    )
    assert np.isnan(known.of_year(2020))


def test_the_months_shown_are_those_of_the_metrics_and_the_years_those_of_the_account():
    known = reading_of(2, 70)
    by_month = known.metrics["attribution"]["by_month"]
    said = texts_of(drawn(Monthly(), known))
    for block in by_month.values():
        assert points(block["return"]) in said
    assert points(known.metrics["portfolio"]["total_return"]) in said


def test_the_bars_of_the_months_are_their_money():
    known = reading_of(2, 70)
    bars = drawn(Monthly(), known).axes[1].patches
    money = [block["net_pnl"] for block in known.metrics["attribution"]["by_month"].values()]
    assert [bar.get_height() for bar in bars] == pytest.approx(money)


def test_contributions_stand_in_the_order_of_money_on_both_sides():
    known = reading_of(5, 70)
    left, right = drawn(Contributions(), known).axes
    assets = known.metrics["assets"]
    ordered = sorted(assets, key=lambda symbol: -assets[symbol]["net_pnl"])
    assert [label.get_text() for label in left.get_yticklabels()] == ordered
    assert [bar.get_width() for bar in left.patches] == [assets[s]["net_pnl"] for s in ordered]
    shares = [bar.get_width() for bar in right.patches]
    assert shares == pytest.approx([100.0 * assets[s]["risk_share"] for s in ordered])
    assert sum(shares) == pytest.approx(100.0)


def test_money_that_belongs_to_no_asset_is_told():
    known = reading_of(2, 5)
    portfolio = known.metrics["portfolio"]
    more = with_metrics(known, portfolio={**portfolio, "net_pnl": portfolio["net_pnl"] + 12.5})
    assert not any("belong to no asset" in text for text in texts_of(drawn(Contributions(), known)))
    said = " ".join(texts_of(drawn(Contributions(), more))).replace("\n", " ")
    assert "+12.50 USD of the account's P&L belong to no asset." in said


def test_every_asset_has_a_panel_with_its_last_money_best_first_on_shared_axes():
    known = reading_of(7, 30)
    panels = drawn(Assets(), known).axes
    assets = known.metrics["assets"]
    ordered = sorted(assets, key=lambda symbol: -assets[symbol]["net_pnl"])
    assert [axes.get_title(loc="left") for axes in panels] == ordered
    lasts = [axes.lines[-1].get_ydata()[-1] for axes in panels]
    assert lasts == pytest.approx([assets[symbol]["net_pnl"] for symbol in ordered])
    assert {axes.get_ylim() for axes in panels} == {panels[0].get_ylim()}
    assert {axes.get_xlim() for axes in panels} == {panels[0].get_xlim()}


def test_of_eighty_assets_the_best_and_the_worst_thirty_have_panels():
    known = reading_of(80, 3)
    figure = drawn(Assets(), known)
    lasts = [axes.lines[-1].get_ydata()[-1] for axes in figure.axes]
    every = sorted((block["net_pnl"] for block in known.metrics["assets"].values()), reverse=True)
    assert lasts == pytest.approx([*every[:30], *every[-30:]])
    assert any("The best and the worst 30 of 80" in text.replace("\n", " ")
               for text in texts_of(figure))  # fmt: skip


def correlated(matrix, worst=None):
    """Return a reading whose solo runs correlate like that."""
    known = reading_of(len(matrix), 5)

    def nested(values):
        names = known.symbols
        return {a: dict(zip(names, row)) for a, row in zip(names, values)}

    block = {"correlation": nested(matrix), "mean_correlation": 0.1, "worst_days": None}
    if worst is not None:
        block["worst_days"] = {
            "days": 16,
            "mean_correlation": 0.2,
            "correlation": nested(worst),
        }
    return with_metrics(known, diversification=block)


#: ASSET00 and ASSET02 move alike, and so do ASSET01 and ASSET03.
PAIRS = [
    [1.0, 0.0, 0.9, 0.1],
    [0.0, 1.0, 0.1, 0.8],
    [0.9, 0.1, 1.0, 0.0],
    [0.1, 0.8, 0.0, 1.0],
]


def cells_of(figure):
    axes = figure.axes[0]
    numbers = {text.get_position(): text.get_text() for text in axes.texts}
    return [label.get_text()[-1] for label in axes.get_yticklabels()], numbers


def test_assets_that_move_alike_stand_side_by_side():
    order, numbers = cells_of(drawn(Correlation(), correlated(PAIRS)))
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset("02"), frozenset("13")}
    for (column, row), said in numbers.items():
        assert float(said) == PAIRS[int(order[row])][int(order[column])]
    assert len(numbers) == 12


def test_above_the_diagonal_stand_the_worst_days():
    worst = [[1.0 if i == j else (i + j) / 10 for j in range(4)] for i in range(4)]
    figure = drawn(Correlation(), correlated(PAIRS, worst))
    order, numbers = cells_of(figure)
    for (column, row), said in numbers.items():
        source = PAIRS if row > column else worst
        assert float(said) == pytest.approx(source[int(order[row])][int(order[column])])
    said = " ".join(texts_of(figure)).replace("\n", " ")
    assert "above: the account's 16 worst" in said
    assert "on 16 days chance takes a pair up to 0.49 off" in said  # 1.96 / 4
    assert "takes 4 unrelated assets of equal risk to -0.26 by itself" in said  # -0.8309 / 3.1691


@pytest.mark.parametrize("count", [2, 12])
def test_unrelated_assets_seem_to_hedge_each_other_where_their_sum_is_lowest(count):
    returns = np.random.default_rng(3).normal(size=(400_000, count))
    total = returns.sum(axis=1)
    worst = returns[total <= np.quantile(total, 0.1)]
    found = np.corrcoef(worst.T)[np.triu_indices(count, 1)].mean()
    assert found == pytest.approx(correlation._by_choice(count), abs=0.006)


def test_an_undefined_correlation_is_said_and_not_drawn_as_zero():
    matrix = [list(row) for row in PAIRS]
    matrix[0][3] = matrix[3][0] = None
    figure = drawn(Correlation(), correlated(matrix))
    assert list(cells_of(figure)[1].values()).count("n/a") == 2
    assert any("Grey: undefined" in text.replace("\n", " ") for text in texts_of(figure))


def test_one_asset_has_no_correlation_to_show():
    assert drawn(Correlation(), reading_of(1, 5)) is None


def test_a_sample_shorter_than_a_window_is_told():
    said = texts_of(drawn(Rolling(), reading_of(2, 20)))
    assert f"One window takes {WINDOW} trading days; the run has 21 trading days." in said


def test_a_run_of_one_window_shows_the_numbers_of_the_whole_run():
    known = reading_of(3, WINDOW - 1)  # midnight of the last day begins a trading day of its own
    portfolio = known.metrics["portfolio"]
    assert portfolio["trading_days"] == WINDOW
    top, middle, bottom = drawn(Rolling(), known).axes
    assert top.lines[1].get_ydata() == pytest.approx([portfolio["sharpe"]])
    assert middle.lines[0].get_ydata() == pytest.approx([100.0 * portfolio["volatility"]])
    mean = known.metrics["diversification"]["mean_correlation"]
    assert bottom.lines[1].get_ydata() == pytest.approx([mean])


def test_one_asset_has_no_panel_of_correlations():
    assert len(drawn(Rolling(), reading_of(1, 70)).axes) == 2
    assert len(drawn(Rolling(), reading_of(2, 70)).axes) == 3


@pytest.mark.parametrize("count", [1, 2, 12])
def test_bars_of_few_assets_are_as_thick_as_those_of_many(count):
    figure = drawn(Contributions(), reading_of(count, 5))
    for axes in figure.axes:
        rows = axes.get_window_extent().height / 150.0 / count
        assert axes.patches[0].get_height() * rows == pytest.approx(0.66 * 0.3, rel=0.1)


def test_a_run_of_one_asset_is_headed_by_its_name():
    assert "Lockstep: ASSET00 in one account" in texts_of(drawn(Equity(), reading_of(1, 5)))
    assert "Lockstep: 2 assets in one account" in texts_of(drawn(Equity(), reading_of(2, 5)))


def test_the_drawdowns_shown_are_the_five_worst_of_the_metrics():
    known = reading_of(2, 70, pnl=np.tile([[300.0, 100.0], [-200.0, -300.0]], (35, 1)))
    worst = known.metrics["portfolio"]["worst_drawdowns"]
    said = texts_of(drawn(Drawdowns(), known))
    for one in worst:
        assert any(text.startswith(f"{percent(one['depth'])} deep") for text in said)
        back = one["recovery"][:10] if one["recovery"] else "not recovered"
        assert f"{one['start'][:10]} > {one['valley'][:10]} > {back}" in said


def test_the_bars_of_the_assets_add_up_to_the_worst_fall():
    known = reading_of(60, 20)
    bars = drawn(Drawdowns(), known).axes[-1]
    assert sum(bar.get_height() for bar in bars.patches) == pytest.approx(known.fall.money)
    labels = [label.get_text() for label in bars.get_xticklabels()]
    assert len(labels) == 41
    assert labels[-1] == "20 others"


def test_an_account_that_never_fell_says_so():
    said = texts_of(drawn(Drawdowns(), reading_of(1, 5, pnl=np.full((5, 1), 10.0))))
    assert "The account never stood below its peak." in said


def test_a_clock_of_one_moment_is_shown_with_the_day_around_it():
    axes = canvas.blank(reading_of(1, 3), "x").add_subplot()
    noon = np.array([12 * 3_600_000_000_000], dtype=np.int64)
    canvas.span_of_time(axes, noon)
    assert axes.get_xlim() == (0.0, 1.0)
