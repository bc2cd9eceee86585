"""Derived ids are computed from the things that they name, so that a repeat has the same id in every copy of a store.

The derivation is a promise to providers and banks, who keep these ids: it never changes. Another derivation is a new
personalisation beside this one.
"""

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from domain.identifiers import BatchId, DisputeCaseId, OperationId, PayoutId, SubmissionId

VERSION: Final = 8
"""The version of a derived UUID: RFC 9562 leaves version 8 to the application."""
ATTEMPT: Final = "attempt"
PAYOUT_BATCH: Final = "payout batch"
SUBMISSION: Final = "submission"
ACCEPTANCE: Final = "acceptance"
_PERSON: Final = b"tallystick.id.v1"
_VERSION_SHIFT: Final = 76
_VARIANT_SHIFT: Final = 62


def derived_id(namespace: UUID, *parts: str) -> UUID:
    """BLAKE2b of `parts` under the key `namespace`, as a UUID of version 8.

    Each part is hashed as UTF-8 behind its length in 4 bytes, so that no two lists of parts are hashed alike.
    """
    digest = hashlib.blake2b(digest_size=16, key=namespace.bytes, person=_PERSON)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    number = int.from_bytes(digest.digest(), "big")
    number &= ~(0xF << _VERSION_SHIFT | 0x3 << _VARIANT_SHIFT)
    return UUID(int=number | VERSION << _VERSION_SHIFT | 0x2 << _VARIANT_SHIFT)


def is_derived(uuid: UUID) -> bool:
    """Whether the id was derived, and so would be the same after a restore."""
    return uuid.version == VERSION


def attempt_id_for(first_attempt_id: OperationId, number: int) -> OperationId:
    """The id of a payment's `number`th attempt, counted from 1, which is the first one's own."""
    if number == 1:
        return first_attempt_id
    return OperationId(derived_id(first_attempt_id, ATTEMPT, str(number)))


def batch_id_for(payout_ids: Sequence[PayoutId]) -> BatchId:
    """The id of the batch of just these payouts, in this order: a payout is in one batch for ever."""
    first, *others = payout_ids
    return BatchId(derived_id(first, PAYOUT_BATCH, *(each.hex for each in others)))


def submission_id_for(case_id: DisputeCaseId, version: int, evidence_sha256: Sequence[str]) -> SubmissionId:
    """The id under which just this evidence is handed in when the case has `version` events: one that a provider
    refused is followed by another."""
    return SubmissionId(derived_id(case_id, SUBMISSION, str(version), *evidence_sha256))


def acceptance_id_for(case_id: DisputeCaseId) -> SubmissionId:
    """The id under which a provider is told that the merchant accepts the dispute, which happens once."""
    return SubmissionId(derived_id(case_id, ACCEPTANCE))
