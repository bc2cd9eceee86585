"""A store on a server of its own, which can be copied as a whole."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infrastructure.backup.folder import StoreFolder
from infrastructure.backup.keeping import Plan, store_of
from infrastructure.backup.key import BackupKey
from infrastructure.embedded.postgres import EmbeddedPostgres
from interfaces.composition import migrate_all
from interfaces.runtime.settings import Settings
from tests.support.quick_servers import servers_as_ever
from tests.support.store import own_server

KEY = BackupKey(bytes(range(32)))


@pytest.fixture(scope="package", autouse=True)
def _servers_as_ever() -> Iterator[None]:
    with servers_as_ever():
        yield


@pytest.fixture
def home(folder: Path) -> Path:
    return folder / "home"


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    """With our schema, in a database that is the store."""
    running = EmbeddedPostgres(home, settings={"max_slot_wal_keep_size": "64MB"})
    running.start()
    own_server(app_url=running.url, owner_url=running.owner_url)
    migrate_all(
        Settings(
            database_url=running.url,
            owner_database_url=running.owner_url,
            reader_database_url=running.reader_url,
            nats_url="",
        )
    )
    yield running
    running.stop()


@pytest.fixture
def plan(server: EmbeddedPostgres, home: Path, folder: Path) -> Plan:
    return Plan(
        database_url=server.url,
        replication_url=server.replication_url,
        home=home,
        providers_file=None,
        folder=folder / "backups",
        key=KEY,
        keep=2,
        base_every=timedelta(days=1),
    )


@pytest.fixture
def backups(plan: Plan) -> StoreFolder:
    return StoreFolder(plan.folder, store_of(plan.database_url), plan.key)
