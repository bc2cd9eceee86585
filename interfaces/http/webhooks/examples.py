"""Examples of refusals that the route of providers' webhooks documents."""

from collections.abc import Mapping
from typing import Final

from application.webhook_in.intake import DeliveryNotSigned, DeliveryStale, ProviderUnknown
from application.write.store import WriterBusy
from interfaces.resources.refusals import BodyTooLarge, Overloaded, ParameterInvalid

EXAMPLES: Final[Mapping[str, tuple[Exception, ...]]] = {
    "receive_provider_webhook": (
        ParameterInvalid(field="limit", reason="there is no such parameter here"),
        DeliveryNotSigned(),
        DeliveryStale(),
        ProviderUnknown(),
        BodyTooLarge(bytes_max=65536),
        WriterBusy(),
        Overloaded(),
    ),
}
