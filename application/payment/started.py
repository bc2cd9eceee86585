"""An operation that was started at a provider, with what its outcome is recorded by."""

from datetime import datetime

from msgspec import Struct

from application.payment.loaded import LoadedPayment
from application.write.store import Verb
from domain.history import Cause
from domain.identifiers import OperationId


class StartedOperation(Struct, frozen=True, kw_only=True):
    """An operation whose intent is durable, and the payment with it in flight.

    `claim_id` names the merchant's command that it serves: that of the first attempt, for the further ones too.
    `asked_at` is when the provider was asked first; None where that is not known.
    """

    operation_id: OperationId
    claim_id: OperationId
    verb: Verb
    asked_at: datetime | None
    ends: bool = False
    """Whether a refusal ends the payment although the policy may allow another attempt."""
    loaded: LoadedPayment
    cause: Cause
