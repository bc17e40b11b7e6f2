import numpy as np
import pytest

from lockstep.metrics.loss_clusters import loss_clusters
from lockstep.metrics.panel import panel
from lockstep.metrics.summary import summarise
from tests.metrics import samples
from tests.report.results import made

#: Days in rows, three assets.
PNL = np.array(
    [
        [-100.0, -50.0, 500.0],  # two lose 150
        [-10.0, -10.0, -10.0],  # three lose 30
        [-900.0, 0.0, 100.0],  # one loses most: no cluster
        [-1.0, -2.0, -40.0],  # three lose 43: more than on the second day
        [10.0, 20.0, 30.0],
        [5.0, -1e-9, -5.0],  # rounding is no loss
    ]
)


def clusters(pnl):
    return loss_clusters(panel(made(pnl.shape[1], len(pnl), pnl=pnl)))


def test_the_day_most_assets_lost_on_is_the_costlier_of_two():
    found = clusters(PNL)["most_assets_day"]
    assert (found["first_day"], found["last_day"]) == ("2025-01-09", "2025-01-09")
    assert list(found["assets"]) == ["ASSET02", "ASSET01", "ASSET00"]
    assert (found["losers"], found["active"]) == (3, 3)
    assert found["money"] == pytest.approx(-43.0, abs=1e-9)
    before = 100_000.0 + PNL[:3].sum()
    assert found["net_pnl"] == pytest.approx(-43.0, abs=1e-9)
    assert found["fraction"] == pytest.approx(-43.0 / before, rel=1e-9)


def test_the_costliest_day_needs_two_losers():
    found = clusters(PNL)["most_money_day"]
    assert found["first_day"] == "2025-01-06"
    assert found["money"] == pytest.approx(-150.0, abs=1e-9)
    assert found["net_pnl"] == pytest.approx(350.0, abs=1e-9)
    assert list(found["assets"]) == ["ASSET00", "ASSET01"]


def test_a_week_nets_each_asset_over_five_trading_days():
    # Days 1 to 5: -1001, -42, 580. Days 2 to 6: -896, 8, 75.
    found = clusters(PNL)["most_assets_week"]
    assert (found["first_day"], found["last_day"]) == ("2025-01-06", "2025-01-10")
    assert found["assets"] == pytest.approx({"ASSET00": -1001.0, "ASSET01": -42.0}, abs=1e-9)


def test_assets_that_never_lost_together_have_no_cluster():
    result = summarise(samples.run())
    assert result["diversification"]["loss_clusters"]["most_assets_day"] is None
    reason = result["undefined"]["diversification.loss_clusters.most_money_week"]
    assert reason == "no two assets ever lost together"
