"""A payment folded from its own events, now or as of a moment: no read model, which may be behind, is used."""

from typing import Any

from litestar import Response

from application.payment.loaded import loaded_from
from application.write.recording import position_with_entry
from domain.identifiers import MerchantId, PaymentId
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.as_of import cut
from interfaces.resources.payment import payment_resource


async def read_payment(
    services: Services, merchant_id: MerchantId, payment_id: PaymentId, as_of: str | None
) -> Response[Any]:
    """The reply with the merchant's payment. Raises PaymentNotFound, ParameterInvalid, AsOfInFuture."""
    history = await services.store.history(payment_id)
    loaded = loaded_from(payment_id, history).owned_by(merchant_id)
    if as_of is None:
        return resource(payment_resource(loaded), position_with_entry(history[-1]))
    history = cut(history, as_of, now=services.now(), head=await services.store.head())
    return resource(payment_resource(loaded_from(payment_id, history)), history[-1].position)
