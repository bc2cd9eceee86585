"""What the operators' reference shows can be agreed as it stands, and is what the files beside it hold."""

from pathlib import Path

import pytest

from domain.terms.documents.read import read_terms
from domain.terms.events import TermsKind

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("kind", TermsKind)
def test_an_example_can_be_agreed_and_is_shown(kind: TermsKind) -> None:
    text = (DOCS / "examples" / "terms" / f"{kind.value}.json").read_text(encoding="utf-8")
    assert read_terms(kind, text)
    assert f"```json\n{text}```" in (DOCS / "TERMS.md").read_text(encoding="utf-8")
