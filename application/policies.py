"""The versioned policies in force: each decision that follows one names its version in the event."""

from msgspec import Struct

from domain.authorization_window import AuthorizationWindow
from domain.fees import FlatFee
from domain.identifiers import ProviderName
from domain.routing.single import SingleProvider

SIMULATOR = ProviderName("simulator")


class Policies(Struct, frozen=True, kw_only=True):
    routing: SingleProvider
    fees: FlatFee
    window: AuthorizationWindow


DEFAULT_POLICIES = Policies(
    routing=SingleProvider(version="single:1", provider=SIMULATOR),
    fees=FlatFee(version="flat:1", basis_points=290, fixed_minor=30),
    window=AuthorizationWindow(version="seven-days:1", days=7),
)
