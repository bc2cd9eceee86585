"""What names a thing inside the core: UUIDv7s, and text for what is named outside (merchants, providers)."""

from typing import NewType
from uuid import UUID

PaymentId = NewType("PaymentId", UUID)
"""An intent and its payment are one aggregate and one stream: the same id behind `pi_…` and `pay_…`."""
EntryId = NewType("EntryId", UUID)
OperationId = NewType("OperationId", UUID)
"""One request to a provider (an attempt, a capture, a void, a refund), and its idempotency key there."""
DeadLetterId = NewType("DeadLetterId", UUID)
DisputeId = NewType("DisputeId", str)
"""The provider's own name for a dispute."""
MerchantId = NewType("MerchantId", str)
PLATFORM = MerchantId("platform")
"""Whose an event is that concerns no merchant: operators alone see it."""
CustomerId = NewType("CustomerId", str)
ProviderName = NewType("ProviderName", str)
