"""The product's own files, as the tests of this folder read them."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "application", "projections", "infrastructure", "interfaces")


def files(*packages: str) -> list[Path]:
    """Every Python file of the packages, or of all."""
    return [path for package in packages or ROOMS for path in sorted((ROOT / package).rglob("*.py"))]


def at(path: Path, line: int = 1) -> str:
    """The place, as a reader of a failure opens it."""
    return f"{path.relative_to(ROOT)}:{line}"


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def nodes(*packages: str) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of every file."""
    return ((path, node) for path in files(*packages) for node in ast.walk(parsed(path)))


def assert_none(offenders: Iterable[str]) -> None:
    """Fails with every offender named, one a line."""
    named = "\n".join(offenders)
    assert not named, f"\n{named}"
