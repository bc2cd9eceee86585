"""CHECK_STATUS returns the last operation and the totals of an order, from which a single operation is derived."""

# APS names no single operation in this answer. The derivation relies on three facts: no two operations of a payment are
# in progress at once, no operation asks for more than is left, and no other system works on our orders.
#
# An amount that fits into a total only once is therefore part of that total. Where the total may or may not contain the
# amount, the outcome is Unknown, and the notification, which names the operation, decides.
#
# `None` invites the caller to repeat the request under the same name. A capture or refund therefore never gets `None`
# while the order exists: APS would carry out a repeated capture a second time, and does not promise otherwise for a
# refund.

from typing import Final, assert_never

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.money.money import Money
from domain.payment.outcome import Approved, Outcome, Unknown
from domain.payment.stated import Movement, Stated
from infrastructure.provider.aps.answer import UNITS, Answer
from infrastructure.provider.aps.codes import ORDER_NOT_FOUND, SUCCESS, Status
from infrastructure.provider.aps.translate import order_of, reference, refused
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.text import readable

PURCHASED_SINCE: Final = frozenset({Status.PURCHASED, Status.REFUNDED, Status.REFUND_FAILED})
AUTHORIZED_SINCE: Final = frozenset(
    {
        Status.AUTHORIZED,
        Status.CAPTURED,
        Status.CAPTURE_FAILED,
        Status.REFUNDED,
        Status.REFUND_FAILED,
        Status.VOIDED,
        Status.VOID_FAILED,
    }
)
"""The last operations that are possible for an order whose first operation, an authorisation, succeeded."""


def looked_up(request: ProviderRequest, answer: Answer) -> Interpretation | None:
    """The outcome of `request` by the answer to `status_asked(request)`; None where APS never carried it out."""
    outcome = _outcome(request, answer)
    return (
        None
        if outcome is None
        else Interpretation(outcome, _stated(request, answer, approved=isinstance(outcome, Approved)))
    )


def _stated(request: ProviderRequest, answer: Answer, *, approved: bool) -> Stated:
    """The facts that the answer states about `request`.

    An order's totals are in the currency of the order, which APS does not repeat. A total equals the amount of one
    operation only where the order has only that one.
    """
    if not isinstance(request, AuthorizeRequest):
        return Stated(charge=order_of(request, answer))
    captured, authorized = answer.total("captured_amount"), answer.total("authorized_amount")
    total = captured if request.capture else authorized
    return Stated(
        operation_id=answer.text("merchant_reference") or None,
        made=answer.fort_id,
        amount=None if total is None or not approved else UNITS.received(total, request.amount.currency),
        movement=Movement.TAKEN if captured else Movement.RESERVED,
    )


def _outcome(request: ProviderRequest, answer: Answer) -> Outcome | None:
    if answer.message == ORDER_NOT_FOUND and answer.status in (Status.INVALID_REQUEST, Status.QUERY_FAILED):
        return None
    if answer.code != f"{Status.QUERY_ANSWERED}{SUCCESS}" or answer.fort_id is None:
        return Unknown(f"lookup answered {readable(answer.code)}")
    approved = Approved(reference(answer.fort_id, str(request.operation_id)))
    last = answer.text("transaction_status")
    undecided = Unknown(f"the order's last operation came to {readable(answer.text('transaction_code'))}")
    match request:
        case AuthorizeRequest(capture=capture):
            if last == (Status.PURCHASE_FAILED if capture else Status.AUTHORIZATION_FAILED):
                return refused(answer.text("transaction_code"), answer.text("transaction_message"))
            return approved if last in (PURCHASED_SINCE if capture else AUTHORIZED_SINCE) else undecided
        case CaptureRequest(amount=amount):
            taken = _holds(answer.total("captured_amount"), amount, answer.total("authorized_amount"))
            return approved if taken else undecided
        case VoidRequest():
            if last == Status.AUTHORIZED:
                return None
            return approved if last == Status.VOIDED else undecided
        case RefundRequest(amount=amount):
            given_back = _holds(answer.total("refunded_amount"), amount, answer.total("captured_amount"))
            return approved if given_back else undecided
        case _:
            assert_never(request)


def _holds(total: int | None, amount: Money, limit: int | None) -> bool:
    """Whether `amount` must be part of `total`.

    False where `total` is greater than `limit`, because such a total proves nothing.
    """
    if total is None or limit is None:
        return False
    sent = UNITS.sent(amount)
    return sent <= total <= limit < total + sent
