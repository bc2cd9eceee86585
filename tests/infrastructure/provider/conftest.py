"""The contract suite's assertions are explained like a test's own."""

import pytest

pytest.register_assert_rewrite("tests.infrastructure.provider.contract")
