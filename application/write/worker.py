"""The cause of an event that a worker appends by itself: no request led to it, so it has a request id of its own."""

from collections.abc import Callable
from uuid import UUID

from domain.history import Cause


def worker_cause(name: str, new_id: Callable[[], UUID], *, about: str) -> Cause:
    """The cause of an event that the worker's task `name` appends because of `about`."""
    request_id = new_id()
    return Cause(actor=f"worker:{name}", request_id=str(request_id), trace_id=request_id.hex, causation_id=about)
