"""A wake-up names one store and its last position, and nothing else: its receiver reads the store."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

ALL_STORES = "tallystick.*.position"
WAKEUP_BYTES_MAX = 512


class Wakeup(Struct, frozen=True):
    """The store and the position of its last event, as JSON."""

    store: UUID
    position: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class WakeupUnreadable(Exception):
    """The message is no wake-up."""


_decoder = msgspec.json.Decoder(Wakeup)


def subject_of(store_id: UUID) -> str:
    """The subject of one store's wake-ups: two stores on one NATS do not hear each other."""
    return f"tallystick.{store_id}.position"


def encode(wakeup: Wakeup) -> bytes:
    return msgspec.json.encode(wakeup)


def decode(message: bytes) -> Wakeup:
    """Raises WakeupUnreadable."""
    if len(message) > WAKEUP_BYTES_MAX:
        raise WakeupUnreadable
    try:
        return _decoder.decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise WakeupUnreadable from None
