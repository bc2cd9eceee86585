"""Checkout.com signs only the raw body: HMAC-SHA256 with the webhook's key, in hexadecimal, as `Cko-Signature`."""

# Source: Checkout.com's documentation, "Receive webhooks". The signature covers no sending time, so the age of a
# delivery is the age of the event in the body. Checkout.com makes eight further tries within 31 hours and signs the
# same body each time. Three days admit all of these and a manual resend soon after, and no older recording can be
# replayed.

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from application.provider.webhook import SignatureInvalid, SignatureStale
from infrastructure.provider.reading import UNDECODABLE

HEADER: Final = "cko-signature"
AGE_MAX: Final = timedelta(days=3)


class Dated(Struct, frozen=True):
    """The time of an event: `timestamp` today, `created_on` for accounts of the previous platform."""

    timestamp: datetime | None = None
    created_on: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """The time of the event; None where the event gives no time, or no time zone."""
        at = self.timestamp or self.created_on
        return None if at is None or at.tzinfo is None else at


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check the signature and the age of a delivery. Raises SignatureInvalid, SignatureStale.

    A signed body without a date passes; the reader of the body reports that fault.
    """
    told = headers.get(HEADER)
    if not secret or told is None:
        raise SignatureInvalid("no webhook_secret is set" if told else f"no {HEADER}")
    if not hmac.compare_digest(signature(secret, body).encode(), told.strip().lower().encode(errors="replace")):
        raise SignatureInvalid(f"{HEADER} is not that of the body")
    happened = _happened(body)
    if happened is not None and now - happened > AGE_MAX:
        raise SignatureStale(f"the event is of {happened.isoformat()}")


def _happened(body: bytes) -> datetime | None:
    try:
        return msgspec.json.decode(body, type=Dated).at
    except UNDECODABLE:
        return None
