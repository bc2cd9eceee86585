"""A valid signature proves that a holder of the endpoint's secret signed the delivery recently."""

# Stripe's scheme (docs.stripe.com/webhooks#verify-manually): the header `Stripe-Signature: t=…,v1=…` holds a time in
# seconds since 1970 and the HMAC-SHA256 of `t.body` in hexadecimal, several of them while a secret is being replaced.
# Schemes other than v1 are ignored.

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from application.provider.webhook import SignatureInvalid, SignatureStale

HEADER: Final = "stripe-signature"
TOLERANCE_S: Final = 300
_TIME: Final = re.compile(r"[0-9]{1,12}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """Check the signature and the time of a delivery.

    Raises SignatureInvalid, or SignatureStale for a time more than TOLERANCE_S before or after `now`.
    """
    times, digests = _parts(headers.get(HEADER, ""))
    if len(times) != 1 or not digests:
        raise SignatureInvalid("no readable Stripe-Signature")
    expected = signed(times[0], body, secret)
    if not any(hmac.compare_digest(expected, digest) for digest in digests):
        raise SignatureInvalid("no signature is of this body and secret")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        raise SignatureStale(f"signed at {times[0]}")


def signed(time: str, body: bytes, secret: str) -> str:
    """The v1 signature of `body` at `time`."""
    return hmac.digest(secret.encode(), time.encode() + b"." + body, "sha256").hex()


def _parts(header: str) -> tuple[list[str], list[str]]:
    """The well-formed times and v1 digests in the header."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t" and _TIME.fullmatch(value)]
    digests = [value for name, _, value in pairs if name == "v1" and _DIGEST.fullmatch(value)]
    return times, digests
