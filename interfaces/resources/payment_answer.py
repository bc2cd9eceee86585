"""The answer to a command on a payment: the body and status kept with its key and given to every repeat."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from application.payment.loaded import LoadedPayment
from application.write.store import Answer, Verb
from domain.identifiers import OperationId
from domain.payment.events import (
    CaptureFailed,
    OperationKind,
    PaymentAttemptFailed,
    PaymentEvent,
    RefundFailed,
    VoidFailed,
)
from domain.payment.operation import operation_id_of
from domain.payment.state import InFlight, Processing, Refunding, RequiresAction, terms_of
from domain.payment.status import OperationStatus
from interfaces import ids
from interfaces.resources.payment import OPERATION_PREFIX, Failure, OperationResource, payment_resource
from interfaces.resources.refund import RefundResource

_KIND = {
    Verb.CREATE: OperationKind.AUTHORIZE,
    Verb.CONFIRM: OperationKind.AUTHORIZE,
    Verb.CAPTURE: OperationKind.CAPTURE,
    Verb.VOID: OperationKind.VOID,
    Verb.REFUND: OperationKind.REFUND,
    Verb.CANCEL: OperationKind.VOID,
}
_FAILED = PaymentAttemptFailed | CaptureFailed | VoidFailed | RefundFailed


def render_response(
    verb: Verb, operation_id: OperationId, before: LoadedPayment, events: Sequence[PaymentEvent]
) -> Answer:
    """Implements application.payment.answers.Answers."""
    after = before.after(events, now=before.updated_at)
    operation = _operation(verb, operation_id, before, events, after)
    match verb:
        case Verb.CREATE:
            return _answer(201, payment_resource(after, operation))
        case Verb.CONFIRM | Verb.CAPTURE | Verb.VOID | Verb.CANCEL:
            return _answer(200, payment_resource(after, operation))
        case Verb.REFUND:
            assert operation is not None
            assert isinstance(before.payment, Refunding)
            return _answer(201, _refund(before, before.payment, operation))
        case Verb.PAYOUT | Verb.BANK_ACCOUNT:
            raise AssertionError(f"{verb} is no operation on a payment")
        case _:
            assert_never(verb)


def _operation(
    verb: Verb, operation_id: OperationId, before: LoadedPayment, events: Sequence[PaymentEvent], after: LoadedPayment
) -> OperationResource | None:
    """The operation once `events` have made `before` into `after`; None for a payment that was only created."""
    if not isinstance(before.payment, InFlight):
        return None
    kind = _KIND[verb]
    failures = [Failure(event.code, event.message) for event in events if isinstance(event, _FAILED)]
    failure = failures[0] if failures else None
    # An attempt whose answer comes late may find another one at another provider: that one is what is pending then.
    if isinstance(after.payment, Processing):
        operation_id, status, failure = operation_id_of(after.payment), OperationStatus.PENDING, None
    elif isinstance(after.payment, RequiresAction) or (
        isinstance(after.payment, InFlight) and operation_id_of(after.payment) == operation_id
    ):
        status = OperationStatus.PENDING
    else:
        status = OperationStatus.SUCCEEDED if failure is None else OperationStatus.FAILED
    return OperationResource(
        id=ids.text_of(OPERATION_PREFIX[kind], operation_id), type=kind, status=status, failure=failure
    )


def _refund(before: LoadedPayment, payment: Refunding, operation: OperationResource) -> RefundResource:
    return RefundResource(
        refund_id=operation.id,
        payment_id=ids.text_of(ids.PAYMENT, before.id),
        status=operation.status,
        amount=payment.amount.minor,
        currency=terms_of(payment).amount.currency,
        failure=operation.failure,
    )


def _answer(status: int, resource: object) -> Answer:
    return Answer(status, msgspec.json.encode(resource))
