"""The parameters of an answer or a notification: JSON or a form, one value to a name, or nothing."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payment.outcome import Mismatched, Unknown
from infrastructure.provider.aps.answer import Answer, believed
from infrastructure.provider.aps.parameters import Unreadable, parameters
from tests.infrastructure.provider.aps.signed import PHRASE, body


def test_json_and_a_form_are_told_apart_by_their_content() -> None:
    assert parameters(b' {"amount":"10000","fort_id":149295435400084008}') == {
        "amount": "10000",
        "fort_id": "149295435400084008",
    }
    assert parameters(b"response_message=3-D+Secure&amount=10000&extra=") == {
        "response_message": "3-D Secure",
        "amount": "10000",
        "extra": "",
    }


@pytest.mark.parametrize(
    "unreadable",
    [
        b"{",
        b"[]",
        b'{"amount":1.5}',
        b'{"amount":null}',
        b'{"nested":{"a":"b"}}',
        b'{"a":' * 3_000,
        b"amount",
        b"amount=1&amount=2",
        b"a=\xff",
        b"a=%ff",
        b"&".join(b"a%d=1" % number for number in range(101)),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read_at_all(unreadable: bytes) -> None:
    with pytest.raises(Unreadable):
        parameters(unreadable)


@given(st.binary(max_size=200))
def test_any_bytes_are_parameters_or_unreadable(anything: bytes) -> None:
    with suppress(Unreadable):
        parameters(anything)


def test_an_answer_is_believed_when_it_is_signed_and_about_the_order_asked_about() -> None:
    said = body(merchant_reference="order", response_code="02000", fort_id="1")
    assert isinstance(believed(said, PHRASE, "order"), Answer)
    assert believed(said, "another phrase", "order") == Unknown("an answer that APS did not sign")
    assert believed(said, PHRASE, "another order") == Mismatched("an answer about another order")
    assert isinstance(believed(said.replace(b"02000", b"14000"), PHRASE, "order"), Unknown)


@pytest.mark.parametrize("page", [b"<html>Bad Gateway</html>", b"", b'{"status":"02","response_code":"02000"}'])
def test_what_somebody_else_answers_is_unknown(page: bytes) -> None:
    assert isinstance(believed(page, PHRASE, "order"), Unknown)


@given(st.binary(max_size=200), st.text(max_size=10))
def test_no_bytes_are_believed_by_accident(anything: bytes, phrase: str) -> None:
    assert isinstance(believed(anything, phrase, "order"), Unknown)
