"""Payouts at each stage, for the tests of what can follow."""

from datetime import date
from uuid import UUID

from domain.bank_account.details import Iban
from domain.bank_account.state import Account, Usable
from domain.identifiers import BankAccountId, BatchId, MerchantId, PayoutId
from domain.money.money import Money
from domain.payout.batch import end_to_end_id_for
from domain.payout.create import CreatePayout
from domain.payout.events import PayoutTrigger
from domain.payout.report import ReportedOutcome, ReportPayout
from domain.payout.state import Batched, Canceled, Failed, Held, Order, Paid, Payout, Place, Ready, Returned, Sent
from domain.terms.terms import DEFAULT_TERMS

MERCHANT = MerchantId("mer_acme")
PAYOUT, BATCH = PayoutId(UUID(int=1)), BatchId(UUID(int=2))
ACCOUNT_ID = BankAccountId(UUID(int=3))
TEN = Money(1_000, "EUR")
FRIDAY = date(2026, 11, 20)
RULE = DEFAULT_TERMS.payouts
ACCOUNT = Usable(
    Account(
        merchant_id=MERCHANT,
        holder_name="Acme GmbH",
        currency="EUR",
        country="DE",
        details=Iban(iban="DE02120300000000202051"),
    )
)
ORDER = Order(
    merchant_id=MERCHANT,
    amount=TEN,
    bank_account_id=ACCOUNT_ID,
    trigger=PayoutTrigger.REQUESTED,
    description=None,
)
PLACE = Place(batch_id=BATCH, end_to_end_id=end_to_end_id_for(PAYOUT), execution_date=FRIDAY)
STAGES: tuple[Payout, ...] = (
    Held(ORDER, "above 5.00 EUR"),
    Ready(ORDER),
    Batched(ORDER, PLACE),
    Sent(ORDER, PLACE),
    Paid(ORDER, PLACE),
    Returned(ORDER, PLACE, "MS03", "the bank gave no reason"),
    Failed(ORDER, PLACE, "AC04", "the account is closed"),
    Canceled(ORDER, "changed our mind"),
)
HELD, READY, BATCHED, SENT, PAID, RETURNED, FAILED, CANCELED = STAGES


def asked(amount: Money = TEN, description: str | None = None) -> CreatePayout:
    return CreatePayout(
        merchant_id=MERCHANT,
        amount=amount,
        bank_account_id=ACCOUNT_ID,
        trigger=PayoutTrigger.REQUESTED,
        description=description,
    )


def heard(outcome: ReportedOutcome, code: str | None = None) -> ReportPayout:
    return ReportPayout(bank="northbank", report_id="7", outcome=outcome, code=code)
