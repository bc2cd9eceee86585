"""Every connector there is, by the name under which an account asks for it."""

from collections.abc import Mapping
from typing import Final

from infrastructure.provider.checkout import client as checkout
from infrastructure.provider.connector import AccountInvalid, Connect, Connector, ProviderAccount
from infrastructure.provider.simulator import client as simulator

CONNECTORS: Final[Mapping[str, Connect]] = {"checkout": checkout.connect, "simulator": simulator.connect}


def connect(account: ProviderAccount) -> Connector:
    """Raises AccountInvalid."""
    known = CONNECTORS.get(account.connector)
    if known is None:
        raise AccountInvalid(
            f"provider {account.name}: no connector {account.connector!r}, only {', '.join(CONNECTORS)}"
        )
    return known(account)
