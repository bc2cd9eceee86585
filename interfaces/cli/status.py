"""`tallystick status`: the positions and rates of the relay and the read models, the backlogs, and the alarms."""

import asyncio
import time
from datetime import datetime, timedelta

import click
import msgspec
from rich.table import Table

from interfaces.cli.shared import console, home, report_failures, with_core
from interfaces.composition import ARCHIVE, BackupState, Condition, Core, Follower, Standby, utc_now

SAMPLE_S = 1.0
RELAY_LOOKS_MAX = 100
RELAY_LOOK_EVERY_S = 0.02
"""With RELAY_LOOKS_MAX, the wait for the relay takes two seconds at most."""
REFUSALS_ALARM_S = 3600.0
"""The time after the last refused message during which refusals are an alarm."""
ONE_ROLE = (
    "the application's role owns the events, and could switch their immutability off. Give it a role of its own: "
    "see TALLYSTICK_OWNER_DATABASE_URL in docs/OPERATING.md."
)
STALLED_AFTER_S = 5.0
"""The age of its next event from which a follower with a session and without progress is in trouble."""
RPO_S_MAX = 60.0
"""The archive's lag above which the follower `archive` is in trouble: the events that a loss of the machine costs."""
NO_BACKUPS = "there are no backups of this store: see Backup in docs/OPERATING.md."


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """A follower with its rate; `trouble` is None for a healthy follower, and `follower.failure` may give details."""

    follower: Follower
    events_per_s: float | None
    trouble: str | None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@report_failures
def status(as_json: bool) -> None:
    """Say how far everything is.

    Shows the store's head, and for the relay and every read model its position, how far it is behind, its rate over
    one second, and whose database session moves it; then the operations without an outcome. Exits with 1 when
    something stands still or nothing moves it, and for an hour after messages on NATS had to be refused.
    """
    before, after, elapsed_s, verified_within = with_core(_two_looks)
    earlier = {follower.name: follower for follower in before.followers}
    # The archive may have begun between the two samples.
    moving = [_moving(earlier.get(each.name, each), each, elapsed_s) for each in after.followers]
    alarms = _alarms(after, verified_within)
    if as_json:
        click.echo(msgspec.json.encode(_document(after, moving, alarms)))
    else:
        _print(after, moving, alarms)
    in_trouble = [*(each.follower.name for each in moving if each.trouble), *alarms]
    if in_trouble:
        raise click.ClickException(f"in trouble: {', '.join(in_trouble)}.")


async def _two_looks(core: Core) -> tuple[Condition, Condition, float, timedelta]:
    listening = asyncio.create_task(core.listener.run())
    try:
        for _ in range(RELAY_LOOKS_MAX):
            if core.listener.position is not None:
                break
            await asyncio.sleep(RELAY_LOOK_EVERY_S)
        before, looked_at = await core.health.condition(), time.monotonic()
        await asyncio.sleep(SAMPLE_S)
        verified_within = timedelta(hours=core.settings.backup_verified_within_h)
        return before, await core.health.condition(), time.monotonic() - looked_at, verified_within
    finally:
        listening.cancel()


def _moving(before: Follower, after: Follower, elapsed_s: float) -> Moving:
    events_per_s = None
    if before.position is not None and after.position is not None:
        # A rebuild may have set the position back.
        events_per_s = round(max(0, after.position - before.position) / elapsed_s, 1)
    return Moving(follower=after, events_per_s=events_per_s, trouble=_trouble(after, events_per_s))


def _trouble(follower: Follower, events_per_s: float | None) -> str | None:
    if follower.failure:
        return "stands still"
    if follower.rebuilt_to is not None:
        return None
    if follower.active is None:
        return "nobody moves it"
    if follower.name == ARCHIVE:
        return "is behind" if (follower.lag_s or 0.0) > RPO_S_MAX else None
    if not events_per_s and (follower.lag_s or 0.0) > STALLED_AFTER_S:
        return "does not move"
    return None


def _alarms(condition: Condition, verified_within: timedelta) -> dict[str, str]:
    """The faults of the machine, the backups and the bus, a sentence each, by name."""
    alarms, machine = {}, condition.machine
    if not machine.has_room:
        alarms["database"] = "disk full: nothing can be written. See docs/OPERATING.md, Disks."
    if machine.is_nearly_full:
        alarms["disk"] = f"{machine.free_bytes:,} bytes are free under {home()}. See docs/OPERATING.md, Disks."
    if fault := _backups_trouble(condition.backups, verified_within):
        alarms["backups"] = fault
    if machine.is_clock_wrong:
        side = "ahead of" if machine.ahead_s > 0 else "behind"
        alarms["clock"] = (
            f"this machine's clock is {abs(machine.ahead_s):,.0f} s {side} the database's, which everything "
            "goes by. One of the two is wrong: see docs/OPERATING.md, Clocks."
        )
    for refusal in condition.bus_refusals:
        if refusal.last_s < REFUSALS_ALARM_S:
            alarms[f"messages on NATS ({refusal.reason})"] = (
                f"{refusal.messages:,} messages on NATS were refused as {refusal.reason}, the last one "
                f"{refusal.last_s:,.0f} s ago: see docs/OPERATING.md, Messages that are not ours."
            )
    return alarms


def _backups_trouble(backups: BackupState, verified_within: timedelta) -> str | None:
    """The fault of the base backups, None without one; the archive's own row shows the archive's faults."""
    since = backups.unverified_since()
    if backups.fault:
        return f"the last verification of a backup failed: {backups.fault}"
    if since is not None and utc_now() - since > verified_within:
        return f"no backup was verified since {since.isoformat(timespec='seconds')}: run `tallystick backup verify`."
    return None


def _document(condition: Condition, moving: list[Moving], alarms: dict[str, str]) -> dict[str, object]:
    return {
        "head": condition.head,
        "closed_since": condition.closed_since,
        "closed_because": condition.closed_because,
        "orphans": condition.orphans,
        "followers": [
            msgspec.to_builtins(each.follower) | {"events_per_s": each.events_per_s, "trouble": each.trouble}
            for each in moving
        ],
        "unresolved": condition.unresolved,
        "oldest_unresolved_s": condition.oldest_unresolved_s,
        "waiting_deliveries": condition.waiting_deliveries,
        "oldest_delivery_s": condition.oldest_delivery_s,
        "open_dead_letters": condition.open_dead_letters,
        "backups": msgspec.to_builtins(condition.backups) | {"rpo_s": _rpo_s(condition)},
        "machine_ahead_s": round(condition.machine.ahead_s, 3),
        "disk_free_bytes": condition.machine.free_bytes,
        "database_has_room": condition.machine.has_room,
        "standbys": msgspec.to_builtins(condition.standbys),
        "alarms": alarms,
        "warnings": [
            *([ONE_ROLE] if condition.may_change_events else []),
            *([] if condition.backups.is_configured else [NO_BACKUPS]),
        ],
        "well": not alarms and not any(each.trouble for each in moving),
    }


def _print(condition: Condition, moving: list[Moving], alarms: dict[str, str]) -> None:
    console.print(f"The store stands at position {condition.head:,}.")
    if condition.closed_since is not None:
        since = f"{condition.closed_since:%Y-%m-%d %H:%M:%S %Z}"
        console.print(f"It is CLOSED since {since}, because {condition.closed_because}: see `tallystick reopen`.")
    for alarm in alarms.values():
        console.print(f"Alarm: {alarm}")
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
    _print_backups(condition)
    for standby in condition.standbys:
        console.print(f"Standby {standby.name}: {_followed(standby)}.")
    if condition.orphans:
        console.print(f"{condition.orphans:,} entries of providers are in no payment here: `tallystick orphans list`.")
    if condition.may_change_events:
        console.print(f"Warning: {ONE_ROLE}")


def _progress(follower: Follower) -> str:
    return "well" if follower.rebuilt_to is None else f"is rebuilt, now at {follower.rebuilt_to:,}"


def _print_backups(condition: Condition) -> None:
    backups = condition.backups
    if not backups.is_configured:
        console.print(f"Warning: {NO_BACKUPS}")
        return
    rpo_s = _rpo_s(condition)
    lost = "up to the last base backup would be left" if rpo_s is None else f"{rpo_s:,.1f} s of events would be lost"
    console.print(f"Were this machine lost now, {lost}.")
    console.print(f"Base backup: {_ago(backups.last_base_at)}; verified: {_ago(backups.verified_at)}.")


def _followed(standby: Standby) -> str:
    if standby.follows is None:
        return "it has no slot here, so that nobody can tell whether it follows"
    if not standby.follows:
        return "it does not follow"
    return f"it follows, {standby.behind_bytes:,} bytes behind"


def _rpo_s(condition: Condition) -> float | None:
    """The age of the oldest event that is not archived, 0 where all are; None without an archive."""
    return next((each.lag_s for each in condition.followers if each.name == ARCHIVE), None)


def _ago(moment: datetime | None) -> str:
    return "never" if moment is None else f"{(utc_now() - moment).total_seconds() / 3600:,.1f} h ago"


def _whom(follower: Follower) -> str:
    if follower.active is None:
        return "–"
    return f"session {follower.active.pid}" + (f", {follower.active.client}" if follower.active.client else "")


def _figure(value: float | None, shape: str = ",") -> str:
    return "?" if value is None else format(value, shape)
