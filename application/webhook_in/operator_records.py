"""Operators record by hand a movement that the provider's own records show and no notification has reported."""

from collections.abc import Mapping

from application.dead_letter.commands import DeadLetterNotFound, DeadLetters
from application.payment.adoption import Adopted, Adoptions
from application.payment.loaded import load, payment_events
from application.provider.webhook import Notification, Notifications, NotificationUnreadable
from application.webhook_in.inbox import DeliveryArchive
from application.write.store import EventStore
from domain.card_data import require_no_card_number
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.refusals import DeadLetterEnded
from domain.dead_letter.state import letter_id_for
from domain.history import Cause
from domain.identifiers import PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.adopt import AdoptOperation, OperationDiffers, called
from domain.payment.events import OperationKind
from domain.payment.progress import operations_of
from domain.payment.refusals import refuse
from domain.payment.reverse_refund import RefundUnknown, ReverseRefund
from domain.payment.state import authorization_of, is_authorized, terms_of


class OperatorRecords:
    """Each method is idempotent for the same content, and retries the dead letters of notifications that the record
    explains. Each raises PaymentNotFound, OperationDiffers, CardDataRefused, TooManyConflicts, BalanceLimitBroken and
    StoreUnavailable."""

    def __init__(
        self,
        *,
        store: EventStore,
        adoptions: Adoptions,
        deliveries: DeliveryArchive,
        notifications: Mapping[ProviderName, Notifications],
        dead_letters: DeadLetters,
    ) -> None:
        self._store = store
        self._adoptions = adoptions
        self._deliveries = deliveries
        self._notifications = notifications
        self._dead_letters = dead_letters

    async def made_at_provider(
        self,
        payment_id: PaymentId,
        kind: OperationKind,
        *,
        reference: str,
        amount_minor: int | None,
        reason: str,
        cause: Cause,
    ) -> Adopted:
        """Record a capture, void or refund of `amount_minor` in the payment's currency, which the provider calls
        `reference`. A void needs no amount. Raises AmountOutOfRange, or the refusal of the payment."""
        payment = (await load(self._store, payment_id)).payment
        if not is_authorized(payment):
            raise refuse(payment, f"record {kind}")
        amount = None if amount_minor is None else Money(amount_minor, terms_of(payment).amount.currency)
        command = AdoptOperation(
            kind=kind,
            provider=authorization_of(payment).provider,
            reference=reference,
            amount=amount,
            reason=reason,
        )
        adopted = await self._adoptions.adopt(payment_id, command, cause)
        await self._retry_explained(payment_id, kind, reference, cause)
        return adopted

    async def refund_failed_later(
        self, payment_id: PaymentId, *, reference: str, amount_minor: int, reason: str, cause: Cause
    ) -> Adopted:
        """Record that the refund that the provider calls `reference` failed after it had succeeded. Raises
        RefundUnknown."""
        require_no_card_number("reason", reason)
        currency = terms_of((await load(self._store, payment_id)).payment).amount.currency
        operations = operations_of(payment_events(await self._store.history(payment_id)))
        refund = called(operations, OperationKind.REFUND, reference)
        if refund is None:
            raise RefundUnknown(refund=reference)
        amount = Money(amount_minor, currency)
        if refund.amount != amount:
            raise OperationDiffers(
                operation=OperationKind.REFUND,
                reference=reference,
                what="amount",
                ours=str(refund.amount),
                theirs=str(amount),
            )
        command = ReverseRefund(
            refund_id=refund.operation_id, reference=reference, code="refund_declined", message=reason
        )
        adopted = await self._adoptions.reverse(payment_id, command, cause)
        await self._retry_explained(payment_id, OperationKind.REFUND, reference, cause)
        return adopted

    async def _retry_explained(self, payment_id: PaymentId, kind: OperationKind, reference: str, cause: Cause) -> None:
        """Retry the given-up notifications about an operation of this kind with this reference, or without one."""
        for delivery in await self._deliveries.dead_of(payment_id):
            if _is_about(self._notifications.get(delivery.provider), delivery.body, kind, reference):
                try:
                    await self._dead_letters.retry(letter_id_for(DeadLetterKind.WEBHOOK, str(delivery.id)), cause)
                except (DeadLetterNotFound, DeadLetterEnded):
                    # The letter is still being written, or was settled by somebody else.
                    continue


def _is_about(notifications: Notifications | None, body: bytes, kind: OperationKind, reference: str) -> bool:
    try:
        said = None if notifications is None else notifications.read(body)
    except NotificationUnreadable:
        return False
    return isinstance(said, Notification) and said.about is kind and said.own_reference in (None, reference)
