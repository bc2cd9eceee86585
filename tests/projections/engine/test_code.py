"""A view's code hash: another one where its rows might be others, and the same where only words have changed."""

from collections.abc import Iterator

import pytest

from projections.engine import code
from projections.engine.code import code_of
from projections.payment.refunds import REFUNDS
from projections.payment.status import PAYMENT_STATUS
from projections.views import VIEWS


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Nothing is remembered of a source that is not ours."""
    caches = (code.code_of, code._module, code._code)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def with_source(monkeypatch: pytest.MonkeyPatch, module: str, old: str, new: str) -> None:
    """The module as if its source said `new` where it says `old`."""
    source = code._source

    def changed(name: str) -> bytes:
        text = source(name).decode()
        if name != module:
            return text.encode()
        assert old in text
        return text.replace(old, new).encode()

    monkeypatch.setattr(code, "_source", changed)


def test_every_view_has_a_code_of_its_own() -> None:
    assert len({code_of(view) for view in VIEWS.values()}) == len(VIEWS)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("projections.payment.status", "def apply(", "# A word more.\ndef apply("),
        ("domain.payment.evolve", '"""Each event leads', '"""In other words, each event leads'),
        ("domain.payment.status", "\n\n\ndef status_of(", "\n\n\n\n\ndef status_of("),
    ],
)
def test_words_change_no_code(monkeypatch: pytest.MonkeyPatch, module: str, old: str, new: str) -> None:
    before = code_of(PAYMENT_STATUS)
    code.code_of.cache_clear()
    code._module.cache_clear()
    code._code.cache_clear()
    with_source(monkeypatch, module, old, new)
    assert code_of(PAYMENT_STATUS) == before


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("projections.payment.status", "updated_at=event.recorded_at", "updated_at=row.created_at"),
        ("domain.payment.status", "def status_of(", "def status_of_old(payment): ...\n\n\ndef status_of("),
        ("domain.payment.superseded", "timedelta(hours=1)", "timedelta(hours=2)"),
    ],
)
def test_what_a_row_is_made_by_is_its_code(monkeypatch: pytest.MonkeyPatch, module: str, old: str, new: str) -> None:
    before = code_of(PAYMENT_STATUS)
    code.code_of.cache_clear()
    code._module.cache_clear()
    code._code.cache_clear()
    with_source(monkeypatch, module, old, new)
    assert (code_of(PAYMENT_STATUS) == before) == ("status_of_old" in new)


def test_another_views_code_is_none_of_its(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_of(REFUNDS)
    code.code_of.cache_clear()
    code._module.cache_clear()
    code._code.cache_clear()
    with_source(monkeypatch, "projections.payment.status", "updated_at=event.recorded_at", "updated_at=row.created_at")
    assert code_of(REFUNDS) == before
