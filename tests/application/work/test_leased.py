"""One runner attempts leased items, backs off, alerts an operator and gives up, whatever the items are."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from msgspec import Struct
from msgspec.structs import replace

from application.work.backoff import Backoff
from application.work.bulkhead import AT_A_PROVIDER_MAX, Bulkhead
from application.work.leased import AttemptFailed, GiveUp, LeasedRunner, NotDue, Outcome, Postponed, Resolved
from tests.support.store import until

BACKOFF = Backoff(first_s=1.0, longest_s=60.0)
ALERT_AFTER = 3


class Item(Struct, frozen=True, kw_only=True):
    name: str
    lane: str | None = None
    attempts: int = 1
    alerted: bool = False


class Entry(Struct, frozen=True):
    """A line in the queue's diary."""

    did: str
    name: str
    pause_s: float | None = None
    attempts: int | None = None


class Queue:
    """Implements LeasedQueue: every item is given once, and what happens to it is noted."""

    def __init__(self, *items: Item) -> None:
        self._items = list(items)
        self.diary: list[Entry] = []
        self.is_over = self.is_lost = False

    async def claim(self, items_max: int) -> Sequence[Item]:
        claimed, self._items = self._items[:items_max], self._items[items_max:]
        return claimed

    async def hold(self, item: Item, *, alerting: bool) -> Item | None:
        self.diary.append(Entry("held", item.name))
        return None if self.is_lost else replace(item, alerted=item.alerted or alerting)

    async def put_back(self, item: Item, _reason: str, *, pause: timedelta, attempts: int | None = None) -> bool:
        self.diary.append(Entry("put back", item.name, pause.total_seconds(), attempts))
        return not self.is_over

    async def resolve(self, item: Item, result: str) -> None:
        self.diary.append(Entry(result, item.name))

    async def give_up(self, item: Item, _reason: str) -> None:
        self.diary.append(Entry("given up", item.name))


class Handling:
    """Implements Handler: the outcome of an attempt is the test's."""

    def __init__(self, outcome: Callable[[Item], Outcome]) -> None:
        self._outcome = outcome
        self.alerts: list[str] = []
        self.attempted: list[str] = []
        self.hangs: set[str] = set()
        self.takes_s = 0.0

    async def lane_of(self, item: Item) -> str | None:
        return item.lane

    async def attempt(self, item: Item) -> Outcome:
        self.attempted.append(item.name)
        if item.lane in self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.takes_s)
        return self._outcome(item)

    def failed(self, _item: Item, error: Exception) -> Outcome | None:
        return AttemptFailed(reason=str(error))

    def unsettled(self, item: Item, error: Exception) -> Outcome | None:
        self.alerts.append(f"{item.name} is unsettled: {error}")
        return None

    async def alert(self, item: Item, reason: str) -> None:
        self.alerts.append(f"{item.name}: {reason}")

    async def alert_over(self, item: Item, _result: str) -> None:
        self.alerts.append(f"{item.name} is over")


def runner(
    queue: Queue,
    handler: Handling,
    *,
    gives_up: bool = False,
    renew_after_s: float | None = None,
    bulkhead: Bulkhead | None = None,
) -> LeasedRunner[Item]:
    return LeasedRunner(
        queue=queue,
        handler=handler,
        backoff=BACKOFF,
        alert_after=ALERT_AFTER,
        bulkhead=bulkhead or Bulkhead(),
        spread=lambda: 0.0,
        renew_after_s=renew_after_s,
        give_up=queue.give_up if gives_up else None,
    )


FAILED = AttemptFailed(reason="it failed")


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        (Resolved("done"), Entry("done", "a")),
        (NotDue(timedelta(hours=1)), Entry("put back", "a", 3600.0, 0)),
        (Postponed(timedelta(seconds=7)), Entry("put back", "a", 7.0, 1)),
        (FAILED, Entry("put back", "a", 2.0, None)),
        (AttemptFailed(reason="", pause=timedelta(seconds=9)), Entry("put back", "a", 9.0, None)),
    ],
    ids=["resolved", "not due", "postponed", "failed", "failed, with a pause of its own"],
)
async def test_what_an_outcome_does_to_its_item(outcome: Outcome, then: Entry) -> None:
    queue, handler = Queue(Item(name="a", attempts=2)), Handling(lambda _: outcome)
    assert await runner(queue, handler).sweep() == (0 if isinstance(outcome, Resolved) else 1)
    assert queue.diary == [then]
    assert handler.alerts == []


async def test_an_item_that_fails_stops_no_other() -> None:
    def outcome(item: Item) -> Outcome:
        if item.name == "b":
            raise ValueError("broken")
        return Resolved("done")

    queue, handler = Queue(*(Item(name=name) for name in "abc")), Handling(outcome)
    assert await runner(queue, handler).sweep() == 1
    assert {(each.did, each.name) for each in queue.diary} == {("done", "a"), ("put back", "b"), ("done", "c")}


async def test_an_outcome_that_cannot_be_written_down_is_left_to_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, handler = Queue(Item(name="a"), Item(name="b")), Handling(lambda _: Resolved("done"))

    async def breaks(item: Item, _result: str) -> None:
        raise OSError(f"no room for {item.name}")

    monkeypatch.setattr(queue, "resolve", breaks)
    assert await runner(queue, handler).sweep() == 2
    assert queue.diary == []
    assert sorted(handler.alerts) == [f"{name} is unsettled: no room for {name}" for name in "ab"]


@pytest.mark.parametrize(
    ("attempts", "alerted", "is_alerted"),
    [(2, False, False), (3, False, True), (4, False, True), (4, True, False), (3, True, True)],
    ids=["too few", "enough", "lost before", "told already", "tried again in vain for an operator"],
)
async def test_an_operator_is_alerted_once(attempts: int, alerted: bool, is_alerted: bool) -> None:
    item = Item(name="a", attempts=attempts, alerted=alerted)
    queue, handler = Queue(), Handling(lambda _: FAILED)
    assert runner(queue, handler).involves_operator(item, FAILED) == is_alerted
    await runner(queue, handler).work_on(item)
    assert handler.alerts == (["a: it failed"] if is_alerted else [])
    assert [each.did for each in queue.diary] == (["held", "put back"] if is_alerted else ["put back"])


async def test_no_operator_is_alerted_to_what_is_not_old_enough() -> None:
    queue, handler = Queue(Item(name="a", attempts=99)), Handling(lambda _: AttemptFailed(reason="", alerts=False))
    await runner(queue, handler).sweep()
    assert handler.alerts == []


async def test_an_item_that_ends_while_an_operator_is_alerted_is_said_to_be_over() -> None:
    queue, handler = Queue(Item(name="a", attempts=ALERT_AFTER)), Handling(lambda _: FAILED)
    queue.is_over = True
    assert await runner(queue, handler).sweep() == 0
    assert handler.alerts == ["a: it failed", "a is over"]


@pytest.mark.parametrize("outcome", [FAILED, GiveUp("it failed")], ids=["after the last attempt", "at once"])
async def test_an_item_is_given_up_with_an_alert(outcome: Outcome) -> None:
    attempts = ALERT_AFTER if outcome is FAILED else 1
    queue, handler = Queue(Item(name="a", attempts=attempts)), Handling(lambda _: outcome)
    await runner(queue, handler, gives_up=True).sweep()
    assert handler.alerts == ["a: it failed"]
    assert [each.did for each in queue.diary] == ["held", "given up"]


async def test_an_operator_hears_of_no_item_that_another_worker_has_by_now() -> None:
    queue, handler = Queue(Item(name="a", attempts=ALERT_AFTER)), Handling(lambda _: FAILED)
    queue.is_lost = True
    await runner(queue, handler, gives_up=True).sweep()
    assert handler.alerts == []
    assert queue.diary == [Entry("held", "a")]


async def test_an_item_that_waited_too_long_gets_a_fresh_lease_or_is_left_to_who_has_it() -> None:
    for is_lost in (False, True):
        queue, handler = Queue(Item(name="a")), Handling(lambda _: Resolved("done"))
        queue.is_lost = is_lost
        await runner(queue, handler, renew_after_s=0.0).sweep()
        assert queue.diary == [Entry("held", "a")] + ([] if is_lost else [Entry("done", "a")])
        assert handler.attempted == ([] if is_lost else ["a"])


async def test_a_lane_that_hangs_keeps_no_other_waiting_and_its_items_count_no_attempt() -> None:
    hanging = [Item(name=f"slow {number}", lane="slow") for number in range(AT_A_PROVIDER_MAX + 1)]
    queue, handler = Queue(*hanging, Item(name="a", lane="fast")), Handling(lambda _: Resolved("done"))
    handler.hangs = {"slow"}
    sweep = asyncio.create_task(runner(queue, handler).sweep())
    await until(lambda: asyncio.sleep(0, len(queue.diary) == 2), "one is done, and one is put back")
    sweep.cancel()
    await asyncio.gather(sweep, return_exceptions=True)
    assert queue.diary == [Entry("done", "a"), Entry("put back", hanging[-1].name, 60.0, 0)]


async def test_an_item_behind_others_in_a_lane_that_moves_is_tried_again_soon() -> None:
    one_after_another = [Item(name=str(number), lane="busy") for number in range(4)]
    queue, handler = Queue(*one_after_another), Handling(lambda _: Resolved("done"))
    handler.takes_s = 0.8
    await runner(queue, handler, bulkhead=Bulkhead(slots_max=1, patience_s=2.0)).sweep()
    assert queue.diary[:2] == [Entry("done", "0"), Entry("done", "1")]
    assert Entry("put back", "3", BACKOFF.first_s, 0) in queue.diary


async def test_what_is_cancelled_is_left_to_its_lease() -> None:
    queue, handler = Queue(Item(name="a", lane="slow")), Handling(lambda _: Resolved("done"))
    handler.hangs = {"slow"}
    sweep = asyncio.create_task(runner(queue, handler).sweep())
    await until(lambda: asyncio.sleep(0, bool(handler.attempted)), "it is attempted")
    sweep.cancel()
    await asyncio.gather(sweep, return_exceptions=True)
    assert sweep.cancelled()
    assert queue.diary == []
