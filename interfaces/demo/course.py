"""What became of something, as its own stream of events tells it."""

from uuid import UUID

from domain.event import name_of
from interfaces import ids
from interfaces.composition import Core


async def course_of(core: Core, text: str, prefix: str) -> tuple[str, ...]:
    """The names of its events in order, without their versions; `text` is its id as the API gives it."""
    stream_id = ids.parse(text, prefix)
    assert isinstance(stream_id, UUID), text
    return tuple(name_of(each.event.data).rpartition(".v")[0] for each in await core.store.history(stream_id))
