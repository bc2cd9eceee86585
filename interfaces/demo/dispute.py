"""A customer's bank disputes a payment at the provider; the merchant answers, and the bank rules."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from msgspec import Struct

from interfaces import ids
from interfaces.composition import Core
from interfaces.demo.event_names import event_names_of
from interfaces.demo.polling import eventually
from interfaces.demo.seller import Balance, Seller

EVIDENCE: Final = {
    "won": "The parcel's receipt, signed by the customer: winning_evidence",
    "lost": "There is no receipt: losing_evidence",
}
"""By the ruling of the simulator's bank."""


class Disputed(Struct, frozen=True, kw_only=True):
    """The result of a dispute, with the merchant's balance before it, while money was frozen, and at the end."""

    payment_id: str
    dispute_id: str
    amount_minor: int
    currency: str
    event_names: tuple[str, ...]
    before: Balance
    frozen: Balance
    after: Balance
    holds: bool


class DisputeSteps:
    """`providers` are the simulators' URLs by name; a simulator also plays the customers' banks."""

    def __init__(
        self, core: Core, http: aiohttp.ClientSession, providers: Mapping[str, str], seller: Seller, currency: str
    ) -> None:
        self._core = core
        self._http = http
        self._providers = providers
        self._seller = seller
        self._currency = currency

    async def until_ruled(self, payment: Mapping[str, Any], ruling: str) -> Disputed:
        """Open a dispute, answer it, and wait for the ruling, `won` or `lost`. Raises Refused, TimeoutError."""
        before = await self._balance()
        await self._dispute(payment)
        dispute = await self._dispute_of(payment["payment_id"])
        dispute_id = dispute["dispute_id"]
        frozen = await eventually(self._balance, lambda balance: balance.held > before.held)
        await self._seller.put_text(f"/v1/disputes/{dispute_id}/evidence/answer.txt", EVIDENCE[ruling])
        await self._seller.post(f"/v1/disputes/{dispute_id}/submit", {}, f"submit-{dispute_id}")

        async def look() -> dict[str, Any]:
            return await self._seller.get(f"/v1/disputes/{dispute_id}")

        ended = await eventually(look, lambda shown: shown["status"] in EVIDENCE)
        after = await eventually(self._balance, lambda balance: balance.held == before.held)
        return Disputed(
            payment_id=payment["payment_id"],
            dispute_id=dispute_id,
            amount_minor=dispute["amount"],
            currency=dispute["currency"],
            event_names=await event_names_of(self._core, dispute_id, ids.DISPUTE),
            before=before,
            frozen=frozen,
            after=after,
            holds=ended["status"] == ruling and is_accounted_for(before, frozen, after, ruling),
        )

    async def _balance(self) -> Balance:
        return await self._seller.balance(self._currency)

    async def _dispute(self, payment: Mapping[str, Any]) -> None:
        at = self._providers[payment["authorization"]["provider"]]
        body = {"charge": payment["authorization"]["provider_reference"]}
        async with self._http.post(f"{at}/_control/disputes", json=body) as answer:
            answer.raise_for_status()

    async def _dispute_of(self, payment_id: str) -> dict[str, Any]:
        """The dispute, once the provider's webhook has reported it."""

        async def look() -> list[dict[str, Any]]:
            listed = (await self._seller.get("/v1/disputes"))["disputes"]
            return [each for each in listed if each["payment_id"] == payment_id]

        found = await eventually(look, bool)
        if not found:
            raise TimeoutError(f"no dispute of {payment_id} has been heard of")
        return found[0]


def is_accounted_for(before: Balance, frozen: Balance, after: Balance, ruling: str) -> bool:
    """Whether the frozen money came back (won) or is gone (lost); the platform keeps the fee either way."""
    held = frozen.held - before.held
    fee = before.available - frozen.available - held
    back = held if ruling == "won" else 0
    return held > 0 and fee >= 0 and after.held == before.held and after.available == frozen.available + back
