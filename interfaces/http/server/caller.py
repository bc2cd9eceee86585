"""The caller of a command: the merchant, the idempotency key, and a digest of the request itself."""

import hashlib
import re
from typing import Any

import msgspec
from litestar import Request

from application.access.merchant import KnownKey
from application.write.caller import Caller
from domain.card_data import require_no_card_number
from domain.history import Cause
from interfaces.resources.refusals import (
    ConflictingIdempotencyKeys,
    InvalidIdempotencyKey,
    MissingIdempotencyKey,
)

AuthenticatedRequest = Request[KnownKey, None, Any]
IDEMPOTENCY_HEADER = "idempotency-key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def caller_of(
    request: AuthenticatedRequest, body: msgspec.Struct | None, body_key: str | None, *, key_needed: bool
) -> Caller:
    """The caller of a command with that decoded body.

    Raises MissingIdempotencyKey, InvalidIdempotencyKey, ConflictingIdempotencyKeys, CardDataRefused.
    """
    return Caller(
        merchant_id=request.user.merchant_id,
        cause=Cause(
            actor=f"key:{request.user.key_id}",
            request_id=request.scope["state"]["request_id"],
            trace_id=request.scope["state"]["trace_id"],
        ),
        key=_key(request.headers.get(IDEMPOTENCY_HEADER), body_key, needed=key_needed),
        fingerprint=_fingerprint(request, body),
    )


def _key(header: str | None, body: str | None, *, needed: bool) -> str | None:
    if header is not None and body is not None and header != body:
        raise ConflictingIdempotencyKeys()
    key = header if header is not None else body
    if key is None:
        if needed:
            raise MissingIdempotencyKey()
        return None
    if not _KEY.fullmatch(key):
        raise InvalidIdempotencyKey()
    require_no_card_number("idempotency_key", key)
    return key


def _fingerprint(request: AuthenticatedRequest, body: msgspec.Struct | None) -> bytes:
    """A digest that is equal for equal requests to the same path, however their JSON is spaced or ordered."""
    asked = {} if body is None else {**msgspec.to_builtins(body), "idempotency_key": None}
    said = msgspec.json.encode([request.method, request.scope["path"], asked], order="sorted")
    return hashlib.sha256(said).digest()
