"""What a provider settles is taken in from its own file, once, and reported to whoever may look at all the books."""

import asyncio
from pathlib import Path

import aiohttp
import msgspec
import pytest
from click.testing import CliRunner, Result

from interfaces.cli.main import main
from interfaces.runtime.settings import VARIABLES
from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.test_openapi import check_reply
from tests.interfaces.webhooks.conftest import Operator
from tests.support.running import Merchant

REPORT = "/v1/operator/settlements"
CURRENCY = "SEK"
"""Nobody else's here: the provider's books are the same for all tests."""


async def test_the_providers_own_file_settles_what_it_owes(
    merchant: Merchant,
    auditor: Operator,
    stack: Stack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLES["database_url"], stack.settings.database_url)
    monkeypatch.setenv(VARIABLES["nats_url"], stack.settings.nats_url)
    paid = await merchant.pay(10_000, CURRENCY)
    await merchant.pay(250_000, CURRENCY)
    last = await merchant.act(paid.json["payment_id"], "refunds", amount=3_000)
    url = f"{stack.simulator_urls['simulator']}/_control/settlement?currency={CURRENCY}&bank=house"
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        text = await response.text()
    file = tmp_path / "settlement.csv"
    file.write_text(text)

    async def imported() -> Result:
        return await asyncio.to_thread(CliRunner().invoke, main, ["settlement", "import", str(file), "--as", "ada"])

    first, second = await imported(), await imported()
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "3 rows applied, 0 applied before, 0 refused" in first.stdout
    assert "0 rows applied, 3 applied before, 0 refused" in second.stdout

    head = str(int(last.headers["Tallystick-Position"]) + 1)
    reply = await auditor.get(f"{REPORT}?provider=simulator", headers={"Tallystick-Position": head})
    check_reply("get_settlement_report", reply, 200)
    settled = {each["movement"]: each for each in reply.json["settled"] if each["currency"] == CURRENCY}
    assert settled["capture"]["gross"] == 260_000
    assert settled["capture"]["net"] == 260_000 - settled["capture"]["cost"]
    assert (settled["refund"]["movements"], settled["refund"]["gross"]) == (1, -3_000)
    [left] = [each for each in reply.json["unsettled"] if each["currency"] == CURRENCY]
    assert (left["net"], left["movements"]) == (0, 0)
    [of_merchant] = (await merchant.get("/v1/reconciliation")).json["unsettled"]
    assert (of_merchant["net_minor"], of_merchant["movements"]) == (0, 0)

    told = await asyncio.to_thread(
        CliRunner().invoke, main, ["settlement", "report", "--provider", "simulator", "--format", "json"]
    )
    assert msgspec.json.decode(told.stdout)["settled"] == reply.json["settled"]

    file.write_text(text.replace("total,", "total,1", 1))
    wrong = await imported()
    assert wrong.exit_code == 1
    assert f"{file}, line 6: total: " in wrong.output


async def test_what_cannot_be_reported_is_refused(merchant: Merchant, auditor: Operator) -> None:
    then_refused(await auditor.get(REPORT), 400, "parameter_invalid", field="provider")
    then_refused(await auditor.get(f"{REPORT}?provider=x&from=soon"), 400, "parameter_invalid", field="from")
    assert (await auditor.get(f"{REPORT}?provider=nobody")).json["settled"] == []
    assert (await merchant.get(f"{REPORT}?provider=simulator")).status == 404
