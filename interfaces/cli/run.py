"""The commands that run the whole system, or one of its parts."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
import uvloop

from application.access.merchant import NewKey, create_key, create_merchant
from interfaces import composition, ids
from interfaces.cli.shared import console, home, report_failures, with_core
from interfaces.runtime.settings import Settings, as_listener, for_children, to_environment
from interfaces.runtime.supervisor import HOST, Stack, servers
from interfaces.runtime.worker import supervise

if TYPE_CHECKING:  # the simulator does without
    from interfaces.composition import Core

PORT = 8080
SIMULATOR_PORT = 8089
SIMULATOR_NAME = "simulator"
WORKERS_NICENESS = 10
"""Workers have a lower priority, so that on a shared machine payments come before read models."""
DATABASE_WITHIN_S = 60.0
"""The longest wait of a starting process for a database that starts or recovers."""
RETRY_EVERY_S = 0.5

log = logging.getLogger(__name__)


@click.command()
@click.option("--port", default=PORT, show_default=True, help="Port of the API, on loopback.")
@report_failures
def dev(port: int) -> None:
    """Run everything until Ctrl-C.

    Starts Postgres, NATS, the provider simulator, the worker and the API; prints the URL and a fresh API key.
    All data lie under TALLYSTICK_HOME and are kept for the next start.
    """
    composition.require_free(HOST, port)
    stop = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    console.print("Starting Postgres, NATS, the simulator, the worker and the API …")
    with Stack(home(), port=port) as stack, stack.embedded.revived(console.print):
        os.environ.update(to_environment(stack.settings))
        key = with_core(_new_merchant_key)
        console.print(f"API          {stack.url}")
        console.print(f"Browse it    {stack.url}/docs")
        console.print(f"API key      {key.secret}   (shown once)")
        console.print(f"Data, logs   {stack.embedded.home}")
        console.print("Ctrl-C stops everything.")
        while not stop.wait(0.5):
            for process in stack.processes:
                if not process.running:
                    raise click.ClickException(f"{process.name} has ended:\n{process.log_tail()}")
        console.print("Stopping …")
    console.print("Stopped.")


@click.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Server processes.")
@report_failures
def serve(host: str, port: int, workers: int) -> None:
    """Serve the HTTP API.

    A worker and a provider have to run as well."""
    composition.require_free(host, port)
    with _settings_once_migrated(server_processes=workers) as settings:
        settings = as_listener(for_children(settings))
        os.environ.update(to_environment(settings))
        composition.serve_api(settings, host=host, port=port, workers=workers)


@click.command()
@report_failures
def worker() -> None:
    """Run the relay, the projectors, recovery, timers and webhooks.

    Publishes events, keeps the read models current, resolves unknown outcomes, fires what is due, and works off what
    providers sent. Several may run at once."""
    with _settings_once_migrated(workers=1) as settings:
        # Not before: an embedded database started here would inherit the low priority.
        os.nice(WORKERS_NICENESS)
        uvloop.run(_work(composition.Core(settings)))


@click.command()
@click.option("--name", default=SIMULATOR_NAME, show_default=True, help="What it is called; several may run.")
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=SIMULATOR_PORT, show_default=True, help="Port to listen on.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of its books.  [default: simulator, or simulator-NAME, under TALLYSTICK_HOME]",
)
@click.option(
    "--dialect",
    type=click.Choice(list(composition.SIMULATOR_DIALECTS)),
    default=SIMULATOR_NAME,
    show_default=True,
    help="How its webhooks are worded and signed.",
)
@click.option(
    "--webhook-url",
    default="",
    envvar="TALLYSTICK_SIMULATOR_WEBHOOK_URL",
    show_envvar=True,
    help="Where its webhooks go; none are sent without.",
)
@click.option(
    "--webhook-secret",
    default="",
    envvar="TALLYSTICK_SIMULATOR_WEBHOOK_SECRET",
    show_envvar=True,
    help="What they are signed with.",
)
@click.option(
    "--slow-s",
    default=1.5,
    show_default=True,
    type=click.FloatRange(0),
    envvar="TALLYSTICK_SIMULATOR_SLOW_S",
    help="How long tok_slow takes.",
)
@click.option(
    "--customer-acts-after-s",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0),
    envvar="TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S",
    help="How long a customer who acts by itself takes, and a capture that is only accepted.",
)
@click.option(
    "--bank-reports-after-s",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0),
    envvar="TALLYSTICK_SIMULATOR_BANK_REPORTS_AFTER_S",
    help="How long the bank takes to say what became of a payment.",
)
@report_failures
def simulator(
    name: str,
    host: str,
    port: int,
    data: Path | None,
    dialect: str,
    webhook_url: str,
    webhook_secret: str,
    slow_s: float,
    customer_acts_after_s: float,
    bank_reports_after_s: float,
) -> None:
    """Run the provider simulator.

    Card tokens decide what happens: tok_visa is approved; tok_declined and tok_insufficient_funds are declined;
    tok_timeout takes the money and never answers; tok_error_5xx fails; tok_slow takes its time. Of tok_3ds, and of
    wallets, UPI and bank transfers (wallet_waits, upi_waits, bank_waits) the customer decides; those of
    tok_3ds_approves, wallet_approves, upi_declines and so on act by themselves.
    """
    if webhook_url and not webhook_secret:
        raise click.UsageError("--webhook-url needs --webhook-secret: nobody believes an unsigned webhook.")
    folder = data or home() / (SIMULATOR_NAME if name == SIMULATOR_NAME else f"{SIMULATOR_NAME}-{name}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = composition.SimulatorOptions(
        name=name,
        dialect=dialect,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        slow_s=slow_s,
        customer_acts_after_s=customer_acts_after_s,
        bank_reports_after_s=bank_reports_after_s,
    )
    composition.serve_simulator(host, port, folder, options)


@click.command()
@report_failures
def migrate() -> None:
    """Bring the database to this version.

    Applies the migrations that it lacks as the role of TALLYSTICK_OWNER_DATABASE_URL, if there is one, lets the
    application's role do what it needs and no more, and makes the read models' tables. Safe to repeat."""
    with servers(home()) as settings:
        applied = composition.migrate_all(settings, privileges_anew=True)
    for name in applied:
        console.print(f"applied {name}")
    console.print("The schema is up to date.")


@contextlib.contextmanager
def _settings_once_migrated(*, server_processes: int = 0, workers: int = 0) -> Iterator[Settings]:
    """The settings of running servers, with the schema at this version and connections for these numbers of processes.

    Waits for a database that does not answer. Raises AccountInvalid, SettingInvalid, TooFewConnections.
    """
    needed = composition.connections_of(server_processes=server_processes, workers=workers)
    # Room for a worker beside the server processes, and for a server process beside the workers.
    connections_max = composition.connections_of(server_processes=max(server_processes, 1), workers=max(workers, 1))
    with servers(home(), connections_max=connections_max + composition.OF_TOOLS) as settings:
        composition.configure_logs(level=settings.log_level)
        asyncio.run(composition.check_outside(settings))
        deadline = time.monotonic() + DATABASE_WITHIN_S
        while not _is_migrated(settings, deadline):
            time.sleep(RETRY_EVERY_S)
        asyncio.run(composition.refuse_newer(settings))
        composition.require_connections(settings, needed)
        yield settings


def _is_migrated(settings: Settings, deadline: float) -> bool:
    try:
        composition.migrate_all(settings)
    except psycopg.OperationalError as error:
        if time.monotonic() > deadline:
            raise
        log.warning("waiting_for_database", extra={"error": str(error)})
        return False
    return True


async def _work(core: "Core") -> None:
    loop = asyncio.get_running_loop()
    async with core:
        composition.garbage.settle()
        working = asyncio.create_task(supervise(composition.worker_tasks(core)))
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signal_number, working.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def _new_merchant_key(core: "Core") -> NewKey:
    merchant_id = await create_merchant(core.access.directory, "Development", ids.new_id)
    return await create_key(core.access.directory, merchant_id, ids.new_id)
