"""Our bank's own books against our payouts: each paid payout is there once, for the same amount, and nothing else."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import aiohttp
import msgspec
from msgspec import Struct

from domain.identifiers import PayoutId
from domain.money.money import Money
from domain.payout.batch import end_to_end_id_for
from domain.payout.status import PayoutStatus
from interfaces.runtime.settings import Settings
from projections.payout.payouts import PayoutRow

AT_THE_BANK: Final = {
    PayoutStatus.PAID: "confirmed",
    PayoutStatus.RETURNED: "returned",
    PayoutStatus.FAILED: "rejected",
}
"""The bank's word for each result of a payout."""


class BankPayment(Struct, frozen=True, kw_only=True):
    """One payment in the bank's own books; `amount` as `12.30`."""

    end_to_end_id: str
    amount: str
    currency: str
    status: str


class BankPage(Struct, frozen=True, kw_only=True):
    payments: list[BankPayment]
    next_after: int | None


class Line(NamedTuple):
    """One payment in either side's books."""

    end_to_end_id: str
    amount: str
    status: str


def bank_differences(payouts: Iterable[PayoutRow], payments: Iterable[BankPayment]) -> list[str]:
    """One sentence for each difference. Payouts that never were in a file are left out: the bank does not know them."""
    ours = sorted(
        Line(
            end_to_end_id_for(PayoutId(row.payout_id)),
            str(Money(row.amount_minor, row.currency)),
            AT_THE_BANK.get(row.status, row.status),
        )
        for row in payouts
        if row.batch_id is not None
    )
    theirs = sorted(Line(each.end_to_end_id, f"{each.amount} {each.currency}", each.status) for each in payments)
    return [
        *(f"the bank does not have {line}, or not so often" for line in _without(ours, theirs)),
        *(f"the bank has {line}, and we do not, or not so often" for line in _without(theirs, ours)),
    ]


async def bank_payments(settings: Settings) -> list[BankPayment]:
    """All of the bank's books."""
    url = settings.bank_url or f"{settings.simulator_url}/bank"
    payments: list[BankPayment] = []
    after: int | None = 0
    async with aiohttp.ClientSession() as http:
        while after is not None:
            async with http.get(f"{url}/books", params={"after": after}) as response:
                response.raise_for_status()
                page = msgspec.json.decode(await response.read(), type=BankPage)
            payments += page.payments
            after = page.next_after
    return payments


def _without(lines: Sequence[Line], others: Sequence[Line]) -> list[Line]:
    """`lines` less one equal line for each of `others`."""
    left = list(lines)
    for other in others:
        if other in left:
            left.remove(other)
    return left
