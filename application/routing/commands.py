"""Commands on routing policies: a version is checked before it is added, and again before it is activated."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TypeVar, cast

from application.write.stream import StreamStore, append_decided
from domain.history import Cause, Positioned
from domain.identifiers import ProviderName
from domain.routing.document import FaultOf, PolicyDocument, read_policy
from domain.routing.events import RoutingPolicyEvent
from domain.routing.versions import ROUTING_POLICIES, Versions, activate, add, fold

Result = TypeVar("Result")


class RoutingPolicies:
    """A policy is checked with `fault_of`, and against the configured `providers`."""

    def __init__(
        self,
        store: StreamStore,
        *,
        providers: Collection[ProviderName],
        fault_of: FaultOf,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._providers = providers
        self._fault_of = fault_of
        self._now = now

    def check(self, text: str) -> PolicyDocument:
        """The policy of the document `text`. Raises PolicyInvalid."""
        return read_policy(text, providers=self._providers, fault_of=self._fault_of)

    async def history(self) -> Sequence[Positioned]:
        """All events of the policies' stream. Raises StoreUnavailable."""
        return await self._store.history_after(ROUTING_POLICIES, 0)

    async def versions(self) -> Versions:
        """All versions of the policy. Raises StoreUnavailable."""
        return fold(policy_events(await self.history()))

    async def add(self, text: str, cause: Cause) -> int:
        """The number under which the document `text` is kept; a document that was added before keeps its number.

        Raises PolicyInvalid, TooManyConflicts, StoreUnavailable.
        """
        name = self.check(text).name
        return await self._append(lambda versions: add(versions, name=name, document=text), cause)

    async def activate(self, number: int, cause: Cause) -> None:
        """Have payments routed by version `number` from now on.

        The document is checked against the providers that are configured now. Raises PolicyNotFound, PolicyInvalid,
        TooManyConflicts, StoreUnavailable: the policy that was active then stays active.
        """

        def decide(versions: Versions) -> tuple[None, Sequence[RoutingPolicyEvent]]:
            self.check(versions.get(number).document)
            return None, activate(versions, number)

        await self._append(decide, cause)

    async def _append(
        self, decide: Callable[[Versions], tuple[Result, Sequence[RoutingPolicyEvent]]], cause: Cause
    ) -> Result:
        return await append_decided(
            self._store,
            ROUTING_POLICIES,
            lambda history: decide(fold(policy_events(history))),
            cause=cause,
            now=self._now,
        )


def policy_events(history: Sequence[Positioned]) -> Sequence[RoutingPolicyEvent]:
    """The events of the policies' stream."""
    return [cast("RoutingPolicyEvent", positioned.event.data) for positioned in history]
