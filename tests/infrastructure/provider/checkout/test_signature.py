"""Only what Checkout.com signed, and lately, is believed."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.webhook import SignatureInvalid, SignatureStale
from infrastructure.provider.checkout.notifications import CheckoutNotifications
from infrastructure.provider.checkout.signature import AGE_MAX, HEADER

SECRET = "of-the-webhook's-workflow"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOTIFICATIONS = CheckoutNotifications(SECRET)


def event(**fields: object) -> bytes:
    return msgspec.json.encode({"id": "evt_1", "type": "payment_approved", "timestamp": NOW, **fields})


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {HEADER: hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def test_a_known_signature_is_believed() -> None:
    """RFC 4231's second test case, whose body is no event: a signature is all that is asked for."""
    body = b"what do ya want for nothing?"
    signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    CheckoutNotifications("Jefe").verify({HEADER: signature}, body, NOW)
    CheckoutNotifications("Jefe").verify({HEADER: signature.upper()}, body, NOW)


@pytest.mark.parametrize(
    "headers",
    [{}, {HEADER: ""}, {HEADER: "0" * 64}, signed(event(), "another secret"), signed(event(id="evt_2"))],
    ids=["none", "empty", "made up", "another secret", "another body"],
)
def test_what_is_not_signed_so_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        NOTIFICATIONS.verify(headers, event(), NOW)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(SignatureInvalid):
        CheckoutNotifications("").verify(signed(event(), ""), event(), NOW)


@given(st.text() | st.text(st.characters(categories=["Cs"])), st.binary())
def test_any_header_at_all_is_refused_as_a_signature(header: str, body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        NOTIFICATIONS.verify({HEADER: header}, body, NOW)


@pytest.mark.parametrize("named", ["timestamp", "created_on"])
def test_all_retries_of_checkout_are_let_in_and_older_recordings_are_not(named: str) -> None:
    for age, stale in ((timedelta(hours=31), False), (AGE_MAX, False), (AGE_MAX + timedelta(seconds=1), True)):
        body = event(timestamp=None, **{named: NOW - age}) if named == "created_on" else event(timestamp=NOW - age)
        if stale:
            with pytest.raises(SignatureStale):
                NOTIFICATIONS.verify(signed(body), body, NOW)
        else:
            NOTIFICATIONS.verify(signed(body), body, NOW)


@pytest.mark.parametrize("timestamp", ["yesterday", "2020-01-01T00:00:00", None, 7])
def test_a_signed_event_without_a_date_is_left_to_the_reader(timestamp: object) -> None:
    body = event(timestamp=timestamp)
    NOTIFICATIONS.verify(signed(body), body, NOW)
