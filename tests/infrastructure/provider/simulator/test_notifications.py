"""A delivery is believed when it is signed and fresh, and says one thing or is refused; all of it pure."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.webhook import (
    Notification,
    NotificationUnreadable,
    SignatureInvalid,
    SignatureStale,
    Unhandled,
)
from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.outcome import ActionRequired, Approved, Collect, Declined, Outcome
from infrastructure.provider.simulator.notifications import SimulatorNotifications

SECRET = "whsec_of_a_test"
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
OPERATION_ID = OperationId(UUID("018f0000-0000-7000-8000-000000000001"))
BODY = b'{"id":"evt_1"}'
NOTIFICATIONS = SimulatorNotifications(SECRET)


def signed(body: bytes = BODY, *, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    sent = int(at.timestamp())
    signature = hmac.new(secret.encode(), f"{sent}.".encode() + body, hashlib.sha256).hexdigest()
    return {"simulator-signature": f"t={sent},v1={signature}"}


def event(kind: str, **changed: Any) -> bytes:
    data = {
        "id": "ch_1",
        "charge": "ch_1",
        "reference": "r",
        "operation_key": str(OPERATION_ID),
        "amount": 1_000,
        "currency": "JPY",
    }
    return msgspec.json.encode({"id": "evt_1", "type": kind, "created": "2026-11-21T12:00:00Z", "data": data | changed})


@pytest.mark.parametrize("age_s", [0, 300, -300])
def test_a_fresh_signed_delivery_is_believed(age_s: int) -> None:
    NOTIFICATIONS.verify(signed(at=NOW - timedelta(seconds=age_s)), BODY, NOW)


@pytest.mark.parametrize("age_s", [301, -301, 86_400])
def test_an_old_one_is_stale_though_it_is_signed(age_s: int) -> None:
    with pytest.raises(SignatureStale):
        NOTIFICATIONS.verify(signed(at=NOW - timedelta(seconds=age_s)), BODY, NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"simulator-signature": ""},
        {"simulator-signature": "t=,v1="},
        {"simulator-signature": "t=1,v1=" + "0" * 64},
        {"simulator-signature": "t=" + "9" * 100 + ",v1=" + "0" * 64},
        {"simulator-signature": "t=١,v1=" + "0" * 64},
        {"simulator-signature": signed()["simulator-signature"] + "\n"},
        {"simulator-signature": "\udcff\x00"},
        signed(b"another body"),
        signed(secret="another secret"),
    ],
)
def test_any_other_is_invalid(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid) as raised:
        NOTIFICATIONS.verify(headers, BODY, NOW)
    assert raised.type is SignatureInvalid


def test_a_changed_body_is_invalid() -> None:
    with pytest.raises(SignatureInvalid):
        NOTIFICATIONS.verify(signed(), BODY + b" ", NOW)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(SignatureInvalid):
        SimulatorNotifications("").verify(signed(secret=""), BODY, NOW)


@given(st.text(), st.binary())
def test_hostile_headers_raise_nothing_else(header: str, body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        NOTIFICATIONS.verify({"simulator-signature": header}, body, NOW)


@pytest.mark.parametrize(
    ("kind", "changed", "about", "outcome"),
    [
        ("charge.authorized", {}, OperationKind.AUTHORIZE, Approved("ch_1")),
        ("charge.captured", {}, OperationKind.CAPTURE, Approved("ch_1")),
        ("charge.declined", {"code": "fraud_suspected"}, OperationKind.AUTHORIZE, Declined("fraud_suspected", "")),
        (
            "charge.declined",
            {"code": "of_tomorrow", "message": "no"},
            OperationKind.AUTHORIZE,
            Declined("declined", "no"),
        ),
        (
            "charge.requires_action",
            {"action": {"type": "collect", "address": "me@bank"}},
            OperationKind.AUTHORIZE,
            ActionRequired("ch_1", Collect("me@bank")),
        ),
        ("capture.succeeded", {"id": "cap_1"}, OperationKind.CAPTURE, Approved("cap_1")),
        ("capture.declined", {"id": "cap_1"}, OperationKind.CAPTURE, Declined("declined", "")),
        ("void.succeeded", {"id": "vo_1"}, OperationKind.VOID, Approved("vo_1")),
        ("refund.succeeded", {"id": "re_1"}, OperationKind.REFUND, Approved("re_1")),
        (
            "refund.declined",
            {"id": "re_1", "code": "refund_declined"},
            OperationKind.REFUND,
            Declined("refund_declined", ""),
        ),
        (
            "refund.failed",
            {"id": "re_1", "code": "refund_failed", "message": "sent back"},
            OperationKind.REFUND,
            Declined("refund_declined", "sent back"),
        ),
    ],
)
def test_a_notification_says_what_became_of_which_operation(
    kind: str, changed: dict[str, Any], about: OperationKind, outcome: Outcome
) -> None:
    assert NOTIFICATIONS.read(event(kind, **changed)) == Notification(
        event_id="evt_1",
        about=about,
        outcome=outcome,
        operation_id=OPERATION_ID,
        reference="ch_1",
        own_reference=None if about is OperationKind.AUTHORIZE else changed.get("id", "ch_1"),
        amount=Money(1_000, "JPY"),
    )


def test_a_key_that_is_none_of_ours_leaves_the_reference_alone() -> None:
    read = NOTIFICATIONS.read(event("charge.authorized", operation_key="somebody else's"))
    assert isinstance(read, Notification)
    assert (read.operation_id, read.reference) == (None, "ch_1")


def test_a_kind_of_tomorrow_is_unhandled_whatever_it_holds() -> None:
    body = b'{"id":"evt_2","type":"payout.paid","data":[1]}'
    assert NOTIFICATIONS.read(body) == Unhandled(event_id="evt_2", kind="payout.paid")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 100_000,
        b'{"id":"\xff"}',
        b'{"id":"evt_1","type":"charge.captured"}',
        b'{"id":"evt_1","type":"charge.captured","data":{}}',
        b'{"id":"","type":"charge.captured","data":{}}',
        event("charge.requires_action"),
        event("charge.requires_action", action={"type": "dance"}),
        event("charge.captured", charge=""),
        event("charge.captured", currency="XXX"),
        event("charge.captured", currency=None),
        event("charge.captured", amount="1000"),
        event("charge.captured", amount=-1),
        event("charge.captured", amount=1.5),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_cannot_be_read_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        NOTIFICATIONS.read(body)


@given(st.binary())
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        NOTIFICATIONS.read(body)
