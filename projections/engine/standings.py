"""The checkpoints as a worker saw them last: one look serves all of its projectors."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from projections.engine.checkpoint import Checkpoint, checkpoints
from projections.engine.code import code_of
from projections.engine.rows import Connection
from projections.engine.view import View
from projections.engine.waiting import Reader

LOOK_AGAIN_S: Final = 1.0
LOOK_SELDOM_S: Final = 4.0
"""While all views stand at the shared checkpoint: its projector sees at the next batch that one does no more."""

log = logging.getLogger(__name__)


class Look:
    """All checkpoints as of one moment, by a worker that makes rows with these `codes`."""

    def __init__(self, codes: Mapping[str, str], seen: Iterable[Checkpoint]) -> None:
        self._codes = codes
        self._seen = {checkpoint.projection: checkpoint for checkpoint in seen}
        self.shared = [each for each in self._seen.values() if each.is_shared and self._is_ours(each)]
        """The views at the shared checkpoint whose rows were made by the worker's code."""
        self.foreign = [each for each in self._seen.values() if each.is_shared and not self._is_ours(each)]
        """The views at the shared checkpoint that the worker does not know, or whose rows were made by other code."""
        self.joinable = [each for each in self._alone() if each.failure is None]
        """The views of the worker's code that can be brought from their own checkpoints to the shared one."""

    @property
    def all_shared(self) -> bool:
        return len(self.shared) == len(self._codes)

    @property
    def of_other_code(self) -> Mapping[str, str | None]:
        """The views of the worker whose rows were made by other code, each with that code."""
        return {name: each.code for name, each in self._seen.items() if name in self._codes and not self._is_ours(each)}

    def is_alone(self, name: str) -> bool:
        return any(each.projection == name for each in self._alone())

    def has_failed(self, name: str) -> bool:
        return name in self._seen and self._seen[name].failure is not None

    def _alone(self) -> Sequence[Checkpoint]:
        return [each for each in self._seen.values() if not each.is_shared and self._is_ours(each)]

    def _is_ours(self, checkpoint: Checkpoint) -> bool:
        return checkpoint.code is not None and checkpoint.code == self._codes.get(checkpoint.projection)


class Standings:
    """The standings of the views as the worker last read them; a projector that acts on them reads them again first."""

    def __init__(self, views: Iterable[View[Any]]) -> None:
        self._codes = {view.name: code_of(view) for view in views}
        self._news = asyncio.Event()
        self.last = Look(self._codes, ())

    async def run(self, reader: Reader) -> None:
        """Look for ever."""
        while True:
            async with reader() as connection:
                look = await self.look(connection)
            await asyncio.sleep(LOOK_SELDOM_S if look.all_shared else LOOK_AGAIN_S)

    async def look(self, connection: Connection) -> Look:
        look = Look(self._codes, await checkpoints(connection))
        for name, code in look.of_other_code.items():
            if name not in self.last.of_other_code:
                log.warning("view_of_other_code", extra={"view": name, "code": code})
        self.last = look
        self._news.set()
        self._news = asyncio.Event()
        return look

    async def until_alone(self, view: View[Any]) -> None:
        """Wait until the view needs a projector of its own: after a failure, or where the shared projector has not
        brought the view to the shared checkpoint within LOOK_AGAIN_S."""
        while True:
            while not self.last.is_alone(view.name):
                await self._news.wait()
            if self.last.has_failed(view.name):
                return
            await asyncio.sleep(LOOK_AGAIN_S)
            if self.last.is_alone(view.name):
                return
