"""A provider's notification about a dispute is decided on the dispute's stream, so that a late, repeated or reordered
one has the same effect."""

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from application.dispute.money import DisputeMoney
from application.payment.apply_notification import Again, Dead, Done, Result
from application.payment.loaded import LoadedPayment
from application.provider.webhook import DisputeNotification, DisputePhase
from application.write.append import BalanceLimitBroken, TooManyConflicts
from domain.dispute.accept import accepted_elsewhere
from domain.dispute.amend import amend
from domain.dispute.escalate import advance_deadline, escalate
from domain.dispute.events import DisputeCaseEvent, DisputeKind
from domain.dispute.evolve import evolved, fold
from domain.dispute.expire import expired_elsewhere
from domain.dispute.open import OpenCase, open_case, require_same_amount
from domain.dispute.refusals import DisputeClosed, NotEscalated, RulingContradicts
from domain.dispute.rule import rule, rule_in_part
from domain.dispute.state import DisputeCase, case_id_for
from domain.dispute.submit import submitted_elsewhere
from domain.event import name_of
from domain.fx.rates import RateMissing
from domain.history import Cause
from domain.identifiers import ProviderName
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money
from domain.payment.dispute import DisputeDiffers, ReversedBefore
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import DisputeResult, authorization_of, captured_funds_of, terms_of
from domain.terms.pricing_context import PricingContext


class _DisputeUnknown(Exception):
    """The notification is about a dispute of which nothing is on record."""


class _AmountMissing(Exception):
    """The notification lacks the amount that its phase requires."""


class DisputeNotices:
    """Applies providers' notifications about disputes. Applying one again changes nothing."""

    def __init__(self, money: DisputeMoney) -> None:
        self._money = money

    async def apply(
        self, loaded: LoadedPayment, provider: ProviderName, notification: DisputeNotification, cause: Cause
    ) -> Result:
        """Record the notification about a dispute of the payment `loaded`, with the money it moves.

        Done when the notification is on record, Again when a later try may succeed, Dead when an operator has to
        decide. Raises StoreUnavailable.
        """
        if captured_funds_of(loaded.payment) is not None and authorization_of(loaded.payment).provider != provider:
            return Dead(f"the charge that it names is not one of {provider}")

        def decide(
            dispute: DisputeCase | None, payment: LoadedPayment, pricing: PricingContext, now: datetime
        ) -> tuple[DisputeCaseEvent, ...]:
            return _decide(dispute, notification, provider, payment, pricing, now)

        case_id = case_id_for(provider, notification.dispute_id)
        try:
            decided = await self._money.decide(case_id, loaded.id, decide, cause, records_external_effect=True)
        except _DisputeUnknown:
            return Again(
                f"of the dispute {notification.dispute_id} nothing is known yet, and it is {notification.phase} already"
            )
        except _AmountMissing:
            return Dead("it does not say how much is disputed")
        except NotEscalated:
            return Again(f"the dispute {notification.dispute_id} is an inquiry so far, which cannot be lost")
        except OperationInProgress as error:
            return Again(f"a {error.operation} of the payment is at the provider, on which its money depends")
        except IllegalTransition as error:
            return Again(f"the payment is {error.status}: nothing is known to have been taken yet")
        except RulingContradicts as error:
            return Dead(f"the dispute is {error.status}, and the provider says that it is {error.result}")
        except DisputeClosed as error:
            return Dead(f"the dispute is {error.status}, and the provider says that {notification.amount} is disputed")
        except DisputeDiffers as error:
            on_record = f"the dispute {error.dispute_id} is on record with the {error.what} {error.ours}"
            return Dead(f"{on_record}, and the provider tells of {error.theirs}")
        except ReversedBefore as error:
            return Dead(f"some of the chargeback {error.dispute_id} has come back before, and more is to come back now")
        except RateMissing as error:
            return Again(f"there is no rate from {error.from_currency} to {error.to_currency} to book it by")
        except (CurrencyMismatch, AmountOutOfRange) as error:
            return Dead(f"its amount cannot be disputed: {error}")
        except TooManyConflicts:
            return Again("other commands kept changing the payment first")
        except BalanceLimitBroken as error:
            return Dead(f"to record it would take {error.account} in {error.currency} below its floor")
        if not decided.events:
            return Done(f"nothing new: the dispute {notification.dispute_id} is on record")
        return Done(", ".join(map(name_of, decided.events)))


def _decide(
    dispute: DisputeCase | None,
    notification: DisputeNotification,
    provider: ProviderName,
    payment: LoadedPayment,
    pricing: PricingContext,
    now: datetime,
) -> tuple[DisputeCaseEvent, ...]:
    match notification.phase:
        case DisputePhase.INQUIRY if dispute is None:
            opened = _opening(notification, DisputeKind.INQUIRY, provider, payment)
            return open_case(None, opened, pricing.terms.disputes, now)
        case DisputePhase.CHARGEBACK if dispute is None:
            opened = _opening(notification, DisputeKind.CHARGEBACK, provider, payment)
            return open_case(None, opened, pricing.terms.disputes, now)
        case _ if dispute is None:
            before = _opened_before_disputes_had_streams(notification, provider, payment, pricing, now)
            return (*before, *_decide(fold(before), notification, provider, payment, pricing, now))
        case DisputePhase.CHARGEBACK if dispute.case.kind is DisputeKind.INQUIRY:
            return escalate(dispute, _amount_of(notification), notification.due, pricing.terms.disputes, now)
        case _:
            amended = _amended(dispute, notification)
            return (*amended, *_apply_phase(evolved(dispute, amended), notification))


def _amended(dispute: DisputeCase, notification: DisputeNotification) -> tuple[DisputeCaseEvent, ...]:
    """The event by which the notification changes the disputed amount, or nothing.

    Raises DisputeDiffers where the amount differs and the provider has no notification for amending; else the refusals
    of amending.
    """
    if notification.amount is None:
        return ()
    if not notification.amends:
        require_same_amount(dispute.case, notification.amount)
        return ()
    # A dispute that is won comes back whole; an amount from before belongs to a late notification.
    if notification.phase is DisputePhase.WON or notification.amount in dispute.case.amounts_before:
        return ()
    return amend(dispute, notification.amount)


def _apply_phase(dispute: DisputeCase, notification: DisputeNotification) -> tuple[DisputeCaseEvent, ...]:
    """The events by which the notification's phase changes a dispute that is on record."""
    match notification.phase:
        case DisputePhase.INQUIRY | DisputePhase.CHARGEBACK:
            return advance_deadline(dispute, notification.due)
        case DisputePhase.UNDER_REVIEW:
            return submitted_elsewhere(dispute)
        case DisputePhase.ACCEPTED:
            return accepted_elsewhere(dispute)
        case DisputePhase.EXPIRED:
            return expired_elsewhere(dispute)
        case DisputePhase.WON:
            return rule(dispute, DisputeResult.WON)
        case DisputePhase.PARTIALLY_WON:
            return rule_in_part(dispute, _lost_of(notification))
        case DisputePhase.LOST:
            return rule(dispute, DisputeResult.LOST)
        case _:
            assert_never(notification.phase)


def _opened_before_disputes_had_streams(
    notification: DisputeNotification,
    provider: ProviderName,
    payment: LoadedPayment,
    pricing: PricingContext,
    now: datetime,
) -> tuple[DisputeCaseEvent, ...]:
    """The first events of a dispute that is on its payment's stream only, recorded before disputes had streams.

    Raises _DisputeUnknown where the payment has no such dispute either.
    """
    taken = captured_funds_of(payment.payment)
    known = None if taken is None else taken.dispute(notification.dispute_id)
    if known is None:
        raise _DisputeUnknown()
    command = _opening(replace(notification, amount=known.claim.disputed), DisputeKind.CHARGEBACK, provider, payment)
    opened = open_case(None, command, pricing.terms.disputes, now)
    begun = fold(opened)
    return opened if known.result is None or begun is None else (*opened, *rule(begun, known.result))


def _opening(
    notification: DisputeNotification, kind: DisputeKind, provider: ProviderName, payment: LoadedPayment
) -> OpenCase:
    """The command to open the dispute. The card's brand stands in for a network that the provider does not name."""
    return OpenCase(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        provider=provider,
        dispute_id=notification.dispute_id,
        kind=kind,
        amount=_amount_of(notification),
        network=notification.network or terms_of(payment.payment).method.brand,
        reason=notification.reason,
        provider_reason=notification.provider_reason,
        due=notification.due,
    )


def _amount_of(notification: DisputeNotification) -> Money:
    """Raises _AmountMissing."""
    if notification.amount is None:
        raise _AmountMissing()
    return notification.amount


def _lost_of(notification: DisputeNotification) -> Money:
    """Raises _AmountMissing."""
    if notification.lost is None:
        raise _AmountMissing()
    return notification.lost
