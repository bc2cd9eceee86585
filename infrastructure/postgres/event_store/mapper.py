"""Recorded events are stored as JSON that an auditor can read with psql, under event names that never change."""

from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder

from domain.event import name_of
from domain.history import Recorded, RecordedBefore


class MsgspecTranscoder(Transcoder):
    """Recorded events as JSON bytes."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Recorded)
        self._decoder_before = msgspec.json.Decoder(RecordedBefore)

    def encode(self, obj: Any) -> bytes:
        return self._encoder.encode(obj)

    def decode(self, data: bytes) -> Recorded:
        """Raises msgspec.ValidationError for an event that no registered name and version describes."""
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as unknown:
            try:
                return self._decoder_before.decode(data).today()
            except msgspec.ValidationError:
                raise unknown from None


class EventMapper(Mapper[UUID]):
    """The library's mapper for msgspec structs: the topic is the event's stored name, never a module path."""

    def __init__(self) -> None:
        super().__init__(MsgspecTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        assert isinstance(domain_event, Recorded)
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=name_of(domain_event.data),
            state=self.transcoder.encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        recorded = self.transcoder.decode(stored_event.state)
        assert isinstance(recorded, Recorded)
        return recorded
