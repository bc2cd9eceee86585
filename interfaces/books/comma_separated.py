"""The journal as CSV (RFC 4180): one row a posting, with our own account names."""

from interfaces.books.csv_text import csv_text
from interfaces.books.decimal_text import decimal_text
from interfaces.books.posted import PostedEntry, Reference

COLUMNS = (*Reference._fields, "line", "account", "currency", "debit", "credit", "debit_minor", "credit_minor")


class CommaSeparated:
    """Each amount twice: as a decimal number of its currency, and in whole minor units."""

    def beginning(self) -> str:
        return csv_text([COLUMNS])

    def entry(self, entry: PostedEntry) -> str:
        rows = []
        for number, line in enumerate(entry.postings, start=1):
            currency = line.amount.currency
            debit, credit = max(line.signed_minor, 0), max(-line.signed_minor, 0)
            amounts = (decimal_text(debit, currency), decimal_text(credit, currency), debit, credit)
            rows.append((*entry.reference, number, line.account, currency, *amounts))
        return csv_text(rows)

    def end(self) -> str:
        return ""
