"""What the composition promises the type checker, it has at run time; and nobody loads what it does not run."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from interfaces import composition
from tests.architecture.product import assert_none


def promised() -> list[tuple[str, str, str]]:
    """Every name of the composition, and of what it is the name in which module."""
    tree = ast.parse(Path(composition.__file__).read_text(encoding="utf-8"))
    [promises] = (node for node in tree.body if isinstance(node, ast.If))
    return [
        (alias.asname or alias.name, node.module, alias.name)
        for node in promises.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    ]


def test_a_part_is_what_its_name_promises() -> None:
    assert_none(
        f"{name} is not {module}:{original}"
        for name, module, original in promised()
        if getattr(composition, name) is not getattr(import_module(module), original)
    )


def test_a_name_that_there_is_not_is_no_part() -> None:
    assert not hasattr(composition, "Lottery")


@pytest.mark.parametrize(
    ("imported", "does_without"),
    [
        ("interfaces.cli.main", {"aiohttp", "litestar", "nats", "psycopg", "rich"}),
        ("interfaces.composition.worker", {"granian", "litestar"}),
        ("infrastructure.simulator.server", {"eventsourcing", "nats", "psycopg"}),
    ],
)
def test_a_process_loads_what_it_runs(imported: str, does_without: set[str]) -> None:
    loading = f"import sys, {imported}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", loading], capture_output=True, text=True, check=True).stdout.split()
    assert does_without.isdisjoint(loaded)
