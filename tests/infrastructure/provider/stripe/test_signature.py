"""Only a delivery that the secret's holder signed, and lately, passes: Stripe's documented scheme, our own vectors."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.provider.webhook import SignatureInvalid, SignatureStale
from infrastructure.provider.stripe.signature import TOLERANCE_S, verify

SECRET: Final = "whsec_of_these_tests"
BODY: Final = b'{"id":"evt_1","object":"event"}'
NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
T: Final = int(NOW.timestamp())


def digest(time: object = T, body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()


def check(header: str, *, body: bytes = BODY, now: datetime = NOW) -> None:
    verify({"stripe-signature": header, "host": "here"}, body, SECRET, now)


def test_a_known_vector_passes() -> None:
    """Computed apart from this code: printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_test"""
    header = "t=1700000000,v1=35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91"
    verify({"stripe-signature": header}, b"{}", "whsec_test", datetime.fromtimestamp(1_700_000_000, UTC))


@pytest.mark.parametrize(
    "header",
    [
        f"t={T},v1={digest()}",
        f"v1={digest()},t={T}",
        f"t={T}, v1={digest()}",
        f"t={T},v1={digest(secret='whsec_old')},v1={digest()},v0={'0' * 64}",
    ],
    ids=["as documented", "in another order", "with a space", "by the old and the new secret"],
)
def test_a_delivery_that_is_signed_passes(header: str) -> None:
    check(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=",
        "nonsense",
        f"t={T}",
        f"v1={digest()}",
        f"t={T},v1={digest(secret='whsec_other')}",
        f"t={T},v0={digest()}",
        f"t={T},v1={digest()[:-1]}",
        f"t={T},v1={digest().upper()}",
        f"t={T},v1={digest()}é",
        f"t={T + 1},v1={digest()}",
        f"t={T},t={T + 1},v1={digest()}",
        f"t=-{T},v1={digest(f'-{T}')}",
        f"t={T}.0,v1={digest(f'{T}.0')}",
        f"t={'9' * 400},v1={digest('9' * 400)}",
        f"t=١٢٣,v1={digest('١٢٣')}",
    ],
)
def test_any_other_header_is_refused(header: str) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        check(header)
    assert refused.type is SignatureInvalid


def test_a_missing_header_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        verify({}, BODY, SECRET, NOW)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_body_that_was_changed_anywhere_is_refused(place: int, change: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ change]) + BODY[place + 1 :]
    with pytest.raises(SignatureInvalid):
        check(f"t={T},v1={digest()}", body=changed)


@pytest.mark.parametrize("seconds", [-TOLERANCE_S, 0, TOLERANCE_S])
def test_a_delivery_within_the_tolerance_passes(seconds: int) -> None:
    check(f"t={T},v1={digest()}", now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-TOLERANCE_S - 1, TOLERANCE_S + 1, 86_400])
def test_a_delivery_too_old_or_from_the_future_is_stale(seconds: int) -> None:
    with pytest.raises(SignatureStale):
        check(f"t={T},v1={digest()}", now=NOW + timedelta(seconds=seconds))


def test_a_stale_forgery_is_invalid_and_not_merely_stale() -> None:
    with pytest.raises(SignatureInvalid) as refused:
        check(f"t={T - 86_400},v1={digest()}")
    assert refused.type is SignatureInvalid


@given(st.text() | st.from_regex(r"t=\d+,v1=[0-9a-f]{64}", fullmatch=True), st.binary())
def test_any_header_at_all_is_refused_and_raises_nothing_else(header: str, body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        check(header, body=body)
