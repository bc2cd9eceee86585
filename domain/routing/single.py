"""Which provider a payment goes to, as a versioned policy named in the attempt it sent out."""

from msgspec import Struct

from domain.identifiers import ProviderName


class SingleProvider(Struct, frozen=True, kw_only=True):
    """Every payment goes to one provider."""

    version: str
    provider: ProviderName
