"""A faulty payout is refused before any money moves, and one above the limit is held for an operator."""

from typing import assert_never

from msgspec import Struct

from domain.bank_account.state import BankAccount, Removed, Usable
from domain.card_data import require_no_card_number
from domain.identifiers import BankAccountId, MerchantId
from domain.money.money import CurrencyMismatch, Money, require_payable
from domain.payout.events import PayoutCreated, PayoutEvent, PayoutHeld, PayoutTrigger
from domain.payout.refusals import BankAccountUnusable, PayoutBelowMinimum
from domain.terms.payouts import PayoutRule


class CreatePayout(Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    amount: Money
    bank_account_id: BankAccountId
    trigger: PayoutTrigger
    description: str | None = None


def create(command: CreatePayout, bank_account: BankAccount, rule: PayoutRule) -> tuple[PayoutEvent, ...]:
    """The first events of a payout to `bank_account`, which is the merchant's own.

    Raises UnknownCurrency, AmountOutOfRange, CardDataRefused, BankAccountUnusable, CurrencyMismatch,
    PayoutBelowMinimum. Whether there is so much to pay out is for the append to say.
    """
    amount = command.amount
    require_payable(amount)
    if command.description is not None:
        require_no_card_number("description", command.description)
    _require_account(bank_account, amount.currency)
    minimum = Money(rule.minimum_for(amount.currency), amount.currency)
    if amount < minimum:
        raise PayoutBelowMinimum(requested=amount, minimum=minimum)
    created = PayoutCreated(
        merchant_id=command.merchant_id,
        amount=amount,
        bank_account_id=command.bank_account_id,
        trigger=command.trigger,
        payout_rule=rule.version,
        description=command.description,
    )
    limit_minor = rule.hold_above(amount.currency)
    if limit_minor is None or amount.minor <= limit_minor:
        return (created,)
    reason = f"above {Money(limit_minor, amount.currency)}"
    return (created, PayoutHeld(reason=reason, payout_rule=rule.version))


def _require_account(bank_account: BankAccount, currency: str) -> None:
    match bank_account:
        case Removed():
            raise BankAccountUnusable()
        case Usable(account=account):
            if account.currency != currency:
                raise CurrencyMismatch(expected=account.currency, actual=currency)
        case _:
            assert_never(bank_account)
