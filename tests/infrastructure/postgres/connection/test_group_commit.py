"""A writer whose new session cannot be set up ends that session, and has its next batch set up another."""

import gc
from collections.abc import Iterator
from uuid import uuid4

import pytest

from application.write.store import Append, StoreUnavailable
from infrastructure.postgres.connection.session import Session
from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.mapper import EventMapper
from tests.support.store import assert_appended, created, execute, until

_SELECT_SESSIONS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tallystick committer'
"""


class Unprepared(Committer):
    """Its first sessions are answered with an error while they are set up."""

    refusals = 3

    async def _prepare(self, session: Session) -> None:
        if self.refusals:
            self.refusals -= 1
            await session.execute("SELECT 1 / 0")
        await super()._prepare(session)


@pytest.fixture
def _uncollected() -> Iterator[None]:
    """A server collects rarely, and a session that nobody ends holds one of the database's connections until then."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_uncollected")
async def test_a_session_that_cannot_be_set_up_is_ended(database_url: str) -> None:
    committer = Unprepared(database_url, EventMapper())
    committer.start()
    try:
        for _ in range(Unprepared.refusals):
            with pytest.raises(StoreUnavailable, match="DivisionByZero"):
                await committer.append(Append(events=(created(uuid4()),)))
        assert_appended(await committer.append(Append(events=(created(uuid4()),))))

        async def one_is_left() -> bool:
            return execute(database_url, _SELECT_SESSIONS) == [(1,)]

        await until(one_is_left, "one session of the writer", within_s=10)
    finally:
        await committer.aclose()
