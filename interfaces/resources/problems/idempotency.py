"""The problems of idempotency keys."""

from typing import Final

from application.write.idempotency import IdempotencyKeyInFlight, IdempotencyKeyReused
from interfaces.resources.problems.problem import problem, retry_after_of
from interfaces.resources.refusals import ConflictingIdempotencyKeys, InvalidIdempotencyKey, MissingIdempotencyKey

PROBLEMS: Final = (
    problem(
        MissingIdempotencyKey,
        400,
        "idempotency_key_missing",
        "An idempotency key is needed",
        "Send a key of your own choice as the Idempotency-Key header or as idempotency_key in the body.",
        field="idempotency_key",
    ),
    problem(
        InvalidIdempotencyKey,
        400,
        "idempotency_key_invalid",
        "The idempotency key is not usable",
        "The key has to be 1 to 255 printable ASCII characters without spaces.",
        field="idempotency_key",
    ),
    problem(
        ConflictingIdempotencyKeys,
        400,
        "idempotency_keys_differ",
        "Two different idempotency keys",
        "The Idempotency-Key header and idempotency_key in the body differ. Send one of them.",
        field="idempotency_key",
    ),
    problem(
        IdempotencyKeyReused,
        422,
        "idempotency_key_reused",
        "The key belongs to another request",
        "This idempotency key came with another request before. Use a new key for a new request.",
        field="idempotency_key",
    ),
    problem(
        IdempotencyKeyInFlight,
        409,
        "idempotency_key_in_flight",
        "The first request is still in flight",
        "The first request with this key has no answer yet. Ask again later, with the same key.",
        field="idempotency_key",
        headers=retry_after_of,
    ),
)
