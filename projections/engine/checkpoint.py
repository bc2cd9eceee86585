"""Each view has a position: at a checkpoint of its own, or at the shared one, which moves many views at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from domain.errors import DomainError
from projections.engine.form import form_of
from projections.engine.view import View

SHARED: Final = "shared"
"""The name of the checkpoint at which many views stand together; no view is called so."""

_SELECT_CHECKPOINTS = """
SELECT projection, position, failure, version, code, form, former_codes,
    CASE WHEN rebuilt_at > clock_timestamp() - interval '15 seconds' THEN rebuilt_to END, is_shared
FROM views.projection_checkpoint
"""
_SELECT_CHECKPOINT = f"{_SELECT_CHECKPOINTS} WHERE projection = %s"
_SELECT_STANDING = "SELECT position, version, failure, code, is_shared FROM views.checkpoint WHERE projection = %s"
_NOTE_FAILURE = """
UPDATE views.checkpoint SET failure = %s WHERE projection = %s AND (position = %s OR is_shared) AND version = %s
"""
# Every change of the views at the shared checkpoint, or of their tables, counts its version up: a projector that does
# not know of the change moves nothing.
_MOVE_SHARED = """
WITH moved AS (
    UPDATE views.checkpoint
    SET position = %s, version = version + 1, failure = NULL, updated_at = clock_timestamp()
    WHERE projection = 'shared' AND position = %s AND version = %s
    RETURNING position
)
"""
_TAKE_IN = """
UPDATE views.checkpoint AS own SET is_shared = true
FROM moved, unnest(%s::text[], %s::bigint[]) AS joining (projection, version)
WHERE own.projection = joining.projection AND own.version = joining.version
AND own.position = moved.position AND own.failure IS NULL AND NOT own.is_shared
"""
_LET_GO = """
UPDATE views.checkpoint AS own
SET is_shared = false, position = moved.position, failure = coalesce(leaving.failure, own.failure),
    updated_at = clock_timestamp()
FROM moved, unnest(%s::text[], %s::text[]) AS leaving (projection, failure)
WHERE own.projection = leaving.projection AND own.is_shared
"""
_JOIN, _LEAVE = f"{_MOVE_SHARED}{_TAKE_IN}", f"{_MOVE_SHARED}{_LET_GO}"
# The shared checkpoint first, as in the statements above, to avoid a deadlock.
_HOLD = """
SELECT projection, position, is_shared FROM views.checkpoint WHERE projection = 'shared' OR projection = ANY (%s)
ORDER BY projection <> 'shared', projection FOR UPDATE
"""

Connection = psycopg.AsyncConnection[Any]


class ViewRebuilding(DomainError):
    """The view's rows have another version's form, and the view is being rebuilt."""

    view: str
    retry_after_s: int = 5


class Place(NamedTuple):
    """A checkpoint's position and version. The version counts a view's tables; the shared checkpoint's version counts
    changes of the views that stand there, and of their tables."""

    position: int
    version: int


class Standing(NamedTuple):
    """The row of one checkpoint. A view that `is_shared` has its position and its failure at the shared checkpoint."""

    place: Place
    failure: str | None
    code: str | None
    is_shared: bool


class Checkpoint(msgspec.Struct, frozen=True):
    """A view's position; `failure` describes the failure that stops the view, else None; `version` counts its tables.

    `code` and `form` are the hashes for the rows in service; None where these are not recorded. `former_codes` are the
    hashes of earlier rows. `rebuilt_to` is the position of a rebuild under way; None without one. `is_shared` tells
    whether the view stands at the shared checkpoint.
    """

    projection: str
    position: int
    failure: str | None
    version: int
    code: str | None
    form: str | None
    former_codes: list[str]
    rebuilt_to: int | None
    is_shared: bool

    @property
    def place(self) -> Place:
        return Place(self.position, self.version)


async def checkpoint_of(connection: Connection, view: View[Any]) -> Checkpoint:
    cursor = await connection.execute(_SELECT_CHECKPOINT, (view.name,))
    row = await cursor.fetchone()
    assert row is not None, f"no checkpoint {view.name}: create the view first"
    return Checkpoint(*row)


async def checkpoints(connection: Connection) -> Sequence[Checkpoint]:
    """The checkpoints of all views."""
    cursor = await connection.execute(_SELECT_CHECKPOINTS)
    return [Checkpoint(*row) for row in await cursor.fetchall()]


async def positions(connection: Connection, views: Iterable[View[Any]]) -> dict[str, int]:
    """The position of each view; 0 for a view without a checkpoint. Raises ViewRebuilding for a view whose rows this
    version cannot read."""
    stands = {checkpoint.projection: checkpoint for checkpoint in await checkpoints(connection)}
    return {view.name: _position_of_readable(view, stands.get(view.name)) for view in views}


def _position_of_readable(view: View[Any], checkpoint: Checkpoint | None) -> int:
    if checkpoint is None:
        return 0
    if checkpoint.form != form_of(view):
        raise ViewRebuilding(view=view.name)
    return checkpoint.position


async def standing_of(connection: Connection, name: str) -> Standing:
    """The row of a view's checkpoint, or of the SHARED one, as of now."""
    [row] = await (await connection.execute(_SELECT_STANDING, (name,))).fetchall()
    position, version, failure, code, is_shared = row
    return Standing(Place(position, version), failure, code, is_shared)


async def note_failure(connection: Connection, name: str, place: Place, failure: str) -> None:
    """Record the failure that stops a view, or all at the SHARED checkpoint, at `place`; no effect elsewhere."""
    await connection.execute(_NOTE_FAILURE, (failure, name, *place))


async def join(connection: Connection, shared: Place, position: int, versions: Mapping[str, int]) -> None:
    """Have views stand at the shared checkpoint that are at `position`, without a failure, in these `versions`.

    No effect where the shared checkpoint is not at `shared`. Its position becomes `position`, which may be another one
    only while no view stands there.
    """
    await connection.execute(_JOIN, (position, *shared, list(versions), list(versions.values())))


async def leave(connection: Connection, shared: Place, failures: Mapping[str, str | None]) -> None:
    """Have the views in `failures` stand at their own checkpoints, with these failures; no effect where the shared
    checkpoint is not at `shared`."""
    await connection.execute(_LEAVE, (shared.position, *shared, list(failures), list(failures.values())))


async def hold(connection: Connection, names: Collection[str]) -> Mapping[int, Sequence[str]]:
    """Keep these views from moving until the transaction ends; the names of the views at each position."""
    rows = await (await connection.execute(_HOLD, (list(names),))).fetchall()
    [shared] = [position for name, position, _ in rows if name == SHARED]
    held = defaultdict(list)
    for name, position, is_shared in rows:
        if name != SHARED:
            held[shared if is_shared else position].append(name)
    return held
