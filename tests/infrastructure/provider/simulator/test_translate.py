"""Translation to and from the simulator's dialect: pure, so tried without any server."""

from typing import get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.port import AuthorizeRequest, CaptureRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId, PaymentId
from domain.money.money import Money
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    Collect,
    Declined,
    Mismatched,
    Outcome,
    Redirect,
    Rejected,
    Transfer,
    Unknown,
)
from infrastructure.provider.simulator.translate import call, looked_up, lookup_path, outcome

OPERATION_ID = OperationId(UUID("018f0000-0000-7000-8000-000000000001"))
PAYMENT_ID = PaymentId(UUID("018f0000-0000-7000-8000-000000000002"))


def error(code: str, message: str = "why") -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": message}})


def operation(http_status: int, answer: object) -> bytes:
    return msgspec.json.encode({"operation": "charge", "http_status": http_status, "answer": answer})


def charge(status: str, **said: object) -> dict[str, object]:
    amounts = {"currency": "KWD", "authorized": 1_234, "captured": 1_234 if status == "captured" else 0}
    return {"id": "ch_1", "status": status, "reference": str(PAYMENT_ID), **amounts, **said}


def waiting(action: object) -> bytes:
    return msgspec.json.encode(charge("requires_action", action=action))


AUTHORIZE = AuthorizeRequest(
    operation_id=OPERATION_ID,
    payment_id=PAYMENT_ID,
    amount=Money(1_234, "KWD"),
    method=PaymentMethod(MethodType.CARD, "tok_visa"),
    capture=True,
)
CAPTURE = CaptureRequest(
    operation_id=OPERATION_ID, payment_id=PAYMENT_ID, reference="ch_1", amount=Money(5, "JPY"), final=True
)


def test_an_authorisation_is_a_charge_named_after_the_payment_and_keyed_by_the_operation() -> None:
    assert (call(AUTHORIZE).path, call(AUTHORIZE).key) == ("/v1/charges", str(OPERATION_ID))
    assert msgspec.to_builtins(call(AUTHORIZE).body) == {
        "reference": str(PAYMENT_ID),
        "amount": 1_234,
        "currency": "KWD",
        "token": "tok_visa",
        "capture": True,
        "method": "card",
    }


@pytest.mark.parametrize("kind", MethodType)
def test_a_charge_names_its_method_and_where_the_customer_comes_back_to(kind: MethodType) -> None:
    request = AuthorizeRequest(
        operation_id=OPERATION_ID,
        payment_id=PAYMENT_ID,
        amount=Money(1_234, "EUR"),
        method=PaymentMethod(kind, "token"),
        capture=False,
        return_url="https://shop.example/back",
    )
    body = msgspec.to_builtins(call(request).body)
    assert (body["method"], body["return_url"]) == (kind.value, "https://shop.example/back")


@pytest.mark.parametrize(
    ("request_", "path", "body"),
    [
        (
            CAPTURE,
            "/v1/charges/ch_1/captures",
            {"amount": 5, "final": True},
        ),
        (
            VoidRequest(payment_id=PAYMENT_ID, amount=Money(100, "EUR"), operation_id=OPERATION_ID, reference="ch_1"),
            "/v1/charges/ch_1/voids",
            {},
        ),
        (
            RefundRequest(payment_id=PAYMENT_ID, operation_id=OPERATION_ID, reference="a/b?c", amount=Money(5, "EUR")),
            "/v1/charges/a%2Fb%3Fc/refunds",
            {"amount": 5},
        ),
    ],
    ids=["capture", "void", "refund"],
)
def test_a_movement_names_its_charge(
    request_: CaptureRequest | VoidRequest | RefundRequest, path: str, body: object
) -> None:
    asked = call(request_)
    assert (asked.path, asked.key) == (path, str(OPERATION_ID))
    assert msgspec.to_builtins(asked.body) == body


@pytest.mark.parametrize(
    ("http_status", "body", "meant"),
    [
        (201, msgspec.json.encode(charge("captured")), Approved("ch_1")),
        (200, msgspec.json.encode(charge("captured")), Approved("ch_1")),
        (200, msgspec.json.encode(charge("declined")), Mismatched("a success whose charge is declined")),
        (200, b'{"id":"ch_1"}', Unknown("undecodable answer with HTTP status 200")),
        (
            200,
            b'{"id":"ch_0",' + msgspec.json.encode(charge("captured"))[1:],
            Unknown("undecodable answer with HTTP status 200"),
        ),
        (402, error("card_declined"), Declined("card_declined", "why")),
        (402, error("a_reason_of_tomorrow"), Declined("declined", "why")),
        (422, error("capture_exceeds_authorized"), Rejected("capture_exceeds_authorized", "why")),
        (500, error("card_declined"), Unknown("HTTP status 500")),
        (302, b"", Unknown("HTTP status 302")),
        (202, waiting({"type": "redirect", "url": "https://a/b"}), ActionRequired("ch_1", Redirect("https://a/b"))),
        (202, waiting({"type": "collect", "address": "me@bank"}), ActionRequired("ch_1", Collect("me@bank"))),
        (
            202,
            waiting({"type": "transfer", "account": "GB1", "remittance": "ch_1"}),
            ActionRequired("ch_1", Transfer("GB1", "ch_1")),
        ),
        (202, waiting({"type": "redirect", "url": "javascript:x"}), Unknown("undecodable answer with HTTP status 202")),
        (202, waiting(None), Unknown("an action is required that the answer does not name")),
        (202, msgspec.json.encode(charge("accepted")), Unknown("accepted, not done yet", accepted=True)),
        (201, b"", Unknown("undecodable answer with HTTP status 201")),
        (201, b'{"id":""}', Unknown("undecodable answer with HTTP status 201")),
        (402, b"Payment required", Unknown("undecodable answer with HTTP status 402")),
    ],
)
def test_an_answer_means_one_outcome(http_status: int, body: bytes, meant: Outcome) -> None:
    assert outcome(AUTHORIZE, http_status, body).outcome == meant


@pytest.mark.parametrize(
    ("http_status", "body", "meant"),
    [
        (200, operation(201, charge("captured")), Approved("ch_1")),
        (
            200,
            operation(202, charge("requires_action", action={"type": "collect", "address": "a"})),
            ActionRequired("ch_1", Collect("a")),
        ),
        (200, operation(202, charge("accepted")), Unknown("accepted, not done yet", accepted=True)),
        (200, operation(402, {"error": {"code": "card_declined", "message": "m"}}), Declined("card_declined", "m")),
        (200, operation(422, {"error": {"code": "nothing_to_void", "message": "m"}}), Rejected("nothing_to_void", "m")),
        (404, error("operation_not_found"), None),
        (404, error("not_found"), Unknown("lookup answered with HTTP status 404")),
        (404, b"nginx", Unknown("undecodable lookup with HTTP status 404")),
        (500, b"", Unknown("lookup answered with HTTP status 500")),
        (200, b"{}", Unknown("undecodable lookup with HTTP status 200")),
    ],
)
def test_a_lookup_means_one_outcome_or_that_nothing_was_seen(
    http_status: int, body: bytes, meant: Outcome | None
) -> None:
    said = looked_up(AUTHORIZE, http_status, body)
    assert (None if said is None else said.outcome) == meant


@given(st.integers(100, 599), st.binary() | st.sampled_from([b"[" * 100_000, b'{"id":"\xff"}']))
def test_any_bytes_at_all_are_some_outcome_and_never_an_approval_by_accident(http_status: int, body: bytes) -> None:
    meant = outcome(AUTHORIZE, http_status, body).outcome
    assert isinstance(meant, get_args(Outcome))
    assert not isinstance(meant, Approved | ActionRequired)
    assert looked_up(AUTHORIZE, http_status, body) is not None


def test_an_operation_is_looked_up_by_its_id() -> None:
    assert lookup_path(OPERATION_ID) == f"/v1/operations/{OPERATION_ID}"


@pytest.mark.parametrize(
    ("said", "kept"),
    [("no\x00 way\n", "no  way "), ("x" * 1_000, "x" * 300), ("card 4242 4242 4242 4242 is stolen", "[redacted]")],
)
def test_what_a_provider_says_is_kept_printable_short_and_without_card_numbers(said: str, kept: str) -> None:
    assert outcome(AUTHORIZE, 402, error("card_declined", said)).outcome == Declined("card_declined", kept)
    assert outcome(AUTHORIZE, 422, error("odd", said)).outcome == Rejected("odd", kept)


def test_a_lookup_that_tells_of_another_kind_of_operation_decides_nothing() -> None:
    said = looked_up(CAPTURE, 200, operation(201, charge("captured")))
    assert said is not None
    assert said.outcome == Mismatched("a lookup that tells of another operation, a charge")
