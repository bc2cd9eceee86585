"""What a provider tells of a dispute is decided on its stream: late, twice and out of order it comes to the same."""

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


class _Unheard(Exception):
    """We have not heard of the dispute yet."""


class _AmountMissing(Exception):
    """It does not say how much is disputed."""


class DisputeNotices:
    """Acts on what providers tell of disputes, as often as one likes."""

    def __init__(self, money: DisputeMoney) -> None:
        self._money = money

    async def hear(
        self, loaded: LoadedPayment, provider: ProviderName, told: DisputeNotification, cause: Cause
    ) -> Result:
        """Raises StoreUnavailable."""
        if captured_funds_of(loaded.payment) is not None and authorization_of(loaded.payment).provider != provider:
            return Dead(f"the charge that it names is not one of {provider}")

        def decide(
            dispute: DisputeCase | None, payment: LoadedPayment, pricing: PricingContext, now: datetime
        ) -> tuple[DisputeCaseEvent, ...]:
            return _decide(dispute, told, provider, payment, pricing, now)

        case_id = case_id_for(provider, told.dispute_id)
        try:
            decided = await self._money.decide(case_id, loaded.id, decide, cause, records_external_effect=True)
        except _Unheard:
            return Again(f"of the dispute {told.dispute_id} nothing is known yet, and it is {told.phase} already")
        except _AmountMissing:
            return Dead("it does not say how much is disputed")
        except NotEscalated:
            return Again(f"the dispute {told.dispute_id} is an inquiry so far, which cannot be lost")
        except OperationInProgress as error:
            return Again(f"a {error.operation} of the payment is at the provider, on which its money depends")
        except IllegalTransition as error:
            return Again(f"the payment is {error.status}: nothing is known to have been taken yet")
        except RulingContradicts as error:
            return Dead(f"the dispute is {error.status}, and the provider says that it is {error.result}")
        except DisputeClosed as error:
            return Dead(f"the dispute is {error.status}, and the provider says that {told.amount} is disputed")
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
            return Done(f"nothing new: the dispute {told.dispute_id} is on record")
        return Done(", ".join(map(name_of, decided.events)))


def _decide(
    dispute: DisputeCase | None,
    told: DisputeNotification,
    provider: ProviderName,
    payment: LoadedPayment,
    pricing: PricingContext,
    now: datetime,
) -> tuple[DisputeCaseEvent, ...]:
    match told.phase:
        case DisputePhase.INQUIRY if dispute is None:
            opened = _opening(told, DisputeKind.INQUIRY, provider, payment)
            return open_case(None, opened, pricing.terms.disputes, now)
        case DisputePhase.CHARGEBACK if dispute is None:
            opened = _opening(told, DisputeKind.CHARGEBACK, provider, payment)
            return open_case(None, opened, pricing.terms.disputes, now)
        case _ if dispute is None:
            before = _begun_before(told, provider, payment, pricing, now)
            return (*before, *_decide(fold(before), told, provider, payment, pricing, now))
        case DisputePhase.CHARGEBACK if dispute.case.kind is DisputeKind.INQUIRY:
            return escalate(dispute, _amount_of(told), told.due, pricing.terms.disputes, now)
        case _:
            amended = _amended(dispute, told)
            return (*amended, *_should_reroute(evolved(dispute, amended), told))


def _amended(dispute: DisputeCase, told: DisputeNotification) -> tuple[DisputeCaseEvent, ...]:
    """Another amount than before is a word of the bank's, where the provider has one for it. Raises DisputeDiffers,
    and the refusals of amending."""
    if told.amount is None:
        return ()
    if not told.amends:
        require_same_amount(dispute.case, told.amount)
        return ()
    # What was won comes back whole, and what was disputed before is a word that comes late.
    if told.phase is DisputePhase.WON or told.amount in dispute.case.amounts_before:
        return ()
    return amend(dispute, told.amount)


def _should_reroute(dispute: DisputeCase, told: DisputeNotification) -> tuple[DisputeCaseEvent, ...]:
    """The events by which a notification changes a dispute that is on record."""
    match told.phase:
        case DisputePhase.INQUIRY | DisputePhase.CHARGEBACK:
            return advance_deadline(dispute, told.due)
        case DisputePhase.UNDER_REVIEW:
            return submitted_elsewhere(dispute)
        case DisputePhase.ACCEPTED:
            return accepted_elsewhere(dispute)
        case DisputePhase.EXPIRED:
            return expired_elsewhere(dispute)
        case DisputePhase.WON:
            return rule(dispute, DisputeResult.WON)
        case DisputePhase.PARTIALLY_WON:
            return rule_in_part(dispute, _lost_of(told))
        case DisputePhase.LOST:
            return rule(dispute, DisputeResult.LOST)
        case _:
            assert_never(told.phase)


def _begun_before(
    told: DisputeNotification, provider: ProviderName, payment: LoadedPayment, pricing: PricingContext, now: datetime
) -> tuple[DisputeCaseEvent, ...]:
    """What there is of a dispute that has no stream although its payment knows it: from before disputes had any."""
    taken = captured_funds_of(payment.payment)
    known = None if taken is None else taken.dispute(told.dispute_id)
    if known is None:
        raise _Unheard()
    command = _opening(replace(told, amount=known.claim.disputed), DisputeKind.CHARGEBACK, provider, payment)
    opened = open_case(None, command, pricing.terms.disputes, now)
    begun = fold(opened)
    return opened if known.result is None or begun is None else (*opened, *rule(begun, known.result))


def _opening(told: DisputeNotification, kind: DisputeKind, provider: ProviderName, payment: LoadedPayment) -> OpenCase:
    """Where the provider does not say which network it is, the payment's own method may."""
    return OpenCase(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        provider=provider,
        dispute_id=told.dispute_id,
        kind=kind,
        amount=_amount_of(told),
        network=told.network or terms_of(payment.payment).method.brand,
        reason=told.reason,
        provider_reason=told.provider_reason,
        due=told.due,
    )


def _amount_of(told: DisputeNotification) -> Money:
    if told.amount is None:
        raise _AmountMissing()
    return told.amount


def _lost_of(told: DisputeNotification) -> Money:
    if told.lost is None:
        raise _AmountMissing()
    return told.lost
