"""One localstripe for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.localstripe import running_localstripe


@pytest.fixture(scope="package")
def stripe_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_localstripe(tmp_path_factory.mktemp("localstripe") / "log") as url:
        yield url
