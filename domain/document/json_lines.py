"""The line on which each part of a JSON text stands, so that a fault can be pointed at."""

import json
from typing import Final

_SPACE: Final = " \t\r\n"
_decode = json.JSONDecoder().raw_decode

Path = tuple[str | int, ...]
"""The path to a part of a document, by members and elements. `(*path, key)` is the line of the key itself."""


class TwiceTheSame(Exception):
    """A member stands twice in one object, so that its value is ambiguous."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__(key)
        self.key = key
        self.line = line


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) on which each part of `text`, which is JSON, begins. Raises TwiceTheSame."""
    lines: dict[Path, int] = {}
    seen = [0, 1]

    def line_at(index: int) -> int:
        # Only ever forwards: the whole text is looked through once.
        seen[1] += text.count("\n", seen[0], index)
        seen[0] = index
        return seen[1]

    def past_space(index: int) -> int:
        while text[index] in _SPACE:
            index += 1
        return index

    def read(index: int, path: Path) -> int:
        index = past_space(index)
        lines.setdefault(path, line_at(index))
        match text[index]:
            case "{":
                return read_members(index + 1, path)
            case "[":
                return read_elements(index + 1, path)
            case _:
                _, end = _decode(text, index)
                return end

    def read_members(index: int, path: Path) -> int:
        index = past_space(index)
        while text[index] != "}":
            line = line_at(index)
            key, index = _decode(text, index)
            if (*path, key) in lines:
                raise TwiceTheSame(key, line)
            lines[*path, key] = line
            index = past_space(read(past_space(index) + 1, (*path, key)))
            if text[index] == ",":
                index = past_space(index + 1)
        return index + 1

    def read_elements(index: int, path: Path) -> int:
        index, number = past_space(index), 0
        while text[index] != "]":
            index, number = past_space(read(index, (*path, number))), number + 1
            if text[index] == ",":
                index = past_space(index + 1)
        return index + 1

    read(0, ())
    return lines
