"""The one optimistic loop: load, decide, append, and decide again where another command was first."""

from collections.abc import Awaitable, Callable
from typing import Final, Generic, Never, Protocol, TypeVar, assert_never

from msgspec import Struct

from application.write.store import (
    Append,
    Appended,
    AppendResult,
    KeyUsed,
    LimitBroken,
    VersionConflict,
)
from domain.errors import DomainError

CONFLICTS_MAX: Final = 10
"""How often a command is decided anew because another one got to its stream first."""

State = TypeVar("State")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class TooManyConflicts(DomainError):
    """Other commands kept changing it first; nothing was done."""


class BalanceLimitBroken(DomainError):
    """The command would take an account below its floor; nothing was done."""

    account: str
    currency: str


class Proposal(Struct, Generic[Result_co], frozen=True):
    """The append that a decision asks for; `result` makes the caller's result of the position of its last event."""

    append: Append
    result: Callable[[int | None], Result_co]


class Unchanged(Struct, Generic[Result_co], frozen=True):
    """The decision that there is nothing to append, with the caller's result."""

    result: Result_co


class AppendPort(Protocol):
    async def append(self, append: Append) -> AppendResult:
        """Raises StoreUnavailable."""
        ...


async def decide_and_append(
    store: AppendPort,
    load: Callable[[], Awaitable[State]],
    decide: Callable[[State], Proposal[Result] | Unchanged[Result]],
    *,
    limit_broken: Callable[[State, LimitBroken], Awaitable[None]],
    key_used: Callable[[State, KeyUsed], Awaitable[Result]],
    known: State | None = None,
) -> Result:
    """The result of the first decision that is appended, or has nothing to append.

    A version conflict loads and decides again. `limit_broken` raises, or returns to have it loaded and decided again.
    `key_used` gives the result that the earlier command under the key had. Where the append can break no limit or
    claims no key, the argument is `unreachable`. `known` is decided on first, which spares a reading; it may be out of
    date, so a refusal decided on it is decided again on what `load` reads.

    Raises what `load`, `decide` and the two handlers raise, TooManyConflicts after CONFLICTS_MAX decisions,
    StoreUnavailable.
    """
    at_hand = known
    for _ in range(CONFLICTS_MAX):
        state = await load() if at_hand is None else at_hand
        is_known, at_hand = at_hand is not None, None
        try:
            decision = decide(state)
        except DomainError:
            if is_known:
                continue
            raise
        if isinstance(decision, Unchanged):
            return decision.result
        appended = await store.append(decision.append)
        match appended:
            case Appended(position=position):
                return decision.result(position)
            case VersionConflict():
                continue
            case LimitBroken():
                await limit_broken(state, appended)
            case KeyUsed():
                return await key_used(state, appended)
            case _:
                assert_never(appended)
    raise TooManyConflicts()


async def append_if_current(store: AppendPort, append: Append) -> Appended | None:
    """One try of an append that can break no limit and claims no key; None where another command was first.

    For callers that leave deciding again to whoever comes next, such as the next try of a worker. Raises
    StoreUnavailable.
    """
    appended = await store.append(append)
    match appended:
        case Appended():
            return appended
        case VersionConflict():
            return None
        case LimitBroken() | KeyUsed():
            return await unreachable(append, appended)
        case _:
            assert_never(appended)


async def refuse(_state: object, broken: LimitBroken) -> Never:
    """A broken limit refuses the command. Raises BalanceLimitBroken."""
    raise BalanceLimitBroken(account=broken.account, currency=broken.currency)


async def unreachable(_state: object, refused: LimitBroken | KeyUsed) -> Never:
    """The handler for an append that can break no limit, or claims no key."""
    raise AssertionError(f"the append cannot be refused with {type(refused).__name__}")
