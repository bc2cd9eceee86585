"""The worker runs its tasks side by side, and starts each again that fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from domain.errors import described

RESTART_AFTER_S = 0.5
CANCEL_AGAIN_AFTER_S = 0.5

Task = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


async def supervise(tasks: Mapping[str, Task]) -> None:
    """Run every task until cancelled. One that fails starts again."""
    log.info("worker_started", extra={"tasks": list(tasks)})
    running = [asyncio.create_task(_keep_running(name, task), name=name) for name, task in tasks.items()]
    try:
        await asyncio.gather(*running)
    finally:
        await _end(set(running))


async def every(interval_s: float, task: Task) -> None:
    """Run `task` for ever, with a pause of `interval_s` after each run."""
    while True:
        await task()
        await asyncio.sleep(interval_s)


async def _end(running: set[asyncio.Task[None]]) -> None:
    """Cancel until all tasks have ended: nats-py takes some cancellations for a time-out of its own, and loses them."""
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_AFTER_S)


async def _keep_running(name: str, task: Task) -> None:
    while True:
        try:
            await task()
        except Exception as error:
            log.warning("task_restarts", extra={"task": name, "error": described(error)})
        await asyncio.sleep(RESTART_AFTER_S)
