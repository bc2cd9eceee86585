"""A void releases the amount that is still authorised: all of it, or the rest after a partial capture."""

from typing import assert_never

from msgspec import Struct

from domain.identifiers import OperationId
from domain.payment.events import PaymentEvent, PaymentVoided, VoidFailed, VoidStarted
from domain.payment.operation import failure_of, outcome_of, outcome_unknown
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.refusals import refuse
from domain.payment.state import Authorized, PartiallyCaptured, Payment, Voiding


class VoidPayment(Struct, frozen=True, kw_only=True):
    void_id: OperationId


class RecordVoidOutcome(Struct, frozen=True, kw_only=True):
    void_id: OperationId
    outcome: Outcome


def void(payment: Payment, command: VoidPayment) -> tuple[PaymentEvent, ...]:
    """Start a void. Raises the refusal of a payment that has no open authorisation."""
    match payment:
        case Authorized() | PartiallyCaptured():
            return (VoidStarted(void_id=command.void_id),)
        case _:
            raise refuse(payment, "void")


def record_void_outcome(payment: Payment, command: RecordVoidOutcome) -> tuple[PaymentEvent, ...]:
    """The events that the provider's answer to the void leads to; none where the void is no longer open."""
    match payment:
        case Voiding() if payment.void_id == command.void_id:
            pass
        case _:
            return ()
    before = payment.before
    outcome = outcome_of(payment, command.outcome)
    match outcome:
        case Approved():
            return (
                PaymentVoided(
                    merchant_id=before.terms.merchant_id,
                    provider=before.authorization.provider,
                    void_id=payment.void_id,
                    released=before.capturable,
                ),
            )
        case Declined() | Rejected() | Unavailable():
            kind, code, message = failure_of(outcome)
            return (VoidFailed(void_id=payment.void_id, kind=kind, code=code, message=message),)
        case Unknown() | ActionRequired():
            return outcome_unknown(payment, outcome)
        case _:
            assert_never(outcome)
