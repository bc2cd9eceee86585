"""The name of a WAL segment stands for a place in the WAL."""

import re
from typing import Final, NamedTuple

SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""The segment size that initdb uses by default."""
_SEGMENTS_IN_4_GIB: Final = 2**32 // SEGMENT_BYTES
_SEGMENT: Final = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
HISTORY: Final = re.compile(r"[0-9A-F]{8}\.history")


class Segment(NamedTuple):
    """A segment of one timeline; `number` counts from the beginning of the WAL."""

    timeline: int
    number: int

    @property
    def start(self) -> int:
        return self.number * SEGMENT_BYTES

    @property
    def name(self) -> str:
        high, low = divmod(self.number, _SEGMENTS_IN_4_GIB)
        return f"{self.timeline:08X}{high:08X}{low:08X}"


def segment_of(name: str) -> Segment | None:
    """The segment of that name; None where `name` is not the name of a segment."""
    match = _SEGMENT.fullmatch(name)
    if match is None:
        return None
    timeline, high, low = (int(part, 16) for part in match.groups())
    return Segment(timeline, high * _SEGMENTS_IN_4_GIB + low)


def segment_at(timeline: int, lsn: int) -> Segment:
    return Segment(timeline, lsn // SEGMENT_BYTES)


def lsn_of(text: str) -> int:
    """The number of bytes since the beginning of the WAL, from a text like `16/B374D848`."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def lsn_text(lsn: int) -> str:
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
