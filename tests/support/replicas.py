"""A primary with a standby that its commits wait for, on one host."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from infrastructure.embedded.home import prepare_home
from infrastructure.embedded.ports import LOOPBACK, free_port
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.primary import Address
from infrastructure.embedded.standby import EmbeddedStandby, password_files
from interfaces import composition
from interfaces.runtime.settings import Settings
from tests.support.store import until


class Pair(NamedTuple):
    primary: EmbeddedPostgres
    standby: EmbeddedStandby

    @property
    def url(self) -> str:
        """The application's, of both hosts."""
        return self.primary.url.replace(
            f"{LOOPBACK}:{self.primary.port}",
            f"{LOOPBACK}:{self.primary.port},{LOOPBACK}:{self.standby.port}",
        )


@contextmanager
def a_primary(folder: Path, *, port: int | None = None) -> Iterator[EmbeddedPostgres]:
    primary = EmbeddedPostgres(folder / "a", port=port)
    primary.start()
    try:
        composition.migrate_all(
            Settings(
                database_url=primary.url,
                owner_database_url=primary.owner_url,
                reader_database_url=primary.reader_url,
                nats_url="",
            )
        )
        yield primary
    finally:
        primary.stop()


def standby_of(
    home: Path, primary_home: Path, followed: Sequence[Address], *, port: int | None = None
) -> EmbeddedStandby:
    """Not started yet; it has the primary's passwords."""
    prepare_home(home)
    for file in password_files(home):
        shutil.copy(primary_home / file.name, file)
    return EmbeddedStandby(home, name="b", primary=followed, port=port or free_port())


async def be_awaited(standby: EmbeddedStandby) -> None:
    """Once it has caught up."""

    async def is_near() -> bool:
        stream = standby.stream()
        return stream is not None and stream.is_near

    async def is_awaited() -> bool:
        stream = standby.stream()
        return stream is not None and stream.sync_state == "quorum"

    await until(is_near, "the standby has caught up", within_s=60)
    standby.be_awaited()
    await until(is_awaited, "commits wait for the standby", within_s=60)


@contextmanager
def a_pair(folder: Path) -> Iterator[Pair]:
    """Commits do not wait for the standby yet."""
    with a_primary(folder) as primary:
        standby = standby_of(folder / "b", folder / "a", [Address(LOOPBACK, primary.port)])
        standby.start()
        try:
            yield Pair(primary, standby)
        finally:
            standby.stop()
