"""Commands on routing policies: a version is checked before it is added, and again before it becomes the active one."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import cast

from application.write.stream import StreamStore, append_decided
from domain.history import Cause, Positioned
from domain.identifiers import ProviderName
from domain.routing.document import FaultOf, PolicyDocument, read_policy
from domain.routing.events import RoutingPolicyEvent
from domain.routing.versions import ROUTING_POLICIES, Versions, activate, add, fold


class RoutingPolicies:
    """`fault_of` and `providers` are what a policy is checked against."""

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
        """What `text` says. Raises PolicyInvalid."""
        return read_policy(text, providers=self._providers, fault_of=self._fault_of)

    async def history(self) -> Sequence[Positioned]:
        """Everything that ever happened to the policies. Raises StoreUnavailable."""
        return await self._store.history_after(ROUTING_POLICIES, 0)

    async def versions(self) -> Versions:
        """Every version there is. Raises StoreUnavailable."""
        return fold(policy_events(await self.history()))

    async def add(self, text: str, cause: Cause) -> int:
        """Keep `text` under a number; the one it has when it was added before.

        Raises PolicyInvalid, TooManyConflicts, StoreUnavailable.
        """
        name = self.check(text).name
        number = 0

        def decide(versions: Versions) -> Sequence[RoutingPolicyEvent]:
            nonlocal number
            number, events = add(versions, name=name, document=text)
            return events

        await self._append(decide, cause)
        return number

    async def activate(self, number: int, cause: Cause) -> None:
        """From now on payments are routed by version `number`.

        It is checked against the providers there are by now. Whatever it raises, the policy that was active stays:
        PolicyNotFound, PolicyInvalid, TooManyConflicts, StoreUnavailable.
        """

        def decide(versions: Versions) -> Sequence[RoutingPolicyEvent]:
            self.check(versions.get(number).document)
            return activate(versions, number)

        await self._append(decide, cause)

    async def _append(self, decide: Callable[[Versions], Sequence[RoutingPolicyEvent]], cause: Cause) -> None:
        await append_decided(
            self._store,
            ROUTING_POLICIES,
            lambda history: decide(fold(policy_events(history))),
            cause=cause,
            now=self._now,
        )


def policy_events(history: Sequence[Positioned]) -> Sequence[RoutingPolicyEvent]:
    """The facts of the policies' stream."""
    return [cast("RoutingPolicyEvent", positioned.event.data) for positioned in history]
