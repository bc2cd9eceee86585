"""The names of the events in one stream."""

from uuid import UUID

from domain.event import name_of
from interfaces import ids
from interfaces.composition import Core


async def event_names_of(core: Core, text: str, prefix: str) -> tuple[str, ...]:
    """The names in order, without versions; `text` is the stream's id as the API shows it, `prefix` that id's kind."""
    stream_id = ids.parse(text, prefix)
    assert isinstance(stream_id, UUID), text
    return tuple(name_of(each.event.data).rpartition(".v")[0] for each in await core.store.history(stream_id))
