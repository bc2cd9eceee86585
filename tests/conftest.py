"""Real servers for the tests: one Postgres for the session with an empty database a test, one NATS a test."""

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.postgres import EmbeddedPostgres
from interfaces import composition
from interfaces.runtime.settings import VARIABLES, Settings
from tests.support.databases import Databases
from tests.support.quick_servers import quick_servers
from tests.support.store import own_server

pytest_plugins = ["tests.support.process_logs", "tests.support.scheduling", "tests.support.skips"]
# The contract suite's assertions are explained like a test's own.
pytest.register_assert_rewrite("tests.infrastructure.provider.contract", "tests.infrastructure.provider.wrong_answers")

settings.register_profile(
    "quick", deadline=None, max_examples=16, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", settings.get_profile("quick"), max_examples=300)
# `make test` looks quickly, `make test-deep` for longer than any of these tests needs to find what they are about.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

TEMPLATE = "migrated"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests are collected, and live until the end: nothing of them is garbage to look for."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _own_servers_only() -> None:
    """What the developer's shell names is not for the tests to use. What a provider has to say twice, it may soon."""
    for variable in (*VARIABLES.values(), "TALLYSTICK_HOME"):
        os.environ.pop(variable, None)
    os.environ[VARIABLES["refusal_stands_after_s"]] = "0.2"


@pytest.fixture(scope="session", autouse=True)
def _quick_servers() -> Iterator[None]:
    with quick_servers():
        yield


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="tallystick-tests-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder(session_folder: Path) -> Path:
    """A folder of the test's own that Postgres can reach, which pytest's tmp_path is not when we are root."""
    made = Path(tempfile.mkdtemp(dir=session_folder))
    made.chmod(0o711)
    return made


@pytest.fixture(scope="session")
def postgres(session_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(session_folder / "servers")
    server.start()
    own_server(app_url=server.url, owner_url=server.owner_url)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Iterator[Databases]:
    opened = Databases(postgres)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def migrated(postgres: EmbeddedPostgres, databases: Databases) -> str:
    """The name of a database with our schema, for others to be copied from."""
    databases.create(TEMPLATE)
    composition.migrate_all(
        Settings(
            database_url=url_of(postgres, TEMPLATE),
            owner_database_url=in_database(postgres.owner_url, TEMPLATE),
            reader_database_url=in_database(postgres.reader_url, TEMPLATE),
            nats_url="",
        )
    )
    return TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, databases: Databases, migrated: str) -> Iterator[str]:
    """An empty store in a database of the test's own, as the application's role."""
    with databases.one(migrated) as name:
        yield url_of(postgres, name)


@pytest.fixture
def other_database_url(postgres: EmbeddedPostgres, databases: Databases, migrated: str) -> Iterator[str]:
    """Another one, for a test with two stores."""
    with databases.one(migrated) as name:
        yield url_of(postgres, name)


@pytest.fixture
def nats(folder: Path) -> Iterator[EmbeddedNats]:
    """A NATS server of the test's own, which it may kill."""
    server = EmbeddedNats(folder / "nats-home")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def owner_url(database_url: str, postgres: EmbeddedPostgres) -> str:
    """The same database as the role that owns the schema: for a test that does what the application may not."""
    return in_database(postgres.owner_url, database_of(database_url))


@pytest.fixture
def reader_url(database_url: str, postgres: EmbeddedPostgres) -> str:
    """The same database as the role that only reads."""
    return in_database(postgres.reader_url, database_of(database_url))


def url_of(postgres: EmbeddedPostgres, database: str) -> str:
    return in_database(postgres.url, database)


def in_database(url: str, database: str) -> str:
    """The same server and role, another database."""
    return url.rpartition("/")[0] + f"/{database}"


def database_of(url: str) -> str:
    return url.rpartition("/")[2]
