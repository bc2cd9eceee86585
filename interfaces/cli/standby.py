"""The commands on a second database server: the standby, the failover, and the former primary's return as a standby."""

import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import click
import psycopg

from interfaces import composition
from interfaces.cli.shared import console, home, report_failures
from interfaces.runtime.settings import VARIABLES, SettingInvalid, from_environment

POLL_S = 0.5
DATABASE_PORT = 5433
STANDBY_PORT = 5434

_home = click.option(
    "--home",
    "at",
    type=click.Path(file_okay=False, path_type=Path),
    default=home,
    help="Folder of the server's data.  [default: TALLYSTICK_HOME]",
)


class PrimaryUrl(click.ParamType[tuple[composition.Address, ...]]):
    """A URL such as `postgresql://host:port`, of one host or several."""

    name = "url"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[composition.Address, ...]:
        try:
            found = tuple(composition.addresses(value))
        except (psycopg.ProgrammingError, ValueError):
            found = ()
        if not found or not all(address.host for address in found):
            self.fail("expected a URL such as postgresql://127.0.0.1:5433", param, ctx)
        return found


@click.command()
@_home
@click.option("--port", default=DATABASE_PORT, show_default=True, help="Port to listen on, on loopback.")
@report_failures
def database(at: Path, port: int) -> None:
    """Run the embedded Postgres alone until Ctrl-C.

    On a port that stays the same, for a standby to follow and for `serve` and `worker` to be told of."""
    stop = _stop_signal()
    with composition.embedded_home.Home(at) as held:
        server = composition.EmbeddedPostgres(held.path, port=port)
        server.start()
        try:
            console.print(f"Postgres     127.0.0.1:{port}")
            console.print(f"Data, logs   {held.path}")
            _until(stop, lambda: _require_running(server))
        finally:
            server.stop()


@click.command()
@_home
@click.option("--of", type=PrimaryUrl(), help="The primary: postgresql://HOST:PORT, or several hosts of which one is.")
@click.option("--port", default=STANDBY_PORT, show_default=True, help="Port to listen on, on loopback.")
@click.option("--name", default="standby", show_default=True, help="Its name at the primary; each standby has its own.")
@click.option(
    "--passwords",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with the primary's postgres*.password files, which are copied to the home.",
)
@click.option("--asynchronous", is_flag=True, help="Follow only: no commit waits for this standby.")
@click.option("--status", "looks", is_flag=True, help="Say how far it is, and end.")
@click.option("--remove", is_flag=True, help="No commit waits for it any more, and nothing is kept for it; ends.")
@report_failures
def standby(
    at: Path,
    of: tuple[composition.Address, ...] | None,
    port: int,
    name: str,
    passwords: Path | None,
    asynchronous: bool,
    looks: bool,
    remove: bool,
) -> None:
    """Make a standby, and follow the primary until Ctrl-C.

    The first start copies the primary's data; a later one goes on where it was. From when it has caught up, the
    primary's commits wait for it: what was answered is on both. A home that was a primary's before a failover is wound
    back to where the new primary began, and follows that. `tallystick failover` makes it the primary."""
    at.mkdir(parents=True, exist_ok=True)
    before = composition.read_standing(at)
    if of is None and before is None:
        raise click.UsageError("--of is needed: whom should it follow?")
    standing = composition.Standing(name, of) if of is not None else before
    assert standing is not None
    if passwords is not None:
        _copy_passwords(passwords, at)
    if remove:
        _remove(at, standing)
    elif looks:
        _show(at, standing)
    else:
        _follow(at, standing, port, asynchronous=asynchronous)


@click.command()
@_home
@click.option("--accept-loss", is_flag=True, help="Also when the primary may have confirmed what the standby lacks.")
@click.option(
    "--promoted",
    is_flag=True,
    help="Only raise the epoch, of the store at TALLYSTICK_OWNER_DATABASE_URL: somebody else has promoted it.",
)
@report_failures
def failover(at: Path, accept_loss: bool, promoted: bool) -> None:
    """Make the standby the primary.

    Stops the former primary from taking writes, if it answers; promotes the standby that runs on --home; and raises the
    epoch, so that nobody writes to the former one again. `serve` and `worker` that know of both come over by
    themselves. Run it when the primary is gone, or to exchange the two: nothing confirmed is lost."""
    if promoted:
        epoch = composition.raise_epoch_at(_owner_url())
    else:
        epoch = composition.promote(at.resolve(), accept_loss=accept_loss, tell=_tell)
    console.print(f"Epoch {epoch} has begun.")


def _tell(what: str) -> None:
    console.print(what, soft_wrap=True)


def _owner_url() -> str:
    """The URL of the owner's role. Raises SettingInvalid where none is set."""
    settings = from_environment()
    if not settings.owner_database_url:
        raise SettingInvalid(f"{VARIABLES['owner_database_url']} is not set.")
    return settings.owner_database_url


def _follow(at: Path, standing: composition.Standing, port: int, *, asynchronous: bool) -> None:
    stop = _stop_signal()
    with composition.embedded_home.Home(at) as held:
        server = composition.EmbeddedStandby(held.path, name=standing.name, primary=standing.primary, port=port)
        console.print(f"Following {', '.join(map(str, standing.primary))} …")
        server.start()
        try:
            console.print(f"Standby      127.0.0.1:{port}")
            console.print(f"Data, logs   {held.path}")
            watch = _Watch(server, awaited=not asynchronous)
            _until(stop, watch.look)
        finally:
            server.stop()


class _Watch:
    """Prints changes of the standby's state, and has commits wait for the standby once it is near the primary."""

    def __init__(self, server: composition.EmbeddedStandby, *, awaited: bool) -> None:
        self._server = server
        self._is_to_be_awaited = awaited
        self._said = ""

    def look(self) -> None:
        _require_running(self._server)
        if self._server.is_promoted():
            self._say("promoted: this is the primary now")
            return
        try:
            stream = self._server.stream()
            if stream is not None and stream.is_near and self._is_to_be_awaited:
                self._server.be_awaited()
                self._is_to_be_awaited = False
        except psycopg.OperationalError:
            self._say("the primary does not answer")
            return
        if stream is None:
            self._say("not connected to the primary")
        else:
            self._say(f"{stream.state}, {'awaited' if stream.sync_state in ('sync', 'quorum') else stream.sync_state}")

    def _say(self, what: str) -> None:
        if what != self._said:
            console.print(what)
            self._said = what


def _show(at: Path, standing: composition.Standing) -> None:
    stream = composition.stream_at(at, standing)
    console.print(f"follows      {', '.join(map(str, standing.primary))} as {standing.name}")
    if stream is None:
        console.print("state        not connected")
    else:
        console.print(f"state        {stream.state}, {stream.sync_state}")
        console.print(f"behind       {stream.behind_bytes:,} bytes")


def _remove(at: Path, standing: composition.Standing) -> None:
    composition.take_off(at, standing)
    console.print(f"No commit waits for {standing.name} any more.")


def _copy_passwords(source: Path, target: Path) -> None:
    for file in composition.password_files(target):
        if not (source / file.name).exists():
            raise click.BadParameter(f"{source / file.name} is not there", param_hint="--passwords")
        if not file.exists():
            shutil.copyfile(source / file.name, file)
            file.chmod(0o600)


def _require_running(server: composition.EmbeddedPostgres) -> None:
    if not server.running:
        raise click.ClickException(f"Postgres has ended; see {server.log}")


def _stop_signal() -> threading.Event:
    stop = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    return stop


def _until(stop: threading.Event, look: Callable[[], None]) -> None:
    console.print("Ctrl-C stops it.")
    while not stop.wait(POLL_S):
        look()
