"""`tallystick demo`: the main job on real input, from nothing, with every promise checked at the end."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from interfaces.cli.shared import console, home, report_failures
from interfaces.demo.orders import OrdersUnreadable, read_orders
from interfaces.demo.outcome import last_line
from interfaces.demo.run import demonstrate
from interfaces.demo.seller import Refused
from interfaces.runtime.supervisor import Stack

EXAMPLE_ORDERS = Path(__file__).parents[2] / "docs" / "examples" / "orders.csv"
PROVIDERS = ("north", "south", "west")
HURRIED = {
    "TALLYSTICK_PROVIDER_TIMEOUT_S": "2",
    "TALLYSTICK_IN_DOUBT_AFTER_S": "3",
    "TALLYSTICK_REFUSAL_STANDS_AFTER_S": "0.5",
}
"""So that the cards whose answer never comes, and what stays in doubt, do not hold the demonstration up."""


@click.command()
@click.option(
    "--orders",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=EXAMPLE_ORDERS,
    help="A CSV file like docs/examples/orders.csv, which is the default.",
)
@click.option("--keep", is_flag=True, help="Keep the data and logs afterwards, and say where they are.")
@report_failures
def demo(orders: Path, keep: bool) -> None:
    """Send orders through, then check the books.

    Starts everything on fresh data with three providers, sends every order over HTTP (one in ten twice at the same
    moment under the same key), and lives through three incidents: a fallback, an unknown outcome that the provider's
    webhook tells, a payment in doubt whose dead letter is retried. A merchant takes dollars, is settled in euros, is
    paid out to its bank account, wins a dispute and loses one. Then it replays the whole store and compares it with
    every read model, with the providers' own books and the bank's, and has bean-check and hledger check the books where
    they are installed. An order that the API refuses is named and counted, and the others go on. The last line is one
    JSON object; the exit code is 1 when any promise is broken.
    """
    try:
        listed = read_orders(orders)
    except OrdersUnreadable as error:
        raise click.ClickException(str(error)) from error
    console.print(f"{len(listed)} orders from {orders}")
    environment = {name: os.environ.get(name, value) for name, value in HURRIED.items()}
    with _fresh_folder(keep=keep) as folder, Stack(folder, simulators=PROVIDERS, environment=environment) as stack:
        try:
            outcome = asyncio.run(demonstrate(stack.settings, stack.url, listed, console))
        except (Refused, TimeoutError) as error:
            raise click.ClickException(str(error)) from error
    for fault in outcome.faults:
        console.print(fault, style="red")
    click.echo(last_line(outcome))
    if not outcome.holds:
        raise SystemExit(1)


@contextmanager
def _fresh_folder(*, keep: bool) -> Iterator[Path]:
    parent = home() / "demo"
    parent.mkdir(parents=True, exist_ok=True, mode=0o711)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        if keep:
            console.print(f"Data and logs are kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
