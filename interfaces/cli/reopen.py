"""`tallystick reopen`: a restored store is opened after its lost operations were looked up at the providers."""

import asyncio
import ipaddress
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import click
import msgspec
from rich.table import Table

from application.payout.bank_port import BankSilent
from application.provider.listing import ListingFailed
from application.restore.commands import ListedEntries, Reopening
from application.restore.explanation import Adopted, Known, ToAdopt, Unexplained, Waiting
from application.write.gate import StoreClosed
from domain.history import Cause
from interfaces.cli.record import Text
from interfaces.cli.shared import console, operator_option, report_failures, with_core
from interfaces.composition import Core, utc_now, worker_tasks
from interfaces.runtime.worker import supervise

VIEW_WITHIN_S = 120.0
PROJECTING = ("leases", "standings", "projectors", "projector provider_operations")
LOOK_EVERY_S = 0.05
SHOWN_MAX = 50
PROGRESS_EVERY = 500


@click.command()
@click.option("--dry-run", is_flag=True, help="Ask and show, change nothing, and leave the store closed.")
@click.option("--yes", is_flag=True, help="Do not ask before providers are asked.")
@click.option(
    "--accept-unexplained",
    type=Text(),
    metavar="REASON",
    help="Open although something is unexplained; it is recorded.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@operator_option
@report_failures
def reopen(*, dry_run: bool, yes: bool, accept_unexplained: str | None, as_json: bool, cause: Cause) -> None:
    """Have a restored store take payments again.

    Asks every provider for what happened since shortly before the store's last event, and our bank which payments it
    has. What belongs to payments that are here is adopted. What belongs to payments that are not here waits for the
    retry of its request, which then finds its charge and makes no other. What nothing explains is shown, and the store
    stays closed, with exit code 1, unless you accept it. May be interrupted, and done again.
    """

    async def work(core: Core) -> tuple[ListedEntries, bool] | None:
        closed = core.gate.closed
        if closed is None:
            return None
        _ask_for_leave(core, yes=yes or dry_run)
        return await _reopen(core, closed, dry_run=dry_run, accepted=accept_unexplained, cause=cause)

    try:
        done = with_core(work)
    except (ListingFailed, BankSilent) as error:
        raise click.ClickException(f"The store stays closed: {error}.") from error
    if done is None:
        console.print("The store is open.")
        return
    told, opened = done
    if as_json:
        click.echo(msgspec.json.encode(_document(told, opened=opened)))
    else:
        _print(told, opened=opened, dry_run=dry_run)
    if told.count(Unexplained) and not opened:
        raise click.ClickException(
            f"{told.count(Unexplained):,} entries are unexplained. Look them up at the provider; then accept them with "
            "--accept-unexplained REASON."
        )


def _ask_for_leave(core: Core, *, yes: bool) -> None:
    """Print the providers with their accounts, and have the operator confirm that live ones are asked, unless `yes`.

    Raises click.ClickException without a terminal, click.Abort where the operator refuses.
    """
    live = [account for account in core.accounts if not _is_here(account.url)]
    for account in core.accounts:
        can = "" if core.connectors[account.name].listing is not None else "; it has no list"
        click.echo(f"Provider {account.name} ({account.connector}) at {account.url}{can}", err=True)
    if yes or not live:
        return
    if not sys.stdin.isatty():
        names = ", ".join(account.name for account in live)
        raise click.ClickException(f"This asks live providers ({names}): say --yes.")
    click.confirm("Ask them for what happened?", abort=True, err=True)


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _reopen(
    core: Core, closed: StoreClosed, *, dry_run: bool, accepted: str | None, cause: Cause
) -> tuple[ListedEntries, bool]:
    """The providers' entries with their explanations, and whether the store is open now. Raises ListingFailed,
    BankSilent."""
    reopening: Reopening = core.restore.commands
    until = utc_now()
    since = await reopening.lost_since(closed.since)
    async with _views_up_to_date(core):
        told = await reopening.ask(since, until, _progress)
        taken = await reopening.ask_bank(_progress)
        if taken:
            click.echo(f"The bank {core.bank.name} has {len(taken):,} payments whose payouts do not say so.", err=True)
        if dry_run:
            return told, False
        await reopening.keep_taken(taken)
        await reopening.adopt(told, cause, _progress)
    if told.count(Unexplained) and accepted is None:
        return told, False
    await reopening.record_reopening(
        told, closed, core.gate.store_id, accepted if told.count(Unexplained) else None, cause
    )
    await core.gate.open()
    return told, True


@asynccontextmanager
async def _views_up_to_date(core: Core) -> AsyncIterator[None]:
    """Keep the view that finds payments current in the block, from the store's head on, also where no worker runs.

    Raises click.ClickException where the view does not reach the head within VIEW_WITHIN_S.
    """
    tasks = worker_tasks(core)
    projecting = asyncio.ensure_future(supervise({name: tasks[name] for name in PROJECTING}))
    try:
        head, deadline = await core.store.head(), time.monotonic() + VIEW_WITHIN_S
        while await core.payment.correlation.position() < head:
            if time.monotonic() > deadline:
                raise click.ClickException("The view provider_operations does not come to the store's head.")
            await asyncio.sleep(LOOK_EVERY_S)
        yield
    finally:
        projecting.cancel()
        with suppress(asyncio.CancelledError):
            await projecting


def _progress(doing: str, count: int) -> None:
    if count % PROGRESS_EVERY == 0:
        click.echo(f"{count:,} {doing} …", err=True)


def _document(told: ListedEntries, *, opened: bool) -> dict[str, object]:
    return {
        "since": told.since,
        "until": told.until,
        "known": told.count(Known),
        "to_adopt": told.count(ToAdopt),
        "adopted": told.count(Adopted),
        "waiting": [_shown(entry.provider, entry.name, verdict) for entry, verdict in told.entries_with(Waiting)],
        "unexplained": [
            _shown(entry.provider, entry.name, verdict) for entry, verdict in told.entries_with(Unexplained)
        ],
        "opened": opened,
    }


def _shown(provider: str, name: str, verdict: object) -> dict[str, str]:
    assert isinstance(verdict, Waiting | Unexplained)
    return {"provider": provider, "name": name, "why": verdict.why}


def _print(told: ListedEntries, *, opened: bool, dry_run: bool) -> None:
    console.print(f"Asked for {told.since:%Y-%m-%d %H:%M:%S} to {told.until:%Y-%m-%d %H:%M:%S} UTC.")
    kinds: Sequence[tuple[str, type]] = (
        ("known", Known),
        ("to adopt" if dry_run else "adopted", ToAdopt if dry_run else Adopted),
        ("waiting for their retry", Waiting),
        ("unexplained", Unexplained),
    )
    table = Table("provider", *(name for name, _ in kinds))
    for column in table.columns[1:]:
        column.justify = "right"
    for provider in dict.fromkeys(entry.provider for entry in told.entries):
        table.add_row(provider, *(f"{told.count(kind, provider):,}" for _, kind in kinds))
    if told.entries:
        console.print(table)
    else:
        console.print("No provider has anything of that time.")
    for title, kind in kinds[2:]:
        found = told.entries_with(kind)
        for entry, verdict in found[:SHOWN_MAX]:
            console.print(f"{title}: {entry.provider} {entry.name}: {verdict.why}")  # type: ignore[union-attr]
        if len(found) > SHOWN_MAX:
            console.print(f"… and {len(found) - SHOWN_MAX:,} more: see --json.")
    if opened:
        console.print("The store is OPEN.")
    else:
        console.print("Nothing was changed: the store stays closed." if dry_run else "The store stays CLOSED.")
