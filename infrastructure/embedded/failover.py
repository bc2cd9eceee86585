"""A standby becomes the primary: the old primary, if reachable, is fenced first, and the epoch is raised."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import psycopg

from infrastructure.embedded.errors import EmbeddedError
from infrastructure.embedded.home import POSTGRES_DATA
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.primary import (
    READ_ONLY,
    Address,
    Connection,
    await_standbys,
    fence,
    superuser_at,
    wait_for_replay,
)
from infrastructure.embedded.standby import Standing, password_files, read_standing
from infrastructure.postgres.connection.epoch import raise_epoch

REPLAYED_WITHIN_S: Final = 5.0
PROMOTED_WITHIN_S: Final = 30
_DATABASE: Final = "tallystick"
_PORT_LINE: Final = 3
"""Index, from 0, of the line of postmaster.pid that holds the port."""


class NotAStandby(EmbeddedError):
    """The home holds no standby that could be promoted."""


class WouldLose(EmbeddedError):
    """The primary may have confirmed commits that the standby does not have."""


def promote(home: Path, *, accept_loss: bool, tell: Callable[[str], None]) -> int:
    """Make the standby that runs on `home` the primary, and return the new epoch.

    Raises NotAStandby, WouldLose, psycopg.Error.
    """
    standing = read_standing(home)
    if standing is None:
        raise NotAStandby(f"no standby was made in {home}: `tallystick standby` makes one")
    password = password_files(home)[0].read_text()
    own = Address(LOOPBACK, _port(home))
    with superuser_at(own, password) as superuser:
        if superuser.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            position = _fence_all(standing.primary, password, tell)
            _require_whole(superuser, standing, position, accept_loss=accept_loss)
            # The standby copied these settings from its former primary. With them the new primary would wait for
            # itself, or take no writes.
            await_standbys(superuser, ())
            superuser.execute(f"ALTER SYSTEM RESET {READ_ONLY}")
            superuser.execute("SELECT pg_reload_conf()")
            superuser.execute("SELECT pg_promote(true, %s)", (PROMOTED_WITHIN_S,))
            tell(f"{own} is the primary.")
        else:
            tell(f"{own} was promoted before; the epoch is raised again.")
    with superuser_at(own, password, _DATABASE) as superuser:
        return raise_epoch(superuser)


def _fence_all(addresses: Sequence[Address], password: str, tell: Callable[[str], None]) -> str | None:
    """Fence every reachable primary; return the position where its log ends, or None when no primary answers."""
    position = None
    for address in addresses:
        try:
            with superuser_at(address, password) as superuser:
                if superuser.execute("SELECT pg_is_in_recovery()").fetchone() == (False,):
                    position = fence(superuser)
                    tell(f"{address} takes no writes any more.")
        except psycopg.OperationalError as error:
            tell(f"{address} was not fenced: {str(error).splitlines()[0]}")
    return position


def _require_whole(superuser: Connection, standing: Standing, position: str | None, *, accept_loss: bool) -> None:
    """Check that the standby has every confirmed commit, unless `accept_loss`. Raises WouldLose."""
    if position is not None and wait_for_replay(superuser, position, REPLAYED_WITHIN_S):
        return
    if not standing.is_awaited and not accept_loss:
        raise WouldLose(
            "commits did not wait for this standby, and the primary cannot be asked for the rest: what it confirmed "
            "last may be lost. --accept-loss goes on all the same"
        )


def _port(home: Path) -> int:
    """The port of the server that runs on `home`. Raises NotAStandby."""
    try:
        return int((home / POSTGRES_DATA / "postmaster.pid").read_text().splitlines()[_PORT_LINE])
    except (FileNotFoundError, IndexError, ValueError):
        raise NotAStandby(f"no server runs on {home}: start it with `tallystick standby`") from None
