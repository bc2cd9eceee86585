"""One payment in two transactions, as the documentation of both libraries has it, and nothing that can be left out.

The payment's token is given, where the library would look for a free one; its new status and amount are saved at once,
where its `capture` saves them apart; the legs go in one INSERT. Hordak's triggers check at each commit that they
balance.
"""

import hashlib
from decimal import Decimal
from itertools import count
from uuid import uuid4

from django.db import transaction
from hordak.models import Account, AccountType, Leg, Transaction
from moneyed import Money
from payments import PaymentStatus
from payments.core import BasicProvider, provider_factory

from tests.benchmarks.rival.hordak.models import IdempotencyKey, Payment

MERCHANTS = 4
FEE = Decimal("0.029")
_CENT = Decimal("0.01")
_CAPTURED = ("status", "captured_amount", "transaction_id", "modified")


class ApprovingProvider(BasicProvider):  # type: ignore[misc]
    """Approves and captures everything at once, in this process."""

    def capture(self, payment: Payment, amount: Decimal | None = None) -> Decimal:
        payment.transaction_id = f"ch_{uuid4().hex}"
        return amount or payment.total


class Shop:
    """Four merchants, each with an account of its own, and the accounts that all share."""

    def __init__(self) -> None:
        self._numbers = count()
        self._clearing = Account.objects.create(name="Provider", code="1", type=AccountType.asset, currencies=["EUR"])
        self._fees = Account.objects.create(name="Fees", code="2", type=AccountType.income, currencies=["EUR"])
        self._merchants = [
            Account.objects.create(name=f"Merchant {n}", code=f"3{n}", type=AccountType.liability, currencies=["EUR"])
            for n in range(MERCHANTS)
        ]

    def pay(self) -> None:
        number, token = next(self._numbers), str(uuid4())
        total = Decimal(1_000 + number % 9_000) / 100
        key = f"order-{token}"
        with transaction.atomic():
            payment = Payment.objects.create(variant="approving", token=token, currency="EUR", total=total)
            fingerprint = hashlib.sha256(key.encode()).digest()
            IdempotencyKey.objects.create(key=key, fingerprint=fingerprint, payment=payment)
        captured = provider_factory(payment.variant, payment).capture(payment)
        with transaction.atomic():
            payment.status = PaymentStatus.CONFIRMED
            payment.captured_amount = captured
            payment.save(update_fields=_CAPTURED)
            self._book(self._merchants[number % MERCHANTS], captured, token)
            answer = {"payment_id": payment.pk, "status": "captured", "amount": str(total), "currency": "EUR"}
            IdempotencyKey.objects.filter(key=key).update(answer=answer)

    def _book(self, merchant: Account, captured: Decimal, token: str) -> None:
        fee = (captured * FEE).quantize(_CENT)
        booked = Transaction.objects.create(description=token)
        Leg.objects.bulk_create(
            [
                Leg(transaction=booked, account=self._clearing, debit=Money(captured, "EUR")),
                Leg(transaction=booked, account=merchant, credit=Money(captured - fee, "EUR")),
                Leg(transaction=booked, account=self._fees, credit=Money(fee, "EUR")),
            ]
        )
