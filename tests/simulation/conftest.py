"""When the suite runs in parallel, its longest file goes first, or everybody would wait for it at the end."""

from pathlib import Path

import pytest

LONGEST = Path(__file__).with_name("test_chaos.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path != LONGEST)
