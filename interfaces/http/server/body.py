"""Request bodies are decoded strictly: amounts in strings or floats, repeated members and null are refused by field.

No member is null, though many can be left out: a refund without an amount refunds everything, and a client that sends
null by mistake must not cause that.
"""

import re
from collections.abc import Hashable
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgspec

from domain.document.json_members import repeated_member
from interfaces.resources.refusals import BodyInvalid, BodyNotJson

T = TypeVar("T")
NAME_CHARACTERS_MAX: Final = 64


def decode(kind: type[T], body: bytes) -> T:
    """The body as a `kind`. Raises BodyNotJson, BodyInvalid."""
    try:
        decoded: T = _decoder(cast("Hashable", kind)).decode(body or b"{}")
        repeated = repeated_member(body) if body else None
    except msgspec.ValidationError as error:
        raise BodyInvalid(field=field_of(str(error)), reason=_sentence(str(error))) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BodyNotJson(reason=str(error)) from None
    if repeated is not None:
        raise BodyInvalid(field=repeated, reason="This member is given more than once")
    if b"null" in body and (empty := _null_member(msgspec.json.decode(body))) is not None:
        raise BodyInvalid(field=empty, reason="Expected a value, got null: what has none is left out")
    return decoded


def field_of(message: str) -> str:
    """The dotted path of the field that a msgspec validation message is about; `$` for the whole body."""
    path = (re.search(r" - at `\$\.?([^`]*)`", message) or [None, ""])[1]
    named = re.search(r"(?:unknown|required) field `([^`]*)`", message)
    return ".".join(part for part in (path, named and named[1]) if part) or "$"


def _null_member(value: Any) -> str | None:
    """The dotted path of a member that is null; None if there is none."""
    if not isinstance(value, dict):
        return None
    for name, member in value.items():
        if member is None:
            return str(name)
        if (below := _null_member(member)) is not None:
            return f"{name}.{below}"
    return None


def _sentence(message: str) -> str:
    """A msgspec validation message without its path, and with the names in it cut."""
    sentence = re.sub(r" - at `[^`]*`$", "", message).replace("`", "'")
    return re.sub(rf"'([^']{{{NAME_CHARACTERS_MAX}}})[^']*'", r"'\1…'", sentence)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
