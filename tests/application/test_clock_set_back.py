"""A clock that is set back takes no stream back in time, and strands nothing that waits for its time."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.recording import record_all
from domain.history import AnyEvent, Cause, Positioned
from domain.identifiers import PLATFORM
from tests.application.shop import Shop, a_caller
from tests.support.domain import NOW
from tests.support.provider import TIMING_OUT
from tests.support.store import everything


class JumpingClock:
    """Up to a day ahead or behind, another time whenever it is asked."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.told: list[datetime] = []

    def __call__(self) -> datetime:
        self.told.append(NOW + timedelta(seconds=self._random.uniform(-86_400, 86_400)))
        return self.told[-1]


def of_streams(stored: Sequence[Positioned]) -> dict[UUID, list[datetime]]:
    """When the events of each stream were recorded, in the stream's order."""
    streams: dict[UUID, list[datetime]] = defaultdict(list)
    for each in stored:
        streams[each.event.originator_id].append(each.event.recorded_at)
    return streams


@pytest.mark.parametrize("seed", range(5))
async def test_no_stream_goes_back_in_time_however_the_clock_jumps(
    shop: Shop, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = JumpingClock(seed)
    for part in (shop.payments, shop.operations):
        monkeypatch.setattr(part, "_now", clock)
    for _ in range(4):
        payment_id = await shop.authorized()
        for amount_minor in (1_000, 2_000):
            await shop.payments.capture(payment_id, a_caller(), amount_minor=amount_minor, final=False)
            await shop.payments.refund(payment_id, a_caller(), amount_minor=500, reason="")
    await shop.create(token=TIMING_OUT)
    await shop.settle_down()
    assert any(later < earlier for earlier, later in zip(clock.told, clock.told[1:], strict=False))
    for stream_id, moments in of_streams(await everything(shop.store)).items():
        assert moments == sorted(moments), f"the stream {stream_id} goes back in time"


def test_what_is_appended_has_to_say_when_its_stream_was_appended_to_last() -> None:
    cause = Cause(actor="worker:test", request_id="req", trace_id="0" * 32)
    events: Sequence[AnyEvent] = ()
    with pytest.raises(AssertionError, match="time of its last event"):
        record_all(uuid4(), 3, events, merchant_id=PLATFORM, cause=cause, now=NOW)
