"""What a body says twice, it does not say: the decoder of every route refuses it by the member's name."""

import pytest

from interfaces.http.payment.bodies import CreateIntentBody, RefundBody
from interfaces.http.server.body import decode
from interfaces.resources.refusals import BodyInvalid


@pytest.mark.parametrize("second", [b"2", b"1"], ids=["another value", "the same value"])
def test_a_member_that_is_given_twice_is_refused(second: bytes) -> None:
    with pytest.raises(BodyInvalid) as refused:
        decode(RefundBody, b'{"amount":1,"reason":"x","amount":' + second + b"}")
    assert refused.value.field == "amount"


def test_a_member_that_is_given_twice_further_down_is_refused() -> None:
    body = (
        b'{"customer_id":"c","amount":1,"currency":"EUR",'
        b'"payment_method":{"type":"card","token":"tok_a","t\\u006fken":"tok_b"}}'
    )
    with pytest.raises(BodyInvalid) as refused:
        decode(CreateIntentBody, body)
    assert refused.value.field == "token"
