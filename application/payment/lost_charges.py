"""A payment whose charge a restored store has lost goes to the provider that has the charge, by list or look-up."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from application.payment.orphans import Pin, Pins
from application.provider.port import AuthorizeRequest, Provider
from domain.derivation import attempt_id_for, is_derived
from domain.errors import DomainError
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.events import CaptureMethod
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    ApprovedInPart,
    Declined,
    Mismatched,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.state import Terms

LOOKED_UP_FOR: Final = timedelta(days=7)
"""The time after a reopening in which merchants may send lost requests again."""


class ChargeUncertain(DomainError):
    """The provider has not said whether it has the payment's charge already; no provider was asked for another one."""

    provider: str
    retry_after_s: int = 5


class LostCharges:
    """A store that was never restored has no pins and looks nothing up."""

    def __init__(
        self,
        *,
        pins: Pins,
        unlisted: Mapping[ProviderName, Provider],
        attempts_max: int,
        now: Callable[[], datetime],
    ) -> None:
        """`unlisted` are the providers that have no list of what happened; a payment has at most `attempts_max`
        attempts, since none goes to a provider twice."""
        self._pins = pins
        self._unlisted = unlisted
        self._attempts_max = attempts_max
        self._now = now

    def look_up(self, attempt_id: OperationId) -> bool:
        """Whether providers have to be asked about the payment of this first attempt: the store was reopened lately,
        and the id is the same as before the loss."""
        reopened_at = self._pins.reopened_at
        return (
            reopened_at is not None
            and bool(self._unlisted)
            and is_derived(attempt_id)
            and self._now() - reopened_at < LOOKED_UP_FOR
        )

    def known(self, payment_id: PaymentId) -> Pin | None:
        """The charge of the payment that providers' lists show; None where they show none."""
        return self._pins.of(payment_id)

    async def find(
        self, payment_id: PaymentId, terms: Terms, first_attempt_id: OperationId, *, refused: int = 0
    ) -> Pin | None:
        """The charge of the payment, by look-ups of all attempts that it may have had after the first `refused`.

        Raises ChargeUncertain.
        """
        numbers = range(refused + 1, self._attempts_max + 1)
        asked = [
            (Pin(name, attempt_id), provider.lookup(_request(payment_id, terms, attempt_id, self._now())))
            for attempt_id in (attempt_id_for(first_attempt_id, number) for number in numbers)
            for name, provider in self._unlisted.items()
        ]
        outcomes = await asyncio.gather(*(answer for _, answer in asked))
        return _found([(pin, outcome) for (pin, _), outcome in zip(asked, outcomes, strict=True)])


def _found(answers: Sequence[tuple[Pin, Outcome | None]]) -> Pin | None:
    """The charge that holds money, if one does; else an attempt that a provider knows by one of our ids, a refused one
    last. Raises ChargeUncertain."""
    known: list[tuple[int, Pin]] = []
    uncertain: Pin | None = None
    for pin, outcome in answers:
        match outcome:
            case None:
                pass
            case Approved() | ActionRequired() | ApprovedInPart():
                return pin
            case Mismatched() | Unknown(accepted=True):
                known.append((0, pin))
            case Declined() | Rejected():
                known.append((1, pin))
            case Unknown() | Unavailable():
                uncertain = uncertain or pin
    if uncertain is not None:
        raise ChargeUncertain(provider=uncertain.provider)
    return min(known, key=lambda one: one[0])[1] if known else None


def _request(payment_id: PaymentId, terms: Terms, attempt_id: OperationId, asked_at: datetime) -> AuthorizeRequest:
    return AuthorizeRequest(
        operation_id=attempt_id,
        payment_id=payment_id,
        amount=terms.amount,
        method=terms.method,
        capture=terms.capture_method is CaptureMethod.AUTOMATIC,
        return_url=terms.return_url,
        asked_at=asked_at,
    )
