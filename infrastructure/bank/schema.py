"""The schema of a bank file, pain.001.001.09, as sepaxml ships it."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Final
from xml.etree import ElementTree

SCHEMA: Final = "pain.001.001.09"
"""The version that the EPC's rulebooks are written for since 2024; .03 is on its way out."""
NAMESPACE: Final = f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"


def fault_of(content: bytes) -> str | None:
    """The first thing in a well-formed `content` that the schema does not admit; None where there is none."""
    # Parsed here: xmlschema takes text that does not look like XML for a path or an address, and opens it.
    return _fault_in()(ElementTree.fromstring(content))  # noqa: S314 - we wrote it ourselves


@cache
def _fault_in() -> Callable[[ElementTree.Element], str | None]:
    # Not at the top: importing it and reading the schema takes a second, and most processes never write a file.
    import xmlschema

    schema = xmlschema.XMLSchema10(str(files("sepaxml") / "schemas" / f"{SCHEMA}.xsd"))

    def fault_in(root: ElementTree.Element) -> str | None:
        fault = next(iter(schema.iter_errors(root)), None)
        return None if fault is None else f"{fault.path}: {fault.reason}"

    return fault_in
