"""The request bodies of operators."""

from typing import Annotated

from msgspec import Meta, Struct

from interfaces.http.server.fields import PRINTABLE


class CloseBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    reason: Annotated[str, Meta(max_length=500, pattern=PRINTABLE)]


class CancelPayoutBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500, pattern=PRINTABLE)]
