"""A merchant has a part of its money paid to its bank account; a payout of more than its balance is refused."""

from typing import Any, Final

from msgspec import Struct

from interfaces import ids
from interfaces.composition import Core
from interfaces.demo.event_names import event_names_of
from interfaces.demo.polling import eventually
from interfaces.demo.seller import Balance, Refused, Seller
from interfaces.demo.shop import Reply

IBAN: Final = "DE89370400440532013000"
"""The example of the IBAN registry, which is nobody's account."""
BELOW_MINIMUM: Final = "urn:tallystick:problem:payout_below_minimum"
INSUFFICIENT: Final = "urn:tallystick:problem:insufficient_available"


class PaidOut(Struct, frozen=True, kw_only=True):
    """The API's refusal of too much, the payout's result, and the balance during the payout and after it."""

    refusal: str
    payout_id: str
    amount_minor: int
    event_names: tuple[str, ...]
    during: Balance
    after: Balance
    holds: bool


class PayoutSteps:
    """One merchant's payouts in one currency."""

    def __init__(self, core: Core, seller: Seller, currency: str) -> None:
        self._core = core
        self._seller = seller
        self._currency = currency
        self._account_id = ""

    async def open_account(self) -> None:
        """Add the bank account, and wait until the API applies the agreed terms: it refuses less than their minimum.

        Raises Refused.
        """
        details = {"type": "iban", "iban": IBAN}
        body = {"holder_name": "Example Shop GmbH", "currency": self._currency, "country": "DE", "details": details}
        added = await self._seller.post("/v1/bank_accounts", body, "account")
        self._account_id = added["bank_account_id"]

        async def ask_for_one_cent() -> Reply:
            return await self._ask(1, "terms")

        reply = await eventually(ask_for_one_cent, lambda answer: answer.json.get("type") == BELOW_MINIMUM)
        if reply.json.get("type") != BELOW_MINIMUM:
            raise Refused(f"the terms that were agreed are not in force: {reply.status} {reply.body.decode()}")

    async def pay_out(self, amount_minor: int) -> PaidOut:
        """Ask for more than the balance, then for `amount_minor`, and wait until the latter is paid. Raises Refused."""
        before = await self._seller.balance(self._currency)
        refused = await self._ask(before.available + 1, "too-much")
        asked = await self._ask(amount_minor, "payout")
        if asked.status >= 400:
            raise Refused(f"a payout: {asked.status} {asked.body.decode()}")
        payout_id = asked.json["payout_id"]
        during = await self._seller.balance(self._currency)

        async def look() -> dict[str, Any]:
            return await self._seller.get(f"/v1/payouts/{payout_id}")

        ended = await eventually(look, lambda shown: shown["status"] not in ("pending", "in_transit"))
        after = await eventually(lambda: self._seller.balance(self._currency), lambda balance: not balance.in_transit)
        return PaidOut(
            refusal=refused.json.get("detail", ""),
            payout_id=payout_id,
            amount_minor=amount_minor,
            event_names=await event_names_of(self._core, payout_id, ids.PAYOUT),
            during=during,
            after=after,
            holds=(
                refused.json.get("type") == INSUFFICIENT
                and ended["status"] == "paid"
                and after.available == before.available - amount_minor
                and after.in_transit == before.in_transit
            ),
        )

    async def _ask(self, amount_minor: int, key: str) -> Reply:
        body = {"amount": amount_minor, "currency": self._currency, "bank_account_id": self._account_id}
        return await self._seller.try_to_post("/v1/payouts", body, key)
