"""Checkout.com signs the raw body alone: HMAC-SHA256 by the webhook's key, in hexadecimal, as `Cko-Signature`.

Source: its documentation, "Receive webhooks". No time is signed beside the body, so that a delivery is as old as the
event in it says. Checkout.com tries eight times again within 31 hours and signs the same body each time: three days
let all of these in, and a resend by hand soon after, while nothing recorded earlier can be played again.
"""

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
    """When an event happened: `timestamp` today, `created_on` on accounts of the previous platform."""

    timestamp: datetime | None = None
    created_on: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """None when it does not say, or not in which time zone."""
        at = self.timestamp or self.created_on
        return None if at is None or at.tzinfo is None else at


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """A body that gives no date passes: it is signed, and reading it will say what is wrong with it.

    Raises SignatureInvalid, SignatureStale.
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
