"""What the bank had in the time that a restored store has lost goes in no file again."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from application.payout.bank_port import PaymentStatus
from application.restore.commands import Reopening
from application.restore.explanation import Explanations
from domain.identifiers import BatchId, PayoutId
from domain.money.money import Money
from domain.payout.batch import end_to_end_id_for
from domain.payout.state import Sent
from domain.payout.status import PayoutStatus
from domain.payout_batch.state import message_id_for
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.funds.payouts_taken import PostgresPayoutsTaken
from infrastructure.postgres.restore.orphans import PostgresOrphans
from interfaces.composition import utc_now
from tests.support.store import execute
from tests.support.treasury import Treasury, open_treasury


@pytest.fixture
async def treasury(database_url: str) -> AsyncIterator[Treasury]:
    async with open_treasury(database_url) as opened:
        yield opened


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[ReadPool]:
    opened = ReadPool(database_url)
    await opened.open()
    yield opened
    await opened.aclose()


@pytest.fixture
def reopening(treasury: Treasury, pool: ReadPool) -> Reopening:
    explanations: Explanations = None  # type: ignore[assignment]  # no provider is asked
    return Reopening(
        explanations=explanations,
        store=treasury.store,
        orphans=PostgresOrphans(pool),
        listings={},
        bank=treasury.bank,
        taken=PostgresPayoutsTaken(pool),
        now=utc_now,
    )


async def test_a_payout_that_the_bank_has_is_not_sent_again(
    treasury: Treasury, reopening: Reopening, database_url: str
) -> None:
    """The bank has it in a file of the lost time, together with another payout that is unknown here."""
    account = await treasury.account()
    lost, known = await treasury.created(Money(1_000, "EUR"), account), await treasury.created(Money(2_000, "EUR"))
    batch_id = BatchId(uuid4())
    there = (lost, PayoutId(uuid4()))
    names = "".join(f"<EndToEndId>{end_to_end_id_for(one)}</EndToEndId>" for one in there)
    treasury.bank.files[message_id_for(batch_id)] = names.encode()

    taken = await reopening.ask_bank(lambda *_: None)
    assert len(taken) == 2
    await reopening.keep_taken(taken)
    await reopening.keep_taken(taken)
    await treasury.run_files()

    [(_, sent)] = treasury.bank.submissions
    assert end_to_end_id_for(known).encode() in sent
    assert end_to_end_id_for(lost).encode() not in sent
    assert isinstance((await treasury.load(lost)).payout, Sent)
    assert execute(database_url, "SELECT state, count(*) FROM orphan GROUP BY state ORDER BY state") == [
        ("explained", 1),
        ("waiting", 1),
    ]
    await treasury.hear(lost, PaymentStatus.CONFIRMED)
    assert await treasury.status(lost) is PayoutStatus.PAID


async def test_what_is_in_a_file_by_our_own_books_is_known(treasury: Treasury, reopening: Reopening) -> None:
    await treasury.created(Money(1_000, "EUR"))
    await treasury.run_files()
    assert await reopening.ask_bank(lambda *_: None) == []
