"""The posting rules: which entry each payment event causes. Most cause none; the table is in docs/LEDGER.md."""

from domain.event import name_of
from domain.identifiers import PaymentId
from domain.ledger.accounts import (
    AccountCode,
    Side,
    authorized,
    held,
    holds,
    pending,
    platform_fees,
    psp_clearing,
)
from domain.ledger.entry import JournalEntryPosted, Posting
from domain.money import Money
from domain.payment.events import (
    AuthorizationExpired,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    PaymentRefunded,
    PaymentVoided,
)

MoneyEvent = (
    PaymentAuthorized
    | PaymentCaptured
    | PaymentVoided
    | AuthorizationExpired
    | PaymentRefunded
    | DisputeOpened
    | DisputeWon
    | DisputeLost
)


def entry_for(payment_id: PaymentId, version: int, event: PaymentEvent) -> JournalEntryPosted | None:
    """The entry that `event`, the `version`th of its payment, causes; None when it moves no money."""
    if not isinstance(event, MoneyEvent):
        return None
    return JournalEntryPosted(
        payment_id=payment_id,
        merchant_id=event.merchant_id,
        cause=name_of(event),
        cause_version=version,
        postings=_postings(event),
    )


def _postings(event: MoneyEvent) -> tuple[Posting, ...]:
    merchant = event.merchant_id
    match event:
        case PaymentAuthorized(provider=provider, amount=amount):
            return _move(amount, debit=holds(provider), credit=authorized(merchant))
        case PaymentCaptured(provider=provider, amount=amount, released=released, fee=fee):
            return (
                *_move(amount, debit=psp_clearing(provider), credit=pending(merchant)),
                *_move(amount + released, debit=authorized(merchant), credit=holds(provider)),
                *_move(fee, debit=pending(merchant), credit=platform_fees()),
            )
        case PaymentVoided(provider=provider, released=released):
            return _move(released, debit=authorized(merchant), credit=holds(provider))
        case AuthorizationExpired(provider=provider, released=released):
            return _move(released, debit=authorized(merchant), credit=holds(provider))
        case PaymentRefunded(provider=provider, amount=amount):
            return _move(amount, debit=pending(merchant), credit=psp_clearing(provider))
        case DisputeOpened(amount=amount):
            return _move(amount, debit=pending(merchant), credit=held(merchant))
        case DisputeWon(amount=amount):
            return _move(amount, debit=held(merchant), credit=pending(merchant))
        case DisputeLost(provider=provider, amount=amount):
            return _move(amount, debit=held(merchant), credit=psp_clearing(provider))


def _move(amount: Money, *, debit: AccountCode, credit: AccountCode) -> tuple[Posting, ...]:
    if amount.minor == 0:
        return ()
    return (Posting(debit, Side.DEBIT, amount), Posting(credit, Side.CREDIT, amount))
