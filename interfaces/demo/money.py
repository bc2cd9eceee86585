"""The money's whole way: terms agreed, dollars taken and settled in euros, a payout, a dispute won and one lost."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
from msgspec import Struct

from application.access.merchant import create_key, create_merchant
from interfaces import ids
from interfaces.cli.shared import operator
from interfaces.composition import Core
from interfaces.demo.agreement import Agreed, agree
from interfaces.demo.disputing import Disputed, Disputing
from interfaces.demo.patience import eventually
from interfaces.demo.paying_out import PaidOut, PayingOut
from interfaces.demo.seller import Balance, Seller
from interfaces.demo.taking import SETTLED_IN, converted, pay

RESERVED_MINOR: Final = 300_00
TAKEN_MINOR: Final = (80_00, 90_00, 60_00)
"""In dollars: the first is refunded by half, the second is disputed and won, the third disputed and lost."""
PAID_OUT_MINOR: Final = 200_00


class Step(Struct, frozen=True, kw_only=True):
    """What the merchant had after something had happened, in each currency."""

    name: str
    balances: list[Balance]


class MoneyMoved(Struct, frozen=True, kw_only=True):
    """What became of one merchant's money; `bank_differences` explains where our bank's books are not ours."""

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
    """Go the whole way with a new merchant of the API at `url`, at the version `rates` of exchange rates.

    Raises Refused, TimeoutError.
    """
    cause = operator("demo")
    merchant_id = await create_merchant(core.access.directory, "Euro shop", ids.new_id)
    key = await create_key(core.access.directory, merchant_id, ids.new_id)
    seller = Seller(http, url, merchant_id, key.secret)
    agreed = await agree(core, merchant_id, cause)
    paying_out = PayingOut(core, seller, SETTLED_IN)
    await paying_out.open_account()
    way = _Way(seller)

    payments = await _take(seller, way)
    await way.note("it is available", until=lambda balance: balance.available > 0 and not balance.pending)
    half = {"amount": TAKEN_MINOR[0] // 2, "reason": "requested_by_customer"}
    await seller.post(f"/v1/payments/{payments[1]['payment_id']}/refunds", half, "half")
    await way.note("one is refunded by half", until=lambda balance: not balance.held)

    payout = await paying_out.pay_out(PAID_OUT_MINOR)
    way.add("a payout is asked for", payout.during)
    way.add("it is paid", payout.after)

    providers: dict[str, str] = {account.name: account.url for account in core.accounts}
    disputing = Disputing(core, http, providers, seller, SETTLED_IN)
    won = await disputing.until_ruled(payments[2], "won")
    way.add("one is disputed", won.frozen)
    way.add("that is won", won.after)
    lost = await disputing.until_ruled(payments[3], "lost")
    way.add("another is disputed", lost.frozen)
    way.add("that is lost", lost.after)
    return MoneyMoved(
        rates=rates,
        agreed=agreed,
        steps=way.steps,
        payout=payout,
        won=won,
        lost=lost,
        converted=await converted(core, payments),
    )


async def _take(seller: Seller, way: "_Way") -> list[dict[str, Any]]:
    """The payments, all captured: one was reserved first."""
    first = await pay(seller, "order-1", RESERVED_MINOR, capture_method="manual")
    await way.note("one is reserved")
    await seller.post(f"/v1/payments/{first['payment_id']}/capture", {}, "capture-1")
    others = [await pay(seller, f"order-{number}", minor) for number, minor in enumerate(TAKEN_MINOR, start=2)]
    await way.note("four are captured")
    return [first, *others]


class _Way:
    """What the merchant has at each step."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller
        self.steps: list[Step] = []

    async def note(self, name: str, until: Callable[[Balance], bool] = lambda _: True) -> None:
        """Once what is settled is as `until` says."""
        await eventually(lambda: self._seller.balance(SETTLED_IN), until)
        self.steps.append(Step(name=name, balances=await self._seller.balances()))

    def add(self, name: str, balance: Balance) -> None:
        self.steps.append(Step(name=name, balances=[balance]))
