"""From where a bank or provider takes a merchant's money, and to where it gives it back: neither asks whether there is
enough."""

from msgspec import Struct
from msgspec.structs import replace

from application.payment.loaded import LoadedPayment
from application.write.store import LimitBroken
from domain.ledger.accounts import AccountCode, available, is_lot, owed
from domain.payment.debit import DebitSource


class Funding(Struct, frozen=True, kw_only=True):
    """`source` is from where a debit is taken. With `debt_is_paid`, what a merchant gets back goes to what is
    available: what it owed because of the debit has been collected since."""

    source: DebitSource = DebitSource.LOT
    debt_is_paid: bool = False

    def after(self, refused: LimitBroken, payment: LoadedPayment) -> "Funding | None":
        """The next to be tried once an account did not hold what this one takes; None where there is none. What goes
        beyond the limit of what is available is owed."""
        account, merchant = AccountCode(refused.account), payment.merchant_id
        if is_lot(account) and (source := self.source.after) is not None:
            return replace(self, source=source)
        if account == available(merchant) and self.source is not DebitSource.OWED:
            return replace(self, source=DebitSource.OWED)
        if account == owed(merchant) and not self.debt_is_paid:
            return replace(self, debt_is_paid=True)
        return None
