"""Ids as the world sees them: a prefix that says what it is, and the UUID in base 32 (TypeID)."""

from uuid import UUID

import uuid_utils.compat
from typeid import TypeID
from typeid.codecs import base32
from typeid.errors import TypeIDException

PAYMENT, INTENT, AUTHORIZATION = "pay", "pi", "auth"
CAPTURE, VOID, REFUND, ENTRY = "cap", "void", "re", "je"
DELIVERY, DEAD_LETTER = "whd", "dl"
BANK_ACCOUNT, PAYOUT, PAYOUT_BATCH = "ba", "po", "pb"
DISPUTE = "dp"


def new_uuid() -> UUID:
    """A UUIDv7: later ones sort after earlier ones."""
    return uuid_utils.compat.uuid7()


def new_id(prefix: str) -> str:
    return text_of(prefix, new_uuid())


def text_of(prefix: str, uuid: UUID) -> str:
    """`pay_01h…`"""
    return f"{prefix}_{base32.encode(uuid.bytes)}"


def payment_text(payment_id: UUID | None) -> str | None:
    """Of what may be about no payment, or several."""
    return None if payment_id is None else text_of(PAYMENT, payment_id)


def pattern(*prefixes: str) -> str:
    """A regular expression that the ids with one of `prefixes` match."""
    return f"^({'|'.join(prefixes)})_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"


def parse(text: str, *prefixes: str) -> UUID | None:
    """The UUID behind `text` when it is an id with one of `prefixes`, None otherwise."""
    try:
        parsed = TypeID.from_string(text)
    except TypeIDException:
        return None
    if parsed.prefix not in prefixes:
        return None
    return UUID(bytes=parsed.uuid.bytes)
