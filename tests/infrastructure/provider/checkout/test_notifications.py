"""What Checkout.com's events mean; the shapes are those of its documentation's examples."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.webhook import Notification, NotificationUnreadable, Unhandled
from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved, Declined, Outcome, Unknown
from infrastructure.provider.checkout import naming
from infrastructure.provider.checkout.notifications import CheckoutNotifications
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.checkout.webhooks import worded
from infrastructure.simulator.notice import Notice
from infrastructure.simulator.tokens import Operation, Refusal

OPERATION = OperationId(UUID("018f0000-0000-7000-8000-000000000001"))
SECRET = "of-the-webhook's-workflow"
NOTIFICATIONS = CheckoutNotifications(SECRET)


def event(kind: str, *, timestamp: object = "2023-05-24T09:12:32.357+00:00", **data: object) -> bytes:
    said = {"id": "pay_1", "action_id": "act_1", "reference": "ORD-1", "amount": 20, "currency": "EUR", **data}
    return msgspec.json.encode(
        {"id": "evt_1", "source": "gateway", "type": kind, "timestamp": timestamp, "version": "1.0.29", "data": said}
    )


def read(kind: str, **data: object) -> Notification:
    notification = NOTIFICATIONS.read(event(kind, **data))
    assert isinstance(notification, Notification)
    return notification


AUTHORIZE, CAPTURE, VOID, REFUND = OperationKind


@pytest.mark.parametrize(
    ("kind", "about", "outcome"),
    [
        ("payment_approved", AUTHORIZE, Approved("pay_1")),
        ("payment_pending", AUTHORIZE, Unknown("the payment is pending")),
        ("payment_declined", AUTHORIZE, Declined("expired_card", "Expired")),
        ("payment_expired", AUTHORIZE, Declined("expired_card", "Expired")),
        ("payment_canceled", AUTHORIZE, Declined("expired_card", "Expired")),
        ("payment_captured", CAPTURE, Approved("act_1")),
        ("payment_capture_declined", CAPTURE, Declined("expired_card", "Expired")),
        ("payment_voided", VOID, Approved("act_1")),
        ("payment_void_declined", VOID, Declined("expired_card", "Expired")),
        ("payment_refunded", REFUND, Approved("act_1")),
        ("payment_refund_declined", REFUND, Declined("expired_card", "Expired")),
    ],
)
def test_an_event_tells_of_one_operation(kind: str, about: OperationKind, outcome: Outcome) -> None:
    said = read(kind, response_code="20054", response_summary="Expired", metadata={"operation_id": str(OPERATION)})
    assert said == Notification(
        event_id="evt_1",
        about=about,
        outcome=outcome,
        operation_id=OPERATION,
        reference="pay_1",
        own_reference=None if about is AUTHORIZE else "act_1",
        amount=Money(20, "EUR"),
    )


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("payment_expired", Declined("declined", "payment_expired")),
        ("payment_capture_declined", Declined("capture_declined", "payment_capture_declined")),
        ("payment_refund_declined", Declined("refund_declined", "payment_refund_declined")),
    ],
)
def test_a_refusal_without_a_reason_is_one_of_its_kind(kind: str, outcome: Outcome) -> None:
    assert read(kind).outcome == outcome


def test_an_operation_is_known_by_its_reference_too() -> None:
    assert read("payment_captured", reference=naming.reference(OPERATION)).operation_id == OPERATION


@pytest.mark.parametrize(
    ("kind", "named", "believed"),
    [
        ("payment_approved", "authorize", True),
        ("payment_approved", "charge", True),
        ("payment_captured", "charge", True),
        ("payment_captured", "capture", True),
        ("payment_captured", "authorize", False),
        ("payment_refunded", "charge", False),
        ("payment_refunded", "refund", True),
        ("payment_voided", "authorize", False),
    ],
)
def test_the_metadata_of_an_attempt_are_not_taken_for_those_of_a_later_operation(
    kind: str, named: str, believed: bool
) -> None:
    said = read(kind, metadata={"operation_id": str(OPERATION), "operation": named})
    assert said.operation_id == (OPERATION if believed else None)
    assert said.reference == "pay_1"


@pytest.mark.parametrize("kind", ["payment_capture_pending", "card_verified", "payment_authentication_failed"])
def test_an_event_that_we_have_no_use_for_is_told_as_such(kind: str) -> None:
    assert NOTIFICATIONS.read(event(kind)) == Unhandled(event_id="evt_1", kind=kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"id":"evt_1"}',
        event("payment_approved", id=None),
        event("payment_approved", timestamp=None),
        event("payment_approved", currency="XXX"),
        event("payment_approved", currency="CLP"),
        event("payment_approved", amount="20"),
        event("payment_approved", timestamp="2023-05-24T09:12:32"),
    ],
    ids=[
        "empty",
        "list",
        "deep",
        "no type",
        "no payment",
        "no date",
        "no currency",
        "a fraction of a peso",
        "an amount in words",
        "no time zone",
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        NOTIFICATIONS.read(body)


@given(st.binary())
def test_any_bytes_are_unreadable_at_worst(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        NOTIFICATIONS.read(body)


def test_the_dates_of_checkout_may_have_seven_digits_behind_the_second() -> None:
    assert isinstance(
        NOTIFICATIONS.read(event("payment_voided", timestamp="2021-06-11T12:01:25.5812035Z")), Notification
    )


REFUSED = Refusal("insufficient_funds", "The card has insufficient funds.")


@pytest.mark.parametrize("refusal", [None, REFUSED], ids=["done", "refused"])
@pytest.mark.parametrize(("operation", "about"), list(zip(Operation, OperationKind, strict=True)))
def test_what_the_simulator_words_is_verified_and_read(
    operation: Operation, about: OperationKind, refusal: Refusal | None
) -> None:
    now = datetime.now(UTC)
    charge = Charge(id="ch_1", reference="payment", currency="CLP", token="tok_visa", authorized=100)
    notice = Notice(
        id="evt_1",
        at=now,
        operation=operation,
        charge=charge,
        action_id="ch_1" if operation is Operation.CHARGE else "mv_2",
        key=str(OPERATION),
        amount=100,
        refusal=refusal,
    )
    told = worded(notice, SECRET)
    NOTIFICATIONS.verify({name.lower(): value for name, value in told.headers.items()}, told.body, now)
    approved = Approved("pay_1" if operation is Operation.CHARGE else "act_2")
    assert NOTIFICATIONS.read(told.body) == Notification(
        event_id="evt_1",
        about=about,
        outcome=approved if refusal is None else Declined("insufficient_funds", "Insufficient Funds"),
        operation_id=OPERATION,
        reference="pay_1",
        own_reference=None if operation is Operation.CHARGE else "act_2",
        amount=Money(100, "CLP"),
    )
    assert msgspec.json.decode(told.body)["data"]["amount"] == 10_000
