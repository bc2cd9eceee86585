"""An event is a fact in the past tense, stored under a name and version that never change."""

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of every event. A subclass's `tag` is its stored name, such as `payment.captured.v1`."""


def name_of(event: type[Event] | Event) -> str:
    """The stored name of an event or event class: `payment.captured.v1`."""
    return str(event.__struct_config__.tag)
