"""Rows as CSV (RFC 4180): quoted where they have to be, with CRLF behind each."""

import csv
from collections.abc import Iterable
from io import StringIO


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
