"""A JSON object that gives one member twice is ambiguous: parsers disagree on which of the two counts (RFC 8259,
section 4), so two systems would read two different requests or answers."""

import json
from typing import Final


def repeated_member(text: bytes) -> str | None:
    """The name of a member that one object of `text` has more than once, at any depth; None if there is none.

    Meant for text that was decoded before. Raises ValueError for text that is not JSON, RecursionError for text that
    is nested too deeply.
    """
    try:
        _DECODER.decode(text.decode())
    except _Repeated as found:
        return found.name
    return None


class _Repeated(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _require_unique_names(members: list[tuple[str, object]]) -> None:
    if len(dict(members)) == len(members):
        return
    seen = set[str]()
    for name, _ in members:
        if name in seen:
            raise _Repeated(name)
        seen.add(name)


# Numbers are not converted: their value does not matter, and Python refuses to convert integers of thousands of digits.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_require_unique_names, parse_int=len, parse_float=len, strict=False
)
