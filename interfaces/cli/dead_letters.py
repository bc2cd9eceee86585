"""`tallystick dead-letters`: dead letters are listed, shown, retried and closed."""

from collections.abc import Sequence

import click
import msgspec
from rich.table import Table

from application.dead_letter.commands import DeadLetterNotFound
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import DeadLetterState
from domain.history import Cause
from domain.identifiers import DeadLetterId
from interfaces import ids
from interfaces.cli.shared import console, id_given, operator_option, report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.dead_letter import DeadLetterDetail, letter_detail, letter_resource
from projections.dead_letter import dead_letters as view
from projections.dead_letter.dead_letters import DeadLetterRow

SHOWN_MAX = 50


@click.group("dead-letters")
def dead_letters() -> None:
    """What was given up and waits for an operator."""


@dead_letters.command("list")
@click.option("--state", type=click.Choice(list(map(str, DeadLetterState))), help="Only those in it.")
@click.option("--kind", type=click.Choice(list(map(str, DeadLetterKind))), help="Only those about such a thing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@report_failures
def list_(state: str | None, kind: str | None, as_json: bool) -> None:
    """List the dead letters, those recorded last first, up to 50 of them."""

    async def work(core: Core) -> Sequence[DeadLetterRow]:
        async with core.pool.connection() as connection:
            return await view.search(
                connection,
                rows_max=SHOWN_MAX,
                state=None if state is None else DeadLetterState(state),
                kind=None if kind is None else DeadLetterKind(kind),
            )

    letters = [letter_resource(row) for row in with_core(work)]
    if as_json:
        for letter in letters:
            click.echo(msgspec.json.encode(letter))
        return
    if not letters:
        console.print("There are none.")
        return
    table = Table("", "kind", "state", "since", "payment", "reason")
    for letter in letters:
        recorded_at = letter.recorded_at.isoformat(timespec="seconds")
        about = letter.payment_id or "–"
        table.add_row(letter.dead_letter_id, letter.kind, letter.state, recorded_at, about, letter.reason)
    console.print(table)


@dead_letters.command("show")
@click.argument("letter")
@report_failures
def show(letter: str) -> None:
    """Print the dead letter LETTER (dl_…) as JSON, with the provider's delivery as it came."""
    letter_id = _id_of(letter)

    async def work(core: Core) -> DeadLetterDetail:
        async with core.pool.connection() as connection:
            row = await view.find(connection, letter_id)
        if row is None:
            raise DeadLetterNotFound()
        return await letter_detail(row, core.webhook_in.archive)

    click.echo(msgspec.json.format(msgspec.json.encode(with_core(work)), indent=2))


@dead_letters.command("retry")
@click.argument("letter")
@operator_option
@report_failures
def retry(letter: str, cause: Cause) -> None:
    """Have what the dead letter LETTER (dl_…) is about tried again by a worker."""
    letter_id = _id_of(letter)

    async def work(core: Core) -> None:
        await core.dead_letter.commands.retry(letter_id, cause)

    with_core(work, needs_open_store=True)
    console.print(f"{letter} is tried again, as soon as a worker runs.")


@dead_letters.command("close")
@click.argument("letter")
@click.option("--reason", required=True, help="Why nothing more is to be done; it is kept.")
@operator_option
@report_failures
def close(letter: str, reason: str, cause: Cause) -> None:
    """Close the dead letter LETTER (dl_…): nothing more is done about it."""
    letter_id = _id_of(letter)

    async def work(core: Core) -> None:
        await core.dead_letter.commands.close(letter_id, reason, cause)

    with_core(work)
    console.print(f"{letter} is closed.")


def _id_of(text: str) -> DeadLetterId:
    return DeadLetterId(id_given(text, ids.DEAD_LETTER, called="LETTER"))
