"""The laws of every risk rule: a file in the room is tested by its mere presence."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import json
import math
import sys
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw

from lockstep.core.codes import CODE, DECISIONS, EXIT_REASONS
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import Parameter, build, parameters
from lockstep.core.plan import AccountTerms
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.risk.breaker import Breaker
from lockstep.risk.manager import PortfolioRiskManager, in_order
from lockstep.risk.rule import Guard, Rule, Verdict
from lockstep.risk.sizing import RiskManager
from tests.kit import unit
from tests.risk.states import CAPITAL, at, state_of

NAMES = risk_rules.names()
FIVE_MINUTES = 300_000_000_000
LARGEST = 20.0

laws = settings(max_examples=40, deadline=None, derandomize=True)


def defaults_of(component: type) -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(component)}


# Drawing ----------------------------------------------------------------------------------------


def value_of(spec: Parameter, default: Any) -> draw.SearchStrategy[Any]:
    if spec.choices:
        return draw.sampled_from(spec.choices)
    if isinstance(default, bool):
        return draw.booleans()
    high = spec.high if spec.high is not None else LARGEST
    if isinstance(default, int):
        return draw.integers(int(spec.low or 0), int(high))
    if isinstance(default, float):
        low = spec.low if spec.low is not None else spec.above
        return draw.floats(low, high, exclude_min=spec.low is None)
    return draw.just(default)


def drawn_rule(data: draw.DataObject, name: str) -> Rule:
    """Draw a rule with up to three parameters off their default, in order beside a breaker."""
    component = risk_rules.get(name)
    declared, defaults = parameters(component), defaults_of(component)
    chosen = data.draw(draw.tuples(*[draw.sampled_from(sorted(declared))] * 3), "parameters")
    drawn = {key: data.draw(value_of(declared[key], defaults[key]), key) for key in chosen}
    for size in range(len(drawn), -1, -1):  # as many of them as go together
        for keys in combinations(drawn, size):
            values = {key: drawn[key] for key in keys}
            try:
                return beside_a_breaker(name, component(**values))
            except ConfigError:
                continue
    raise AssertionError(f"the defaults of {name} do not go together")


def beside_a_breaker(name: str, rule: Rule) -> Rule:
    """Return a rule with what it takes from a breaker filled in."""
    return dict(in_order({"breaker": Breaker(), name: rule}.items()))[name]


INSTRUMENTS = [
    unit("EURUSD"),
    unit("USDJPY"),
    unit("BTCUSD", asset_class="crypto", contract_size=1.0, always_open=True),
    unit("XAUUSD", asset_class="metal", contract_size=100.0),
]


@draw.composite
def states(draw_: draw.DrawFn) -> AccountState:
    """Draw an account somewhere on its way: positions, queued entries, correlations."""
    n = draw_(draw.integers(1, len(INSTRUMENTS)))
    money = draw.floats(-1e6, 1e6)
    side = [draw_(draw.sampled_from([0, 1, -1])) for _ in range(n)]
    queued = [0 if s else draw_(draw.sampled_from([0, 1, -1])) for s in side]
    state = state_of(
        *INSTRUMENTS[:n],
        side=side,
        queued=queued,
        exposure=[s * abs(draw_(money)) for s in side],
        queued_exposure=[s * abs(draw_(money)) for s in queued],
        day_start_equity=draw_(draw.floats(1.0, 3 * CAPITAL)),
    )
    rho = draw.floats(-0.9, 0.9) | draw.just(math.nan)
    for a in range(n):
        for b in range(a):
            state.correlation[0, a, b] = state.correlation[0, b, a] = draw_(rho)
    return state


PATH = draw.lists(
    draw.tuples(draw.floats(-CAPITAL, 3 * CAPITAL), draw.booleans()), min_size=1, max_size=8
)


def walk(guard: Guard, state: AccountState, path: list[tuple[float, bool]]) -> list[Verdict]:
    """Let a guard see some steps; return what it said."""
    said = []
    for equity, new_day in path:
        state.resumed = False
        verdict = guard.step(at(state, equity, time=state.time + FIVE_MINUTES, new_day=new_day))
        if verdict is not None:
            said.append(verdict)
    return said


def codes_in(name: str) -> set[str]:
    """Return the decision codes that the source of a rule speaks of."""
    tree = ast.parse(inspect.getsource(sys.modules[risk_rules.get(name).__module__]))
    return {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "CODE"
        and isinstance(node.slice, ast.Constant)
    }


# What is declared -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_declares_its_meaning_and_a_number_its_range(name: str) -> None:
    component = risk_rules.get(name)
    assert parameters(component)
    for key, spec in parameters(component).items():
        default = defaults_of(component)[key]
        assert len(spec.doc) > 10, key
        if isinstance(default, int | float) and not isinstance(default, bool):
            assert spec.low is not None or spec.above is not None, key
        if isinstance(default, str):
            assert default in spec.choices, key


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_valid_and_come_back_from_plain_data(name: str) -> None:
    component = risk_rules.get(name)
    plain = json.loads(json.dumps(dataclasses.asdict(component())))
    assert build(component, {}) == component()
    assert build(component, plain) == component()


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_frozen_and_says_what_it_is(name: str) -> None:
    component = risk_rules.get(name)
    rule = component()
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign"):
        setattr(rule, next(iter(parameters(component))), 1)
    assert inspect.getdoc(component)
    assert hash(rule) == hash(component())


@pytest.mark.parametrize("name", NAMES)
def test_null_and_values_out_of_range_are_refused_by_name(name: str) -> None:
    component = risk_rules.get(name)
    for key, spec in parameters(component).items():
        with pytest.raises(ConfigError, match=rf"{key} is None; expected"):
            build(component, {key: None})
        for bound in (spec.low, spec.above):
            if bound is not None:
                with pytest.raises(ConfigError, match=rf"{key} is -?\d.*; expected a number"):
                    build(component, {key: bound - 1})


@pytest.mark.parametrize("name", NAMES)
def test_the_sentences_are_those_of_the_codes_the_rule_speaks_of(name: str) -> None:
    sentences = risk_rules.get(name).sentences
    assert set(sentences) <= set(DECISIONS)
    assert set(sentences) == codes_in(name)
    for sentence in sentences.values():
        assert sentence.format(asset="EURUSD", before=1.0, after=0.5).endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_does_something_and_its_factor_bears_its_name(name: str) -> None:
    guard = risk_rules.get(name)().start()
    does = {
        what
        for what in ("step", "block", "factor", "room")
        if getattr(type(guard), what) is not getattr(Guard, what)
    }
    assert does & {"block", "factor", "room"}
    assert guard.factor_name == (name if "factor" in does else "")
    assert (guard.limit_code == CODE["rule_limit"]) == ("room" not in does)


# What it does -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@laws
@given(data=draw.data(), state=states(), path=PATH)
def test_answers_are_of_their_kind_and_their_codes_have_sentences(
    name: str, data: draw.DataObject, state: AccountState, path: list[tuple[float, bool]]
) -> None:
    rule = drawn_rule(data, name)
    guard = rule.start()
    verdicts = walk(guard, state, path)
    for side in (1, -1):
        entry = Entry(len(state.side) - 1, side)
        blocked = guard.block(state, entry)
        factor, scaled = guard.factor(state, entry)
        room = guard.room(state, entry)
        assert 0.0 <= factor <= 1.0
        assert math.isfinite(room) or room == math.inf
        assert (factor == 1.0) or scaled is not None
        verdicts.extend(v for v in (blocked, scaled) if v is not None)
    for verdict in verdicts:
        assert DECISIONS[verdict.code] in rule.sentences
        assert verdict.cancel == -1 or DECISIONS[verdict.cancel] in rule.sentences
        assert 0 <= verdict.flatten < len(EXIT_REASONS)


@pytest.mark.parametrize("name", NAMES)
@laws
@given(data=draw.data(), state=states(), path=PATH)
def test_asking_about_an_entry_changes_nothing_and_two_guards_agree(
    name: str, data: draw.DataObject, state: AccountState, path: list[tuple[float, bool]]
) -> None:
    rule = drawn_rule(data, name)
    guards = (rule.start(), rule.start())
    assert guards[0] is not guards[1]
    twins = (state, copy.deepcopy(state))
    answers: list[Any] = []
    for guard, own in zip(guards, twins):
        said = walk(guard, own, path)
        entry = Entry(0, 1)
        before = copy.deepcopy(own)
        first = (guard.block(own, entry), guard.factor(own, entry), guard.room(own, entry))
        again = (guard.block(own, entry), guard.factor(own, entry), guard.room(own, entry))
        assert repr(first) == repr(again)
        assert repr(own) == repr(before)
        answers.append(repr((said, first)))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", NAMES)
@laws
@given(data=draw.data(), state=states(), path=PATH, stop=draw.floats(1e-4, 0.05))
def test_a_rule_never_enlarges_a_position(
    name: str,
    data: draw.DataObject,
    state: AccountState,
    path: list[tuple[float, bool]],
    stop: float,
) -> None:
    manager = PortfolioRiskManager([(name, drawn_rule(data, name))])
    entry = Entry(0, data.draw(draw.sampled_from([1, -1]), "side"))
    walk(manager.guards[name], state, path)
    sizer = RiskManager(state.instruments[0], AccountTerms())
    free = sizer.size(CAPITAL, 1.0, stop, 1.25, 1.0)
    product = math.prod(manager.factors(state, entry)[0])
    ruled = sizer.size(CAPITAL, product, stop, 1.25, 1.0, manager.rooms(state, entry))
    assert ruled.asked <= free.asked
    assert ruled.lots <= free.lots
    assert ruled.lots >= 0.0
