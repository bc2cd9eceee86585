"""`tallystick routing`: routing policies, their decisions, and the health of providers."""

from typing import BinaryIO

import click
from rich.table import Table

from domain.history import Cause, Positioned
from domain.routing.events import RoutingPolicyActivated, RoutingPolicyAdded
from domain.routing.versions import Versions
from interfaces import composition
from interfaces.cli.named_file import naming_the_line, text_of
from interfaces.cli.routing_explained import explain
from interfaces.cli.routing_simulated import simulate
from interfaces.cli.shared import console, operator_option, report_failures, with_core
from interfaces.composition import Core
from projections.provider.health import HEALTH_WINDOW, Health, HealthByOperation, recent_health

CODES_SHOWN_MAX = 3


@click.group()
def routing() -> None:
    """Routing policies, what they decided, and how providers do."""


routing.add_command(explain)
routing.add_command(simulate)


@routing.command()
@click.argument("file", type=click.File("rb"))
@report_failures
def check(file: BinaryIO) -> None:
    """Say whether the policy in FILE could be followed.

    Names the line at fault and exits with 1 if not. Nothing is kept.
    """
    text = text_of(file)

    async def work(core: Core) -> str:
        return core.routing.commands.check(text).name

    with naming_the_line(file):
        console.print(f"{with_core(work)} can be followed.")


@routing.command()
@click.argument("file", type=click.File("rb"))
@operator_option
@report_failures
def add(file: BinaryIO, cause: Cause) -> None:
    """Keep the policy in FILE under a number.

    Prints the number; the same text has the same number again. It is followed from `tallystick routing activate` on.
    """
    text = text_of(file)

    async def work(core: Core) -> int:
        return await core.routing.commands.add(text, cause)

    with naming_the_line(file):
        console.print(with_core(work))


@routing.command()
@click.argument("number", type=click.IntRange(min=1))
@operator_option
@report_failures
def activate(number: int, cause: Cause) -> None:
    """Route payments by policy NUMBER from now on.

    It is checked again first, against the providers there are by now; if it is refused, the active policy stays.
    Every process follows it within about a second.
    """

    async def work(core: Core) -> str:
        await core.routing.commands.activate(number, cause)
        return (await core.routing.commands.versions()).get(number).name

    console.print(f"{with_core(work)}:{number} is active.")


@routing.command("list")
@report_failures
def list_all() -> None:
    """List every policy ever added, and when each was active."""

    async def work(core: Core) -> list[Positioned]:
        return list(await core.routing.commands.history())

    table = Table("number", "name", "what happened", "when", "by")
    active: int | None = None
    names: dict[int, str] = {}
    for positioned in with_core(work):
        event = positioned.event
        match event.data:
            case RoutingPolicyAdded(number=number, name=name):
                names[number] = name
                told = "added"
            case RoutingPolicyActivated(number=number):
                active = number
                told = "activated"
            case _:
                continue
        table.add_row(str(number), names[number], told, event.recorded_at.isoformat(timespec="seconds"), event.actor)
    if names:
        console.print(table)
    if active is None:
        console.print("No policy was activated yet: providers are asked in the order of their configuration.")
    else:
        console.print(f"{names[active]}:{active} is active.")


@routing.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@report_failures
def show(number: int | None) -> None:
    """Print the policy NUMBER as it was added, or the active one."""

    async def work(core: Core) -> Versions:
        return await core.routing.commands.versions()

    versions = with_core(work)
    shown = number or versions.active
    if shown is None:
        raise click.ClickException("no policy was activated yet.")
    click.echo(versions.get(shown).document, nl=False)


@routing.command()
@report_failures
def health() -> None:
    """Say how providers have done lately.

    What each answered in the last ten minutes, which is what policies go by: counts, the share approved of what was
    answered, and percentiles of the durations in milliseconds.
    """

    async def work(core: Core) -> HealthByOperation:
        async with core.pool.connection() as connection:
            return await recent_health(connection, composition.utc_now() - HEALTH_WINDOW)

    recent = with_core(work)
    table = Table("provider", "operation", "approved", "declined", "rejected", "unavailable", "abandoned", "success")
    for percentile in ("p50 ms", "p95 ms", "p99 ms"):
        table.add_column(percentile)
    for column in table.columns[2:]:
        column.justify = "right"
    for (provider, operation), each in sorted(recent.items()):
        counts = (each.approved, each.declined, each.rejected, each.unavailable, each.abandoned)
        timed = (each.latency_ms(percent) for percent in (50, 95, 99))
        table.add_row(
            *(provider, operation),
            *(f"{count:,}" for count in counts),
            "–" if each.success_bp is None else f"{each.success_bp / 100:.2f} %",
            *("–" if ms is None else f"≤ {ms:,}" for ms in timed),
        )
    if not recent:
        console.print("No provider has answered anything lately.")
        return
    console.print(table)
    for (provider, operation), each in sorted(recent.items()):
        if each.codes:
            console.print(f"{provider}, {operation}: {_codes(each)}")


def _codes(health: Health) -> str:
    """The most frequent codes of failures, with their counts."""
    most = sorted(health.codes.items(), key=lambda code: (-code[1], code[0]))
    told = [f"{code} {count:,}" for code, count in most[:CODES_SHOWN_MAX]]
    return ", ".join([*told, "…"] if len(most) > CODES_SHOWN_MAX else told)
