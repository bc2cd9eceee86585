"""APS's dialect as a test calls it: raw parameters, so that nothing of ours stands between test and wire."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import aiohttp

Json = dict[str, Any]
ACCOUNT: Final = {"merchant_identifier": "SimMerchant", "access_code": "SimAccessCode", "language": "en"}
REQUEST_PHRASE: Final = "simulated-request-phrase"
RESPONSE_PHRASE: Final = "simulated-response-phrase"


def signature(parameters: Mapping[str, str], phrase: str) -> str:
    text = "".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name != "signature")
    return hashlib.sha256(f"{phrase}{text}{phrase}".encode()).hexdigest()


def new_reference() -> str:
    return f"order-{uuid4().hex}"


class Aps:
    """One client of the dialect; every answer's signature is checked."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def send(self, **parameters: str) -> Json:
        """The answer to a signed request of the account's; the parameters may replace account and signature."""
        unsigned = {**ACCOUNT, **parameters}
        return await self.send_json({"signature": signature(unsigned, REQUEST_PHRASE), **unsigned})

    async def send_json(self, body: object) -> Json:
        async with self._http.post("/aps/FortAPI/paymentApi", json=body) as response:
            assert response.status == 200
            said: Json = await response.json()
        assert said["signature"] == signature(said, RESPONSE_PHRASE)
        return said

    async def pay(self, command: str = "AUTHORIZATION", **changed: str) -> Json:
        """A payment of 100.00 AED, with the parameters in `changed` instead."""
        payment = {
            "merchant_reference": new_reference(),
            "customer_email": "nobody@customers.invalid",
            "token_name": "tok_visa",
            "amount": "10000",
            "currency": "AED",
        }
        return await self.send(command=command, **payment | changed)

    async def order(self, command: str = "AUTHORIZATION", **changed: str) -> str:
        """The merchant_reference of a payment that succeeded."""
        paid = await self.pay(command, **changed)
        assert paid["response_code"] in ("02000", "14000")
        return str(paid["merchant_reference"])

    async def maintain(self, command: str, order: str, amount: str = "10000", **more: str) -> Json:
        return await self.send(command=command, merchant_reference=order, amount=amount, currency="AED", **more)

    async def status(self, order: str) -> Json:
        return await self.send(query_command="CHECK_STATUS", merchant_reference=order)
