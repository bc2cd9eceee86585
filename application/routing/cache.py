"""The active routing policy and the providers' figures, kept in memory and read again in the background."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec.structs import replace

from application.routing.commands import policy_events
from application.work.background_cache import Refreshing
from application.work.wakeups import FALLBACK_S, Wakeups
from application.write.stream import StreamStore
from domain.identifiers import ProviderName
from domain.routing.candidate import Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.document import PolicyInvalid, policy_as_added
from domain.routing.policy import Choice, Retry, RoutingPolicy
from domain.routing.route import Facts, Figures, Situation
from domain.routing.versions import ROUTING_POLICIES, Versions, evolve

REFRESH_EVERY_S: Final = 1.0

log = logging.getLogger(__name__)


class PolicyBook:
    """Implements application.provider.routing_port.Routing for one process.

    `read_figures` gives the providers' recent figures and raises StoreUnavailable. `is_open` tells at the moment of a
    decision whether the circuit of a provider's authorisations is open. `prepare` receives each condition before the
    first payment that the condition may decide. While the store or the figures cannot be read, the last policy and
    figures read stay in use.
    """

    def __init__(
        self,
        store: StreamStore,
        *,
        capabilities: Mapping[ProviderName, Capabilities],
        read_figures: Callable[[], Awaitable[Mapping[ProviderName, Figures]]],
        holds: Callable[[str, Facts], bool],
        is_open: Callable[[ProviderName], bool],
        prepare: Callable[[str], None],
        wakeups: Wakeups | None = None,
        fresh_for_s: Callable[[], float] = lambda: FALLBACK_S,
    ) -> None:
        """`capabilities` are those of the configured providers, in the order of their configuration. `wakeups` are
        relied upon while the figures have caught up with the store; they then stay right for `fresh_for_s()` seconds.
        """
        self._store = store
        self._capabilities = capabilities
        self._read_figures = read_figures
        self._holds = holds
        self._is_open = is_open
        self._prepare = prepare
        self._policy = default_policy(tuple(capabilities))
        self._figures: Mapping[ProviderName, Figures] = {}
        self._versions = Versions()
        self._seen = 0
        self._refreshing = Refreshing(
            self.refresh,
            name="routing policies",
            every_s=REFRESH_EVERY_S,
            wakeups=wakeups,
            fresh_for_s=fresh_for_s,
        )

    async def start(self) -> None:
        """Read the policy once before the first payment, and within a second of each change from then on.

        While the store is away at the start, the default policy is followed.
        """
        await self._refreshing.start()

    async def aclose(self) -> None:
        await self._refreshing.aclose()

    def situation(self) -> Situation:
        figures = {
            provider: replace(self._figures.get(provider, _UNKNOWN), open_circuit=self._is_open(provider))
            for provider in self._capabilities
        }
        return Situation(policy=self._policy, capabilities=self._capabilities, figures=figures, holds=self._holds)

    async def refresh(self) -> None:
        """Read the new events and figures. Raises StoreUnavailable."""
        news = await self._store.history_after(ROUTING_POLICIES, self._seen)
        versions = self._versions
        for event in policy_events(news):
            versions = evolve(versions, event)
        if versions.active is not None and versions.active != self._versions.active:
            self._follow(versions, versions.active)
        self._versions, self._seen = versions, self._seen + len(news)
        self._figures = await self._read_figures()

    def _follow(self, versions: Versions, number: int) -> None:
        try:
            policy = policy_as_added(versions.get(number).document).numbered(number)
        except PolicyInvalid as error:
            # Payments go on by the policy before it. Only a release that reads documents otherwise gets here.
            log.error("routing_policy_unreadable", extra={"number": number, "error": str(error)})
            return
        for rule in policy.rules:
            self._prepare(rule.when)
        self._policy = policy


_UNKNOWN = Figures()


def default_policy(providers: tuple[ProviderName, ...]) -> RoutingPolicy:
    """The policy before an operator has activated one: the providers in this order."""
    return RoutingPolicy(
        version="default:0",
        rules=(),
        default=Choice(strategy=Strategy.PRIORITY, providers=providers),
        costs={},
        retry=Retry(
            soft_declines=frozenset({"try_again_later", "issuer_unavailable", "processing_error"}),
            attempts_max=3,
            total_s_max=30,
        ),
    )
