"""What a payment comes to for its merchant: what a capture brings and when, from where a refund or dispute takes."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from domain.fx.conversion import Conversion
from domain.money.money import Money, zero
from domain.terms.conversion import RefundRate
from domain.terms.fee import Fee
from domain.terms.settlement import BeyondBudget


class Proceeds(Struct, frozen=True, kw_only=True):
    """Of one capture, in the currency that the merchant is settled in.

    `gross` is the captured amount, converted where `conversion` says how. What is left of it after `fees` and `reserve`
    becomes available at `due`, the reserve at `reserve_due`; both are None of captures from before there was a date.
    """

    gross: Money
    conversion: Conversion | None
    fees: tuple[Fee, ...]
    reserve: Money
    due: datetime | None
    reserve_due: datetime | None
    settlement_rule: str

    @property
    def fee(self) -> Money:
        return sum((fee.amount for fee in self.fees), start=zero(self.gross.currency))

    @property
    def net(self) -> Money:
        return self.gross - self.fee - self.reserve


class LotShare(Struct, frozen=True):
    """A part of what is pending: of the lot that becomes available at `due`; None for what has no date."""

    due: datetime | None
    amount: Money


class Drawn(Struct, frozen=True, kw_only=True):
    """From which of a merchant's accounts an amount is taken, or to which it is given back."""

    pending: tuple[LotShare, ...] = ()
    available: Money
    owed: Money

    @property
    def total(self) -> Money:
        return sum((share.amount for share in self.pending), start=self.available + self.owed)


class MerchantDebit(Struct, frozen=True, kw_only=True):
    """What the merchant is debited for a refund or a dispute: `settled`, which is the amount in the currency that the
    merchant is settled in, and a fee. Converted, `rate` says at whose rate: the capture's or today's."""

    settled: Money
    conversion: Conversion | None
    rate: RefundRate | None
    fee: Fee | None
    drawn: Drawn

    @property
    def total(self) -> Money:
        return self.settled if self.fee is None else self.settled + self.fee.amount


class Excess(Struct, frozen=True, kw_only=True):
    """What was taken of a payment beyond its money-back budget: `amount` in the payment's currency, `settled` the same
    in the one that the merchant is settled in. `borne_by` is what was agreed in the version `settlement_rule` of the
    terms."""

    amount: Money
    settled: Money
    conversion: Conversion | None
    borne_by: BeyondBudget
    settlement_rule: str


class Claim(Struct, frozen=True, kw_only=True):
    """What a bank takes of a payment: `disputed` in the bank's currency, `exchange` of it into the payment's where that
    is another one. `amount`, in the payment's currency, is what the money-back budget carries, and `debit` what the
    merchant is debited for it; the rest is the excess."""

    disputed: Money
    exchange: Conversion | None
    amount: Money
    debit: MerchantDebit
    excess: Excess | None


def from_available(amount: Money) -> Drawn:
    return Drawn(available=amount, owed=zero(amount.currency))


def from_owed(amount: Money) -> Drawn:
    return Drawn(available=zero(amount.currency), owed=amount)


def from_lots(shares: Iterable[LotShare], currency: str) -> Drawn:
    return Drawn(pending=tuple(shares), available=zero(currency), owed=zero(currency))
