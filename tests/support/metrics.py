"""What /metrics says, read by Prometheus's own parser."""

from collections.abc import Mapping, Sequence

import aiohttp
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families


class Scraped:
    """One answer."""

    def __init__(self, text: str) -> None:
        self.families: Sequence[Metric] = list(text_string_to_metric_families(text))

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name with these labels among theirs; 0 when there are none."""
        return sum(
            sample.value
            for family in self.families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


async def scrape(http: aiohttp.ClientSession, url: str, *, headers: Mapping[str, str] | None = None) -> Scraped:
    async with http.get(f"{url}/metrics", headers=headers) as reply:
        assert reply.status == 200, await reply.text()
        return Scraped(await reply.text())
