"""Checkout.com's own client takes the dialect for Checkout.com: the fake is right by somebody else's word."""

import warnings
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from checkout_sdk.checkout_sdk import CheckoutSdk
from checkout_sdk.environment import Environment
from checkout_sdk.exception import CheckoutApiException
from checkout_sdk.payments.payments import (
    CaptureRequest,
    CaptureType,
    PaymentRequest,
    PaymentRequestTokenSource,
    PaymentsQueryFilter,
    RefundRequest,
    VoidRequest,
)

from tests.infrastructure.simulator.api import Api
from tests.support.simulator import running_simulator

SECRET_KEY = "sk_sbox_" + "a" * 26 + "="


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield url


@pytest.fixture(scope="module")
def payments(base_url: str) -> Any:
    return client(base_url, SECRET_KEY)


def client(base_url: str, secret_key: str) -> Any:
    """The SDK's payments, at the simulator instead of Checkout.com's sandbox."""
    ours = f"{base_url}/checkout/"
    environment = Environment(ours, ours, ours, ours, ours, ours, ours, is_sandbox=True)
    with warnings.catch_warnings():
        # The merchant's own subdomain, which it wants instead, does not exist on a loopback address.
        warnings.simplefilter("ignore", DeprecationWarning)
        return (
            CheckoutSdk.builder().secret_key(secret_key).environment(environment).use_legacy_domain().build().payments
        )


def request(token: str = "tok_visa", amount: int = 10_000, **fields: Any) -> PaymentRequest:
    source = PaymentRequestTokenSource()
    source.token = token
    wanted = PaymentRequest()
    wanted.source = source
    wanted.amount = amount
    wanted.currency = "EUR"
    wanted.capture = False
    wanted.reference = uuid4().hex
    for name, value in fields.items():
        setattr(wanted, name, value)
    return wanted


def capture(amount: int, capture_type: CaptureType) -> CaptureRequest:
    wanted = CaptureRequest()
    wanted.amount, wanted.capture_type, wanted.reference = amount, capture_type, uuid4().hex
    return wanted


def refund(amount: int) -> RefundRequest:
    wanted = RefundRequest()
    wanted.amount, wanted.reference = amount, uuid4().hex
    return wanted


def status(payments: Any, payment: str) -> str:
    return str(payments.get_payment_details(payment).status)


def refused(error: pytest.ExceptionInfo[CheckoutApiException]) -> tuple[int, Any]:
    return error.value.http_metadata.status_code, error.value.error_details


def test_a_payment_is_authorised_and_shown(payments: Any) -> None:
    wanted = request(metadata={"payment_id": "pay-of-ours"})
    answered = payments.request_payment(wanted, uuid4().hex)
    assert answered.http_metadata.status_code == 201
    assert (answered.approved, answered.status, answered.response_code) == (True, "Authorized", "10000")
    shown = payments.get_payment_details(answered.id)
    assert (shown.amount, shown.currency, shown.reference) == (10_000, "EUR", wanted.reference)
    assert shown.metadata.payment_id == "pay-of-ours"
    assert shown.balances.available_to_capture == 10_000
    assert shown._links.capture.href.endswith(f"/checkout/payments/{answered.id}/captures")


def test_partial_captures_leave_the_payment_open_until_the_final_one(payments: Any) -> None:
    payment = payments.request_payment(request()).id
    accepted = payments.capture_payment(payment, capture(4_000, CaptureType.NON_FINAL), uuid4().hex)
    assert accepted.http_metadata.status_code == 202
    assert status(payments, payment) == "Partially Captured"
    payments.capture_payment(payment, capture(5_000, CaptureType.FINAL), uuid4().hex)
    assert status(payments, payment) == "Captured"
    done = payments.get_payment_actions(payment).items
    assert [(action.type, action.amount, action.approved) for action in done] == [
        ("Capture", 5_000, True),
        ("Capture", 4_000, True),
        ("Authorization", 10_000, True),
    ]
    assert done[1].id == accepted.action_id
    with pytest.raises(CheckoutApiException) as error:
        payments.capture_payment(payment, capture(1, CaptureType.FINAL))
    assert refused(error) == (403, None)


def test_a_capture_without_an_amount_takes_everything(payments: Any) -> None:
    payment = payments.request_payment(request()).id
    payments.capture_payment(payment)
    assert payments.get_payment_details(payment).balances.total_captured == 10_000


def test_a_payment_is_captured_at_once_unless_it_says_otherwise(payments: Any) -> None:
    wanted = request()
    del wanted.capture
    payment = payments.request_payment(wanted).id
    assert status(payments, payment) == "Captured"
    assert [action.type for action in payments.get_payment_actions(payment).items] == ["Capture", "Authorization"]


def test_a_void_releases_the_authorisation(payments: Any) -> None:
    payment = payments.request_payment(request()).id
    wanted = VoidRequest()
    wanted.reference = uuid4().hex
    assert payments.void_payment(payment, wanted).http_metadata.status_code == 202
    assert status(payments, payment) == "Voided"
    (voided, _) = payments.get_payment_actions(payment).items
    assert (voided.type, voided.reference) == ("Void", wanted.reference)


def test_refunds_give_back_what_was_taken_and_no_more(payments: Any) -> None:
    payment = payments.request_payment(request(capture=True)).id
    payments.refund_payment(payment, refund(7_000))
    assert status(payments, payment) == "Partially Refunded"
    with pytest.raises(CheckoutApiException) as error:
        payments.refund_payment(payment, refund(3_001))
    assert refused(error) == (422, ["refund_amount_exceeds_balance"])
    payments.refund_payment(payment)
    assert status(payments, payment) == "Refunded"


def test_a_decline_is_an_answer_with_its_code(payments: Any) -> None:
    wanted = request("tok_insufficient_funds")
    answered = payments.request_payment(wanted)
    assert answered.http_metadata.status_code == 201
    assert (answered.approved, answered.status) == (False, "Declined")
    assert (answered.response_code, answered.response_summary) == ("20051", "Insufficient Funds")
    assert status(payments, answered.id) == "Declined"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": 0}, "amount_invalid"),
        ({"amount": "100"}, "amount_invalid"),
        ({"currency": "euro"}, "currency_invalid"),
        ({"amount": 1_001, "currency": "KWD"}, "amount_invalid"),
        ({"amount": 150, "currency": "CLP"}, "amount_invalid"),
        ({"reference": "r" * 81}, "reference_invalid"),
        ({"token": "tok_of_nobody"}, "token_invalid"),
    ],
    ids=str,
)
def test_a_bad_request_is_refused_with_what_is_wrong(payments: Any, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(CheckoutApiException) as error:
        payments.request_payment(request(**changed))
    assert refused(error) == (422, [code])
    assert error.value.error_type == "request_invalid"
    assert error.value.request_id


def test_a_repeated_key_charges_once(payments: Any) -> None:
    wanted, key = request(), uuid4().hex
    assert payments.request_payment(wanted, key).id == payments.request_payment(wanted, key).id
    query = PaymentsQueryFilter()
    query.reference = wanted.reference
    page = payments.get_payments_list(query)
    assert (page.total_count, len(page.data)) == (1, 1)


def test_a_key_of_another_request_is_a_conflict(payments: Any) -> None:
    key = uuid4().hex
    payments.request_payment(request(), key)
    with pytest.raises(CheckoutApiException) as error:
        payments.request_payment(request(amount=1), key)
    assert refused(error)[0] == 409


def test_a_refused_capture_may_be_asked_for_again_under_its_key(payments: Any) -> None:
    payment, key = payments.request_payment(request()).id, uuid4().hex
    with pytest.raises(CheckoutApiException) as error:
        payments.capture_payment(payment, capture(10_001, CaptureType.FINAL), key)
    assert refused(error) == (422, ["capture_value_greater_than_remaining_authorized"])
    assert payments.capture_payment(payment, capture(10_000, CaptureType.FINAL), key).http_metadata.status_code == 202


def test_a_reference_of_nobody_lists_nothing(payments: Any) -> None:
    query = PaymentsQueryFilter()
    query.reference = uuid4().hex
    page = payments.get_payments_list(query)
    assert (page.total_count, page.data) == (0, [])


@pytest.mark.parametrize("ask", ["get_payment_details", "get_payment_actions", "capture_payment"])
def test_a_payment_of_nobody_is_not_found(payments: Any, ask: str) -> None:
    with pytest.raises(CheckoutApiException) as error:
        getattr(payments, ask)("pay_of_nobody")
    assert refused(error) == (404, None)


async def test_the_books_name_a_charge_as_the_payment_that_its_metadata_names(payments: Any, base_url: str) -> None:
    named = uuid4().hex
    payments.request_payment(request(metadata={"payment_id": named}))
    async with aclosing(Api(base_url)) as api:
        assert (await api.books())[-1]["reference"] == named


@pytest.mark.parametrize("authorization", ["", SECRET_KEY, "Bearer pk_public", "Bearer "])
async def test_without_a_secret_key_nothing_is_answered(base_url: str, authorization: str) -> None:
    url = f"{base_url}/checkout/payments/pay_1"
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, headers={"Authorization": authorization}) as answer,
    ):
        assert (answer.status, await answer.read()) == (401, b"")
