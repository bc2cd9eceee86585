"""APS's signature: SHA-256 over the sorted parameters between two copies of a phrase that only the two of us know."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

SIGNATURE: Final = "signature"


def signature(fields: Mapping[str, str], phrase: str) -> str:
    """The signature of `fields`, in lower-case hex; a signature among them is left out, as it is at APS.

    Source: APS's documentation, "Signature", whose two worked examples are in the tests. Requests are signed with
    the SHA request phrase; answers and notifications with the response phrase.
    """
    text = "".join(f"{name}={fields[name]}" for name in sorted(fields) if name != SIGNATURE)
    return hashlib.sha256(f"{phrase}{text}{phrase}".encode("utf-8", "surrogatepass")).hexdigest()


def is_signed(fields: Mapping[str, str], phrase: str) -> bool:
    """Whether `fields` carry their own signature. APS writes hex in either case; an empty phrase signs nothing."""
    given = fields.get(SIGNATURE, "").lower().encode("utf-8", "surrogatepass")
    return bool(phrase) and hmac.compare_digest(given, signature(fields, phrase).encode())
