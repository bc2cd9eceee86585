"""Translation to and from Checkout.com's wire format: pure, so tried without any server."""

from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.port import AuthorizeRequest, CaptureRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId, PaymentId
from domain.money.currencies import decimals
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import (
    DECLINE_CODES,
    ActionRequired,
    Approved,
    Declined,
    Mismatched,
    Outcome,
    Redirect,
    Rejected,
    Unavailable,
    Unknown,
)
from infrastructure.provider.checkout import amounts, naming, translate
from infrastructure.provider.checkout.response_codes import DECLINES, decline_code
from infrastructure.provider.checkout.translate import TakenOn
from infrastructure.provider.checkout.wire import Action, Payment
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.minor_units import NotRepresentable

OPERATION = OperationId(UUID("018f0000-0000-7000-8000-000000000001"))
PAYMENT = PaymentId(UUID("018f0000-0000-7000-8000-000000000002"))
REFERENCE = "AGHQAAAAABYABAAAAAAAAAAAAE"
CHECKOUT_CURRENCIES = sorted(amounts.CURRENCIES)


def authorization(*, capture: bool = False, token: str = "tok_1", return_url: str | None = None) -> AuthorizeRequest:
    return AuthorizeRequest(
        operation_id=OPERATION,
        payment_id=PAYMENT,
        amount=Money(1_230, "KWD"),
        method=PaymentMethod(MethodType.CARD, token),
        capture=capture,
        return_url=return_url,
    )


CAPTURE = CaptureRequest(
    operation_id=OPERATION, payment_id=PAYMENT, reference="pay_1", amount=Money(5, "JPY"), final=False
)
VOID = VoidRequest(operation_id=OPERATION, payment_id=PAYMENT, reference="a/b?c", amount=Money(5, "EUR"))
REFUND = RefundRequest(operation_id=OPERATION, payment_id=PAYMENT, reference="pay_1", amount=Money(5, "EUR"))


def encoded(**fields: object) -> bytes:
    return msgspec.json.encode(fields)


def refused(*codes: str) -> bytes:
    return encoded(request_id="r", error_type="request_invalid", error_codes=codes)


def test_an_authorisation_is_a_payment_named_and_keyed_by_the_operation() -> None:
    call = translate.call(authorization())
    assert (call.path, call.key) == ("/payments", str(OPERATION))
    assert msgspec.to_builtins(call.body) == {
        "source": {"type": "token", "token": "tok_1"},
        "amount": 1_230,
        "currency": "KWD",
        "capture": False,
        "reference": REFERENCE,
        "metadata": {"payment_id": str(PAYMENT), "operation_id": str(OPERATION), "operation": "authorize"},
    }


def test_a_customer_with_a_way_back_may_be_challenged() -> None:
    call = translate.call(authorization(capture=True, token="src_1", return_url="https://shop.example/back"), "pc_1")
    body: dict[str, Any] = msgspec.to_builtins(call.body)
    assert body["source"] == {"type": "id", "id": "src_1"}
    assert body["3ds"] == {"enabled": True, "attempt_n3d": True}
    assert body["success_url"] == body["failure_url"] == "https://shop.example/back"
    assert (body["processing_channel_id"], body["metadata"]["operation"]) == ("pc_1", "charge")


@pytest.mark.parametrize(
    ("request_", "path", "body"),
    [
        (CAPTURE, "/payments/pay_1/captures", {"amount": 5, "capture_type": "NonFinal"}),
        (VOID, "/payments/a%2Fb%3Fc/voids", {}),
        (REFUND, "/payments/pay_1/refunds", {"amount": 5}),
    ],
    ids=["capture", "void", "refund"],
)
def test_a_movement_names_its_payment_and_itself(
    request_: CaptureRequest | VoidRequest | RefundRequest, path: str, body: dict[str, Any]
) -> None:
    call = translate.call(request_)
    assert (call.path, call.key) == (path, str(OPERATION))
    sent: dict[str, Any] = msgspec.to_builtins(call.body)
    assert sent.pop("reference") == REFERENCE
    assert sent.pop("metadata")["operation_id"] == str(OPERATION)
    assert sent == body


@given(st.uuids(), st.sampled_from(OperationKind))
def test_a_reference_fits_american_express_and_names_its_operation(uuid: UUID, kind: OperationKind) -> None:
    named = naming.reference(OperationId(uuid))
    assert len(named) <= 30
    assert named.isalnum()
    assert naming.operation_id(kind, {}, named) == uuid


@given(st.dictionaries(st.sampled_from(["operation", "operation_id"]), st.text() | st.none() | st.lists(st.none())))
def test_metadata_of_any_kind_name_an_operation_or_none(metadata: dict[str, object]) -> None:
    assert naming.operation_id(OperationKind.CAPTURE, metadata, "no reference of ours") is None


@given(st.sampled_from(CHECKOUT_CURRENCIES), st.integers(1, 10**7))
def test_an_amount_is_sent_exactly_or_not_at_all(currency: str, minor: int) -> None:
    if decimals(currency) == 3 and minor % 10:
        with pytest.raises(NotRepresentable):
            amounts.sent(Money(minor, currency))
    else:
        assert amounts.sent(Money(minor, currency)) == minor * (100 if currency == "CLP" else 1)


def payment(**said: object) -> bytes:
    return encoded(**{"id": "pay_1", "amount": 1_234, "currency": "EUR", **said})


REDIRECTING = {"redirect": {"href": "https://3ds.example/1"}}


@pytest.mark.parametrize(
    ("http_status", "body", "meant"),
    [
        (201, payment(status="Authorized", approved=True, response_code="10000"), Approved("pay_1")),
        (
            201,
            payment(status="Declined", approved=False, response_code="20051", response_summary="No money"),
            Declined("insufficient_funds", "No money"),
        ),
        (201, payment(status="Declined", approved=False), Declined("declined", "Declined")),
        (201, payment(status="Declined", approved=True), Mismatched("an approval of a payment that is Declined")),
        (
            201,
            payment(status="Retry Scheduled", approved=False, response_code="20051"),
            Unknown("accepted; payment pay_1 is Retry Scheduled", accepted=True),
        ),
        (
            202,
            payment(status="Pending", _links=REDIRECTING),
            ActionRequired("pay_1", Redirect("https://3ds.example/1")),
        ),
        (202, payment(status="Pending"), Unknown("accepted; payment pay_1 is Pending", accepted=True)),
        (
            202,
            payment(status="Pending", _links={"redirect": {"href": "javascript:alert(1)"}}),
            Unknown("undecodable answer with HTTP status 202"),
        ),
        (201, b"{}", Unknown("undecodable answer with HTTP status 201")),
        (201, payment(id="", status="Authorized", approved=True), Unknown("undecodable answer with HTTP status 201")),
        (401, b"", Rejected("unauthorized", "HTTP status 401")),
        (403, b"", Rejected("forbidden", "HTTP status 403")),
        (404, b"<html>", Rejected("not_found", "HTTP status 404")),
        (422, refused("token_invalid"), Rejected("token_invalid", "token_invalid")),
        (
            422,
            refused("amount_invalid", "currency_invalid"),
            Rejected("amount_invalid", "amount_invalid, currency_invalid"),
        ),
        (422, b"", Unknown("HTTP status 422")),
        (422, refused("api_calls_quota_exceeded"), Unavailable("HTTP status 422: api_calls_quota_exceeded")),
        (500, refused("token_invalid"), Unknown("HTTP status 500")),
        (503, b"", Unknown("HTTP status 503")),
        (302, b"", Unknown("HTTP status 302")),
    ],
)
def test_an_answer_to_an_authorisation_means_one_outcome(http_status: int, body: bytes, meant: Outcome) -> None:
    said = translate.answered(authorization(), http_status, body)
    assert isinstance(said, Interpretation)
    assert said.outcome == meant


def test_the_approval_of_an_automatic_capture_is_no_money_yet() -> None:
    body = payment(status="Authorized", approved=True)
    taken_on = TakenOn(Payment("pay_1", "Authorized", 1_234, "EUR", approved=True))
    assert translate.answered(authorization(capture=True), 201, body) == taken_on


def test_a_movement_that_is_accepted_is_only_taken_on() -> None:
    assert translate.answered(CAPTURE, 202, encoded(action_id="act_1")) == TakenOn()
    said = translate.answered(CAPTURE, 202, b"{}")
    assert isinstance(said, Interpretation)
    assert isinstance(said.outcome, Unknown)


def action(kind: str, approved: bool | None, reference: str | None = REFERENCE, code: str | None = None) -> Action:
    return Action("act_1", kind, reference=reference, approved=approved, response_code=code)


def test_the_operations_name_on_another_kind_of_action_decides_nothing() -> None:
    for done in ([action("Refund", True)], [action("Capture", True), action("Capture", True)]):
        said = translate.moved(CAPTURE, done)
        assert said is not None
        assert isinstance(said.outcome, Mismatched)


@pytest.mark.parametrize(
    ("done", "meant"),
    [
        ([action("Capture", True)], Approved("act_1")),
        ([action("Capture", None)], Unknown("accepted; capture act_1 is under way", accepted=True)),
        ([action("Capture", False)], Declined("capture_declined", "Capture")),
        ([action("Capture", False, code="20068")], Declined("issuer_unavailable", "Capture")),
        ([action("Capture", True, reference="of another"), action("Refund", True, reference="of another")], None),
        ([], None),
    ],
)
def test_a_capture_is_the_action_with_its_reference(done: list[Action], meant: Outcome | None) -> None:
    said = translate.moved(CAPTURE, done)
    assert (None if said is None else said.outcome) == meant


AUTHORIZED, DECLINED = action("Authorization", True), action("Authorization", False, code="20005")


@pytest.mark.parametrize(
    ("capture", "status", "done", "meant"),
    [
        (False, "Authorized", [AUTHORIZED], Approved("pay_1")),
        (False, "Voided", [action("Void", True), AUTHORIZED], Approved("pay_1")),
        (
            False,
            "Declined",
            [AUTHORIZED],
            Mismatched("an action of the payment is approved, and the payment is declined"),
        ),
        (False, "Declined", [DECLINED], Declined("do_not_honor", "Authorization")),
        (False, "Authorized", [AUTHORIZED, DECLINED], Approved("pay_1")),
        (False, "Pending", [DECLINED], Unknown("accepted; payment pay_1 is Pending", accepted=True)),
        (False, "Canceled", [], Declined("canceled", "Canceled")),
        (False, "Authorized", [], Unknown("accepted; payment pay_1 is Authorized", accepted=True)),
        (True, "Captured", [action("Capture", True), AUTHORIZED], Approved("pay_1")),
        (True, "Authorized", [AUTHORIZED], Unknown("authorised, and not captured yet", accepted=True)),
        (
            True,
            "Authorized",
            [action("Capture", None), AUTHORIZED],
            Unknown("authorised, and not captured yet", accepted=True),
        ),
        (True, "Authorized", [action("Capture", False), AUTHORIZED], Declined("capture_declined", "Capture")),
        (
            True,
            "Voided",
            [AUTHORIZED],
            Declined("declined", "nothing was captured; the payment is Voided"),
        ),
    ],
)
def test_what_became_of_an_attempt_is_in_its_actions(
    capture: bool, status: str, done: list[Action], meant: Outcome
) -> None:
    told = Payment("pay_1", status, 1_234, "EUR")
    assert translate.attempted(authorization(capture=capture), told, done).outcome == meant


def listing(*payments: object, total_count: int | None = None) -> bytes:
    return encoded(data=payments, total_count=len(payments) if total_count is None else total_count)


ONE = {"id": "pay_1", "status": "Authorized", "approved": True, "amount": 1_234, "currency": "EUR"}


@pytest.mark.parametrize(
    ("http_status", "body", "meant"),
    [
        (200, listing(ONE), Payment("pay_1", "Authorized", 1_234, "EUR", approved=True)),
        (200, listing(), None),
        (200, listing(total_count=1), Mismatched("1 payments have the attempt's reference")),
        (200, listing(ONE, ONE), Mismatched("2 payments have the attempt's reference")),
        (200, b"{}", Unknown("undecodable lookup with HTTP status 200")),
        (404, b"", Unknown("lookup answered with HTTP status 404")),
        (401, b"", Unknown("lookup answered with HTTP status 401")),
        (500, listing(), Unknown("lookup answered with HTTP status 500")),
    ],
)
def test_only_an_empty_list_says_that_an_attempt_was_never_seen(
    http_status: int, body: bytes, meant: Payment | Unknown | None
) -> None:
    assert translate.listed(http_status, body) == meant


hostile = st.binary() | st.sampled_from([b"[" * 100_000, b'{"id":"\xff"}', b"[]", b"null", b'{"data":null}'])


@given(st.integers(100, 599), hostile, st.sampled_from([authorization(), authorization(capture=True), CAPTURE, VOID]))
def test_any_bytes_at_all_are_some_outcome_and_never_an_approval_by_accident(
    http_status: int, body: bytes, request_: AuthorizeRequest | CaptureRequest | VoidRequest
) -> None:
    said = translate.answered(request_, http_status, body)
    assert isinstance(said, Interpretation)
    assert isinstance(said.outcome, get_args(Outcome))
    assert not isinstance(said.outcome, Approved)
    assert isinstance(translate.listed(http_status, body), Unknown)
    done = translate.actions(http_status, body)
    assert isinstance(done, Unknown) or done == []


def test_every_decline_is_told_in_the_words_of_all_connectors() -> None:
    assert set(DECLINES.values()) <= DECLINE_CODES


@pytest.mark.parametrize(
    ("response_code", "code"),
    [("20059", "fraud_suspected"), ("40101", "blocked"), ("20999", "declined"), ("", "declined"), (None, "declined")],
)
def test_a_code_without_a_word_of_ours_is_some_decline(response_code: str | None, code: str) -> None:
    assert decline_code(response_code) == code


@pytest.mark.parametrize(
    ("said", "kept"), [("no\x00 way\n", "no  way "), ("card 4242 4242 4242 4242 is stolen", "[redacted]")]
)
def test_what_checkout_says_is_kept_printable_and_without_card_numbers(said: str, kept: str) -> None:
    body = payment(status="Declined", approved=False, response_summary=said)
    declined = translate.answered(authorization(), 201, body)
    rejected = translate.answered(authorization(), 422, refused(said))
    assert isinstance(declined, Interpretation)
    assert isinstance(rejected, Interpretation)
    assert (declined.outcome, rejected.outcome) == (Declined("declined", kept), Rejected(kept, kept))
