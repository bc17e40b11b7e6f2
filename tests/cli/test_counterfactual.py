"""The flag that asks for runs without a rule, from the command line to the facts of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lockstep.cli.door import main
from lockstep.cli.flags import asset_parser, portfolio_parser
from lockstep.core.errors import DataError
from lockstep.engine.portfolio import PortfolioBacktester

ONE = ["--symbol", "EURGBPX", "--start", "2025-02-03", "--end", "2025-02-07", "--quiet"]


@pytest.mark.parametrize(
    ("words", "asked"),
    [([], None), (["--counterfactual"], True), (["--no-counterfactual"], False)],
)
def test_runs_without_a_rule_are_asked_for_refused_or_left_to_the_player(
    words: list[str], asked: bool | None
) -> None:
    assert portfolio_parser("x").parse_args(words).counterfactual is asked
    assert asset_parser("x").parse_args(["--symbol", "A", *words]).counterfactual is asked


def test_the_engine_hears_what_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    def refuses(*_: Any, counterfactual: bool | None = None, **__: Any) -> None:
        heard.append(counterfactual)
        raise DataError("it has heard enough")

    monkeypatch.setattr(PortfolioBacktester, "run", refuses)
    for words in (["--no-counterfactual"], ["--counterfactual"], []):
        assert main([*ONE, *words, "--results", str(tmp_path)]) == DataError.exit_code
    assert heard == [False, True, None]
