"""A message from APS is one flat list of parameters in JSON or form encoding, and every ambiguous one is refused."""

from typing import Final
from urllib.parse import parse_qsl

from infrastructure.provider.reading import UNDECODABLE, decode

PARAMETERS_MAX: Final = 100
"""An upper bound; APS sends about thirty parameters."""


class Unreadable(Exception):
    """The bytes are no list of parameters, or could be read in two ways."""


_PARAMETERS: Final = dict[str, str | int]


def parameters(body: bytes) -> dict[str, str]:
    """The parameters in `body`: a JSON object if the content begins like one, else a form. Raises Unreadable.

    A number becomes a text of the digits that were sent, because the signature covers text.
    """
    try:
        if body.lstrip()[:1] == b"{":
            return {name: str(value) for name, value in decode(body, _PARAMETERS).items()}
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except (*UNDECODABLE, ValueError) as error:
        raise Unreadable(f"no parameters: {type(error).__name__}") from error
    form = dict(pairs)
    if len(form) < len(pairs):
        raise Unreadable("a parameter is there twice")
    return form
