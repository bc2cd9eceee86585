"""A connector, and the account at a provider that it serves."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from application.provider.dispute_api import DisputeApi
from application.provider.listing import Listing
from application.provider.webhook import Notifications
from domain.identifiers import ProviderName
from infrastructure.provider.performing import PerformingProvider


class AccountInvalid(Exception):
    """An account at a provider is misconfigured; the message names the account and the field."""


class ProviderAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Our account at one provider. `name` is what policies, events and the ledger call it; `connector` the dialect
    it is spoken to in. `credentials` holds what that connector asks for, under its names."""

    name: Annotated[ProviderName, Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    connector: str
    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 10.0
    credentials: Mapping[str, str] = {}

    def credential(self, name: str) -> str:
        """The credential of that name. Raises AccountInvalid when it is missing or empty."""
        value = self.credentials.get(name)
        if not value:
            raise AccountInvalid(f"provider {self.name}: credentials.{name} is missing")
        return value


class Connector(Struct, frozen=True, kw_only=True):
    """One account, connected: the calls to it, all of whose answers are compared with what was asked, its webhooks,
    how to let go of it, and its disputes department and its list of what happened, where we can reach those."""

    provider: PerformingProvider
    notifications: Notifications
    aclose: Callable[[], Awaitable[None]]
    dispute_api: DisputeApi | None = None
    listing: Listing | None = None


Connect = Callable[[ProviderAccount], Connector]
"""Makes a connector inside a running event loop. Raises AccountInvalid."""
