"""`tallystick ledger export`: the journal in the formats of other book-keeping tools."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from domain.history import Positioned
from interfaces import composition
from interfaces.books.beancount import Beancount
from interfaces.books.book import Book, written
from interfaces.books.comma_separated import CommaSeparated
from interfaces.books.file import whole_file
from interfaces.books.hledger import Hledger
from interfaces.books.parquet import ParquetMissing, write_parquet
from interfaces.cli.progress import positions_bar
from interfaces.cli.shared import report_failures, with_core
from interfaces.composition import Core, UnreadableEntry, posted_entries
from interfaces.resources.as_of import moment

BOOKS: dict[str, Callable[[], Book]] = {"beancount": Beancount, "hledger": Hledger, "csv": CommaSeparated}
PARQUET = "parquet"


@click.command()
@click.option("--format", "form", required=True, type=click.Choice([*BOOKS, PARQUET]), help="Whose format.")
@click.option("--as-of", help="Only what had been posted then: an RFC 3339 time, or a position.")
@click.option(
    "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="A file instead of the output."
)
@report_failures
def export(form: str, as_of: str | None, output: Path | None) -> None:
    """Write every journal entry in another tool's format.

    To standard output, or to a file, which is there once it is whole. What is appended meanwhile is left out. The
    names that accounts have in beancount and hledger are in docs/LEDGER.md.
    """
    if form == PARQUET and output is None:
        raise click.UsageError("Parquet goes to a file: name it by --output.")

    async def work(core: Core) -> None:
        head = await core.store.head()
        until = None if as_of is None else moment(as_of, now=composition.utc_now(), head=head)
        up_to = until if isinstance(until, int) else head
        instant = until if isinstance(until, datetime) else None
        with positions_bar("Exporting", up_to=up_to) as come_to:
            for position in _exported(
                form, output, posted_entries(core.settings.database_url, up_to=up_to, until=instant)
            ):
                come_to(position)

    try:
        with_core(work, read_only=True)
    except (UnreadableEntry, ParquetMissing, OSError) as error:
        raise click.ClickException(str(error)) from error


def _exported(form: str, output: Path | None, batches: Iterator[Sequence[Positioned]]) -> Iterator[int]:
    """Write the entries; yields each position that has been reached."""
    if output is None:
        for piece in written(BOOKS[form](), batches):
            click.echo(piece.text, nl=False)
            yield piece.position
        return
    with whole_file(output) as unfinished:
        if form == PARQUET:
            yield from write_parquet(unfinished, batches)
            return
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            for piece in written(BOOKS[form](), batches):
                file.write(piece.text)
                yield piece.position
