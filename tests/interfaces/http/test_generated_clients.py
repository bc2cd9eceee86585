"""Clients generated from the OpenAPI document: without a warning, in types that say all of it; and they pay."""

import asyncio
import importlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from interfaces.runtime.supervisor import Stack
from tests.clients import generators
from tests.clients.generators import Command
from tests.support import openapi
from tests.support.running import Merchant

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PACKAGE: Final = "tallystick_api"
WITHIN_S: Final = 240


async def run(command: Command) -> None:
    """Run it to its good end."""
    program, *arguments = command
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode == 0, said.decode(errors="replace")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_bytes(msgspec.json.encode(openapi.document()))
    return path


@pytest.fixture
async def client(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The package that openapi-python-client makes."""
    await run(generators.for_python(document, tmp_path / PACKAGE))
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


async def test_clients_for_typescript_say_all_that_the_api_does(document: Path, tmp_path: Path) -> None:
    if not generators.are_installed():
        reason = "the generators are not installed: `.venv/bin/python -m tests.clients.generators` needs npm's registry"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    await asyncio.gather(*map(run, generators.for_typescript(document, tmp_path).values()))
    for name in ("usage.ts", "tsconfig.json"):
        shutil.copy(generators.HERE / name, tmp_path)
    await run(generators.type_check(tmp_path))


async def test_the_client_for_python_pays(stack: Stack, merchant: Merchant, client: Any) -> None:
    api = client.AuthenticatedClient(base_url=stack.url, token=merchant.secret)

    def call(path: str, **arguments: Any) -> Any:
        return importlib.import_module(f"{PACKAGE}.api.{path}").asyncio(client=api, **arguments)

    models, types = (importlib.import_module(f"{PACKAGE}.{name}") for name in ("models", "types"))
    asked = models.CreateIntentBody(
        customer_id="shop/7",
        amount=2_500,
        currency=models.Currency.EUR,
        payment_method=models.MethodBody(type_=models.MethodType.CARD, token="tok_visa"),
        capture_method=models.CaptureMethod.MANUAL,
        confirm=True,
    )
    paid = await call("payment_intents.create_payment_intent", body=asked, idempotency_key="order-1")
    assert (paid.status, paid.amount_capturable) == (models.Status.AUTHORIZED, 2_500)
    assert isinstance(paid.payment_method.brand, types.Unset)

    captured = await call(
        "payments.capture_payment",
        payment_id=paid.payment_id,
        body=models.CaptureBody(amount=2_000),
        idempotency_key="ship-1",
    )
    assert (captured.status, captured.captures[0].amount) == (models.Status.CAPTURED, 2_000)

    refund = await call(
        "payments.refund_payment",
        payment_id=paid.payment_id,
        body=models.RefundBody(amount=500),
        idempotency_key="return-1",
    )
    read = await call("refunds.get_refund", refund_id=refund.refund_id)
    assert (refund.status, read.amount, read.failure) == (models.OperationStatus.SUCCEEDED, 500, None)

    refused = await call(
        "payments.refund_payment",
        payment_id=paid.payment_id,
        body=models.RefundBody(amount=5_000),
        idempotency_key="return-2",
    )
    assert isinstance(refused, models.ProblemBody)
    assert (refused.type_, refused.field) == ("urn:tallystick:problem:refund_exceeds_captured", "amount")

    waiting = await call(
        "payment_intents.create_payment_intent",
        body=models.CreateIntentBody(
            customer_id="shop/7",
            amount=100,
            currency=models.Currency.EUR,
            payment_method=models.MethodBody(type_=models.MethodType.CARD, token="tok_3ds"),
            confirm=True,
        ),
        idempotency_key="order-2",
    )
    assert isinstance(waiting.next_action.action, models.Redirect)
    canceled = await call(
        "payment_intents.cancel_payment_intent",
        intent_id=waiting.payment_intent_id,
        body=models.CancelIntentBody(reason="out of stock"),
        idempotency_key="cancel-2",
    )
    assert canceled.cancellation_reason == "out of stock"

    history = await call("payments.list_payment_events", payment_id=waiting.payment_id)
    seen = str(history.events[-1].position)
    page = await call(
        "payments.search_payments",
        customer_id="shop/7",
        tallystick_position=seen,
        currency=models.Currency.EUR,
    )
    assert [payment.payment_id for payment in page.payments] == [waiting.payment_id, paid.payment_id]
