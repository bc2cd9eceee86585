"""A member that an object has twice is found at any depth and in any spelling; other repetition is left alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document.json_members import repeated_member

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


class Members(dict[str, Any]):
    """An object as the list of its members, which `json.dumps` writes one after the other."""

    def __init__(self, *members: tuple[str, Any]) -> None:
        super().__init__({"": None})
        self._members = members

    def items(self) -> Any:
        return self._members


@given(VALUES)
def test_what_python_writes_has_no_member_twice(value: Any) -> None:
    assert repeated_member(json.dumps(value).encode()) is None


@given(VALUES, VALUES, VALUES, st.text(max_size=5), st.lists(st.sampled_from(["list", "object"]), max_size=8))
def test_a_member_that_stands_twice_is_found_at_any_depth(
    first: Any, between: Any, second: Any, name: str, around: list[str]
) -> None:
    value: Any = Members((name, first), (f"{name}-", between), (name, second))
    for kind in around:
        value = [between, value] if kind == "list" else {"inner": value}
    assert repeated_member(json.dumps(value).encode()) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (rb'{"amount":1,"amount":2}', "amount"),
        (rb'{"amount":1,"amount":1}', "amount"),
        (rb'{"amount":1 , "am\u006funt" : 2}', "amount"),
        (rb'{"a":{"b":[{"c":1,"d":{},"c":null}]}}', "c"),
        ('{"größe":1,"gr\\u00f6\\u00dfe":2}'.encode(), "größe"),
        (rb'{"":1,"":2}', ""),
        (rb'{"a":"\"b\":1,\"b\":2","\"a":1,"a":2}', "a"),
    ],
)
def test_the_name_is_told(text: bytes, name: str) -> None:
    assert repeated_member(text) == name


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"[]",
        b"1",
        b'{"a":{"a":{"a":1}}}',
        b'[{"a":1},{"a":1}]',
        b'{"a":1,"A":2}',
        rb'{"a":"{\"b\":1,\"b\":2}"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1' + b"0" * 5000 + b".5e99999}",
    ],
)
def test_what_is_not_ambiguous_is_left_alone(text: bytes) -> None:
    assert repeated_member(text) is None


@pytest.mark.parametrize("text", [b"", b"{", b'{"a":1,}', b'"\xff"'])
def test_text_that_is_no_json_is_an_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own error, of which only the type is promised
        repeated_member(text)
