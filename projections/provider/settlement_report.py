"""A provider's settlements in a period with their cost, and the amounts that the provider still has to settle."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from projections.engine.waiting import Reader
from projections.provider.settlements import SettledOfProvider, settled_of_provider
from projections.provider.unsettled import UnsettledOfProvider, unsettled_of_provider


class ProviderSettlements(Struct, frozen=True, kw_only=True):
    """`settled` covers settlements whose first movement was recorded at `begin` or later and before `end`; None sets no
    limit. `unsettled` has the amounts that the provider owes us now."""

    provider: str
    begin: datetime | None
    end: datetime | None
    settled: Sequence[SettledOfProvider]
    unsettled: Sequence[UnsettledOfProvider]


async def provider_settlements(
    reader: Reader, provider: str, *, begin: datetime | None, end: datetime | None
) -> ProviderSettlements:
    """The report, read from the views settlements and unsettled."""
    async with reader() as connection:
        settled = await settled_of_provider(connection, provider, begin=begin, end=end)
        unsettled = await unsettled_of_provider(connection, provider)
    return ProviderSettlements(provider=provider, begin=begin, end=end, settled=settled, unsettled=unsettled)
