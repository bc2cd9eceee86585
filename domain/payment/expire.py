"""An authorisation whose time has run out is released without asking the provider."""

from datetime import datetime

from domain.errors import DomainError
from domain.payment.events import AuthorizationExpired, PaymentEvent
from domain.payment.refusals import refuse
from domain.payment.state import Authorized, PartiallyCaptured, Payment


class AuthorizationStillValid(DomainError):
    """The authorisation's time has not run out yet."""

    expires_at: datetime


def expire(payment: Payment, now: datetime) -> tuple[PaymentEvent, ...]:
    """Release the rest of the authorisation. Raises AuthorizationStillValid, or the refusal of a payment that has
    no open authorisation (one in the middle of a capture expires after its outcome is known)."""
    match payment:
        case Authorized() | PartiallyCaptured():
            authorization = payment.authorization
        case _:
            raise refuse(payment, "expire")
    if now < authorization.expires_at:
        raise AuthorizationStillValid(expires_at=authorization.expires_at)
    return (
        AuthorizationExpired(
            merchant_id=payment.terms.merchant_id,
            provider=authorization.provider,
            released=payment.capturable,
        ),
    )
