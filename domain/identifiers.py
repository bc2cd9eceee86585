"""Identifiers: UUIDs of things inside the core, and text for things named outside (merchants, providers)."""

from datetime import UTC, datetime, timedelta
from typing import Final, NewType
from uuid import UUID

PaymentId = NewType("PaymentId", UUID)
"""An intent and its payment are one aggregate and one stream: the same id behind `pi_…` and `pay_…`."""
EntryId = NewType("EntryId", UUID)
OperationId = NewType("OperationId", UUID)
"""One request to a provider (an attempt, a capture, a void, a refund), and its idempotency key there."""
DeadLetterId = NewType("DeadLetterId", UUID)
PayoutId = NewType("PayoutId", UUID)
BatchId = NewType("BatchId", UUID)
"""Payouts that go to the bank in one file."""
BankAccountId = NewType("BankAccountId", UUID)
DisputeId = NewType("DisputeId", str)
"""The provider's own name for a dispute."""
DisputeCaseId = NewType("DisputeCaseId", UUID)
"""Our id of a dispute: its stream."""
EvidenceId = NewType("EvidenceId", UUID)
SubmissionId = NewType("SubmissionId", UUID)
"""One request to a provider about a dispute, and its idempotency key there."""
MerchantId = NewType("MerchantId", str)
CustomerId = NewType("CustomerId", str)
ProviderName = NewType("ProviderName", str)

PLATFORM: Final = MerchantId("platform")
"""The merchant of events that concern no merchant, such as policies."""

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def started_at_of(operation_id: OperationId) -> datetime | None:
    """The time in an operation's id, to the millisecond: ids were UUIDv7, which begin with the time, before events
    recorded when the provider was asked.

    None for any other kind of UUID, and for a UUID with a year past all calendars.
    """
    if operation_id.version != 7:
        return None
    try:
        return _UNIX_EPOCH + timedelta(milliseconds=operation_id.int >> 80)
    except OverflowError:
        return None
