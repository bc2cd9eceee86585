"""One loop writes: it decides again on a conflict, within a bound, and takes no refusal of the store for success."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from application.write.append import (
    CONFLICTS_MAX,
    BalanceLimitBroken,
    Proposal,
    TooManyConflicts,
    Unchanged,
    decide_and_append,
    refuse,
    unreachable,
)
from application.write.store import (
    Append,
    Appended,
    AppendResult,
    KeyUsed,
    LimitBroken,
    StoredClaim,
    StoreUnavailable,
    Verb,
    VersionConflict,
)
from domain.errors import DomainError
from domain.identifiers import OperationId, PaymentId

BROKEN = LimitBroken(account="merchant:available", currency="EUR")
USED = KeyUsed(
    StoredClaim(
        operation_id=OperationId(UUID(int=1)),
        subject_id=PaymentId(UUID(int=2)),
        verb=Verb.CREATE,
        fingerprint=b"",
        answer=None,
        position=None,
    )
)


class Refused(DomainError):
    version: int


class ScriptedStore:
    """Answers appends in order; each reading finds the next version."""

    def __init__(self, *results: AppendResult) -> None:
        self._results = list(results)
        self.appends: list[Append] = []
        self.version = 0

    async def load(self) -> int:
        self.version += 1
        return self.version

    async def append(self, append: Append) -> AppendResult:
        self.appends.append(append)
        return self._results.pop(0)


def propose(version: int) -> Proposal[str]:
    return Proposal(Append(events=()), lambda position: f"decided on {version}, appended at {position}")


async def appended_to(
    store: ScriptedStore,
    decide: Callable[[int], Proposal[str] | Unchanged[str]] = propose,
    *,
    limit_broken: Callable[[int, LimitBroken], Awaitable[None]] = unreachable,
    key_used: Callable[[int, KeyUsed], Awaitable[str]] = unreachable,
    known: int | None = None,
) -> str:
    return await decide_and_append(store, store.load, decide, limit_broken=limit_broken, key_used=key_used, known=known)


async def test_what_is_decided_is_appended_once() -> None:
    store = ScriptedStore(Appended(7))
    assert await appended_to(store) == "decided on 1, appended at 7"
    assert len(store.appends) == 1


async def test_where_nothing_is_to_be_appended_nothing_is() -> None:
    store = ScriptedStore()
    assert await appended_to(store, lambda version: Unchanged(f"nothing on {version}")) == "nothing on 1"
    assert not store.appends


async def test_a_conflict_loads_and_decides_again() -> None:
    store = ScriptedStore(VersionConflict(), VersionConflict(), Appended(9))
    assert await appended_to(store) == "decided on 3, appended at 9"


async def test_conflicts_end_at_the_bound() -> None:
    store = ScriptedStore(*[VersionConflict()] * (CONFLICTS_MAX - 1), Appended(9))
    assert await appended_to(store) == f"decided on {CONFLICTS_MAX}, appended at 9"

    hopeless = ScriptedStore(*[VersionConflict()] * CONFLICTS_MAX)
    with pytest.raises(TooManyConflicts):
        await appended_to(hopeless)
    assert (len(hopeless.appends), hopeless.version) == (CONFLICTS_MAX, CONFLICTS_MAX)


async def test_what_is_known_spares_a_reading_once() -> None:
    store = ScriptedStore(Appended(7))
    assert await appended_to(store, known=0) == "decided on 0, appended at 7"
    assert store.version == 0

    outrun = ScriptedStore(VersionConflict(), Appended(8))
    assert await appended_to(outrun, known=0) == "decided on 1, appended at 8"


async def test_a_refusal_of_what_is_known_is_decided_again_on_what_the_store_has() -> None:
    def refuse_below(version: int) -> Proposal[str]:
        if version < 1:
            raise Refused(version=version)
        return propose(version)

    def refuse_all(version: int) -> Proposal[str]:
        raise Refused(version=version)

    assert await appended_to(ScriptedStore(Appended(7)), refuse_below, known=0) == "decided on 1, appended at 7"
    with pytest.raises(Refused) as refused:
        await appended_to(ScriptedStore(), refuse_all, known=0)
    assert refused.value.version == 1


async def test_a_broken_limit_that_refuses_the_command_says_which() -> None:
    with pytest.raises(BalanceLimitBroken) as refused:
        await appended_to(ScriptedStore(BROKEN), limit_broken=refuse)
    assert (refused.value.account, refused.value.currency) == (BROKEN.account, BROKEN.currency)


async def test_a_broken_limit_that_is_met_is_decided_again_and_ends_at_the_bound() -> None:
    met: list[int] = []

    async def note(version: int, broken: LimitBroken) -> None:
        assert broken == BROKEN
        met.append(version)

    assert await appended_to(ScriptedStore(BROKEN, BROKEN, Appended(9)), limit_broken=note) == (
        "decided on 3, appended at 9"
    )
    assert met == [1, 2]
    with pytest.raises(TooManyConflicts):
        await appended_to(ScriptedStore(*[BROKEN] * CONFLICTS_MAX), limit_broken=note)


async def test_a_used_key_gives_the_earlier_commands_result() -> None:
    async def answer_again(_version: int, used: KeyUsed) -> str:
        return f"as {used.claim.verb} before"

    assert await appended_to(ScriptedStore(USED), key_used=answer_again) == "as create before"


@pytest.mark.parametrize("result", [BROKEN, USED], ids=["limit broken", "key used"])
async def test_a_refusal_that_no_caller_meets_is_never_taken_for_success(result: AppendResult) -> None:
    store = ScriptedStore(result)
    with pytest.raises(AssertionError, match=type(result).__name__):
        await appended_to(store)
    assert len(store.appends) == 1


async def test_a_store_that_is_away_is_not_asked_again() -> None:
    class Away(ScriptedStore):
        async def append(self, append: Append) -> AppendResult:
            self.appends.append(append)
            raise StoreUnavailable("away")

    store = Away()
    with pytest.raises(StoreUnavailable):
        await appended_to(store)
    assert len(store.appends) == 1
