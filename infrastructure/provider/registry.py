"""All connectors, by the name that an account gives."""

from collections.abc import Mapping
from typing import Final

from infrastructure.provider.aps import client as aps
from infrastructure.provider.checkout import client as checkout
from infrastructure.provider.connector import AccountInvalid, Connect, Connector, ProviderAccount
from infrastructure.provider.simulator import client as simulator
from infrastructure.provider.stripe import client as stripe

CONNECTORS: Final[Mapping[str, Connect]] = {
    "aps": aps.connect,
    "checkout": checkout.connect,
    "simulator": simulator.connect,
    "stripe": stripe.connect,
}


def connect(account: ProviderAccount) -> Connector:
    """Raises AccountInvalid."""
    known = CONNECTORS.get(account.connector)
    if known is None:
        raise AccountInvalid(
            f"provider {account.name}: no connector {account.connector!r}, only {', '.join(CONNECTORS)}"
        )
    return known(account)
