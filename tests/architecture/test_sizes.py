"""No file of the product is longer than 350 lines, and no function longer than 70."""

import ast

from tests.architecture.product import assert_none, at, files, nodes

FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 70


def test_no_file_is_too_long() -> None:
    lengths = {at(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    assert_none(f"{place} has {lines} lines" for place, lines in _over(lengths, FILE_LINES_MAX))


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{at(path, node.lineno)} {node.name}": node.end_lineno - node.lineno + 1
        for path, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert_none(f"{place} has {lines} lines" for place, lines in _over(lengths, FUNCTION_LINES_MAX))


def _over(lengths: dict[str, int], lines_max: int) -> list[tuple[str, int]]:
    return [(place, lines) for place, lines in lengths.items() if lines > lines_max]
