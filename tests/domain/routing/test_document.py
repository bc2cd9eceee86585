"""A policy that is wrong is refused with the line at fault, and a right one says what it says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document.json_lines import lines_of
from domain.document.strict_document import DOCUMENT_CHARACTERS_MAX
from domain.payment.outcome import DECLINE_CODES, NEVER_SOFT
from domain.routing.candidate import Strategy
from domain.routing.document import (
    PolicyDocument,
    PolicyInvalid,
    policy_as_added,
    read_policy,
)
from domain.routing.policy import Cost, Retry
from tests.support.routing import NORTH, POLICY_TEXT, PROVIDERS, SOUTH, WEST, cheapest, priority, split


def read(text: str) -> PolicyDocument:
    return read_policy(text, providers=PROVIDERS, fault_of=lambda when, providers: None)


def refused(text: str) -> PolicyInvalid:
    with pytest.raises(PolicyInvalid) as refusal:
        read(text)
    return refusal.value


def test_a_policy_says_what_it_says() -> None:
    document = read(POLICY_TEXT)
    assert document.name == "cards-eu"
    assert document.costs == {NORTH: Cost(basis_points=120, fixed_minor=10), SOUTH: Cost(basis_points=90)}
    assert [rule.name for rule in document.rules] == ["upi", "large", "rest"]
    assert [rule.choice for rule in document.rules] == [
        priority(SOUTH, WEST),
        split({NORTH: 70, SOUTH: 30}),
        cheapest(NORTH, SOUTH),
    ]
    assert document.rules[0].when == "method == 'upi_collect' && country == 'IN'"
    assert document.default == priority(NORTH, SOUTH)
    assert document.retry == Retry(
        soft_declines=frozenset({"try_again_later", "do_not_honor"}), attempts_max=3, total_s_max=30
    )
    assert document.numbered(7).version == "cards-eu:7"
    assert document.numbered(7).rules == document.rules


def test_rules_and_costs_may_be_left_out() -> None:
    document = read(
        '{"name": "x", "default": {"cheapest": ["west"]},'
        ' "retry": {"soft_declines": [], "attempts_max": 1, "total_s_max": 1}}'
    )
    assert (document.rules, document.costs) == ((), {})
    assert document.default.strategy is Strategy.CHEAPEST


@pytest.mark.parametrize(
    ("was", "is_", "line", "says"),
    [
        ('"cards-eu"', '"Cards EU"', 1, "“name”: expected `str` matching"),
        ('"costs"', '"cots"', 2, "unknown field `cots`"),
        ("120", "-1", 2, "“basis_points”: expected `int` >= 0"),
        ("120", "1.2", 2, "“basis_points”: expected `int`, got `float`"),
        ('"fixed_minor"', '"fixed"', 2, "unknown field `fixed`"),
        ('"south": {"basis_points": 90}', '"sauth": {"basis_points": 90}', 3, "there is no provider “sauth”"),
        ('"rules": [', '"rules": 3, "x": [', 4, "“rules”: expected `array`, got `int`"),
        ('"upi"', '"default"', 5, "a rule cannot be called “default”"),
        ('["south", "west"]', '["south", "wst"]', 5, "there is no provider “wst”, only north, south, west"),
        ('["south", "west"]', '["south", "south"]', 5, "provider “south” is named twice"),
        ('["south", "west"]', "[]", 5, "the list of providers is empty"),
        ('["south", "west"]', '"south"', 5, "“priority”: expected `array | null`"),
        (', "priority": ["south", "west"]', "", 5, "expected exactly one of “priority”, “split” and “cheapest”"),
        ('"priority": ["south', '"cheapest": ["north"], "priority": ["south', 5, "expected exactly one of"),
        ('"large"', '"upi"', 6, "there is a rule “upi” before"),
        ('"when": "amount', '"if": "amount', 6, "unknown field `if`"),
        ('"north": 70', '"north": 71', 7, "the percentages sum to 101 instead of 100"),
        ('"north": 70', '"north": 70.5', 7, "the percentage of “north” has to be a whole number from 0 to 100"),
        ('"north": 70', '"north": true', 7, "the percentage of “north” has to be"),
        ('"south": 30', '"north": 30', 7, "“north” stands here for the second time"),
        ('{"north": 70, "south": 30}', "{}", 7, "a split needs at least one provider"),
        ("\"currency == 'EUR'\"", "true", 8, "“when”: expected `str`, got `bool`"),
        (" ],", " ]", 10, "this is not JSON: expecting ',' delimiter"),
        ('"default": {"priority": ["north", "south"]}', '"default": {}', 10, "expected exactly one of"),
        ('"do_not_honor"', '"capture_declined"', 11, "“capture_declined” is no reason after which"),
        ('"do_not_honor"', '"because"', 11, "“because” is no reason after which"),
        ('"attempts_max": 3', '"attempts_max": 0', 12, "“attempts_max”: expected `int` >= 1"),
        ('"attempts_max": 3', '"attempts_max": 11', 12, "“attempts_max”: expected `int` <= 10"),
        ('"total_s_max": 30', '"total_s_max": 301', 12, "“total_s_max”: expected `int` <= 300"),
        ('"total_s_max": 30', '"total_s_max": NaN', 12, "“total_s_max”: expected `int`, got `float`"),
        (', "total_s_max": 30', "", 11, "“retry”: object missing required field `total_s_max`"),
    ],
)
def test_a_mistake_is_refused_with_its_line(was: str, is_: str, line: int, says: str) -> None:
    assert was in POLICY_TEXT
    refusal = refused(POLICY_TEXT.replace(was, is_, 1))
    assert refusal.line == line, refusal
    assert says in refusal.reason
    assert str(refusal).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("null", 1),
        ("[]", 1),
        ("{}", 1),
        ("{\n\n]", 3),
        ('{\n"name": "\t"}', 2),
        ("\ufeff{}", 1),
        ("[" * 100_000, 1),
        ("{\n" + '{"a":' * 1_000, 2),
        ('{"name": ' + "1" * 5_000 + "}", 1),
        ("x" * (DOCUMENT_CHARACTERS_MAX + 1), 1),
        ('{"name": "\\ud800"}', 1),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_policy_at_all_is_refused(text: str, line: int) -> None:
    assert refused(text).line == line


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n\t\t", "\n\n"])
def test_lines_are_counted_however_the_file_was_written(line_end: str) -> None:
    text = POLICY_TEXT.replace("\n", line_end).replace('"attempts_max": 3', '"attempts_max": "drei Prüfungen 😀"')
    assert refused(text).line == 1 + text[: text.index("attempts_max")].count("\n")


def test_a_condition_at_fault_is_told_with_its_rule_and_line() -> None:
    with pytest.raises(PolicyInvalid) as refusal:
        read_policy(
            POLICY_TEXT,
            providers=PROVIDERS,
            fault_of=lambda when, providers: "can never be true" if "amount" in when else None,
        )
    assert str(refusal.value) == "line 6: the condition of rule “large” can never be true"


def test_what_was_added_is_read_whatever_became_of_its_providers() -> None:
    text = POLICY_TEXT.replace("west", "gone").replace("country == 'IN'", "no condition any more")
    assert policy_as_added(text).rules[0].choice.providers == ("south", "gone")


@given(st.text() | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refused(text).line >= 1


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)


@given(trees, st.sampled_from((None, 0, 2, "\t")))
def test_every_part_of_a_document_has_its_line(tree: object, indent: int | str | None) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    lines = lines_of(text)
    assert set(lines) == set(_paths(tree))
    if indent is None:
        assert set(lines.values()) == {1}
    assert max(lines.values()) <= 1 + text.count("\n")


def _paths(tree: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    match tree:
        case dict():
            below = list(tree.items())
        case list():
            below = list(enumerate(tree))
        case _:
            below = []
    return [path, *(found for step, part in below for found in _paths(part, (*path, step)))]


def test_every_soft_decline_that_may_be_listed_is_one_that_connectors_say() -> None:
    everything = json.dumps(sorted(DECLINE_CODES - NEVER_SOFT))
    document = read(POLICY_TEXT.replace('["try_again_later", "do_not_honor"]', everything))
    assert document.retry.soft_declines == DECLINE_CODES - NEVER_SOFT
