import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.research.killed import optimizer_of
from tests.research.test_optimizer import same

ROOT = Path(__file__).parents[2]

pytest.importorskip("optuna")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a word of POSIX")
def test_a_search_killed_at_trial_30_of_60_goes_on_to_the_same_trials(tmp_path):
    words = [sys.executable, "-m", "tests.research.killed", str(tmp_path / "killed")]
    died = subprocess.run(
        [*words, "bayesian", "30"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    cut = optimizer_of(tmp_path / "killed", "bayesian")
    path = cut.store.path_of(cut.study)
    assert len(cut.store.load(cut.study)) == 24  # the batches of 8 that were whole
    path.write_bytes(path.read_bytes() + b'{"op_code":4,"torn')
    straight = optimizer_of(tmp_path / "straight", "bayesian").search()
    gone_on = cut.search()
    assert same(gone_on.trials, straight.trials)
    assert len(gone_on.trials) == 60
    assert same(gone_on.neighbourhoods[0].trials, straight.neighbourhoods[0].trials)
    kept = {one.name: one.read_bytes().count(b"\n") for one in (tmp_path / "killed").iterdir()}
    whole = {one.name: one.read_bytes().count(b"\n") for one in (tmp_path / "straight").iterdir()}
    assert kept == whole


@pytest.mark.parametrize("method", ["random", "bayesian"])
def test_a_ledger_with_any_number_of_trials_leads_to_the_same_search(tmp_path, method):
    straight = optimizer_of(tmp_path / "straight", method).search()
    for count in (8, 13):
        part = optimizer_of(tmp_path / str(count), method)
        part.store.begin(part.study, {"objectives": ["sharpe"], "levels": part.space.to_plain()})
        part.store.keep(part.study, straight.trials[:count])
        assert same(part.search().trials, straight.trials)
