"""The ids that a merchant's command creates are derived from its idempotency key, so that a retry has the same ids.

That holds also in a store that has lost the first request, and providers recognise the ids. A command without a key has
random ids.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from application.write.caller import Caller
from application.write.store import Verb
from domain.derivation import derived_id
from domain.identifiers import OperationId, PaymentId, PayoutId

PAYMENT: Final = "payment"


class CommandIds:
    """Each method raises StoreUnavailable while the store's namespace is not known."""

    def __init__(self, *, namespace: Callable[[], Awaitable[UUID]], new_id: Callable[[], UUID]) -> None:
        """`namespace` is the store's for derived ids, the same in every copy of it; `new_id` serves commands without a
        key."""
        self._namespace = namespace
        self._new_id = new_id

    async def payment_id(self, caller: Caller) -> PaymentId:
        """The id of the payment that `caller` creates."""
        return PaymentId(await self._named(caller, PAYMENT))

    async def operation_id(self, caller: Caller, verb: Verb) -> OperationId:
        """The id of the operation that `caller` asks for, which is also its idempotency key at the provider."""
        return OperationId(await self._named(caller, verb.value))

    def new_operation_id(self) -> OperationId:
        """A new id, for an operation that is another one each time it is asked for."""
        return OperationId(self._new_id())

    async def payout_id(self, caller: Caller) -> PayoutId:
        """The id of the payout that `caller` creates."""
        return PayoutId(await self._named(caller, Verb.PAYOUT.value))

    async def _named(self, caller: Caller, what: str) -> UUID:
        if caller.key is None:
            return self._new_id()
        return derived_id(await self._namespace(), caller.merchant_id, caller.key, what)
