"""An operator has a charge refunded or released that belongs to no payment here, and that no retry will claim."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import assert_never
from uuid import uuid5

from application.payment.orphans import Orphan, OrphanRegister, OrphanState
from application.provider.listing import ListedOperation
from application.provider.port import Provider, RefundRequest, VoidRequest
from application.provider.webhook import Notification
from domain.card_data import require_no_card_number
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import OperationId, ProviderName
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved, Outcome


class OrphanNotFound(DomainError):
    """No entry of that name was found at the provider, or the entry is closed."""


class OrphanHoldsNothing(DomainError):
    """The entry is no charge that reserves or has taken money: no money can be given back."""


class OrphanNotGivenBack(DomainError):
    """The provider did not confirm that the money was given back."""

    reason: str


class Orphans:
    """Each method raises OrphanNotFound, StoreUnavailable, CardDataRefused."""

    def __init__(
        self, register: OrphanRegister, providers: Mapping[ProviderName, Provider], now: Callable[[], datetime]
    ) -> None:
        self._register = register
        self._providers = providers
        self._now = now

    async def close(self, provider: ProviderName, name: str, reason: str, cause: Cause) -> None:
        """End the entry without further action. A retry of its request still finds the charge."""
        require_no_card_number("reason", reason)
        await self._open(provider, name)
        await self._register.close(provider, name, reason, cause.actor)

    async def give_back(self, provider: ProviderName, name: str, reason: str, cause: Cause) -> None:
        """Have the provider refund a charge that took money, or release one that reserves money. Idempotent: every
        repeat uses the same operation id. Raises OrphanHoldsNothing, OrphanNotGivenBack."""
        require_no_card_number("reason", reason)
        orphan = await self._open(provider, name)
        fact = orphan.fact
        if not isinstance(fact, ListedOperation) or fact.payment_id is None or not _holds(fact):
            raise OrphanHoldsNothing()
        said = fact.notification
        assert said.reference is not None
        assert said.amount is not None
        operation_id = OperationId(uuid5(fact.payment_id, f"given back: {provider} {said.reference}"))
        asked = self._providers[provider]
        outcome: Outcome
        match said.about:
            case OperationKind.CAPTURE:
                refund = RefundRequest(
                    operation_id=operation_id, payment_id=fact.payment_id, reference=said.reference, amount=said.amount
                )
                outcome = await asked.refund(refund)
            case OperationKind.AUTHORIZE:
                void = VoidRequest(
                    operation_id=operation_id, payment_id=fact.payment_id, reference=said.reference, amount=said.amount
                )
                outcome = await asked.void(void)
            case OperationKind.VOID | OperationKind.REFUND:
                raise OrphanHoldsNothing()
            case _:
                assert_never(said.about)
        if not isinstance(outcome, Approved):
            raise OrphanNotGivenBack(reason=f"{type(outcome).__name__}: {getattr(outcome, 'reason', outcome)}")
        because = f"given back as {outcome.reference}: {reason}"
        given_back = Notification(
            event_id=f"{name}: given back",
            about=OperationKind.REFUND if said.about is OperationKind.CAPTURE else OperationKind.VOID,
            outcome=outcome,
            operation_id=operation_id,
            reference=said.reference,
            own_reference=outcome.reference,
            amount=said.amount,
        )
        # Should the retry come after all, its payment has this, too.
        now = self._now()
        kept = Orphan(
            provider=provider,
            name=given_back.event_id,
            fact=ListedOperation(notification=given_back, payment_id=fact.payment_id, at=now),
            state=OrphanState.CLOSED,
            reason=because,
            found_at=now,
        )
        await self._register.put([kept])
        await self._register.close(provider, name, because, cause.actor)

    async def _open(self, provider: ProviderName, name: str) -> Orphan:
        orphan = await self._register.find(provider, name)
        if orphan is None or orphan.state not in (OrphanState.WAITING, OrphanState.UNEXPLAINED):
            raise OrphanNotFound()
        return orphan


def _holds(fact: ListedOperation) -> bool:
    return isinstance(fact.notification.outcome, Approved) and fact.notification.amount is not None
