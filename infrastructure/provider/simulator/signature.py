"""The simulator signs a delivery as `t=<unix>,v1=<hex HMAC-SHA256 of "t.body">`, valid within 300 s of that time."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from application.provider.webhook import SignatureInvalid, SignatureStale

HEADER: Final = "simulator-signature"
TOLERANCE_S: Final = 300
_SIGNATURE: Final = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", re.ASCII)


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check a signature and its time. Raises SignatureInvalid or SignatureStale.

    Without a secret every delivery is refused.
    """
    signature = _SIGNATURE.fullmatch(headers.get(HEADER, ""))
    if not secret or signature is None:
        raise SignatureInvalid("no readable signature" if secret else "no secret to check a signature with")
    sent, given = signature.groups()
    expected = hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, given):
        raise SignatureInvalid("the signature is not the simulator's")
    if abs(now.timestamp() - int(sent)) > TOLERANCE_S:
        raise SignatureStale(f"signed more than {TOLERANCE_S} s from now")
