"""Replies to commands and queries, with the position at which a client reads its own write."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response

from application.payment.loaded import PaymentNotFound
from application.write.caller import Answered
from domain.identifiers import PaymentId
from interfaces import ids
from interfaces.resources.position import POSITION_HEADER

REPLAYED_HEADER = "Idempotency-Replayed"


def answered(answer: Answered) -> Response[Any]:
    """The reply to a command."""
    headers = {}
    if answer.position is not None:
        headers[POSITION_HEADER] = str(answer.position)
    if answer.replayed:
        headers[REPLAYED_HEADER] = "true"
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=MediaType.JSON)


def resource(content: object, position: int | None = None) -> Response[Any]:
    """The reply to a query; `position` is the position of the view, or history, that was read."""
    headers = {} if position is None else {POSITION_HEADER: str(position)}
    return Response(msgspec.json.encode(content), headers=headers, media_type=MediaType.JSON)


def payment_id_of(text: str, *prefixes: str) -> PaymentId:
    """The payment behind an id in a path. Raises PaymentNotFound for text that is no such id."""
    uuid: UUID | None = ids.parse(text, *prefixes)
    if uuid is None:
        raise PaymentNotFound()
    return PaymentId(uuid)
