"""Health: the condition of the system, as status, metrics and readiness show it."""

from infrastructure.embedded.home import default_home
from infrastructure.nats.listener import Listener
from infrastructure.observability.condition import Condition, Machine, read_condition
from infrastructure.observability.free_space import free_bytes
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.connection.room import Room
from infrastructure.postgres.connection.standbys import awaited_standbys, none_confirms
from interfaces.composition.capability import Capability
from interfaces.composition.clock import CLOCK
from interfaces.composition.connections import FOLLOWERS
from interfaces.composition.shared import Shared


class HealthParts(Capability, frozen=True, kw_only=True):
    """Each method raises StoreUnavailable."""

    pool: ReadPool
    listener: Listener
    room: Room

    async def condition(self) -> Condition:
        """The condition of the system, as far as the listener has heard."""
        heard = self.listener.position
        async with self.pool.connection() as connection:
            machine = Machine(
                ahead_s=CLOCK.machine_ahead_s,
                free_bytes=free_bytes(default_home()),
                has_room=await self.room.is_there(connection),
            )
            return await read_condition(connection, heard, FOLLOWERS, now=CLOCK.now(), machine=machine)

    async def has_room(self) -> bool:
        """Whether the database's disk has room."""
        async with self.pool.connection() as connection:
            return await self.room.is_there(connection)

    async def has_standby(self) -> bool:
        """Whether a standby confirms commits, where they wait for one."""
        async with self.pool.connection() as connection:
            return not none_confirms(await awaited_standbys(connection))


def wire(shared: Shared) -> HealthParts:
    return HealthParts(pool=shared.pool, listener=shared.listener, room=Room())
