"""Where measuring hooks in: the parts of a process that are wrapped or watched, by default by nobody."""

from collections.abc import Callable

from msgspec import Struct

from application import intake
from application.intake import DeliveryWatcher
from application.provider import Provider
from domain.identifiers import ProviderName
from infrastructure.postgres.committer import BatchWatcher, unwatched
from infrastructure.postgres.store import Writer
from infrastructure.provider import circuit
from infrastructure.provider.circuit import Watch


class Instruments(Struct, frozen=True, kw_only=True):
    provider: Callable[[Provider, ProviderName], Provider] = lambda provider, _name: provider
    writer: Callable[[Writer], Writer] = lambda writer: writer
    batches: BatchWatcher = unwatched
    circuits: Watch = circuit.unwatched
    deliveries: DeliveryWatcher = intake.unwatched


NONE = Instruments()
