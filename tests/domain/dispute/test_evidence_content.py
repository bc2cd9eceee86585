"""A file is taken for what its bytes say: of the declared type and of no other; text is read in every encoding."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.card_data import CardDataRefused
from domain.dispute.evidence_content import require_evidence
from domain.dispute.refusals import EvidenceTypeDiffers
from tests.support.card_numbers import DISGUISES, TEST_CARDS

PDF, PNG, JPEG, TEXT = "application/pdf", "image/png", "image/jpeg", "text/plain"
CONTENT = {
    PDF: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n",
    PNG: b"\x89PNG\r\n\x1a\n" + bytes(64),
    JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64),
    TEXT: "Delivered to Müller on 2026-11-20.\n".encode(),
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("a.txt", "a")
        written.comment = b"a comment"
    return file.getvalue()


@pytest.mark.parametrize(("declared", "content"), CONTENT.items())
def test_a_file_of_the_declared_type_is_taken(declared: str, content: bytes) -> None:
    require_evidence(declared, content)


@pytest.mark.parametrize("declared", CONTENT)
@pytest.mark.parametrize("found", [PDF, PNG, JPEG])
def test_a_file_of_another_type_is_refused_by_the_name_of_its_own(declared: str, found: str) -> None:
    if declared != found:
        with pytest.raises(EvidenceTypeDiffers) as refused:
            require_evidence(declared, CONTENT[found])
        assert (refused.value.declared, refused.value.found) == (declared, (found,))


@pytest.mark.parametrize("declared", [PDF, PNG, JPEG])
def test_text_is_no_document_and_no_picture(declared: str) -> None:
    with pytest.raises(EvidenceTypeDiffers) as refused:
        require_evidence(declared, CONTENT[TEXT])
    assert refused.value.found == ()


@pytest.mark.parametrize(
    ("declared", "content", "found"),
    [
        (PNG, CONTENT[PNG] + CONTENT[PDF], (PNG, PDF)),
        (JPEG, CONTENT[JPEG] + CONTENT[PDF], (JPEG, PDF)),
        (TEXT, CONTENT[TEXT] + CONTENT[PDF], (PDF,)),
        (PNG, CONTENT[PNG] + archive(), (PNG, "application/zip")),
        (PDF, CONTENT[PDF] + archive(), (PDF, "application/zip")),
        (PDF, b"\n" + CONTENT[PDF] + archive(), (PDF, "application/zip")),
        (TEXT, b"<!DOCTYPE html><script>alert(1)</script>", ("text/html",)),
        (TEXT, "\ufeff \n<svg onload=alert(1)>".encode("utf-16-le"), ("text/html",)),
    ],
)
def test_a_file_of_two_types_at_once_is_refused_by_both(declared: str, content: bytes, found: tuple[str, ...]) -> None:
    with pytest.raises(EvidenceTypeDiffers) as refused:
        require_evidence(declared, content)
    assert refused.value.found == found


@pytest.mark.parametrize(
    "content", [b"MZ\x90\x00\x03\x00\x00\x00\x04\x00", b"a\x1bb", bytes(range(32)), b"\x7fELF\x02"]
)
def test_bytes_that_are_no_text_in_any_encoding_are_refused(content: bytes) -> None:
    with pytest.raises(EvidenceTypeDiffers):
        require_evidence(TEXT, content)


def test_a_type_that_nothing_is_known_of_is_taken_by_its_name() -> None:
    require_evidence("audio/ogg", b"OggS")
    with pytest.raises(EvidenceTypeDiffers):
        require_evidence("audio/ogg", CONTENT[PDF])


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30))
def test_text_is_taken_in_every_encoding(encoding: str, text: str) -> None:
    require_evidence(TEXT, f"On the 20th: {text}".encode(encoding))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("number", TEST_CARDS)
def test_a_card_number_is_found_in_every_disguise_and_encoding(encoding: str, number: str) -> None:
    for disguise in DISGUISES.values():
        with pytest.raises(CardDataRefused):
            require_evidence(TEXT, f"paid with {disguise(number)}, thanks".encode(encoding))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff 4242424242424242",
        "\N{FULLWIDTH DIGIT FOUR}".encode() + b"\xff242424242424242, 4242 4242 4242 4242",
        "４２４２４２４２４２４２４２４２".encode() + b"\xff",
        b"4242\xa04242\xa04242\xa04242 M\xfcller",
        b"\xff\xfe4242424242424242",
        b"\xfe\xff4242424242424242",
        "ÄÖ".encode("utf-16-le") + "４２４２４２４２４２４２４２４２ and more".encode("utf-16-le"),
    ],
)
def test_no_byte_that_does_not_fit_its_encoding_hides_a_card_number(content: bytes) -> None:
    with pytest.raises((CardDataRefused, EvidenceTypeDiffers)):
        require_evidence(TEXT, content)
