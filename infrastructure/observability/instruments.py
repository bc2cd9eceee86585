"""The points at which measurements hook into a process; by default nothing is measured."""

from collections.abc import Callable

from msgspec import Struct

from application.provider.port import Provider
from application.webhook_in import intake
from application.webhook_in.intake import DeliveryWatcher
from domain.identifiers import ProviderName
from infrastructure.postgres.event_store.committer import BatchWatcher, unwatched
from infrastructure.postgres.event_store.store import Writer
from infrastructure.provider import circuit
from infrastructure.provider.circuit import Watch


class Instruments(Struct, frozen=True, kw_only=True):
    provider: Callable[[Provider, ProviderName], Provider] = lambda provider, _name: provider
    writer: Callable[[Writer], Writer] = lambda writer: writer
    batches: BatchWatcher = unwatched
    circuits: Watch = circuit.unwatched
    deliveries: DeliveryWatcher = intake.unwatched


NONE = Instruments()
