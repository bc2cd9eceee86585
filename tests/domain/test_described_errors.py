"""What a log or a record says of a failure never has the contents of an event in it."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import described
from domain.payment.evolve import HistoryUnreadable, evolve
from tests.domain.recorded import EVENT_TYPES, events_of
from tests.support.domain import authorized, payment_of

SECRET = "DE02120300000000202051"


class Account(msgspec.Struct):
    iban: int


def a_value_error() -> object:
    return int(SECRET)


def a_field_of_another_type() -> object:
    return msgspec.json.decode(b'{"iban": "%s"}' % SECRET.encode(), type=Account)


def bytes_that_are_no_text() -> object:
    return (SECRET.encode() + b"\xff").decode()


def a_row_of_a_table() -> object:
    raise psycopg.errors.NotNullViolation(f"null value\nDETAIL:  Failing row contains ({SECRET}).")


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        (a_value_error, "ValueError at test_described_errors.py:"),
        (a_field_of_another_type, "ValidationError at $.iban"),
        (bytes_that_are_no_text, "UnicodeDecodeError at test_described_errors.py:"),
        (a_row_of_a_table, "NotNullViolation at test_described_errors.py:"),
    ],
)
def test_words_that_may_quote_a_value_are_left_out(failing: Callable[[], object], said: str) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError, psycopg.Error)) as failure:
        failing()
    assert described(failure.value).startswith(said)
    assert SECRET not in described(failure.value)


@pytest.mark.parametrize(
    "error",
    [
        HistoryUnreadable("payment.captured.v2 cannot follow Failed"),
        psycopg.OperationalError("connection refused"),
        TimeoutError("the database did not answer within 20 s"),
        AssertionError("a payout begins with being created"),
    ],
)
def test_words_that_quote_nothing_stay(error: Exception) -> None:
    assert described(error) == f"{type(error).__name__}: {error}"


@given(st.sampled_from(EVENT_TYPES).flatmap(events_of), st.booleans())
def test_an_event_that_cannot_follow_is_named_and_not_quoted(event: Any, is_first: bool) -> None:
    said = "a history cannot begin with it"
    try:
        evolve(None if is_first else payment_of(authorized()), event)
    except HistoryUnreadable as error:
        said = str(error)
    assert re.fullmatch(r"(a history cannot begin with )?[a-z_.0-9]+( cannot follow [A-Za-z]+)?", said)
