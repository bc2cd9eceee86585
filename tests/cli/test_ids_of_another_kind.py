"""On the command line too an id with the suffix of another kind's names nothing, and no words of an event come back."""

import re
from uuid import UUID

import pytest

from domain.identifiers import MerchantId
from interfaces import ids
from tests.cli.conftest import Run
from tests.interfaces.test_ids_of_another_kind import first_event
from tests.support.store import append_all, open_store

A_DISPUTE, A_PAYMENT = ids.new_uuid(), ids.new_uuid()
COMMANDS = [
    "events {pay}",
    "events {pay} --as-of 1",
    "routing explain {pay}",
    "doubts show {pay}",
    "doubts ask {pay}",
    "doubts settle {pay} --outcome approved --reference ch_1",
    "disputes open {pay} --dispute-id d_1",
    "disputes show {dp}",
    "disputes rule {dp} won",
    "dead-letters show {dl}",
    "dead-letters retry {dl}",
    "dead-letters close {dl} --reason settled",
    "payouts show {po}",
    "payouts approve {po}",
    "payouts cancel {po} --reason mistaken",
    "payouts file {pb}",
]


@pytest.fixture
async def streams(database_url: str) -> None:
    async with open_store(database_url) as store:
        await append_all(store, [first_event("dispute", A_DISPUTE, MerchantId("mer_acme"))])
        await append_all(store, [first_event("payment", A_PAYMENT, MerchantId("mer_acme"))])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("streams")
def test_it_is_told_like_an_id_that_nobody_has(command: str, run: Run) -> None:
    other = A_PAYMENT if "{dp}" in command else A_DISPUTE
    nobodys, others = (run(*_about(command, uuid)) for uuid in (ids.new_uuid(), other))
    assert nobodys.exit_code == others.exit_code == 1, others.output
    assert re.fullmatch(r"Error: (You have|There is) no .+\.\n", others.output), others.output
    assert others.output == nobodys.output


def _about(command: str, uuid: UUID) -> list[str]:
    prefixes = {prefix: ids.text_of(prefix, uuid) for prefix in ("pay", "dp", "dl", "po", "pb")}
    return command.format(**prefixes).split()
