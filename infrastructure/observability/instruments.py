"""Where measuring hooks in: the parts of a process that are wrapped or watched, by default by nobody."""

from collections.abc import Callable

from msgspec import Struct

from application.provider import Provider
from infrastructure.postgres.committer import BatchWatcher, unwatched
from infrastructure.postgres.store import Writer


class Instruments(Struct, frozen=True, kw_only=True):
    provider: Callable[[Provider], Provider] = lambda provider: provider
    writer: Callable[[Writer], Writer] = lambda writer: writer
    batches: BatchWatcher = unwatched


NONE = Instruments()
