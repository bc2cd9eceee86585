"""Who asks, under which idempotency key, and how to find the request again in logs and events."""

from msgspec import Struct

from domain.history import Cause
from domain.identifiers import MerchantId


class Caller(Struct, frozen=True, kw_only=True):
    """`fingerprint` is a digest of the request without its key: the same key with another one is refused."""

    merchant_id: MerchantId
    cause: Cause
    key: str | None
    fingerprint: bytes


class Answered(Struct, frozen=True, kw_only=True):
    """What the merchant is told, and the position a query has to reach to see it."""

    status: int
    body: bytes
    position: int | None
    replayed: bool = False
