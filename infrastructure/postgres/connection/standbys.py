"""The standbys that commits wait for, as the primary sees them."""

import re
from typing import Any, Final

import psycopg
from msgspec import Struct

# Everybody may read both, which is not so of pg_stat_replication.
_SELECT_NAMES: Final = "SELECT current_setting('synchronous_standby_names')"
_SELECT_SLOTS: Final = """
SELECT slot_name, active, greatest(0, pg_wal_lsn_diff(
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn
))::bigint
FROM pg_replication_slots WHERE slot_type = 'physical'
"""
_LIST: Final = re.compile(r"(?:(?:ANY|FIRST)\s+)?\d+\s*\((?P<names>.*)\)\s*", re.IGNORECASE)


class Standby(Struct, frozen=True, kw_only=True):
    """A standby whose confirmation a commit may wait for. `follows` and `behind_bytes` are None for a standby without a
    replication slot of its own, of which the primary knows neither."""

    name: str
    follows: bool | None
    behind_bytes: int | None


async def awaited_standbys(connection: psycopg.AsyncConnection[Any]) -> tuple[Standby, ...]:
    """The standbys that commits wait for; empty where they wait for none. Raises psycopg.Error."""
    [(listed,)] = await (await connection.execute(_SELECT_NAMES)).fetchall()
    if not listed:
        return ()
    rows = await (await connection.execute(_SELECT_SLOTS)).fetchall()
    slots = {name: (active, behind_bytes) for name, active, behind_bytes in rows}
    found = ((name, slots.get(_slot_of(name), (None, None))) for name in standby_names(listed))
    return tuple(Standby(name=name, follows=follows, behind_bytes=behind) for name, (follows, behind) in found)


def none_confirms(standbys: tuple[Standby, ...]) -> bool:
    """Whether commits wait for a standby, and all standbys are known not to follow."""
    return bool(standbys) and all(standby.follows is False for standby in standbys)


def standby_names(listed: str) -> list[str]:
    """The names in a value of `synchronous_standby_names`."""
    inner = _LIST.fullmatch(listed)
    names = (inner["names"] if inner else listed).split(",")
    return [name.strip().strip('"') for name in names]


def _slot_of(name: str) -> str:
    """The standby's slot name: characters that a slot's name cannot have become underscores, as Patroni names slots."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
