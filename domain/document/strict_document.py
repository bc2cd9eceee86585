"""An operator's JSON is read strictly: unknown and repeated members are refused, and a fault points at its line."""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Protocol, TypeVar

import msgspec
from msgspec import Meta

from domain.document.json_lines import Path, TwiceTheSame, lines_of
from domain.errors import DomainError

DOCUMENT_CHARACTERS_MAX: Final = 65_536
DEPTH_MAX: Final = 20

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}\Z")]
"""The name of a document, or of a part of one, by which decisions refer to it."""

T = TypeVar("T")


class Refusal(Protocol):
    """The error of a kind of document; `line` counts from 1."""

    def __call__(self, *, line: int, reason: str) -> DomainError: ...


class StrictDocument:
    """A text that messages call `called`, such as “policy”. A refusal raises the exception that `refusal` makes."""

    def __init__(self, text: str, *, called: str, refusal: Refusal) -> None:
        self._refusal = refusal
        self.members, self._lines = self._parsed(text, called)

    def read_as(self, kind: type[T], value: Any, *path: str | int) -> T:
        """`value`, which stands at `path`, as that kind of thing."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            reason, _, below = str(error).partition(" - at `$")
            at = [*path, *_steps(below)]
            unknown = re.search(r"unknown field `(.+)`", reason)
            member = next((step for step in reversed(at) if isinstance(step, str)), None)
            named = f"“{member}”: " if member is not None else ""
            raise self.refused(
                f"{named}{reason[:1].lower()}{reason[1:]}", *at, *(unknown.groups() if unknown else ())
            ) from None

    def require_unique(self, values: Sequence[str], *path: str | int, one: str, many: str) -> None:
        """Refuse a list at `path` that is empty or has an element twice; messages call its elements `one` and
        `many`."""
        if not values:
            raise self.refused(f"the list of {many} is empty", *path)
        for number, value in enumerate(values):
            if value in values[:number]:
                raise self.refused(f"{one} “{value}” is named twice", *path, number)

    def refused(self, reason: str, *path: str | int) -> DomainError:
        """The refusal that points at the line of `path`, or of the nearest written part around it."""
        return self._refusal(line=self.line_of(*path), reason=reason)

    def line_of(self, *path: str | int) -> int:
        """The line of `path`, or of the nearest written part around it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _parsed(self, text: str, called: str) -> tuple[Any, dict[Path, int]]:
        if len(text) > DOCUMENT_CHARACTERS_MAX:
            raise self._refusal(line=1, reason=f"a {called} has at most {DOCUMENT_CHARACTERS_MAX:,} characters")
        if (deep := _too_deep(text)) is not None:
            raise self._refusal(line=deep, reason=f"nothing in a {called} lies {DEPTH_MAX} levels deep")
        try:
            members = json.loads(text)
            return members, lines_of(text)
        except json.JSONDecodeError as error:
            reason = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]} at column {error.colno}"
            raise self._refusal(line=error.lineno, reason=reason) from None
        except TwiceTheSame as error:
            raise self._refusal(line=error.line, reason=f"“{error.key}” stands here for the second time") from None
        except ValueError as error:  # a number of thousands of digits
            raise self._refusal(line=1, reason=f"this cannot be read: {error}") from None


def _too_deep(text: str) -> int | None:
    """The line where brackets lie deeper than in any document, before a parser goes down there."""
    depth, line = 0, 1
    for character in re.sub(r'"(?:[^"\\\n]|\\.)*"', "", text):
        match character:
            case "\n":
                line += 1
            case "{" | "[":
                depth += 1
                if depth > DEPTH_MAX:
                    return line
            case "}" | "]":
                depth -= 1
            case _:
                pass
    return None


def _steps(below: str) -> Path:
    """`.rules[0].name` as a path."""
    return tuple([int(index) if index else name for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", below)])
