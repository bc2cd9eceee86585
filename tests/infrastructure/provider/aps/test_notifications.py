"""APS's notifications: believed for their signature, read for what they prove, and the same news has the same name."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.webhook import Notification, NotificationUnreadable, SignatureInvalid, Unhandled
from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved, Declined, Outcome, Rejected
from infrastructure.provider.aps.notifications import ApsNotifications
from infrastructure.provider.aps.parameters import parameters
from infrastructure.simulator.aps.names import new_key
from infrastructure.simulator.aps.webhooks import worded
from infrastructure.simulator.books import Books
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.notice import Notice
from infrastructure.simulator.tokens import Operation, Refusal
from tests.infrastructure.provider.aps.signed import CHARGE, FORT_ID, OPERATION_ID, ORDER, PHRASE, body

NOTIFICATIONS: Final = ApsNotifications(PHRASE)
NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)


def notice(command: str, code: str, **more: str) -> bytes:
    """A notification of `command`, as JSON."""
    return body(
        **{
            "command": command,
            "merchant_reference": ORDER,
            "fort_id": FORT_ID,
            "amount": "10000",
            "currency": "AED",
            "status": code[:2],
            "response_code": code,
            "response_message": "why",
        }
        | more
    )


def read(delivery: bytes) -> Notification:
    NOTIFICATIONS.verify({}, delivery, NOW)
    notification = NOTIFICATIONS.read(delivery)
    assert isinstance(notification, Notification)
    return notification


def test_a_form_is_read_like_json() -> None:
    as_json = notice("PURCHASE", "14000", customer_name="a b")
    form = urlencode(parameters(as_json)).encode()
    assert read(form) == read(as_json)


@pytest.mark.parametrize(
    "hostile", [b"", b"{}", b"\xff", b'{"signature":"x"}', b"signature=&fort_id=1", notice("REFUND", "06000") + b" x"]
)
def test_what_aps_did_not_sign_is_refused(hostile: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        NOTIFICATIONS.verify({}, hostile, NOW)


def test_what_was_changed_on_the_way_is_refused() -> None:
    changed = notice("REFUND", "07666").replace(b"07666", b"06000")
    with pytest.raises(SignatureInvalid):
        NOTIFICATIONS.verify({}, changed, NOW)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(anything: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        NOTIFICATIONS.verify({}, anything, NOW)


@pytest.mark.parametrize(
    ("command", "code", "about", "outcome"),
    [
        ("AUTHORIZATION", "02000", OperationKind.AUTHORIZE, Approved(CHARGE)),
        ("AUTHORIZATION", "03029", OperationKind.AUTHORIZE, Declined("insufficient_funds", "why")),
        ("PURCHASE", "14000", OperationKind.CAPTURE, Approved(CHARGE)),
        ("PURCHASE", "13030", OperationKind.AUTHORIZE, Declined("authentication_failed", "why")),
    ],
)
def test_a_payment_is_known_by_its_order_and_a_purchase_proves_that_money_was_taken(
    command: str, code: str, about: OperationKind, outcome: Outcome
) -> None:
    notification = read(notice(command, code))
    assert (notification.about, notification.outcome) == (about, outcome)
    assert str(notification.operation_id) == ORDER
    assert notification.reference == CHARGE


MOVED: Final = Approved(f"{FORT_ID}:{OPERATION_ID}")


@pytest.mark.parametrize(
    ("command", "code", "named", "about", "outcome"),
    [
        ("CAPTURE", "04000", "order_description", OperationKind.CAPTURE, MOVED),
        ("CAPTURE", "05042", "order_description", OperationKind.CAPTURE, Rejected("05042", "why")),
        ("VOID_AUTHORIZATION", "08000", "order_description", OperationKind.VOID, MOVED),
        ("REFUND", "06000", "maintenance_reference", OperationKind.REFUND, MOVED),
        ("REFUND", "07666", "maintenance_reference", OperationKind.REFUND, Declined("refund_declined", "why")),
    ],
)
def test_what_follows_a_payment_is_known_by_its_own_name(
    command: str, code: str, named: str, about: OperationKind, outcome: Outcome
) -> None:
    notification = read(notice(command, code, **{named: str(OPERATION_ID)}))
    assert (notification.about, notification.outcome) == (about, outcome)
    assert notification.operation_id == OPERATION_ID
    assert notification.reference == CHARGE
    has_a_name = about is OperationKind.REFUND and isinstance(outcome, Approved)
    assert notification.own_reference == (MOVED.reference if has_a_name else None)
    assert notification.amount == Money(10_000, "AED")


def test_an_operation_of_the_back_office_has_no_name_of_ours() -> None:
    notification = read(notice("CAPTURE", "04000", order_description="two shirts"))
    assert notification.operation_id is None
    assert notification.reference == CHARGE
    assert notification.own_reference is None


@pytest.mark.parametrize("code", ["20064", "19000", "15777", "13777", "03000", "00006"])
def test_news_that_decides_nothing_is_unhandled(code: str) -> None:
    assert isinstance(NOTIFICATIONS.read(notice("PURCHASE", code)), Unhandled)


@pytest.mark.parametrize(
    "unreadable",
    [
        b"",
        b"{",
        body(fort_id=FORT_ID),
        body(response_code="02000"),
        notice("PURCHASE", "140000"),
        notice("PURCHASE", "14000", currency="XXX"),
    ],
)
def test_what_names_no_order_or_no_result_is_unreadable(unreadable: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        NOTIFICATIONS.read(unreadable)


def test_the_same_news_has_the_same_name_and_other_news_another() -> None:
    def capture(amount: str, name: str) -> str:
        news = parameters(notice("CAPTURE", "04000")) | {"amount": amount, "order_description": name}
        return read(body(**news)).event_id

    assert capture("4000", "a") == capture("4000", "a")
    assert len({capture("4000", "a"), capture("4000", "b"), capture("4001", "a")}) == 3
    assert read(notice("CAPTURE", "04000")).event_id != read(notice("CAPTURE", "05666")).event_id


# The round trip: what the simulator words, the connector reads.


def told(
    operation: Operation, *, key: str, captured: int = 0, action_id: str = "cap_1", refusal: Refusal | None = None
) -> Notification | Unhandled:
    """What the connector reads of the simulator's notice."""
    charge = Charge("ch_1", "pay_1", "AED", "tok_visa", authorized=10_000, captured=captured)
    wording = worded(
        Notice(
            id="evt_1",
            at=NOW,
            operation=operation,
            charge=charge,
            action_id=action_id,
            key=key,
            amount=10_000,
            refusal=refusal,
        ),
        PHRASE,
    )
    NOTIFICATIONS.verify(wording.headers, wording.body, NOW)
    return NOTIFICATIONS.read(wording.body)


@pytest.mark.parametrize(
    ("operation", "captured", "about"),
    [
        (Operation.CHARGE, 0, OperationKind.AUTHORIZE),
        (Operation.CHARGE, 10_000, OperationKind.CAPTURE),
        (Operation.CAPTURE, 10_000, OperationKind.CAPTURE),
    ],
)
def test_the_simulators_payments_are_read_as_ours(operation: Operation, captured: int, about: OperationKind) -> None:
    notification = told(operation, key=ORDER, captured=captured, action_id="ch_1")
    assert isinstance(notification, Notification)
    assert notification.about is about
    assert notification.operation_id == OperationId(UUID(ORDER))
    assert isinstance(notification.outcome, Approved)
    assert notification.outcome.reference == notification.reference


@pytest.mark.parametrize(
    ("operation", "about"),
    [
        (Operation.CAPTURE, OperationKind.CAPTURE),
        (Operation.VOID, OperationKind.VOID),
        (Operation.REFUND, OperationKind.REFUND),
    ],
)
def test_the_simulators_movements_are_read_as_ours(operation: Operation, about: OperationKind, tmp_path: Path) -> None:
    with closing(Books(tmp_path)) as books:
        key = new_key(books, ORDER, str(OPERATION_ID))
    authorized = told(Operation.CHARGE, key=ORDER, action_id="ch_1")
    moved = told(operation, key=key)
    assert isinstance(authorized, Notification)
    assert isinstance(moved, Notification)
    assert (moved.about, moved.operation_id) == (about, OPERATION_ID)
    assert moved.reference == authorized.reference


def test_the_simulators_refusals_are_read_as_ours() -> None:
    declined = told(Operation.CHARGE, key=ORDER, refusal=Refusal("insufficient_funds", "No."), action_id="ch_1")
    assert isinstance(declined, Notification)
    assert declined.about is OperationKind.AUTHORIZE
    assert declined.outcome == Declined("insufficient_funds", "Insufficient funds")
