"""What the provider has in its own books for a payment: the witness that nothing was charged twice."""

from typing import Any

import aiohttp

from interfaces import ids
from interfaces.runtime.supervisor import Stack


async def charges_of(stack: Stack, payment_id: str) -> list[dict[str, Any]]:
    """Every charge that the provider ever made for the payment."""
    reference = str(ids.parse(payment_id, ids.PAYMENT))
    return [charge for charge in await _all_charges(stack) if charge["reference"] == reference]


async def the_charge_of(stack: Stack, payment_id: str) -> dict[str, Any]:
    """The one charge of a payment that was charged exactly once."""
    [charge] = await charges_of(stack, payment_id)
    return charge


async def _all_charges(stack: Stack) -> list[dict[str, Any]]:
    charges: list[dict[str, Any]] = []
    after: int | None = 0
    async with aiohttp.ClientSession(stack.settings.simulator_url) as http:
        while after is not None:
            async with http.get("/v1/books", params={"after": after, "limit": 1000}) as reply:
                page = await reply.json()
            charges += page["charges"]
            after = page["next_after"]
    return charges
