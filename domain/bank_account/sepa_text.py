"""Text as a SEPA file may have it: spelt in basic Latin letters, where that can be done without guessing.

The characters are those of the EPC's implementation guidelines (EPC132-08), and the conversions follow its best
practices (EPC217-08): a letter loses its marks, Greek and Cyrillic are spelt letter by letter, and what is no letter
becomes the nearest of what is allowed, else a full stop. Ligatures are spelt out, as is allowed there (`ß` is `ss`).
Other scripts are not spelt: which Latin letters stand for `王` depends on whose name it is.
"""

import unicodedata
from typing import Final

HOLDER_NAME_MAX: Final = 70
REMITTANCE_MAX: Final = 140

_ALLOWED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")
_LOWER: Final = {
    **{"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "å": "a", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h"},
    **{"ı": "i", "ŋ": "n", "ŧ": "t", "ĸ": "k", "ŀ": "l", "ə": "e"},
    # Greek: ELOT 743
    **{"α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l"},
    **{"μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f"},
    **{"χ": "ch", "ψ": "ps", "ω": "o"},
    # Cyrillic: Bulgaria's transliteration act, and ICAO 9303 for letters that Bulgarian lacks
    **{"а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "й": "y", "к": "k"},
    **{"л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h"},
    **{"ц": "ts", "ч": "ch", "ш": "sh", "щ": "sht", "ъ": "a", "ь": "y", "ю": "yu", "я": "ya", "ы": "y", "э": "e"},
    **{"і": "i", "є": "ie", "ґ": "g", "ј": "j", "љ": "lj", "њ": "nj", "ђ": "dj", "ћ": "c", "џ": "dz", "ѕ": "dz"},
}  # fmt: skip
_OTHER: Final = {
    **{"&": "+", "_": "-", "~": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "’": "'", "‘": "'", "`": "'"},
    **{"´": "'", "ʼ": "'", "[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "|": "/", "⁄": "/", ";": ",", "€": "E"},
    "@": "(at)",
}  # fmt: skip
_NEAREST: Final = "."


def sepa_text(text: str) -> str | None:
    """`text` in the characters of a SEPA file, not cut; None where a letter or figure would have to be guessed."""
    spelt: list[str] = []
    for character in unicodedata.normalize("NFKC", text):
        spelling = _spelling(character)
        if spelling is None:
            return None
        spelt.append(spelling)
    # A bank takes neither a slash at either end nor two in a row.
    words = " ".join("".join(spelt).split())
    while "//" in words:
        words = words.replace("//", "/")
    return words.strip("/ ")


def sepa_remittance(text: str) -> str:
    """The remittance text of a payment, cut to the length that a file allows; characters that cannot be spelt are
    left out."""
    spelt = "".join(character for character in text if _spelling(character) is not None)
    return (sepa_text(spelt) or "")[:REMITTANCE_MAX].strip("/ ")


def _spelling(character: str) -> str | None:
    if character in _ALLOWED:
        return character
    base = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    if all(part in _ALLOWED for part in base):
        return base
    for candidate in (character, base):
        if candidate in _OTHER:
            return _OTHER[candidate]
        spelling = _LOWER.get(candidate.lower())
        if spelling is not None:
            return spelling if candidate == candidate.lower() else spelling.capitalize()
    match unicodedata.category(character)[0]:
        case "Z":
            return " "
        case "P" | "S":
            return _NEAREST
        case "C" if character.isspace():
            return " "
        case "C" if unicodedata.category(character) == "Cf":
            return ""  # it joins or directs what is beside it, and is not seen itself
        case _:
            return None
