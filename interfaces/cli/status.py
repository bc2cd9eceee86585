"""`tallystick status`: how far everything is, how fast it goes, and what stands still."""

import asyncio
import time

import click
import msgspec
from rich.table import Table

from interfaces.cli.shared import console, told_clearly, with_core
from interfaces.composition import Condition, Core, Follower

SAMPLE_S = 1.0
BUS_LOOKS_MAX = 100
BUS_LOOK_EVERY_S = 0.02
"""A connection to NATS is waited for, two seconds at most."""
ONE_ROLE = (
    "the application's role owns the events, and could switch their immutability off. Give it a role of its own: "
    "see TALLYSTICK_OWNER_DATABASE_URL in docs/OPERATING.md."
)
STALLED_AFTER_S = 5.0
"""Somebody is there, but the next event is older than this, and none was taken in meanwhile."""


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """A follower with its rate; `trouble` is None when nothing is wrong with it, `follower.failure` may say more."""

    follower: Follower
    events_per_s: float | None
    trouble: str | None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@told_clearly
def status(as_json: bool) -> None:
    """Say how far everything is.

    Shows the store's head, and for the relay and every read model its position, how far it is behind, its rate over
    one second, and whose database session moves it; then the operations without an outcome. Exits with 1 when
    something stands still or nothing moves it.
    """
    before, after, elapsed_s = with_core(_two_looks)
    moving = [
        _moving(earlier, later, elapsed_s) for earlier, later in zip(before.followers, after.followers, strict=True)
    ]
    if as_json:
        click.echo(msgspec.json.encode(_document(after, moving)))
    else:
        _print(after, moving)
    in_trouble = [each.follower.name for each in moving if each.trouble]
    if in_trouble:
        raise click.ClickException(f"in trouble: {', '.join(in_trouble)}.")


async def _two_looks(core: Core) -> tuple[Condition, Condition, float]:
    for _ in range(BUS_LOOKS_MAX):
        if core.bus.is_connected:
            break
        await asyncio.sleep(BUS_LOOK_EVERY_S)
    before, looked_at = await core.condition(), time.monotonic()
    await asyncio.sleep(SAMPLE_S)
    return before, await core.condition(), time.monotonic() - looked_at


def _moving(before: Follower, after: Follower, elapsed_s: float) -> Moving:
    events_per_s = None
    if before.position is not None and after.position is not None:
        # A rebuild may have put it back.
        events_per_s = round(max(0, after.position - before.position) / elapsed_s, 1)
    return Moving(follower=after, events_per_s=events_per_s, trouble=_trouble(after, events_per_s))


def _trouble(follower: Follower, events_per_s: float | None) -> str | None:
    if follower.failure:
        return "stands still"
    if follower.rebuilt_to is not None:
        return None
    if follower.active is None:
        return "nobody moves it"
    if not events_per_s and (follower.lag_s or 0.0) > STALLED_AFTER_S:
        return "does not move"
    return None


def _document(condition: Condition, moving: list[Moving]) -> dict[str, object]:
    return {
        "head": condition.head,
        "closed_since": condition.closed_since,
        "closed_because": condition.closed_because,
        "followers": [
            msgspec.to_builtins(each.follower) | {"events_per_s": each.events_per_s, "trouble": each.trouble}
            for each in moving
        ],
        "unresolved": condition.unresolved,
        "oldest_unresolved_s": condition.oldest_unresolved_s,
        "waiting_deliveries": condition.waiting_deliveries,
        "oldest_delivery_s": condition.oldest_delivery_s,
        "open_dead_letters": condition.open_dead_letters,
        "warnings": [ONE_ROLE] if condition.may_change_events else [],
        "well": not any(each.trouble for each in moving),
    }


def _print(condition: Condition, moving: list[Moving]) -> None:
    console.print(f"The store stands at position {condition.head:,}.")
    if condition.closed_since is not None:
        since = f"{condition.closed_since:%Y-%m-%d %H:%M:%S %Z}"
        console.print(f"It is CLOSED since {since}, because {condition.closed_because}: see `tallystick reopen`.")
    table = Table("", "position", "events behind", "seconds behind", "events/s", "moved by", "")
    for column in table.columns[1:5]:
        column.justify = "right"
    for each in moving:
        follower = each.follower
        table.add_row(
            follower.name,
            _figure(follower.position),
            _figure(follower.lag_events),
            _figure(follower.lag_s, ",.2f"),
            _figure(each.events_per_s, ",.1f"),
            _whom(follower),
            each.trouble or _progress(follower),
        )
    console.print(table)
    for each in moving:
        if each.follower.failure:
            console.print(f"{each.follower.name}: {each.follower.failure}")
    if condition.oldest_unresolved_s is None:
        console.print("Every operation has its outcome.")
    else:
        oldest = f"the oldest for {condition.oldest_unresolved_s:,.1f} s"
        console.print(f"{condition.unresolved:,} operations have no outcome yet, {oldest}.")
    if condition.oldest_delivery_s is None:
        console.print("No provider's delivery waits.")
    else:
        oldest = f"the oldest for {condition.oldest_delivery_s:,.1f} s"
        console.print(f"{condition.waiting_deliveries:,} deliveries of providers wait, {oldest}.")
    if condition.open_dead_letters:
        console.print(f"{condition.open_dead_letters:,} dead letters are open: see `tallystick dead-letters list`.")
    if condition.may_change_events:
        console.print(f"Warning: {ONE_ROLE}")


def _progress(follower: Follower) -> str:
    return "well" if follower.rebuilt_to is None else f"is rebuilt, now at {follower.rebuilt_to:,}"


def _whom(follower: Follower) -> str:
    if follower.active is None:
        return "–"
    return f"session {follower.active.pid}" + (f", {follower.active.client}" if follower.active.client else "")


def _figure(value: float | None, shape: str = ",") -> str:
    return "?" if value is None else format(value, shape)
