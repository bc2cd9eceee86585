"""Examples of refusals that the routes of payouts and bank accounts document."""

from collections.abc import Mapping
from typing import Final

from application.payout.bank_accounts import BankAccountNotFound
from application.payout.commands import InsufficientAvailable
from application.payout.loaded import PayoutNotFound
from application.write.append import TooManyConflicts
from application.write.idempotency import IdempotencyKeyInFlight, IdempotencyKeyReused
from application.write.store import StoreUnavailable, WriterBusy
from domain.bank_account.add import BankAccountInvalid
from domain.money.money import Money
from domain.payout.refusals import BankAccountUnusable, PayoutBelowMinimum, PayoutNotCancelable
from domain.payout.status import PayoutStatus
from interfaces.resources.refusals import (
    BodyInvalid,
    BodyTooLarge,
    MediaTypeRefused,
    MissingIdempotencyKey,
    MissingKey,
    OtherMerchant,
    ParameterInvalid,
    UnknownKey,
)
from projections.engine.checkpoint import ViewRebuilding
from projections.engine.waiting import ViewBehind

BANK_ACCOUNTS: tuple[Exception, ...] = (
    BodyInvalid(field="holder_name", reason="Expected 'str' of length >= 1"),
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    OtherMerchant(),
    BankAccountNotFound(),
    TooManyConflicts(),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    BankAccountInvalid(field="details.iban", reason="has wrong check digits"),
    IdempotencyKeyReused(),
    StoreUnavailable(),
    WriterBusy(),
)
PAYOUTS: tuple[Exception, ...] = (
    BodyInvalid(field="amount", reason="Expected 'int' >= 1"),
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingIdempotencyKey(),
    MissingKey(),
    UnknownKey(),
    OtherMerchant(),
    PayoutNotFound(),
    BankAccountNotFound(),
    PayoutNotCancelable(status=PayoutStatus.IN_TRANSIT),
    IdempotencyKeyInFlight(),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    InsufficientAvailable(requested=Money(12_000, "EUR")),
    PayoutBelowMinimum(requested=Money(900, "EUR"), minimum=Money(1_000, "EUR")),
    BankAccountUnusable(),
    IdempotencyKeyReused(),
    StoreUnavailable(),
    WriterBusy(),
    ViewBehind(view="payouts", position=1042),
    ViewRebuilding(view="payouts"),
)

EXAMPLES: Final[Mapping[str, tuple[Exception, ...]]] = {
    **dict.fromkeys(("create_payout", "list_payouts", "get_payout", "cancel_payout"), PAYOUTS),
    **dict.fromkeys(
        ("add_bank_account", "list_bank_accounts", "get_bank_account", "remove_bank_account"), BANK_ACCOUNTS
    ),
}
