"""A backup is verified by a restore into a scratch home, in which the whole store is folded and checked."""

import asyncio
from pathlib import Path

from interfaces import composition
from interfaces.cli.ledger import verify_books
from interfaces.cli.replay import compare_views
from interfaces.cli.shared import console
from interfaces.composition import Core, EmbeddedPostgres, backups, utc_now
from interfaces.runtime.settings import Settings

NO_BUS = "nats://127.0.0.1:1"
"""An address without a server, so that no event of a scratch home is published."""


def verified(folder: backups.StoreFolder, base: backups.BaseBackup, home: Path) -> backups.Verification:
    """Restore `base` into `home` with all the WAL after it, and check the store; the result.

    Raises EmbeddedError, psycopg.Error.
    """
    try:
        restored = backups.restore(folder, base, home, None, console.print)
    except backups.BackupError as error:
        return backups.Verification(verified_at=utc_now(), position=0, differences=(str(error),))
    differences = list(_differences(home))
    if restored.missing_after:
        differences.append(f"the archive has a gap after {restored.missing_after}: what came later is not in it")
    return backups.Verification(verified_at=utc_now(), position=restored.position, differences=tuple(differences))


def _differences(home: Path) -> list[str]:
    postgres = EmbeddedPostgres(home)
    postgres.start()
    try:
        settings = Settings(
            database_url=postgres.url,
            owner_database_url=postgres.owner_url,
            reader_database_url=postgres.reader_url,
            nats_url=NO_BUS,
        )
        composition.migrate_all(settings)
        return asyncio.run(_checked(settings))
    finally:
        postgres.stop()


async def _checked(settings: Settings) -> list[str]:
    async with Core(settings) as core:
        views = [difference.where for difference in await compare_views(core)]
        try:
            books = await verify_books(core)
        except composition.UnreadableEntry as error:
            books = str(error)
    return [*views, *([books] if books else [])]
