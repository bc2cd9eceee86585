"""Translation to and from Stripe's words: pure, so tried without any server."""

from datetime import UTC, datetime
from typing import Any, Final, get_args
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId, PaymentId
from domain.money.currencies import DECIMALS
from domain.money.money import Money
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import (
    DECLINE_CODES,
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Redirect,
    Rejected,
    Unknown,
)
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.stripe import decline_codes
from infrastructure.provider.stripe.amounts import UNITS
from infrastructure.provider.stripe.translate import (
    CAPABILITIES,
    Call,
    Page,
    call,
    list_path,
    looked_up,
    outcome,
    page,
    was_never_begun,
)

ASKED_AT: Final = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
OPERATION: Final = OperationId(UUID("9d1f0c5e-0b7a-8c3f-8a51-2f2d3c4b5a69"))
OTHER: Final = OperationId(UUID("018f0000-0000-7000-8000-000000000009"))
PAYMENT: Final = PaymentId(UUID("018f0000-0000-7000-8000-000000000002"))
EUR: Final = Money(1_234, "EUR")

INTENT_PARAMETERS: Final = {
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "currency",
    "error_on_requires_action",
    "metadata",
    "payment_method",
    "return_url",
}
CAPTURE_PARAMETERS: Final = {"amount_to_capture", "metadata"}
REFUND_PARAMETERS: Final = {"amount", "metadata", "payment_intent"}
"""Of those that Stripe's specifications of 2026-02-25.clover and 2026-10-28.endive (its Python SDK 16.1) both have."""

CAPTURE: Final = CaptureRequest(operation_id=OPERATION, payment_id=PAYMENT, reference="pi_1", amount=EUR, final=False)
VOID: Final = VoidRequest(operation_id=OPERATION, payment_id=PAYMENT, reference="pi_1", amount=EUR)
REFUND: Final = RefundRequest(operation_id=OPERATION, payment_id=PAYMENT, reference="pi_1", amount=EUR)


def authorization(
    amount: Money = EUR,
    *,
    capture: bool = False,
    return_url: str | None = None,
    type_: MethodType = MethodType.CARD,
    asked_at: datetime | None = ASKED_AT,
) -> AuthorizeRequest:
    return AuthorizeRequest(
        operation_id=OPERATION,
        payment_id=PAYMENT,
        amount=amount,
        asked_at=asked_at,
        method=PaymentMethod(type_, "pm_1"),
        capture=capture,
        return_url=return_url,
    )


AUTHORIZE: Final = authorization()


def form_of(request: ProviderRequest) -> dict[str, str]:
    asked = call(request)
    assert isinstance(asked, Call)
    assert asked.key == str(OPERATION)
    return {name: values[0] for name, values in parse_qs(asked.body.decode(), strict_parsing=bool(asked.form)).items()}


def intent(status: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "capture_method": "manual",
        "amount": 1_234,
        "currency": "eur",
        "metadata": {"operation_id": str(OPERATION)},
        "last_payment_error": None,
        "next_action": None,
    } | fields


def refund(status: str | None = "succeeded", **fields: Any) -> dict[str, Any]:
    metadata = {"operation_id": str(OPERATION)}
    said = {"id": "re_1", "status": status, "payment_intent": "pi_1", "metadata": metadata}
    return said | {"amount": 1_234, "currency": "eur"} | fields


def error(type_: str | None = "invalid_request_error", **fields: Any) -> dict[str, Any]:
    return {"error": {"type": type_, "message": "why"} | fields}


def listed(*objects: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(objects), "has_more": more}


def captured_by(operation_id: OperationId) -> dict[str, Any]:
    return {"metadata": {"operation_id": str(OTHER), "capture_operation_id": str(operation_id)}}


# What is asked


def test_an_authorisation_is_a_confirmed_payment_intent_that_carries_our_ids() -> None:
    asked = call(AUTHORIZE)
    assert isinstance(asked, Call)
    assert asked.path == "/v1/payment_intents"
    assert form_of(AUTHORIZE) == {
        "amount": "1234",
        "currency": "eur",
        "capture_method": "manual",
        "confirm": "true",
        "payment_method": "pm_1",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "metadata[payment_id]": str(PAYMENT),
        "metadata[operation_id]": str(OPERATION),
        "error_on_requires_action": "true",
    }


def test_every_parameter_is_one_of_stripes_oldest_and_newest_specification() -> None:
    """`payment_method_types` is one of the oldest alone."""
    for request, known in (
        (AUTHORIZE, INTENT_PARAMETERS),
        (authorization(return_url="https://shop.example/back"), INTENT_PARAMETERS),
        (CAPTURE, CAPTURE_PARAMETERS),
        (VOID, set()),
        (REFUND, REFUND_PARAMETERS),
    ):
        assert {name.partition("[")[0] for name in form_of(request)} <= known


def test_a_way_back_lets_the_customer_be_sent_away() -> None:
    form = form_of(authorization(return_url="https://shop.example/back"))
    assert form["automatic_payment_methods[allow_redirects]"] == "always"


def test_an_authorisation_to_be_captured_at_once_says_so() -> None:
    assert form_of(authorization(capture=True))["capture_method"] == "automatic"


def test_a_customer_who_can_come_back_may_be_sent_to_authenticate() -> None:
    form = form_of(authorization(return_url="https://shop.example/back?a=1&b=ü"))
    assert form["return_url"] == "https://shop.example/back?a=1&b=ü"
    assert "error_on_requires_action" not in form


def test_a_wallet_hands_over_a_card() -> None:
    assert form_of(authorization(type_=MethodType.WALLET)) == form_of(AUTHORIZE)
    assert CAPABILITIES.methods == {MethodType.CARD, MethodType.WALLET}


def test_a_capture_leaves_its_own_id_beside_the_authorisations() -> None:
    asked = call(CAPTURE)
    assert isinstance(asked, Call)
    assert asked.path == "/v1/payment_intents/pi_1/capture"
    assert form_of(CAPTURE) == {"amount_to_capture": "1234", "metadata[capture_operation_id]": str(OPERATION)}


def test_a_void_cancels_the_intent() -> None:
    asked = call(VOID)
    assert isinstance(asked, Call)
    assert (asked.path, asked.body) == ("/v1/payment_intents/pi_1/cancel", b"")


def test_a_refund_carries_its_own_id() -> None:
    asked = call(REFUND)
    assert isinstance(asked, Call)
    assert asked.path == "/v1/refunds"
    assert form_of(REFUND) == {
        "payment_intent": "pi_1",
        "amount": "1234",
        "metadata[payment_id]": str(PAYMENT),
        "metadata[operation_id]": str(OPERATION),
    }


def test_a_reference_cannot_leave_its_place_in_the_path() -> None:
    asked = call(msgspec.structs.replace(VOID, reference="a/../b?c"))
    assert isinstance(asked, Call)
    assert asked.path == "/v1/payment_intents/a%2F..%2Fb%3Fc/cancel"


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        (Money(1_234, "EUR"), "1234"),
        (Money(500, "JPY"), "500"),
        (Money(5, "ISK"), "500"),
        (Money(5, "UGX"), "500"),
        (Money(500, "MGA"), "5"),
        (Money(1_045, "HUF"), "1045"),
        (Money(5_120, "KWD"), "5120"),
    ],
)
def test_an_amount_is_sent_in_stripes_own_decimals(amount: Money, sent: str) -> None:
    assert form_of(authorization(amount))["amount"] == sent


@pytest.mark.parametrize("amount", [Money(5_124, "KWD"), Money(1_001, "TND"), Money(501, "MGA"), Money(1, "???")])
def test_an_amount_that_stripe_cannot_count_is_refused_and_never_rounded(amount: Money) -> None:
    for request in (
        authorization(amount),
        msgspec.structs.replace(CAPTURE, amount=amount),
        msgspec.structs.replace(REFUND, amount=amount),
    ):
        refused = call(request)
        assert isinstance(refused, Rejected)
        assert refused.code == "amount_not_representable"


@given(st.integers(1, 10**12), st.sampled_from(sorted(DECIMALS)))
def test_an_amount_comes_back_as_it_was_sent(minor: int, currency: str) -> None:
    asked = call(authorization(Money(minor, currency)))
    if isinstance(asked, Call):
        assert UNITS.received(int(asked.form["amount"]), currency) == Money(minor, currency)


# What is answered


@pytest.mark.parametrize(
    ("request_", "http_status", "said", "meant"),
    [
        (AUTHORIZE, 200, intent("requires_capture"), Approved("pi_1")),
        (AUTHORIZE, 200, intent("succeeded", capture_method="automatic"), Approved("pi_1")),
        (
            AUTHORIZE,
            200,
            intent("requires_capture", capture_method="automatic"),
            Unknown("payment intent pi_1 is requires_capture", accepted=True),
        ),
        (
            AUTHORIZE,
            200,
            intent("requires_action", next_action={"redirect_to_url": {"url": "https://bank.example/3ds"}}),
            ActionRequired("pi_1", Redirect("https://bank.example/3ds")),
        ),
        (
            AUTHORIZE,
            200,
            intent("requires_action", next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}}),
            Unknown("payment intent pi_1 is requires_action", accepted=True),
        ),
        (
            AUTHORIZE,
            200,
            intent("requires_action", next_action={"redirect_to_url": {"url": "javascript:alert(1)"}}),
            Unknown("undecodable answer with HTTP status 200"),
        ),
        (AUTHORIZE, 200, intent("processing"), Unknown("payment intent pi_1 is processing", accepted=True)),
        (
            AUTHORIZE,
            200,
            intent("requires_confirmation"),
            Unknown("payment intent pi_1 is requires_confirmation", accepted=True),
        ),
        (
            AUTHORIZE,
            200,
            intent("a_state_of_tomorrow"),
            Unknown("payment intent pi_1 is a_state_of_tomorrow", accepted=True),
        ),
        (
            AUTHORIZE,
            200,
            intent("requires_payment_method", last_payment_error={"code": "card_declined", "message": "No."}),
            Declined("card_declined", "No."),
        ),
        (
            AUTHORIZE,
            200,
            intent("requires_payment_method"),
            Unknown("payment intent pi_1 is requires_payment_method", accepted=True),
        ),
        (AUTHORIZE, 200, intent("canceled"), Declined("canceled", "the payment intent is canceled")),
        (AUTHORIZE, 200, intent("succeeded", id="pi_1\n"), Unknown("undecodable answer with HTTP status 200")),
        (CAPTURE, 200, intent("succeeded"), Approved("pi_1")),
        (CAPTURE, 200, intent("canceled"), Unknown("payment intent pi_1 is canceled", accepted=True)),
        (CAPTURE, 200, intent("requires_capture"), Unknown("payment intent pi_1 is requires_capture", accepted=True)),
        (VOID, 200, intent("canceled"), Approved("pi_1")),
        (VOID, 200, intent("processing"), Unknown("payment intent pi_1 is processing", accepted=True)),
        (REFUND, 200, refund(), Approved("re_1")),
        (REFUND, 200, refund("pending"), Unknown("refund re_1 is pending", accepted=True)),
        (REFUND, 200, refund("requires_action"), Unknown("refund re_1 is requires_action", accepted=True)),
        (REFUND, 200, refund(None), Unknown("refund re_1 is None", accepted=True)),
        (
            REFUND,
            200,
            refund("failed", failure_reason="declined"),
            Declined("refund_declined", "the refund failed: declined"),
        ),
        (
            AUTHORIZE,
            402,
            error("card_error", code="card_declined", decline_code="insufficient_funds"),
            Declined("insufficient_funds", "why"),
        ),
        (AUTHORIZE, 402, error("card_error", code="expired_card"), Declined("expired_card", "why")),
        (
            AUTHORIZE,
            402,
            error("card_error", code="card_declined", decline_code="a_reason_of_tomorrow"),
            Declined("card_declined", "why"),
        ),
        (AUTHORIZE, 402, error("card_error", code="odd"), Declined("declined", "why")),
        (
            AUTHORIZE,
            402,
            error("card_error", code="authentication_required", decline_code="authentication_required"),
            Declined("authentication_failed", "why"),
        ),
        (CAPTURE, 402, error("card_error", code="odd"), Declined("capture_declined", "why")),
        (REFUND, 402, error("card_error", code="odd"), Declined("refund_declined", "why")),
        (AUTHORIZE, 400, error(code="parameter_missing"), Rejected("parameter_missing", "why")),
        (AUTHORIZE, 400, error(), Rejected("invalid_request_error", "why")),
        (REFUND, 400, error(code="charge_already_refunded"), Rejected("charge_already_refunded", "why")),
        (CAPTURE, 404, error(code="resource_missing"), Rejected("resource_missing", "why")),
        (AUTHORIZE, 401, error(), Rejected("invalid_request_error", "why")),
        (AUTHORIZE, 403, error(None, code="more_permissions_required"), Rejected("more_permissions_required", "why")),
        (AUTHORIZE, 400, error("idempotency_error"), Unknown("idempotency conflict: why")),
        (AUTHORIZE, 424, error("api_error"), Unknown("HTTP status 424, api_error: why")),
        (AUTHORIZE, 500, error("api_error"), Unknown("HTTP status 500")),
        (AUTHORIZE, 503, {}, Unknown("HTTP status 503")),
        (AUTHORIZE, 302, {}, Unknown("HTTP status 302")),
        (AUTHORIZE, 200, {}, Unknown("undecodable answer with HTTP status 200")),
        (AUTHORIZE, 404, {}, Unknown("undecodable answer with HTTP status 404")),
        (AUTHORIZE, 429, [], Unknown("undecodable answer with HTTP status 429")),
    ],
)
def test_an_answer_means_one_outcome(request_: ProviderRequest, http_status: int, said: object, meant: Outcome) -> None:
    assert outcome(request_, http_status, msgspec.json.encode(said)).outcome == meant


@pytest.mark.parametrize(
    ("http_status", "said", "never_begun"),
    [
        (429, error(code="rate_limit"), True),
        (429, error(code="lock_timeout"), True),
        (429, error("card_error", code="card_declined"), False),
        (429, error(), False),
        (429, [], False),
        (409, error(code="rate_limit"), False),
    ],
)
def test_what_was_never_begun_is_told_by_its_code(http_status: int, said: object, never_begun: bool) -> None:
    assert was_never_begun(http_status, msgspec.json.encode(said)) is never_begun


@pytest.mark.parametrize(
    ("said", "kept"),
    [("no\x00 way\n", "no  way "), ("x" * 1_000, "x" * 300), ("card 4242 4242 4242 4242 is stolen", "[redacted]")],
)
def test_what_stripe_says_is_kept_printable_short_and_without_card_numbers(said: str, kept: str) -> None:
    for type_, meant in (
        ("card_error", Declined("card_declined", kept)),
        ("invalid_request_error", Rejected("card_declined", kept)),
    ):
        said_so = msgspec.json.encode(error(type_, code="card_declined", message=said))
        assert outcome(AUTHORIZE, 400, said_so).outcome == meant


def test_every_reason_for_a_decline_is_one_that_the_core_knows() -> None:
    assert set(decline_codes.DECLINE_CODES.values()) <= DECLINE_CODES


# What is looked up


def test_an_authorisation_is_looked_for_since_shortly_before_it_was_asked_for() -> None:
    address = urlsplit(list_path(AUTHORIZE, "pi_9"))
    assert address.path == "/v1/payment_intents"
    assert parse_qs(address.query) == {
        "limit": ["50"],
        "starting_after": ["pi_9"],
        "created[gte]": [str(int(ASKED_AT.timestamp()) - 300)],
    }


def test_one_that_was_asked_for_nobody_knows_when_is_looked_for_everywhere() -> None:
    assert list_path(authorization(asked_at=None), None) == "/v1/payment_intents?limit=50"


def test_a_refund_is_looked_for_among_those_of_its_intent() -> None:
    assert list_path(REFUND, None) == "/v1/refunds?limit=50&payment_intent=pi_1"


@pytest.mark.parametrize(
    ("request_", "said", "meant"),
    [
        (AUTHORIZE, listed(), Page((), None)),
        (AUTHORIZE, listed(intent("requires_capture")), Page((Interpretation(Approved("pi_1")),), None)),
        (AUTHORIZE, listed(intent("succeeded", metadata={"operation_id": str(OTHER)})), Page((), None)),
        (AUTHORIZE, listed(intent("succeeded", metadata={})), Page((), None)),
        (AUTHORIZE, listed(intent("succeeded", id="pi_2", metadata=None), more=True), Page((), "pi_2")),
        (AUTHORIZE, listed(more=True), Unknown("undecodable lookup")),
        (AUTHORIZE, listed({"id": "pi_1"}), Unknown("undecodable lookup")),
        (AUTHORIZE, {"data": []}, Unknown("undecodable lookup")),
        (REFUND, listed(refund(), refund(id="re_2", metadata={})), Page((Interpretation(Approved("re_1")),), None)),
        (REFUND, listed(refund(metadata={}), more=True), Page((), "re_1")),
        (REFUND, listed(more=True), Unknown("undecodable lookup")),
    ],
)
def test_a_page_holds_what_carries_our_id_and_where_the_next_begins(
    request_: AuthorizeRequest | RefundRequest, said: object, meant: Page | Unknown
) -> None:
    told = page(request_, 200, msgspec.json.encode(said))
    if isinstance(meant, Page):
        assert isinstance(told, Page)
        assert [one.outcome for one in told.found] == [one.outcome for one in meant.found]
        assert told.after == meant.after
    else:
        assert told == meant


@pytest.mark.parametrize(
    ("request_", "said", "meant"),
    [
        (CAPTURE, intent("succeeded", **captured_by(OPERATION)), Approved("pi_1")),
        (CAPTURE, intent("succeeded", **captured_by(OTHER)), None),
        (
            CAPTURE,
            intent("succeeded"),
            Unknown("payment intent pi_1 was captured, and not by an operation of ours"),
        ),
        (CAPTURE, intent("requires_capture"), None),
        (CAPTURE, intent("canceled"), None),
        (CAPTURE, intent("processing"), Unknown("payment intent pi_1 is processing", accepted=True)),
        (CAPTURE, intent("a_state_of_tomorrow"), Unknown("payment intent pi_1 is a_state_of_tomorrow", accepted=True)),
        (VOID, intent("canceled"), Approved("pi_1")),
        (VOID, intent("requires_capture"), None),
        (VOID, intent("succeeded"), None),
        (VOID, intent("processing"), Unknown("payment intent pi_1 is processing", accepted=True)),
        (VOID, intent("a_state_of_tomorrow"), Unknown("payment intent pi_1 is a_state_of_tomorrow", accepted=True)),
        (VOID, {}, Unknown("undecodable lookup")),
    ],
)
def test_the_state_of_the_intent_tells_of_its_capture_and_its_void(
    request_: CaptureRequest | VoidRequest, said: object, meant: Outcome | None
) -> None:
    told = looked_up(request_, 200, msgspec.json.encode(said))
    assert (None if told is None else told.outcome) == meant


@pytest.mark.parametrize("http_status", [201, 302, 400, 401, 404, 429, 500])
def test_a_lookup_that_fails_is_unknown_and_never_none(http_status: int) -> None:
    body = msgspec.json.encode(error(code="resource_missing"))
    failed = Unknown(f"lookup answered with HTTP status {http_status}")
    assert looked_up(CAPTURE, http_status, body) == looked_up(VOID, http_status, body) == Interpretation(failed)
    assert page(AUTHORIZE, http_status, body) == page(REFUND, http_status, body) == failed


@given(
    st.sampled_from([AUTHORIZE, CAPTURE, VOID, REFUND]),
    st.integers(100, 599),
    st.binary() | st.sampled_from([b"[" * 100_000, b'{"id":"\xff"}', b'{"error":{"message":"\\u0000"}}']),
)
def test_any_bytes_at_all_are_some_outcome_and_never_an_approval_by_accident(
    request_: ProviderRequest, http_status: int, body: bytes
) -> None:
    meant = outcome(request_, http_status, body).outcome
    assert isinstance(meant, get_args(Outcome))
    assert not isinstance(meant, Approved)
    match request_:
        case AuthorizeRequest() | RefundRequest():
            assert isinstance(page(request_, http_status, body), Unknown)
        case CaptureRequest() | VoidRequest():
            told = looked_up(request_, http_status, body)
            assert told is not None
            assert isinstance(told.outcome, Unknown)
