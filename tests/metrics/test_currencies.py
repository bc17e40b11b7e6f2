import numpy as np
import pandas as pd
import pytest

from lockstep.metrics.summary import summarise
from tests.metrics import samples


def exposures(**columns):
    account = pd.DataFrame({"margin_level": np.full(8, np.nan), **columns}, index=samples.CLOCK)
    result = summarise(samples.run(account=account))
    return result["diversification"]["currency_exposure"], result["undefined"]


def test_exposure_in_a_currency_is_worked_by_hand():
    euro = [0.0, 201.0, -985.0, 0.0, 100.0, 0.0, 0.0, 0.0]
    found, _ = exposures(exposure_EUR=euro)
    assert list(found) == ["EUR"]
    block = found["EUR"]
    assert block["mean"] == pytest.approx(-684 / 8)
    assert block["mean_absolute"] == pytest.approx(1286 / 8)
    assert (block["largest"], block["largest_time"]) == (-985.0, "2024-01-09T10:00:00Z")
    # Equity after the steps: 1005, 985, 1000.
    assert block["mean_share"] == pytest.approx((0.2 + 1.0 + 0.1) / 8)
    assert block["largest_share"] == pytest.approx(1.0)
    assert block["largest_share_time"] == "2024-01-09T10:00:00Z"


def test_a_currency_without_exposure_has_no_largest_moment():
    found, why = exposures(exposure_USD=np.zeros(8))
    assert (found["USD"]["mean"], found["USD"]["largest"]) == (0.0, 0.0)
    assert found["USD"]["largest_time"] is None
    path = "diversification.currency_exposure.USD.largest_time"
    assert why[path] == "there was never any exposure"


def test_a_run_without_an_fx_pair_has_no_currencies():
    assert exposures()[0] == {}
