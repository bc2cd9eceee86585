"""One merchant's money from card to bank: terms, dollars settled in euros, a payout, a dispute won and one lost."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
from msgspec import Struct

from application.access.merchant import create_key, create_merchant
from interfaces import ids
from interfaces.cli.shared import operator
from interfaces.composition import Core
from interfaces.demo.agreement import Agreed, agree
from interfaces.demo.conversion import SETTLED_IN, all_converted, pay
from interfaces.demo.dispute import Disputed, DisputeSteps
from interfaces.demo.payout import PaidOut, PayoutSteps
from interfaces.demo.polling import eventually
from interfaces.demo.seller import Balance, Seller

RESERVED_MINOR: Final = 300_00
TAKEN_MINOR: Final = (80_00, 90_00, 60_00)
"""In dollars: the first is refunded by half, the second is disputed and won, the third disputed and lost."""
PAID_OUT_MINOR: Final = 200_00


class Step(Struct, frozen=True, kw_only=True):
    """The merchant's balances after an event, in each currency."""

    name: str
    balances: list[Balance]


class MoneyMoved(Struct, frozen=True, kw_only=True):
    """The result for one merchant; each of `bank_differences` explains where our bank's books are not ours."""

    rates: str
    agreed: list[Agreed]
    steps: list[Step]
    payout: PaidOut
    won: Disputed
    lost: Disputed
    converted: bool
    bank_differences: Sequence[str] = ()

    @property
    def promises(self) -> dict[str, bool]:
        return {
            "paid_out": self.payout.holds,
            "dispute_won": self.won.holds,
            "dispute_lost": self.lost.holds,
            "converted": self.converted,
            "bank_books_equal": not self.bank_differences,
        }

    @property
    def holds(self) -> bool:
        return all(self.promises.values())


async def move_money(core: Core, http: aiohttp.ClientSession, url: str, *, rates: str) -> MoneyMoved:
    """Take, settle, pay out and dispute money of a new merchant of the API at `url`, at the version `rates` of rates.

    Raises Refused, TimeoutError.
    """
    cause = operator("demo")
    merchant_id = await create_merchant(core.access.directory, "Euro shop", ids.new_id)
    key = await create_key(core.access.directory, merchant_id, ids.new_id)
    seller = Seller(http, url, merchant_id, key.secret)
    agreed = await agree(core, merchant_id, cause)
    payouts = PayoutSteps(core, seller, SETTLED_IN)
    await payouts.open_account()
    log = _BalanceLog(seller)

    payments = await _take_payments(seller, log)
    await log.record_once("it is available", lambda balance: balance.available > 0 and not balance.pending)
    half = {"amount": TAKEN_MINOR[0] // 2, "reason": "requested_by_customer"}
    await seller.post(f"/v1/payments/{payments[1]['payment_id']}/refunds", half, "half")
    await log.record_once("one is refunded by half", lambda balance: not balance.held)

    payout = await payouts.pay_out(PAID_OUT_MINOR)
    log.add("a payout is asked for", payout.during)
    log.add("it is paid", payout.after)

    providers: dict[str, str] = {account.name: account.url for account in core.accounts}
    disputes = DisputeSteps(core, http, providers, seller, SETTLED_IN)
    won = await disputes.until_ruled(payments[2], "won")
    log.add("one is disputed", won.frozen)
    log.add("that is won", won.after)
    lost = await disputes.until_ruled(payments[3], "lost")
    log.add("another is disputed", lost.frozen)
    log.add("that is lost", lost.after)
    return MoneyMoved(
        rates=rates,
        agreed=agreed,
        steps=log.steps,
        payout=payout,
        won=won,
        lost=lost,
        converted=await all_converted(core, payments),
    )


async def _take_payments(seller: Seller, log: "_BalanceLog") -> list[dict[str, Any]]:
    """Four captured payments; the first was reserved before its capture."""
    first = await pay(seller, "order-1", RESERVED_MINOR, capture_method="manual")
    await log.record_once("one is reserved")
    await seller.post(f"/v1/payments/{first['payment_id']}/capture", {}, "capture-1")
    others = [await pay(seller, f"order-{number}", minor) for number, minor in enumerate(TAKEN_MINOR, start=2)]
    await log.record_once("four are captured")
    return [first, *others]


class _BalanceLog:
    """The merchant's balances at each step."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller
        self.steps: list[Step] = []

    async def record_once(self, name: str, holds: Callable[[Balance], bool] = lambda _: True) -> None:
        """Wait until the settled balance satisfies `holds`, and add all balances."""
        await eventually(lambda: self._seller.balance(SETTLED_IN), holds)
        self.steps.append(Step(name=name, balances=await self._seller.balances()))

    def add(self, name: str, balance: Balance) -> None:
        self.steps.append(Step(name=name, balances=[balance]))
