"""An APS signature is the SHA-256 of the sorted parameters between two copies of a phrase shared with APS."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

SIGNATURE: Final = "signature"


def signature(fields: Mapping[str, str], phrase: str) -> str:
    """The signature of `fields` in lower-case hex; a field named `signature` is left out, as at APS.

    Source: APS's documentation, "Signature", whose two worked examples are in the tests. The SHA request phrase signs
    requests; the response phrase signs answers and notifications.
    """
    text = "".join(f"{name}={fields[name]}" for name in sorted(fields) if name != SIGNATURE)
    return hashlib.sha256(f"{phrase}{text}{phrase}".encode("utf-8", "surrogatepass")).hexdigest()


def is_signed(fields: Mapping[str, str], phrase: str) -> bool:
    """Whether `fields` contain their own signature, in upper-case or lower-case hex; an empty phrase signs nothing."""
    given = fields.get(SIGNATURE, "").lower().encode("utf-8", "surrogatepass")
    return bool(phrase) and hmac.compare_digest(given, signature(fields, phrase).encode())
