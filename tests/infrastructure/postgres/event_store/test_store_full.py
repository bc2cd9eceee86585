"""A database without room refuses what it is asked, says so, and takes the next as soon as there is room."""

from uuid import uuid4

import psycopg
import pytest

from application.write.store import StoreFull
from infrastructure.postgres.connection.pool import ReadPool
from tests.support.store import append_all, created, everything, execute, open_store

FULL = """
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file "base/5/1": No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
REFUSING = "CREATE TRIGGER is_full BEFORE INSERT ON stored_events EXECUTE FUNCTION is_full()"


async def test_an_append_that_finds_no_room_says_that_nothing_was_done(database_url: str) -> None:
    execute(database_url, FULL)
    execute(database_url, REFUSING)
    async with open_store(database_url) as store:
        with pytest.raises(StoreFull):
            await append_all(store, [created(uuid4())])
        assert not await everything(store)
        execute(database_url, "DROP TRIGGER is_full ON stored_events")
        await append_all(store, [created(uuid4())])
        assert len(await everything(store)) == 1


async def test_a_statement_that_finds_no_room_says_so(database_url: str) -> None:
    pool = ReadPool(database_url)
    await pool.open()
    try:
        with pytest.raises(StoreFull):
            async with pool.connection():
                raise psycopg.errors.DiskFull("could not write to temporary file: No space left on device")
    finally:
        await pool.aclose()
