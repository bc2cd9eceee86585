"""What goes wrong between APS and us: what it did not sign is not believed, and what it cannot take is not sent."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Final

import pytest
from msgspec.structs import replace

from domain.identifiers import ProviderName
from domain.money.money import Money
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Rejected, Unavailable, Unknown
from infrastructure.provider.aps.client import ApsProvider, Credentials
from infrastructure.provider.connector import AccountInvalid, ProviderAccount
from infrastructure.provider.registry import connect
from tests.infrastructure.provider.contract import authorization
from tests.support.simulator import HOST, free_port, running_simulator

PHRASES: Final = {
    "TALLYSTICK_SIMULATOR_APS_MERCHANT_IDENTIFIER": "CycHZxVj",
    "TALLYSTICK_SIMULATOR_APS_ACCESS_CODE": "zx0IPmPy5jp1vAz8Kpg7",
    "TALLYSTICK_SIMULATOR_APS_SHA_REQUEST_PHRASE": "asked",
    "TALLYSTICK_SIMULATOR_APS_SHA_RESPONSE_PHRASE": "said",
}
CREDENTIALS: Final = Credentials(
    merchant_identifier="CycHZxVj",
    access_code="zx0IPmPy5jp1vAz8Kpg7",
    sha_request_phrase="asked",
    sha_response_phrase="said",
)
VISA: Final = PaymentMethod(MethodType.CARD, "tok_visa")


@pytest.fixture(scope="module")
def aps_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_simulator(tmp_path_factory.mktemp("simulator"), **PHRASES) as url:
        yield f"{url}/aps"


@pytest.fixture
async def provider(aps_url: str) -> AsyncIterator[ApsProvider]:
    async with aclosing(ApsProvider(aps_url, CREDENTIALS)) as provider:
        yield provider


async def test_what_another_phrase_signed_is_unknown_and_looked_up_by_who_can_read_it(
    aps_url: str, provider: ApsProvider
) -> None:
    request = authorization(VISA)
    async with aclosing(ApsProvider(aps_url, replace(CREDENTIALS, sha_response_phrase="another"))) as deaf:
        assert isinstance(await deaf.authorize(request), Unknown)
        assert isinstance(await deaf.lookup(request), Unknown)
    assert isinstance(await provider.lookup(request), Approved)


async def test_a_request_that_is_signed_wrong_is_rejected_as_aps_says(aps_url: str, provider: ApsProvider) -> None:
    request = authorization(VISA)
    async with aclosing(ApsProvider(aps_url, replace(CREDENTIALS, sha_request_phrase="another"))) as mistaken:
        assert await mistaken.authorize(request) == Rejected("00008", "Signature mismatch")
    assert await provider.lookup(request) is None


async def test_an_error_of_the_server_is_unknown(provider: ApsProvider) -> None:
    outcome = await provider.authorize(authorization(PaymentMethod(MethodType.CARD, "tok_error_5xx")))
    assert isinstance(outcome, Unknown)


async def test_an_amount_that_aps_cannot_take_is_never_sent() -> None:
    async with aclosing(ApsProvider(f"http://{HOST}:{free_port()}", CREDENTIALS)) as unreachable:
        assert isinstance(await unreachable.authorize(authorization(VISA)), Unavailable)
        outcome = await unreachable.authorize(authorization(VISA, Money(10**10, "EUR")))
    assert isinstance(outcome, Rejected)


async def test_a_payment_method_that_is_no_token_is_rejected(provider: ApsProvider) -> None:
    assert await provider.authorize(authorization(PaymentMethod(MethodType.CARD, "no token!"))) == Rejected(
        "00002", "Invalid parameter format"
    )


async def test_an_account_is_connected_with_all_its_credentials_or_not_at_all(aps_url: str) -> None:
    names = ("merchant_identifier", "access_code", "sha_request_phrase", "sha_response_phrase")
    credentials = {name: getattr(CREDENTIALS, name) for name in names}
    account = ProviderAccount(name=ProviderName("gulf"), connector="aps", url=aps_url, credentials=credentials)
    connector = connect(account)
    try:
        assert isinstance(await connector.provider.authorize(authorization(VISA)), Approved)
    finally:
        await connector.aclose()
    for missing in names:
        with pytest.raises(AccountInvalid, match=f"gulf: credentials.{missing}"):
            connect(replace(account, credentials={**credentials, missing: ""}))
