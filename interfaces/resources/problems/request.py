"""The problems of HTTP requests themselves, whatever their route."""

from typing import Final

from domain.card_data import CardDataRefused
from domain.countries import UnknownCountry
from interfaces.resources.problems.problem import connection_closed, problem, retry_after_of
from interfaces.resources.refusals import (
    AsOfInFuture,
    BodyIncomplete,
    BodyInvalid,
    BodyNotJson,
    BodyTooLarge,
    BodyTooSlow,
    HeaderRepeated,
    HostInvalid,
    MediaTypeRefused,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    ParameterInvalid,
    TargetTooLong,
    TransferCodingUnknown,
)

PROBLEMS: Final = (
    problem(
        HostInvalid,
        400,
        "host_invalid",
        "The Host header is not usable",
        "HTTP/1.1 needs one Host header, which names a host and perhaps a port up to 65535.",
    ),
    problem(
        TransferCodingUnknown,
        400,
        "transfer_coding_unknown",
        "The transfer coding is not known",
        "The only transfer coding of a body is chunked.",
        headers=connection_closed,
    ),
    problem(
        BodyIncomplete,
        400,
        "body_incomplete",
        "The body is not whole",
        "The body ended before its announced length, or its chunks cannot be read. Nothing of the request was done.",
        headers=connection_closed,
    ),
    problem(
        TargetTooLong,
        414,
        "target_too_long",
        "The request target is too long",
        lambda e: f"Path and query together may have up to {e.bytes_max} bytes.",
        headers=connection_closed,
    ),
    problem(
        BodyNotJson, 400, "body_not_json", "The body is not JSON", lambda e: f"The body cannot be read: {e.reason}."
    ),
    problem(
        BodyInvalid,
        400,
        "body_invalid",
        "The body does not fit",
        lambda e: f"{e.reason}{'' if e.field == '$' else f', in {e.field}'}.",
        field=lambda e: e.field,
    ),
    problem(
        ParameterInvalid,
        400,
        "parameter_invalid",
        "A query parameter cannot be read",
        lambda e: f"{e.field}: {e.reason}.",
        field=lambda e: e.field,
    ),
    problem(
        AsOfInFuture,
        400,
        "as_of_in_future",
        "That moment has not come yet",
        lambda e: f"as_of {e.as_of} is in the future; history ends now.",
        field="as_of",
    ),
    problem(
        HeaderRepeated,
        400,
        "header_repeated",
        "A header comes more than once",
        lambda e: f"{e.name} has to come once: of several it would be a guess which one counts.",
        field=lambda e: e.name,
    ),
    problem(NotFound, 404, "not_found", "Nothing here", "There is nothing at this path."),
    problem(
        MethodNotAllowed,
        405,
        "method_not_allowed",
        "The method is not allowed",
        lambda e: f"This path takes {e.allowed}.",
        headers=lambda e: {"Allow": e.allowed},
    ),
    problem(
        BodyTooSlow,
        408,
        "body_too_slow",
        "The body did not come in time",
        lambda e: f"The body has to come at once, and within {e.within_s} seconds at most. Send it again.",
        headers=connection_closed,
    ),
    problem(
        BodyTooLarge,
        413,
        "body_too_large",
        "The body is too large",
        lambda e: f"The body may have up to {e.bytes_max} bytes.",
        # Its rest is not read, so nothing more can come over this connection.
        headers=connection_closed,
    ),
    problem(
        MediaTypeRefused,
        415,
        "media_type_refused",
        "The body has to be JSON",
        lambda e: f"Content-Type has to be application/json, in UTF-8, and is {e.media_type!r}.",
        field="Content-Type",
    ),
    problem(
        CardDataRefused,
        400,
        "card_data_refused",
        "Card numbers are not accepted",
        lambda e: f"{e.field} holds what looks like a card number. Send the provider's token instead.",
        field=lambda e: e.field,
    ),
    problem(
        UnknownCountry,
        400,
        "unknown_country",
        "The country is not known",
        lambda e: f"{e.country!r} is no country of ISO 3166-1.",
        field=lambda e: e.field,
    ),
    problem(
        Overloaded,
        503,
        "overloaded",
        "Too many requests are in hand",
        "Nothing of this request was done. Ask again, a command with the same idempotency key.",
        headers=retry_after_of,
    ),
)
