"""A file of evidence is refused when its bytes show another type than declared or several types, or when its text holds
a card number in any encoding."""

import codecs
import re
from typing import Final

from domain.card_data import require_no_card_number
from domain.dispute.refusals import EvidenceTypeDiffers

TEXT: Final = "text/plain"
_PDF: Final = "application/pdf"
_ZIP: Final = "application/zip"
_HTML: Final = "text/html"
_SIGNATURES: Final = {
    _PDF: b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    _ZIP: b"PK\x03\x04",
}
"""How files of these types begin (PDF: ISO 32000-1, 7.5.2; PNG: RFC 2083, 3.1; JPEG: ITU-T T.81, B.1)."""
_PDF_WITHIN_BYTES: Final = 1024
"""Readers take a file for a PDF whose header stands this far down (Adobe's PDF reference 1.7, appendix H, note 13)."""
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22
_COMMENT_BYTES_MAX: Final = 65_535
"""Readers find a ZIP archive from the file's end, whatever stands before it (APPNOTE.TXT, 4.3.16)."""
_MARKUP: Final = ("<!doctype", "<html", "<head", "<body", "<script", "<svg", "<?xml", "<iframe", "<img")
"""Text that begins so is shown as a page by programs that guess."""
_WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
"""Byte order marks of encodings of several bytes a character. UTF-32's little-endian one begins like UTF-16's."""
_WIDE_ENCODINGS: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_ZEROS_ONE_IN: Final = 8
"""Text in those encodings has at least so many zero bytes, if it has no mark: each space and ASCII letter has one."""
_NARROW_ENCODINGS: Final = ("utf-8", "cp1252")
"""Every other encoding has the ASCII digits where these two have them."""
_STEP_BYTES: Final = 32_768
_NOT_IN_TEXT: Final = re.compile("[\\x00-\\x08\\x0b\\x0e-\\x1f\N{REPLACEMENT CHARACTER}]")


def evidence_type(content: bytes) -> str:
    """The type of a file that was sent without one, by its first bytes. `require_evidence` still has to check the
    file."""
    return next(iter(_types_of(content)), TEXT)


def require_evidence(media_type: str, content: bytes) -> None:
    """Require that the bytes are of the type `media_type` alone. Raises EvidenceTypeDiffers, CardDataRefused."""
    found = _types_of(content)
    if media_type == TEXT:
        _require_text(content, found)
    elif found != [media_type] and (found or media_type in _SIGNATURES):
        raise EvidenceTypeDiffers(declared=media_type, found=tuple(found))


def _require_text(content: bytes, found: list[str]) -> None:
    narrow = [_decoded(content, encoding) for encoding in _NARROW_ENCODINGS]
    is_marked, zeros = content.startswith(_WIDE_MARKS), content.count(0)
    wide = [_decoded(content, encoding) for encoding in _WIDE_ENCODINGS if is_marked or zeros]
    is_wide = is_marked or zeros * _ZEROS_ONE_IN >= len(content)
    # Old encodings of one byte a character have letters that are no UTF-8; of the others each byte has to fit.
    meant = wide if is_wide else [narrow[0].replace("\N{REPLACEMENT CHARACTER}", "")]
    texts = [text for text in meant if not _NOT_IN_TEXT.search(text)]
    if any(map(_is_markup, texts)):
        found = [*found, _HTML]
    if not texts or found:
        raise EvidenceTypeDiffers(declared=TEXT, found=tuple(found))
    # In none of its readings, whatever a program takes it for.
    for reading in (*narrow, *wide):
        require_no_card_number("evidence", reading)


def _decoded(content: bytes, encoding: str) -> str:
    """`content` decoded in steps: a million bytes that do not fit the encoding would hold the interpreter for a
    second."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    steps = (content[at : at + _STEP_BYTES] for at in range(0, len(content), _STEP_BYTES))
    return "".join(map(decoder.decode, steps)) + decoder.decode(b"", final=True)


def _is_markup(text: str) -> bool:
    return text[:_PDF_WITHIN_BYTES].lstrip("\N{BYTE ORDER MARK} \t\r\n\f").lower().startswith(_MARKUP)


def _types_of(content: bytes) -> list[str]:
    """Every type but text that some program would take the file for."""
    types = [kind for kind, signature in _SIGNATURES.items() if content.startswith(signature)]
    if _PDF not in types and _SIGNATURES[_PDF] in content[:_PDF_WITHIN_BYTES]:
        types.append(_PDF)
    if _ZIP not in types and _ends_as_zip(content):
        types.append(_ZIP)
    return types


def _ends_as_zip(content: bytes) -> bool:
    end = content.rfind(_ZIP_END, max(0, len(content) - _ZIP_END_BYTES - _COMMENT_BYTES_MAX))
    if end < 0 or end + _ZIP_END_BYTES > len(content):
        return False
    comment = int.from_bytes(content[end + 20 : end + 22], "little")
    return end + _ZIP_END_BYTES + comment == len(content)
