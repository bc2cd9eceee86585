"""Refusals of the interfaces themselves: errors like any other, so that one table gives each its problem."""

from domain.errors import DomainError


class MissingKey(DomainError):
    """No API key in the Authorization header."""


class UnknownKey(DomainError):
    """The API key is not known, or is revoked; the refusal does not say which."""


class OperatorRoleNeeded(DomainError):
    """The key is an auditor's, which has read access only."""


class MissingIdempotencyKey(DomainError):
    """The command needs an idempotency key."""


class InvalidIdempotencyKey(DomainError):
    """The idempotency key is not 1 to 255 printable ASCII characters without spaces."""


class ConflictingIdempotencyKeys(DomainError):
    """The header and the body carry different idempotency keys."""


class OtherMerchant(DomainError):
    """The body names a merchant that is not the key's own."""


class ParameterInvalid(DomainError):
    """A query parameter cannot be read."""

    field: str
    reason: str


class AsOfInFuture(DomainError):
    """`as_of` names a moment or position that has not come yet."""

    as_of: str


class RefundNotFound(DomainError):
    """No such refund, or a refund of another merchant; both must look the same."""


class NotFound(DomainError):
    """There is nothing at this path."""


class MethodNotAllowed(DomainError):
    """The path does not take this method."""

    allowed: str


class HeaderRepeated(DomainError):
    """A header that has one meaning comes more than once."""

    name: str


class MediaTypeRefused(DomainError):
    """The Content-Type of the body is not JSON's."""

    media_type: str


class BodyNotJson(DomainError):
    """The body is no JSON text."""

    reason: str


class BodyInvalid(DomainError):
    """The body is JSON, but not of the form that the route takes; `field` is the path of the fault, `$` the body."""

    field: str
    reason: str


class BodyTooLarge(DomainError):
    """The body is over the limit."""

    bytes_max: int


class BodyTooSlow(DomainError):
    """The body did not arrive in time, or was given up for others."""

    within_s: int


class Overloaded(DomainError):
    """The process has its maximum of requests in hand; nothing of this request was done."""

    retry_after_s: int = 1


class TargetTooLong(DomainError):
    """The request target, path and query together, is over the limit."""

    bytes_max: int


class HostInvalid(DomainError):
    """The Host header is missing, or names no host and port."""


class TransferCodingUnknown(DomainError):
    """The body has a transfer coding other than chunked."""


class BodyIncomplete(DomainError):
    """The connection ended before the body did, or its chunks cannot be read."""
