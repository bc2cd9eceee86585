"""What each of Stripe's events is about, and what it proves; anything else is left alone or refused as unreadable."""

from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.webhook import Notification, NotificationUnreadable, Unhandled
from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome, Redirect, Unknown
from infrastructure.provider.stripe.notifications import StripeNotifications

AUTHORIZATION: Final = OperationId(UUID("018f0000-0000-7000-8000-000000000001"))
CAPTURE: Final = OperationId(UUID("018f0000-0000-7000-8000-000000000002"))
REFUND: Final = OperationId(UUID("018f0000-0000-7000-8000-000000000003"))
NOTIFICATIONS: Final = StripeNotifications("whsec_of_these_tests")
DECLINE: Final = {"type": "card_error", "code": "card_declined", "decline_code": "lost_card", "message": "No."}


def event(kind: str, said: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"id": "evt_1", "object": "event", "type": kind, "data": {"object": said}})


def intent(status: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "capture_method": "manual",
        "metadata": {"operation_id": str(AUTHORIZATION), "payment_id": str(AUTHORIZATION)},
        "last_payment_error": None,
        "next_action": None,
        "latest_charge": "ch_1",
        "amount": 5_000,
        "amount_capturable": 4_000 if status == "requires_capture" else 0,
        "amount_received": 3_000 if status == "succeeded" else 0,
        "currency": "isk",
    } | fields


def refund(status: str | None, **fields: Any) -> dict[str, Any]:
    metadata = {"operation_id": str(REFUND)}
    said = {"id": "re_1", "object": "refund", "status": status, "payment_intent": "pi_1", "metadata": metadata}
    return said | {"amount": 2_000, "currency": "isk"} | fields


def at_once(status: str, **fields: Any) -> dict[str, Any]:
    return intent(status, capture_method="automatic", **fields)


def captured_later() -> dict[str, Any]:
    metadata = {"operation_id": str(AUTHORIZATION), "capture_operation_id": str(CAPTURE)}
    return intent("succeeded", metadata=metadata)


def redirecting() -> dict[str, Any]:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds", "return_url": "x"}}
    return intent("requires_action", next_action=action, latest_charge=None)


@pytest.mark.parametrize(
    ("kind", "said", "about", "outcome", "operation_id"),
    [
        (
            "payment_intent.amount_capturable_updated",
            intent("requires_capture"),
            OperationKind.AUTHORIZE,
            Approved("pi_1"),
            AUTHORIZATION,
        ),
        ("payment_intent.succeeded", at_once("succeeded"), OperationKind.CAPTURE, Approved("pi_1"), AUTHORIZATION),
        ("payment_intent.succeeded", captured_later(), OperationKind.CAPTURE, Approved("pi_1"), CAPTURE),
        ("payment_intent.succeeded", intent("succeeded"), OperationKind.CAPTURE, Approved("pi_1"), None),
        (
            "payment_intent.payment_failed",
            at_once("requires_payment_method", last_payment_error=DECLINE),
            OperationKind.AUTHORIZE,
            Declined("lost_or_stolen_card", "No."),
            AUTHORIZATION,
        ),
        (
            "payment_intent.requires_action",
            redirecting(),
            OperationKind.AUTHORIZE,
            ActionRequired("pi_1", Redirect("https://bank.example/3ds")),
            AUTHORIZATION,
        ),
        ("payment_intent.canceled", intent("canceled"), OperationKind.VOID, Approved("pi_1"), None),
        (
            "payment_intent.canceled",
            intent("canceled", latest_charge=None),
            OperationKind.AUTHORIZE,
            Declined("canceled", "the payment intent is canceled"),
            AUTHORIZATION,
        ),
        (
            "payment_intent.canceled",
            intent("canceled", last_payment_error=DECLINE),
            OperationKind.AUTHORIZE,
            Declined("lost_or_stolen_card", "No."),
            AUTHORIZATION,
        ),
        ("refund.created", refund("succeeded"), OperationKind.REFUND, Approved("re_1"), REFUND),
        (
            "refund.updated",
            refund("pending"),
            OperationKind.REFUND,
            Unknown("refund re_1 is pending", accepted=True),
            REFUND,
        ),
        (
            "refund.failed",
            refund("failed", failure_reason="lost_or_stolen_card"),
            OperationKind.REFUND,
            Declined("refund_declined", "the refund failed: lost_or_stolen_card"),
            REFUND,
        ),
        ("charge.refund.updated", refund("succeeded", metadata={}), OperationKind.REFUND, Approved("re_1"), None),
    ],
)
def test_an_event_is_about_one_operation(
    kind: str, said: dict[str, Any], about: OperationKind, outcome: Outcome, operation_id: OperationId | None
) -> None:
    assert NOTIFICATIONS.read(event(kind, said)) == Notification(
        event_id="evt_1",
        about=about,
        outcome=outcome,
        operation_id=operation_id,
        reference="pi_1",
        own_reference=None if about is OperationKind.AUTHORIZE else said["id"],
        amount=amount_in(kind, said),
    )


def amount_in(kind: str, said: dict[str, Any]) -> Money:
    """Krónur; Stripe counts hundredths of them."""
    if "refund" in kind:
        return Money(20, "ISK")
    by_status = {"requires_capture": 40, "succeeded": 30}
    return Money(by_status.get(said["status"], 50), "ISK")


def test_what_a_capture_left_is_no_refund_though_stripe_says_so() -> None:
    """It moved nothing on our balance there."""
    released = refund("succeeded", metadata={}, balance_transaction=None)
    assert isinstance(NOTIFICATIONS.read(event("refund.created", released)), Unhandled)
    given_back = refund("succeeded", metadata={}, balance_transaction="txn_1")
    assert isinstance(NOTIFICATIONS.read(event("refund.created", given_back)), Notification)


@pytest.mark.parametrize("metadata", [{}, None, {"operation_id": "no uuid"}, {"operation_id": ""}])
def test_an_intent_that_is_not_ours_names_no_operation(metadata: object) -> None:
    read = NOTIFICATIONS.read(event("payment_intent.succeeded", at_once("succeeded", metadata=metadata)))
    assert isinstance(read, Notification)
    assert read.operation_id is None


@pytest.mark.parametrize(
    "kind", ["payment_intent.created", "payment_intent.processing", "charge.captured", "customer.created", "new.one"]
)
def test_an_event_of_another_kind_is_left_alone(kind: str) -> None:
    assert NOTIFICATIONS.read(event(kind, {"anything": 1})) == Unhandled(event_id="evt_1", kind=kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"id":"\xff"}',
        b'{"id":"evt_1","type":"x"}',
        event("payment_intent.succeeded", {"id": "pi_1"}),
        event("payment_intent.succeeded", intent("succeeded", id="pi 1\n")),
        event("refund.updated", {"id": "re_1"}),
        event("refund.updated", refund("succeeded", currency="xxx")),
        event("refund.updated", refund("succeeded", amount=1_999)),
        event("refund.updated", refund("succeeded", amount="2000")),
        event("payment_intent.succeeded", captured_later() | {"amount_received": 2_999}),
    ],
)
def test_an_event_that_cannot_be_read_is_unreadable(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        NOTIFICATIONS.read(body)


@given(st.binary())
def test_any_bytes_at_all_are_unreadable_and_raise_nothing_else(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        NOTIFICATIONS.read(body)
