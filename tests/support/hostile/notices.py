"""Notices in the simulator's own dialect, signed anew after they were changed."""

import hashlib
import hmac
import time
from typing import Any, Final

DECLINED_TYPES: Final = {
    "charge.authorized": "charge.declined",
    "charge.captured": "capture.declined",
    "capture.succeeded": "capture.declined",
    "void.succeeded": "void.declined",
    "refund.succeeded": "refund.declined",
}


def declined(event: dict[str, Any]) -> dict[str, Any] | None:
    """The notice that says the opposite of the success in `event`; None of what is no success."""
    kind = DECLINED_TYPES.get(event["type"])
    if kind is None:
        return None
    data = event["data"] | {"code": "card_declined", "message": "No."}
    return event | {"type": kind, "data": data}


def signed(secret: str, body: bytes) -> dict[str, str]:
    """The headers under which the simulator would send `body` now."""
    sent = int(time.time())
    signature = hmac.new(secret.encode(), b"%d.%b" % (sent, body), hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "Simulator-Signature": f"t={sent},v1={signature}"}
